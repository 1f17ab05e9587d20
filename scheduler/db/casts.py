# SPDX-License-Identifier: Apache-2.0
"""Who and what a plan could use, and what occupies them. Queries only; nothing here commits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, Range
from sqlalchemy.orm import Session

from scheduler.db import convert, rows
from scheduler.db.own_entries import OwnEntry, own_entries
from scheduler.domain.intervals import Interval, parse_instant
from scheduler.domain.people import Buffer, CalendarAddress, Interviewer, Owner, Room
from scheduler.domain.plans import Plan
from scheduler.solver.problem import BookedInterview

#: limits count whole weeks in any zone, so interviews this far outside the window still matter
MARGIN = timedelta(days=8)
#: how far back interviews count as somebody's recent load
LOAD_WINDOW = timedelta(days=28)

#: the booking that is being moved, or several, by their ids
Moving = str | frozenset[str] | None

AnyOwner = TypeVar("AnyOwner", rows.Interviewer, rows.Room)


@dataclass(frozen=True, kw_only=True)
class Cast:
    """The people and rooms that could take part, with their interviews; ids are the API's."""

    interviewers: tuple[Interviewer, ...]
    rooms: tuple[Room, ...]
    #: the row to lock for each person and room
    resources: Mapping[str, int]
    booked: Mapping[str, tuple[BookedInterview, ...]]
    #: recent interviews of each interviewer; a newcomer is not in it
    load: Mapping[str, int] = field(default_factory=dict)
    #: the entries of ours that calendars show, by uid
    own_entries: Mapping[str, OwnEntry] = field(default_factory=dict)
    #: time that is kept free for other candidates, with its buffers
    held: Mapping[str, tuple[Interval, ...]] = field(default_factory=dict)
    #: who is to be read event by event: their calendars may show holds, anybody's, or what is being moved
    closely: frozenset[str] = frozenset()
    #: calendars to be read beside theirs, whoever's they are: guests' copies are known by these originals
    originals: frozenset[CalendarAddress] = frozenset()
    #: the options that these are holds of
    holds: frozenset[str] = frozenset()

    @property
    def owners(self) -> tuple[Owner, ...]:
        return (*self.interviewers, *self.rooms)


def cast_for(
    session: Session,
    plan: Plan,
    window: Interval,
    *,
    now: datetime,
    only: Iterable[str] | None = None,
    locked: Mapping[str, int] | None = None,
    moving: Moving = None,
    holders: Collection[str] = (),
    skills: Iterable[str] = (),
    bare: bool = False,
) -> Cast:
    """Everybody active whom the plan names or whose skills it asks for, and its rooms; `only` these ids if
    given. Also everybody with one of these `skills`, which the plan does not ask for. A `bare` cast knows who
    is there and what occupies them; `completed` adds the rest.

    `locked`: only these, by the rows that were locked for them: whoever has another calendar since was not
    looked at there.

    A booking that is being moved (`moving`, its id, or those of several) stands in nobody's way: neither what
    it occupies, nor its entries, nor its share of anybody's limits and load. Nor does what is held for
    `holders`: whom the question is about, as candidates of runs.
    """
    ids = set(only) if only is not None else set(locked) if locked is not None else None
    chosen: set[int] = set()
    people = _one_each(_interviewers(session, plan, plan.skills.union(skills)), ids, chosen)
    rooms = _one_each(_rooms(session, plan), ids, chosen)
    if locked is not None:
        people = [row for row in people if row.resource_id == locked[row.id]]
        rooms = [row for row in rooms if row.resource_id == locked[row.id]]
    resources = {row.id: row.resource_id for row in people} | {row.id: row.resource_id for row in rooms}
    taken = _taken(session, resources, window, now=now, moving=moving, holders=holders)
    cast = Cast(
        interviewers=tuple(convert.interviewer(row) for row in people),
        rooms=tuple(convert.room(row) for row in rooms),
        resources=resources,
        booked=taken.booked,
        held=taken.held,
        closely=taken.showing.intersection(row.id for row in people),
        holds=taken.holds,
    )
    return cast if bare else completed(session, cast, window, moving=moving)


