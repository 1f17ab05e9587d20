# SPDX-License-Identifier: Apache-2.0
"""Every table. One class a table, named as the thing it keeps; ids are the opaque ones of the API.

Every row has `organization_id`: row-level security compares it with the transaction's organisation (see
session.py). Nested values of the API (hours, limits, seats …) are kept as the JSON the API speaks; what is
searched has a column.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Json = dict[str, Any]
JsonList = list[Any]

#: reservations in these states occupy their resource
OCCUPYING = ("booked",)


class Base(DeclarativeBase):
    metadata = sa.MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: sa.Text(),
        dt.datetime: sa.DateTime(timezone=True),
        # None is no value: a column that was not read would be given JSON's null.
        Json: JSONB(none_as_null=True),
        JsonList: JSONB(none_as_null=True),
        bytes: sa.LargeBinary(),
    }


def key() -> Mapped[str]:
    return mapped_column(primary_key=True)


def ref(target: str, *, nullable: bool = False, index: bool = True) -> Any:
    return mapped_column(sa.ForeignKey(target, ondelete="RESTRICT"), nullable=nullable, index=index)


def large() -> Any:
    """Read when it is asked for, and not with the rest of its row: all calendars of a run may be in it."""
    return mapped_column(deferred=True)


def tenant() -> Any:
    return mapped_column(sa.ForeignKey("organizations.id", ondelete="RESTRICT"), nullable=False)


class Organization(Base):
    __tablename__ = "organizations"

    id: Mapped[str] = key()
    name: Mapped[str]
    branding: Mapped[Json]
    organizers: Mapped[Json]
    policies: Mapped[Json]
    #: how they are read: max_age_minutes, detail
    calendars: Mapped[Json] = mapped_column(default=dict, server_default=sa.text("'{}'::jsonb"))
    retention_days: Mapped[int | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime]


class ApiKey(Base):
    """A key's SHA-256; the key itself is shown once and kept nowhere."""

    __tablename__ = "api_keys"

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    name: Mapped[str]
    hash: Mapped[bytes] = mapped_column(unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(sa.Text()))
    created_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]


class Resource(Base):
    """What can be occupied: a calendar of the organisation. The rows are the locks of a booking.

    Two interviewers or rooms with one calendar are one resource: the same hour cannot be given away twice.
    """

    __tablename__ = "resources"
    __table_args__ = (sa.UniqueConstraint("organization_id", "provider", "address"),)

    id: Mapped[int] = mapped_column(sa.BigInteger(), sa.Identity(always=True), primary_key=True)
    organization_id: Mapped[str] = tenant()
    provider: Mapped[str]
    address: Mapped[str]


class Interviewer(Base):
    __tablename__ = "interviewers"
    __table_args__ = (sa.UniqueConstraint("organization_id", "external_id"),)

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    resource_id: Mapped[int] = mapped_column(sa.ForeignKey("resources.id", ondelete="RESTRICT"), index=True)
    external_id: Mapped[str | None]
    name: Mapped[str]
    email: Mapped[str]
    time_zone: Mapped[str]
    locale: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    calendar: Mapped[Json]
    busy_calendars: Mapped[JsonList]
    working_hours: Mapped[JsonList]
    preferred_hours: Mapped[JsonList]
    qualifications: Mapped[JsonList]
    limits: Mapped[Json]
    buffer: Mapped[Json]
    metadata_: Mapped[Json] = mapped_column("metadata")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime]
    #: hidden from every list and every panel, kept because bookings tell of it
    deleted_at: Mapped[dt.datetime | None]


class Room(Base):
    __tablename__ = "rooms"
    __table_args__ = (sa.UniqueConstraint("organization_id", "external_id"),)

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    resource_id: Mapped[int] = mapped_column(sa.ForeignKey("resources.id", ondelete="RESTRICT"), index=True)
    external_id: Mapped[str | None]
    name: Mapped[str]
    capacity: Mapped[int]
    time_zone: Mapped[str]
    calendar: Mapped[Json]
    location: Mapped[str | None]
    metadata_: Mapped[Json] = mapped_column("metadata")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime]
    #: hidden from every list and every panel, kept because bookings tell of it
    deleted_at: Mapped[dt.datetime | None]


class Plan(Base):
    """`body` is the plan as the API speaks it; runs and bookings keep their own copy."""

    __tablename__ = "plans"
    __table_args__ = (sa.UniqueConstraint("organization_id", "external_id"),)

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    external_id: Mapped[str | None]
    name: Mapped[str]
    body: Mapped[Json]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime]


