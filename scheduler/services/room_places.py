# SPDX-License-Identifier: Apache-2.0
"""The room of a booked session whose time stands: which other it could be in, as calendars say now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from scheduler.db import casts, rows
from scheduler.db.casts import Cast
from scheduler.domain.options import OptionSession
from scheduler.domain.plans import Plan
from scheduler.services import losses, problems
from scheduler.services.parts import Parts
from scheduler.solver.check import is_room_free
from scheduler.solver.problem import Problem, RoomFacts


@dataclass(frozen=True, kw_only=True)
class RoomPlace:
    """A session that is to be in another room, as it was when that was looked at."""

    session: OptionSession
    plan: Plan
    #: people that the room has to hold
    capacity: int
    #: the rooms that are large enough, and what occupies them
    cast: Cast


def of(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    there: OptionSession,
    *,
    named: str | None = None,
) -> RoomPlace:
    """What a session asks of another room. One that has declined it is not asked again, unless it is `named`:
    then no other is.
    """
    plan = Plan.from_json(booking.plan)
    capacity = plan.session(there.key).room_capacity or 0
    only = {named} if named else None
    cast = casts.cast_for(session, plan, there.interval, now=parts.now(), only=only)
    refused = frozenset[str]() if named else losses.turned_down(session, booking, there)
    rooms = tuple(room for room in cast.rooms if room.capacity >= capacity and room.id not in refused)
    cast = replace(cast, interviewers=(), rooms=rooms)
    return RoomPlace(session=there, plan=plan, capacity=capacity, cast=cast)


def look(parts: Parts, organization_id: str, place: RoomPlace, *, patience: float | None = None) -> Problem:
    """The question of this one room as calendars answer it now: in it are those that are free, the smallest
    first, and whose calendars could not be read.
    """
    during = place.session.interval
    looks = problems.look_now(parts, organization_id, place.cast, during, patience=patience)
    problem = problems.state(place.plan, during, parts.now(), place.cast, looks, candidate=None)
    return problem.evolve(rooms=tuple(free(problem, place)))


def free(problem: Problem, place: RoomPlace) -> Iterator[RoomFacts]:
    """Those of the problem that are free and large enough, the smallest first."""
    by_size = sorted(problem.rooms, key=lambda room: (room.capacity, room.id))
    return (
        room
        for room in by_size
        if room.capacity >= place.capacity and is_room_free(room, place.session.interval)
    )