def completed(session: Session, cast: Cast, window: Interval, *, moving: Moving = None) -> Cast:
    """With what it takes to read calendars and to choose between people."""
    addresses = {owner.calendar.address for owner in cast.owners}
    entries = own_entries(session, addresses, window.padded(MARGIN, MARGIN), moving=_ids(moving))
    moved = [entry for entry in entries.values() if entry.leaves]
    left = frozenset[CalendarAddress]().union(*(entry.calendars for entry in moved))
    originals = frozenset[CalendarAddress]().union(*(entry.originals for entry in moved))
    return replace(
        cast,
        load=_load(session, cast.interviewers, window, moving),
        own_entries=entries,
        closely=cast.closely.union(person.id for person in cast.interviewers if person.calendar in left),
        originals=originals - {room.calendar for room in cast.rooms},
    )


def _one_each(found: list[AnyOwner], ids: set[str] | None, taken: set[int]) -> list[AnyOwner]:
    """Those with one of the ids. Of several records of one calendar the first: it cannot be in two places."""
    chosen: list[AnyOwner] = []
    for row in found:
        if (ids is None or row.id in ids) and row.resource_id not in taken:
            taken.add(row.resource_id)
            chosen.append(row)
    return chosen


def _interviewers(session: Session, plan: Plan, skills: frozenset[str]) -> list[rows.Interviewer]:
    wanted = [rows.Interviewer.qualifications.contains([{"skill": skill}]) for skill in sorted(skills)]
    query = (
        sa.select(rows.Interviewer)
        .where(
            rows.Interviewer.active,
            rows.Interviewer.deleted_at.is_(None),
            sa.or_(rows.Interviewer.id.in_(sorted(plan.people_named)), *wanted),
        )
        .order_by(rows.Interviewer.id)
    )
    return list(session.scalars(query))


def _rooms(session: Session, plan: Plan) -> list[rows.Room]:
    if not plan.needs_rooms:
        return []
    return list(
        session.scalars(sa.select(rows.Room).where(rows.Room.deleted_at.is_(None)).order_by(rows.Room.id))
    )


def in_the_way(
    now: datetime | sa.BindParameter[datetime], *, but_for: Collection[str] | sa.BindParameter[list[str]]
) -> sa.ColumnElement[bool]:
    """Of holds: those that keep their person or room free now, for somebody else."""
    return sa.and_(rows.Hold.expires_at > now, rows.Hold.run_candidate_id.not_in(but_for))


def occupied(
    during: Range[datetime] | sa.BindParameter[Range[datetime]],
    *,
    but_for: Moving | sa.BindParameter[list[str]] = None,
) -> sa.ColumnElement[bool]:
    """Of reservations: those that occupy their person or room in this time; not those of these bookings."""
    others = but_for if isinstance(but_for, sa.BindParameter) else _ids(but_for)
    return sa.and_(
        rows.Reservation.state.in_(rows.OCCUPYING),
        rows.Reservation.during.op("&&")(during),
        rows.Reservation.booking_id.not_in(others) if but_for is not None else sa.true(),
    )


def _listed(name: str) -> sa.BindParameter[Any]:
    return sa.bindparam(name, expanding=True)