class Candidate(Base):
    __tablename__ = "candidates"
    __table_args__ = (sa.UniqueConstraint("organization_id", "external_id"),)

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    external_id: Mapped[str | None]
    name: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str | None]
    time_zone: Mapped[str | None]
    locale: Mapped[str | None]
    availability: Mapped[JsonList]
    metadata_: Mapped[Json] = mapped_column("metadata")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime]
    #: hidden from every list, kept because runs and bookings tell its story
    deleted_at: Mapped[dt.datetime | None]
    #: since when nothing personal is left here (erasing.py), and what was answered then
    erased_at: Mapped[dt.datetime | None]
    erasure: Mapped[Json | None]


class Run(Base):
    """One request to schedule. `plan` is the plan as it was."""

    __tablename__ = "runs"

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    status: Mapped[str] = mapped_column(index=True)
    plan_id: Mapped[str | None]
    plan: Mapped[Json]
    window_start: Mapped[dt.datetime]
    window_end: Mapped[dt.datetime]
    mode: Mapped[str]
    options_wanted: Mapped[int]
    #: assigned options are booked at once
    confirm: Mapped[bool] = mapped_column(default=False)
    contact: Mapped[Json | None]
    #: status, figures and version of what the solver did
    solver: Mapped[Json]
    #: of candidates who were assigned together: the AssignProblem and what came of it
    problem: Mapped[Json | None] = large()
    outcome: Mapped[Json | None] = large()
    error: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime | None]


class RunCandidate(Base):
    __tablename__ = "run_candidates"
    __table_args__ = (sa.UniqueConstraint("run_id", "position"),)

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    run_id: Mapped[str] = ref("runs.id")
    candidate_id: Mapped[str] = ref("candidates.id")
    position: Mapped[int]
    external_refs: Mapped[Json]
    status: Mapped[str] = mapped_column(index=True)
    explanation: Mapped[Json | None]
    #: the Problem that was solved and the Outcome, so that the run can be replayed
    problem: Mapped[Json | None] = large()
    outcome: Mapped[Json | None] = large()


class Option(Base):
    __tablename__ = "options"

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    run_candidate_id: Mapped[str] = ref("run_candidates.id")
    position: Mapped[int]
    start: Mapped[dt.datetime]
    end: Mapped[dt.datetime]
    sessions: Mapped[JsonList]
    cost: Mapped[int]
    reasons: Mapped[JsonList]
    status: Mapped[str]


class Invitation(Base):
    """A candidate's link. The token is derived from a key and these facts; only its hash is kept."""

    __tablename__ = "invitations"

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    run_candidate_id: Mapped[str] = ref("run_candidates.id")
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    #: which of SECRET_KEYS it was derived from
    key_fingerprint: Mapped[str]
    generation: Mapped[int] = mapped_column(default=1)
    expires_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]


class Booking(Base):
    __tablename__ = "bookings"
    __table_args__ = (
        sa.Index(
            "uq_bookings_one_active_per_run_candidate",
            "run_candidate_id",
            unique=True,
            postgresql_where=sa.text("status <> 'cancelled'"),
        ),
    )

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    run_id: Mapped[str] = ref("runs.id")
    run_candidate_id: Mapped[str] = ref("run_candidates.id", index=False)
    candidate_id: Mapped[str] = ref("candidates.id")
    option_id: Mapped[str] = ref("options.id")
    plan: Mapped[Json]
    status: Mapped[str] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(default=1)
    external_refs: Mapped[Json]
    contact: Mapped[Json | None]
    start: Mapped[dt.datetime] = mapped_column(index=True)
    end: Mapped[dt.datetime]
    sessions: Mapped[JsonList]
    #: what a person should look at: each reason is a sentence on a line of its own
    attention: Mapped[str | None]
    created_at: Mapped[dt.datetime]


class Reservation(Base):
    """What occupies an interviewer or a room: `during` has the buffers in it, `cores` are the interviews.

    The exclusion constraint is the last lock of a booking. `int8range` stands in for btree_gist, which may
    be missing.
    """

    __tablename__ = "reservations"
    __table_args__ = (
        ExcludeConstraint(
            (sa.literal_column("int8range(resource_id, resource_id, '[]')"), "&&"),
            ("during", "&&"),
            using="gist",
            where=sa.text("state = 'booked'"),
            name="no_overlap",
        ),
        sa.CheckConstraint(
            "not isempty(during) and not lower_inf(during) and not upper_inf(during)", name="bounded"
        ),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger(), sa.Identity(always=True), primary_key=True)
    organization_id: Mapped[str] = tenant()
    resource_id: Mapped[int] = mapped_column(sa.ForeignKey("resources.id", ondelete="RESTRICT"), index=True)
    booking_id: Mapped[str] = ref("bookings.id")
    during: Mapped[Range[dt.datetime]] = mapped_column(TSTZRANGE)
    #: `[{start, end, before, after}]`: the interviews themselves and their buffers in minutes
    cores: Mapped[JsonList]
    state: Mapped[str]


