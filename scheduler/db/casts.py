# SPDX-License-Identifier: Apache-2.0
"""Who and what a plan could use, and what occupies them. Queries only; nothing here commits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from scheduler.db import convert, rows
from scheduler.domain.intervals import Interval, parse_instant
from scheduler.domain.people import Buffer, CalendarAddress, Interviewer, Owner, Room
from scheduler.domain.plans import Plan
from scheduler.solver.problem import BookedInterview

#: limits count whole weeks in any zone, so interviews this far outside the window still matter
MARGIN = timedelta(days=8)
#: how far back interviews count as somebody's recent load
LOAD_WINDOW = timedelta(days=28)

AnyOwner = TypeVar("AnyOwner", rows.Interviewer, rows.Room)


@dataclass(frozen=True, kw_only=True)
class OwnEntry:
    """An entry that we wrote, or are about to write or to remove."""

    #: when it should stand there; None: it is on its way out
    during: Interval | None
    #: the calendars it should stand in
    calendars: frozenset[CalendarAddress]


@dataclass(frozen=True, kw_only=True)
class Cast:
    """The people and rooms that could take part, with their interviews; ids are the API's."""

    interviewers: tuple[Interviewer, ...]
    rooms: tuple[Room, ...]
    #: the row to lock for each person and room
    resources: Mapping[str, int]
    booked: Mapping[str, tuple[BookedInterview, ...]]
    #: recent interviews of each interviewer; a newcomer is not in it
    load: Mapping[str, int]
    #: the entries of ours that calendars show, by uid
    own_entries: Mapping[str, OwnEntry]

    @property
    def owners(self) -> tuple[Owner, ...]:
        return (*self.interviewers, *self.rooms)


def cast_for(session: Session, plan: Plan, window: Interval, *, only: Iterable[str] | None = None) -> Cast:
    """Everybody active whom the plan names or whose skills it asks for, and its rooms; `only` these ids if
    given.
    """
    ids = None if only is None else set(only)
    taken: set[int] = set()
    people = _one_each(_interviewers(session, plan), ids, taken)
    rooms = _one_each(_rooms(session, plan), ids, taken)
    resources = {row.id: row.resource_id for row in people} | {row.id: row.resource_id for row in rooms}
    booked = booked_interviews(session, resources, window)
    return Cast(
        interviewers=tuple(convert.interviewer(row) for row in people),
        rooms=tuple(convert.room(row) for row in rooms),
        resources=resources,
        booked=booked,
        load=_load(session, people, window),
        own_entries=_own_entries(session, window),
    )


def _one_each(found: list[AnyOwner], ids: set[str] | None, taken: set[int]) -> list[AnyOwner]:
    """Those with one of the ids. Of several records of one calendar the first: it cannot be in two places."""
    chosen: list[AnyOwner] = []
    for row in found:
        if (ids is None or row.id in ids) and row.resource_id not in taken:
            taken.add(row.resource_id)
            chosen.append(row)
    return chosen


def _interviewers(session: Session, plan: Plan) -> list[rows.Interviewer]:
    query = (
        sa.select(rows.Interviewer)
        .where(rows.Interviewer.active, rows.Interviewer.deleted_at.is_(None))
        .order_by(rows.Interviewer.id)
    )
    skills = plan.skills
    return [
        row
        for row in session.scalars(query)
        if row.id in plan.people_named or any(q["skill"] in skills for q in row.qualifications)
    ]


def _rooms(session: Session, plan: Plan) -> list[rows.Room]:
    if not plan.needs_rooms:
        return []
    return list(
        session.scalars(sa.select(rows.Room).where(rows.Room.deleted_at.is_(None)).order_by(rows.Room.id))
    )


