# SPDX-License-Identifier: Apache-2.0
"""What stands in calendars, what is known of them, and how they are opened."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.db.rows.base import Base, Json, JsonList, key, ref, tenant


class CalendarEntry(Base):
    """What we want to stand in one calendar for one session of a booking, or of an option that is held, and
    what we know stands there.
    """

    __tablename__ = "calendar_entries"
    __table_args__ = (
        sa.UniqueConstraint("booking_id", "session_key", "provider", "calendar"),
        sa.UniqueConstraint("option_id", "session_key", "provider", "calendar"),
        sa.CheckConstraint("(booking_id is null) <> (option_id is null)", name="of_one"),
        sa.Index(
            "ix_calendar_entries_owed",
            "attempt_at",
            postgresql_where=sa.text("status in ('pending', 'refused')"),
        ),
        sa.Index(
            "ix_calendar_entries_verify_at", "verify_at", postgresql_where=sa.text("verify_at is not null")
        ),
    )

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    booking_id: Mapped[str | None] = ref("bookings.id", nullable=True)
    #: the option that it holds
    option_id: Mapped[str | None] = ref("options.id", nullable=True)
    session_key: Mapped[str]
    provider: Mapped[str]
    calendar: Mapped[str]
    interviewer_id: Mapped[str | None]
    room_id: Mapped[str | None]
    uid: Mapped[str]
    #: present or absent
    wanted: Mapped[str]
    #: pending: the calendar owes us `wanted`; refused: it will not take it, and is asked again from time to
    #: time; written, removed: it agrees
    status: Mapped[str]
    #: of a hold: how often it has been wanted before
    booking_version: Mapped[int]
    event_id: Mapped[str | None]
    etag: Mapped[str | None]
    url: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    attempt_at: Mapped[dt.datetime]
    #: somebody is at it until then, by the database's clock
    lease_until: Mapped[dt.datetime | None]
    error: Mapped[str | None]
    #: the booking's version that was last written
    written_version: Mapped[int | None]
    #: addresses of the people and rooms that the event is for, besides the calendar's own
    attendees: Mapped[JsonList] = mapped_column(default=list, server_default=sa.text("'[]'::jsonb"))
    #: the conference this event was asked to make: none, google_meet or teams
    conference: Mapped[str] = mapped_column(default="none", server_default="none")
    #: none, pending, ready or failed
    conference_state: Mapped[str] = mapped_column(default="none", server_default="none")
    conference_url: Mapped[str | None]
    #: when it is compared with what stands in the calendar next; None: no more
    verify_at: Mapped[dt.datetime | None]


class Connection(Base):
    """What one person, or a CalDAV account, granted: `secret` is JSON under SECRET_KEYS, newest first."""

    __tablename__ = "connections"
    __table_args__ = (sa.UniqueConstraint("organization_id", "provider", "address"),)

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    provider: Mapped[str]
    address: Mapped[str]
    interviewer_id: Mapped[str | None] = ref("interviewers.id", nullable=True)
    #: the provider's own name for who granted it
    subject: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(sa.Text()))
    secret: Mapped[bytes]
    #: connected, or broken: `reason` says why and what to do
    status: Mapped[str]
    reason: Mapped[str | None]
    connected_at: Mapped[dt.datetime]
    broken_at: Mapped[dt.datetime | None]


class ConnectAttempt(Base):
    """Somebody is away at a provider's consent screen; used once, and not for long."""

    __tablename__ = "connect_attempts"

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    provider: Mapped[str]
    interviewer_id: Mapped[str] = ref("interviewers.id")
    #: SHA-256 of the `state` that went along
    state_hash: Mapped[bytes] = mapped_column(unique=True)
    #: the flow's verifier and nonce and the browser's mark, under SECRET_KEYS
    secret: Mapped[bytes]
    expires_at: Mapped[dt.datetime]


class CalendarState(Base):
    """What is known of one calendar: when it is busy, without what for, and where the next look goes on."""

    __tablename__ = "calendar_states"
    __table_args__ = (
        sa.UniqueConstraint("organization_id", "provider", "address"),
        sa.UniqueConstraint("provider", "channel_id"),
        sa.Index("ix_calendar_states_sync_at", "sync_at"),
        sa.Index("ix_calendar_states_watch_at", "watch_at", postgresql_where=sa.text("watch_at is not null")),
    )

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    provider: Mapped[str]
    address: Mapped[str]
    time_zone: Mapped[str]
    #: `[{start, end, read_at, busy: [[start, end, kind, own], …]}, …]`, in order and apart
    stretches: Mapped[JsonList]
    #: when everything near is to be read again; None: as soon as possible
    refresh_at: Mapped[dt.datetime | None]
    #: since when it cannot be read, and why
    unreadable_since: Mapped[dt.datetime | None]
    unreadable_code: Mapped[str | None]
    unreadable_reason: Mapped[str | None]
    #: from `Changes.cursor`
    cursor: Mapped[str | None]
    synced_at: Mapped[dt.datetime | None]
    #: when to look for changes next; a notice pulls it forward
    sync_at: Mapped[dt.datetime]
    channel_id: Mapped[str | None]
    channel_resource: Mapped[str | None]
    #: SHA-256 of the token that notices of the channel must bring
    channel_token_hash: Mapped[bytes | None]
    channel_expires_at: Mapped[dt.datetime | None]
    #: when to watch or renew next; None: this provider never tells
    watch_at: Mapped[dt.datetime | None]


class Discrepancy(Base):
    """A difference between what should stand in a calendar and what does, as a fact others act on."""

    __tablename__ = "discrepancies"
    __table_args__ = (
        sa.Index(
            "uq_discrepancies_open",
            "entry_id",
            "kind",
            "who",
            unique=True,
            postgresql_where=sa.text("resolved_at is null"),
        ),
    )

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    booking_id: Mapped[str] = ref("bookings.id")
    entry_id: Mapped[str] = ref("calendar_entries.id", index=False)
    #: missing, moved
    kind: Mapped[str]
    #: id of the interviewer or room it is about; empty for the event itself
    who: Mapped[str]
    #: times, for one that was moved
    details: Mapped[Json]
    found_at: Mapped[dt.datetime]
    resolved_at: Mapped[dt.datetime | None]