_AROUND = sa.bindparam("around", type_=TSTZRANGE())
# Put together once: that takes longer than asking. One statement, whether anything is held or not.
_TAKEN = sa.union_all(
    sa.select(
        rows.Reservation.resource_id,
        rows.Reservation.cores,
        sa.cast(sa.null(), TSTZRANGE).label("during"),
        sa.cast(sa.null(), sa.Text).label("option_id"),
        sa.false().label("in_the_way"),
    ).where(
        rows.Reservation.resource_id.in_(_listed("resources")), occupied(_AROUND, but_for=_listed("moving"))
    ),
    sa.select(
        rows.Hold.resource_id,
        sa.cast(sa.null(), JSONB),
        rows.Hold.during,
        rows.Hold.option_id,
        in_the_way(sa.bindparam("now"), but_for=_listed("holders")),
    ).where(rows.Hold.resource_id.in_(_listed("resources")), rows.Hold.during.op("&&")(_AROUND)),
)


@dataclass(frozen=True, kw_only=True)
class _Taken:
    """What occupies people and rooms; see Cast."""

    booked: Mapping[str, tuple[BookedInterview, ...]]
    held: Mapping[str, tuple[Interval, ...]]
    #: whose time is held: their calendars may show it
    showing: frozenset[str]
    holds: frozenset[str]


def _taken(
    session: Session,
    resources: Mapping[str, int],
    window: Interval,
    *,
    now: datetime,
    moving: Moving,
    holders: Collection[str],
) -> _Taken:
    """What occupies each of these people and rooms, in the window and around it."""
    names: dict[int, list[str]] = defaultdict(list)
    for id_, resource_id in resources.items():
        names[resource_id].append(id_)
    asked = {
        "resources": list(names),
        "around": Range(window.start - MARGIN, window.end + MARGIN),
        "now": now,
        "moving": list(_ids(moving)),
        "holders": list(holders),
    }
    booked: dict[str, list[BookedInterview]] = defaultdict(list)
    held: dict[str, list[Interval]] = defaultdict(list)
    showing: set[str] = set()
    options: set[str] = set()
    for found in session.execute(_TAKEN, asked):
        for id_ in names[found.resource_id]:
            booked[id_] += [_interview(core) for core in found.cores or ()]
            if found.in_the_way:
                held[id_].append(Interval(found.during.lower, found.during.upper))
            if found.option_id:
                showing.add(id_)
                options.add(found.option_id)
    return _Taken(
        booked={id_: tuple(sorted(items, key=lambda b: b.during)) for id_, items in booked.items() if items},
        held={id_: tuple(sorted(items)) for id_, items in held.items()},
        showing=frozenset(showing),
        holds=frozenset(options),
    )


def _interview(core: Mapping[str, Any]) -> BookedInterview:
    during = Interval(parse_instant(core["start"]), parse_instant(core["end"]))
    return BookedInterview(during, Buffer(core["before"], core["after"]))


def _ids(moving: Moving) -> frozenset[str]:
    return frozenset((moving,) if isinstance(moving, str) else moving or ())


def _load(
    session: Session, people: Sequence[Interviewer], window: Interval, moving: Moving
) -> dict[str, int]:
    """Recent interviews of these people, but for newcomers: who came in that time, has held none, and shares
    a skill with somebody who was there before. Where all are new, nobody is compared with those chosen first.
    """
    since = window.start - LOAD_WINDOW
    counted = sa.func.sum(sa.func.jsonb_array_length(rows.Reservation.cores))
    theirs = sa.and_(
        rows.Reservation.resource_id == rows.Interviewer.resource_id,
        occupied(Range(since, window.end), but_for=moving),
    )
    query = (
        sa.select(rows.Interviewer.id, counted.label("interviews"), rows.Interviewer.created_at)
        .outerjoin(rows.Reservation, theirs)
        .where(rows.Interviewer.id.in_([person.id for person in people]))
        .group_by(rows.Interviewer.id)
    )
    found = session.execute(query).all()
    skills = {person.id: {held.skill for held in person.qualifications} for person in people}
    there_before = set[str]().union(*(skills[row.id] for row in found if row.created_at < since))
    return {
        row.id: int(row.interviews or 0)
        for row in found
        if row.interviews is not None or row.created_at < since or not skills[row.id] & there_before
    }


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
