# SPDX-License-Identifier: Apache-2.0
"""What is booked, what that and offers occupy, and what bookings have lost."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.db.rows.base import Base, Json, JsonList, key, ref, tenant

#: reservations in these states occupy their resource
OCCUPYING = ("booked",)


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
