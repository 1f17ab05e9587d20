# SPDX-License-Identifier: Apache-2.0
"""Who is told what: mails, events and web hooks."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.db.rows.base import Base, Json, key, ref, tenant


class Message(Base):
    """A mail that is owed. What it says is decided when it is sent, from the state at that moment."""

    __tablename__ = "messages"
    __table_args__ = (
        sa.Index(
            "ix_messages_due", "attempt_at", postgresql_where=sa.text("status in ('queued', 'sending')")
        ),
        sa.Index("ix_messages_organization_created", "organization_id", "created_at", "id"),
    )

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    kind: Mapped[str]
    recipient_role: Mapped[str]
    recipient: Mapped[Json]
    run_id: Mapped[str | None] = ref("runs.id", nullable=True)
    candidate_id: Mapped[str | None] = ref("candidates.id", nullable=True)
    invitation_id: Mapped[str | None] = ref("invitations.id", nullable=True)
    booking_id: Mapped[str | None] = ref("bookings.id", nullable=True)
    booking_version: Mapped[int | None]
    details: Mapped[Json]
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    #: queued, sending, sent, skipped, cancelled, failed
    status: Mapped[str]
    due_at: Mapped[dt.datetime]
    not_after: Mapped[dt.datetime | None]
    #: when it is tried next: `due_at` at first, later after a failed try
    attempt_at: Mapped[dt.datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    #: until when the worker that is sending it may be believed, by the database's clock
    lease_until: Mapped[dt.datetime | None]
    sent_at: Mapped[dt.datetime | None]
    error: Mapped[str | None]
    created_at: Mapped[dt.datetime]


class Event(Base):
    """An immutable fact. Each state change has exactly one; a booking's history is made of them."""

    __tablename__ = "events"
    __table_args__ = (
        sa.UniqueConstraint("organization_id", "feed_position"),
        sa.Index(
            "ix_events_unpublished",
            "organization_id",
            "position",
            postgresql_where=sa.text("feed_position is null"),
        ),
    )

    id: Mapped[str] = key()
    position: Mapped[int] = mapped_column(sa.BigInteger(), sa.Identity(always=True), unique=True)
    organization_id: Mapped[str] = tenant()
    type: Mapped[str]
    actor: Mapped[str]
    run_id: Mapped[str | None] = ref("runs.id", nullable=True)
    booking_id: Mapped[str | None] = ref("bookings.id", nullable=True)
    version: Mapped[int | None]
    #: what it is about as it stood then: ids, status, times, external_refs
    about: Mapped[Json]
    data: Mapped[Json]
    at: Mapped[dt.datetime]
    #: 1, 2, 3 … in each organisation, in an order that no later commit changes; None: not published yet
    feed_position: Mapped[int | None] = mapped_column(sa.BigInteger())


class Webhook(Base):
    """A URL that events are posted to."""

    __tablename__ = "webhooks"

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    url: Mapped[str]
    #: types of events; none: all
    events: Mapped[list[str]] = mapped_column(ARRAY(sa.Text()))
    description: Mapped[str | None]
    #: {name, email} of who hears when it fails
    contact: Mapped[Json | None]
    #: what signs, under SECRET_KEYS: {current, before: [{secret, until}]}
    secret: Mapped[bytes]
    #: active or disabled: `reason` says why
    status: Mapped[str]
    reason: Mapped[str | None]
    #: since when nothing has been taken
    failing_since: Mapped[dt.datetime | None]
    #: until when it is called all the same
    give_up_at: Mapped[dt.datetime | None]
    #: how often in a row nobody was there
    absences: Mapped[int] = mapped_column(default=0)
    #: nobody was there, and until then it is left alone
    rest_until: Mapped[dt.datetime | None]
    #: somebody is calling it until then, by the database's clock
    lease_until: Mapped[dt.datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime]


class Delivery(Base):
    """One event for one web hook."""

    __tablename__ = "deliveries"
    __table_args__ = (
        sa.UniqueConstraint("webhook_id", "event_id"),
        sa.Index(
            "ix_deliveries_queued",
            "webhook_id",
            "feed_position",
            postgresql_where=sa.text("status = 'queued'"),
        ),
        sa.Index(
            "ix_deliveries_due", "webhook_id", "attempt_at", postgresql_where=sa.text("status = 'queued'")
        ),
        sa.Index("ix_deliveries_listed", "webhook_id", "created_at", "id"),
    )

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    webhook_id: Mapped[str] = mapped_column(sa.ForeignKey("webhooks.id", ondelete="CASCADE"))
    event_id: Mapped[str] = ref("events.id")
    #: the event's: the order in which they are sent
    feed_position: Mapped[int] = mapped_column(sa.BigInteger())
    #: queued, delivered or failed
    status: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=0)
    #: how often it was refused: then it is tried later and later
    refusals: Mapped[int] = mapped_column(default=0)
    #: when it is tried next after it was refused; None: there is nothing to wait for
    attempt_at: Mapped[dt.datetime | None]
    #: what was answered last
    response_status: Mapped[int | None]
    error: Mapped[str | None]
    created_at: Mapped[dt.datetime] = mapped_column(index=True)
    delivered_at: Mapped[dt.datetime | None]