def booked_interviews(
    session: Session, resources: Mapping[str, int], window: Interval
) -> dict[str, tuple[BookedInterview, ...]]:
    """The interviews that occupy each of these people and rooms, in the window and around it."""
    names: dict[int, list[str]] = defaultdict(list)
    for id_, resource_id in resources.items():
        names[resource_id].append(id_)
    around = Range(window.start - MARGIN, window.end + MARGIN)
    query = sa.select(rows.Reservation).where(
        rows.Reservation.resource_id.in_(names),
        rows.Reservation.state.in_(rows.OCCUPYING),
        rows.Reservation.during.op("&&")(around),
    )
    found: dict[str, list[BookedInterview]] = defaultdict(list)
    for reservation in session.scalars(query):
        for core in reservation.cores:
            during = Interval(parse_instant(core["start"]), parse_instant(core["end"]))
            for id_ in names[reservation.resource_id]:
                found[id_].append(BookedInterview(during, Buffer(core["before"], core["after"])))
    return {id_: tuple(sorted(interviews, key=lambda b: b.during)) for id_, interviews in found.items()}


def _load(session: Session, people: list[rows.Interviewer], window: Interval) -> dict[str, int]:
    since = window.start - LOAD_WINDOW
    resources = [row.resource_id for row in people]
    query = (
        sa.select(
            rows.Reservation.resource_id, sa.func.sum(sa.func.jsonb_array_length(rows.Reservation.cores))
        )
        .where(
            rows.Reservation.resource_id.in_(resources),
            rows.Reservation.state.in_(rows.OCCUPYING),
            rows.Reservation.during.op("&&")(Range(since, window.end)),
        )
        .group_by(rows.Reservation.resource_id)
    )
    counts: dict[int, int] = {row[0]: int(row[1]) for row in session.execute(query)}
    return {
        row.id: counts.get(row.resource_id, 0)
        for row in people
        if row.resource_id in counts or row.created_at < since
    }


def _own_entries(session: Session, window: Interval) -> dict[str, OwnEntry]:
    query = (
        sa.select(rows.CalendarEntry, rows.Booking)
        .join(rows.Booking, rows.Booking.id == rows.CalendarEntry.booking_id)
        .where(rows.Booking.start < window.end + MARGIN, rows.Booking.end > window.start - MARGIN)
    )
    times: dict[str, Interval | None] = {}
    calendars: dict[str, set[CalendarAddress]] = defaultdict(set)
    for entry, booking in session.execute(query):
        present = entry.wanted == "present"
        times[entry.uid] = _session_time(booking, entry.session_key) if present else None
        # Whom an event invites has a copy of it.
        for address in (entry.calendar, *entry.attendees):
            calendars[entry.uid].add(CalendarAddress(entry.provider, address))
    return {uid: OwnEntry(during=times[uid], calendars=frozenset(calendars[uid])) for uid in times}


def _session_time(booking: rows.Booking, session_key: str) -> Interval:
    data = next(item for item in booking.sessions if item["key"] == session_key)
    return Interval(parse_instant(data["start"]), parse_instant(data["end"]))


def people_met(session: Session, candidate_id: str, *, except_run_candidate: str | None) -> frozenset[str]:
    """Interviewers of this candidate's other interviews, past or ahead."""
    query = sa.select(rows.Booking.sessions).where(
        rows.Booking.candidate_id == candidate_id,
        rows.Booking.status.in_(("confirmed", "needs_attention", "completed")),
    )
    if except_run_candidate:
        query = query.where(rows.Booking.run_candidate_id != except_run_candidate)
    return frozenset(
        person["id"]
        for sessions in session.scalars(query)
        for item in sessions
        for person in item["interviewers"]
    )


def lock_resources(session: Session, resource_ids: Iterable[int]) -> None:
    """Take the rows of these people and rooms, in the order of their ids, until the transaction ends.

    Everybody who books takes them in this order first, so that two bookings wait for each other instead of
    deadlocking on the exclusion constraint.
    """
    session.execute(
        sa.select(rows.Resource.id)
        .where(rows.Resource.id.in_(sorted(set(resource_ids))))
        .order_by(rows.Resource.id)
        .with_for_update(key_share=True)
    )