class Hold(Base):
    """A person or room that is kept free for one option of a candidate; `during` has the buffers in it.

    It lives until `expires_at`, which every query compares with the time, so that nothing has to be cleared
    away for it to end. Its own candidate's options may overlap; others stay out of its way under the locks of
    bookings. No constraint could say that: none knows the time.
    """

    __tablename__ = "holds"
    __table_args__ = (
        sa.Index("ix_holds_expires_at", "expires_at"),
        sa.CheckConstraint(
            "not isempty(during) and not lower_inf(during) and not upper_inf(during)", name="bounded"
        ),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger(), sa.Identity(always=True), primary_key=True)
    organization_id: Mapped[str] = tenant()
    resource_id: Mapped[int] = mapped_column(sa.ForeignKey("resources.id", ondelete="RESTRICT"), index=True)
    run_candidate_id: Mapped[str] = ref("run_candidates.id")
    option_id: Mapped[str] = ref("options.id")
    during: Mapped[Range[dt.datetime]] = mapped_column(TSTZRANGE)
    held_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]


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


class Loss(Base):
    """Somebody, or a room, that a booked session will not have: a fact that lasts until the place is filled
    again, given back, or no longer needed.
    """

    __tablename__ = "losses"
    __table_args__ = (
        sa.Index(
            "uq_losses_open",
            "booking_id",
            "session_key",
            "who",
            "cause",
            unique=True,
            postgresql_where=sa.text("resolved_at is null"),
        ),
        sa.Index(
            "ix_losses_waiting",
            "attempt_at",
            postgresql_where=sa.text("handled_at is null and resolved_at is null"),
        ),
    )

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    booking_id: Mapped[str] = ref("bookings.id")
    session_key: Mapped[str]
    #: id of the interviewer or room
    who: Mapped[str]
    #: declined, conflict or inactive
    cause: Mapped[str]
    #: the sentence for a person
    text: Mapped[str]
    #: when the session was to begin: another time is another question
    start: Mapped[dt.datetime]
    found_at: Mapped[dt.datetime]
    #: how often its repair was begun
    attempts: Mapped[int] = mapped_column(default=0)
    #: when that is begun next, or begun again if its worker is lost
    attempt_at: Mapped[dt.datetime]
    #: since when a person has it, or somebody else the place; None: it waits to be repaired
    handled_at: Mapped[dt.datetime | None]
    resolved_at: Mapped[dt.datetime | None]
    #: gone: the cause went away; over: somebody else came, or the session is elsewhere or called off
    outcome: Mapped[str | None]


class Breach(Base):
    """A promise of the service that was found broken; open until a later look finds it kept again."""

    __tablename__ = "breaches"
    __table_args__ = (
        sa.Index(
            "uq_breaches_open",
            "organization_id",
            "promise",
            unique=True,
            postgresql_where=sa.text("resolved_at is null"),
        ),
    )

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    promise: Mapped[str]
    #: of the rows that break it, as they were seen last
    ids: Mapped[JsonList]
    found_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]
    resolved_at: Mapped[dt.datetime | None]


class JobFailure(Base):
    """Why a job of an organisation failed last: the kind of error and where, nothing personal."""

    __tablename__ = "job_failures"

    #: Procrastinate's; no foreign key ties us to tables that are its own
    job_id: Mapped[int] = mapped_column(sa.BigInteger(), primary_key=True, autoincrement=False)
    organization_id: Mapped[str] = tenant()
    reason: Mapped[str]
    failed_at: Mapped[dt.datetime]


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


class IdempotencyKey(Base):
    """The first answer to a POST, kept for 24 h and given again for the same key and body."""

    __tablename__ = "idempotency_keys"

    api_key_id: Mapped[str] = mapped_column(
        sa.ForeignKey("api_keys.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = tenant()
    fingerprint: Mapped[bytes]
    #: None while the first request is still running
    status: Mapped[int | None]
    #: until when that first request may be believed to be running, by the database's clock
    lease_until: Mapped[dt.datetime]
    headers: Mapped[Json]
    body: Mapped[bytes | None]
    created_at: Mapped[dt.datetime] = mapped_column(index=True)
