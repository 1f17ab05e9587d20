# SPDX-License-Identifier: Apache-2.0
"""Somebody else in the place of an interviewer, at the same time: one who was named, or of those who are
qualified and free the one with the fewest interviews of late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import casts, rows
from scheduler.db.casts import Cast
from scheduler.domain import moves
from scheduler.domain.errors import Conflict, Invalid, SlotTaken, Unavailable
from scheduler.domain.options import Option, OptionSession, Panelist
from scheduler.domain.people import Qualification
from scheduler.domain.plans import Gap, Plan, Seat
from scheduler.domain.plans import Session as PlannedSession
from scheduler.services import attention, bookings, changes, events, picks, problems, readings, views
from scheduler.services.parts import Actor, Parts
from scheduler.services.reserving import replace_reservations
from scheduler.solver.check import violations
from scheduler.solver.problem import InterviewerFacts, Problem
from scheduler.solver.seating import seat

NOT_ON_PANEL = "Nobody with this id sits in this session."
NOT_QUALIFIED = "{name} is not qualified for this place, or takes part in these interviews already."
NOT_FREE = "{name} is not free at that time."
NOBODY = "Nobody who is qualified is free at that time."
#: minutes: a time that stands is on everybody's clock
FINEST_GRID = 5
CHANGED = "The booking was changed meanwhile; please look again."


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A place on a panel that is to be filled by somebody else, as it was when that was asked for."""

    booking_id: str
    session: OptionSession
    planned: PlannedSession
    plan: Plan
    leaving: Panelist
    #: who could take it, as far as qualifications go
    able: frozenset[str]
    #: the one who was named
    named: str | None
    cast: Cast


def replace_interviewer(
    parts: Parts,
    organization_id: str,
    booking_id: str,
    *,
    session_key: str,
    interviewer_id: str,
    replacement_id: str | None = None,
    actor: Actor,
) -> dict[str, Any]:
    """Put somebody else in an interviewer's place. The same question again answers with the same booking.

    Raises NotFound, Invalid (no such session or replacement), Conflict (`nobody_can`, `not_on_panel`,
    `not_booked`, `begun`), Unavailable (the calendars cannot be checked).
    """
    with parts.database.transaction(organization_id) as session:
        booking = bookings.row(session, booking_id)
        there = _refuse_unless_ahead(parts, booking, session_key)
        if _is_done(session, booking, session_key, interviewer_id, replacement_id):
            return views.booking(session, booking)
        place = _place(session, booking, there, interviewer_id, replacement_id, parts.now())
    problem = _problem(parts, organization_id, place)
    parts.reach("replace.looked")
    try:
        replaced = picks.insist(lambda: _swap(parts, organization_id, place, problem, actor))
    except SlotTaken:
        raise _nobody(place) from None
    parts.reach("replace.committed")
    return replaced


def _refuse_unless_ahead(parts: Parts, booking: rows.Booking, session_key: str) -> OptionSession:
    """The session, when it is booked and has not begun."""
    if booking.status not in moves.ACTIVE_BOOKING:
        status = booking.status.replace("_", " ")
        raise Conflict(f"This interview is {status}; nobody is replaced.", code="not_booked")
    planned = {item["key"]: OptionSession.from_json(item) for item in booking.sessions}
    if session_key not in planned:
        raise Invalid.at("/session_key", "is not a session of this booking")
    if planned[session_key].start <= parts.now():
        raise Conflict("This session has begun already.", code="begun")
    return planned[session_key]


def _is_done(
    session: Session, booking: rows.Booking, session_key: str, leaving: str, replacement: str | None
) -> bool:
    """Whether exactly this replacement has been made, and stands."""
    panel = changes.people([item for item in booking.sessions if item["key"] == session_key])
    made = session.scalars(
        sa.select(rows.Event.data)
        .where(rows.Event.booking_id == booking.id, rows.Event.type == "interviewer.replaced")
        .order_by(rows.Event.position.desc())
    )
    return leaving not in panel and any(
        (data["session_key"], data["interviewer_id"]) == (session_key, leaving)
        and data["replacement_id"] in panel
        and replacement in (None, data["replacement_id"])
        for data in made
    )


def _place(
    session: Session,
    booking: rows.Booking,
    there: OptionSession,
    leaving_id: str,
    named: str | None,
    now: datetime,
) -> _Place:
    plan = Plan.from_json(booking.plan)
    leaving = next((person for person in there.interviewers if person.id == leaving_id), None)
    if leaving is None:
        raise Conflict(NOT_ON_PANEL, code="not_on_panel")
    cast = casts.cast_for(session, plan, there.interval, now=now)
    taken = {person.id for person in there.interviewers}
    if plan.distinct_interviewers:
        taken |= changes.people(booking.sessions) | casts.people_met(
            session, booking.candidate_id, except_run_candidate=booking.run_candidate_id
        )
    able = _able(plan.session(there.key), there, leaving, cast) - taken
    _refuse_unless_able(session, named, able)
    return _Place(
        booking_id=booking.id,
        session=there,
        planned=plan.session(there.key),
        plan=plan,
        leaving=leaving,
        able=frozenset({named} if named else able),
        named=named,
        cast=cast,
    )


def _refuse_unless_able(session: Session, named: str | None, able: set[str]) -> None:
    if named is None or named in able:
        return
    person = session.get(rows.Interviewer, named)
    if person is None or person.deleted_at is not None:
        raise Invalid.at("/replacement_id", "there is no such interviewer")
    raise Conflict(NOT_QUALIFIED.format(name=person.name), code="nobody_can")


def _able(planned: PlannedSession, there: OptionSession, leaving: Panelist, cast: Cast) -> set[str]:
    """Everybody qualified for a seat that is open when this one goes and the others stay."""
    pools = [_pool(seat, cast) for seat in planned.seats]
    slots = [number for number, seat in enumerate(planned.seats) for _ in range(seat.count)]
    others = [person for person in there.interviewers if person.id != leaving.id]
    fitting = {number for number in slots if _alike(planned.seats[number], leaving)}

    def others_fit(left: list[int], people: Sequence[Panelist]) -> bool:
        if not people:
            return True
        first, rest = people[0], people[1:]
        return any(
            others_fit([*left[:at], *left[at + 1 :]], rest)
            for at, number in enumerate(left)
            if _alike(planned.seats[number], first) and first.id in pools[number]
        )

    open_ = {number for number in fitting if others_fit(_without(slots, number), others)}
    # Where somebody who stays is no longer qualified, any seat of the same kind will do.
    return {id_ for number in open_ or fitting for id_ in pools[number]}


def _without(slots: list[int], number: int) -> list[int]:
    at = slots.index(number)
    return [*slots[:at], *slots[at + 1 :]]


def _alike(seat: Seat, person: Panelist) -> bool:
    return (seat.role, seat.optional) == (person.role, person.optional)


def _pool(seat: Seat, cast: Cast) -> set[str]:
    if seat.interviewers:
        return {person.id for person in cast.interviewers} & set(seat.interviewers)
    wanted = Qualification(seat.skill or "", seat.level)
    return {person.id for person in cast.interviewers if wanted in person.qualifications}


def _problem(parts: Parts, organization_id: str, place: _Place) -> Problem:
    """Who is free for this one place, as calendars say now. Raises Conflict, Unavailable."""
    people = tuple(person for person in place.cast.interviewers if person.id in place.able)
    around = place.session.interval.padded(problems.A_DAY, problems.A_DAY)
    looks = readings.read_all(
        parts,
        organization_id,
        people,
        around,
        patience=parts.patience,
        live=True,
        closely=place.cast.showing,
    )
    cast = replace(place.cast, interviewers=people, rooms=())
    problem = problems.state(
        _one_place(place, parts.now()), place.session.interval, parts.now(), cast, looks, candidate=None
    )
    free = tuple(person for person in _by_load(problem) if _seated(problem, place, person))
    if not free and problem.unreadable:
        raise Unavailable(picks.BLIND, code="calendars_unreadable")
    if not free:
        raise _nobody(place)
    return problem.evolve(interviewers=free)


def _one_place(place: _Place, now: datetime) -> Plan:
    """The plan as far as one place is concerned: the time stands, whatever notice or order it once kept."""
    seat = Seat(role=place.leaving.role, interviewers=tuple(sorted(place.able)))
    alone = replace(place.planned, seats=(seat,), room_capacity=None, after=())
    return replace(
        place.plan,
        sessions=(alone,),
        gap=Gap(),
        breaks=(),
        grid=FINEST_GRID,
        notice_hours=0,
        horizon_days=(place.session.end - now).days + 2,
        distinct_interviewers=False,
    )


def _by_load(problem: Problem) -> list[InterviewerFacts]:
    return sorted(problem.interviewers, key=lambda person: (problem.load_of(person), person.id))


def _seated(problem: Problem, place: _Place, person: InterviewerFacts) -> Option | None:
    """The place with this person in it; None when they cannot."""
    alone = problem.evolve(interviewers=(person,))
    nobody = replace(place.session, interviewers=(), room=None)
    seated = seat(alone, Option(sessions=(nobody,)))
    if seated is not None and violations(alone, seated):
        raise AssertionError(f"{person.id} breaks a rule in the place of {place.leaving.id}")
    return seated


def _nobody(place: _Place) -> Conflict:
    if place.named is None:
        return Conflict(NOBODY, code="nobody_can")
    name = next(person.name for person in place.cast.interviewers if person.id == place.named)
    return Conflict(NOT_FREE.format(name=name), code="nobody_can")


def _swap(
    parts: Parts, organization_id: str, place: _Place, problem: Problem, actor: Actor
) -> dict[str, Any]:
    """One transaction: the candidate's row, the booking, all people in order; recount; swap."""
    with parts.database.transaction(organization_id) as session:
        booking = bookings.locked(session, place.booking_id)
        if _refuse_unless_ahead(parts, booking, place.session.key) != place.session:
            raise Conflict(CHANGED, code="changed")
        free = {person.id for person in problem.interviewers}
        locks = [place.cast.resources[id_] for id_ in free]
        casts.lock_resources(session, [*locks, *changes.occupied_by(session, booking)])
        cast = casts.cast_for(session, place.plan, place.session.interval, now=parts.now(), only=free)
        current = problems.as_of_now(problem, cast)
        chosen = next((person for person in _by_load(current) if _seated(current, place, person)), None)
        if chosen is None:
            raise SlotTaken(NOBODY)
        comes = replace(place.leaving, id=chosen.id, name=chosen.name)
        _write(session, parts, booking, place, comes, actor)
        return views.booking(session, booking)


def _write(
    session: Session, parts: Parts, booking: rows.Booking, place: _Place, comes: Panelist, actor: Actor
) -> None:
    was = booking.sessions
    panel = tuple(comes if person.id == place.leaving.id else person for person in place.session.interviewers)
    changed = replace(place.session, interviewers=panel).to_json()
    booking.sessions = [changed if item["key"] == place.session.key else item for item in was]
    declined = attention.DECLINED.format(name=place.leaving.name, title=place.session.title)
    attention.settle(booking, declined)
    booking.version += 1
    session.flush()
    replace_reservations(session, booking, place.plan, only={place.leaving.id, comes.id})
    parts.reach("replace.changed")
    events.record(
        session,
        booking.organization_id,
        "interviewer.replaced",
        actor=actor,
        at=parts.now(),
        booking=booking,
        data={
            "session_key": place.session.key,
            "interviewer_id": place.leaving.id,
            "replacement_id": comes.id,
        },
    )
    # Optional people are promised to nobody.
    seen = not comes.optional and comes.name != place.leaving.name
    changes.tell(session, parts, booking, was, "panel_changed" if seen else None)
    parts.reach("replace.told")
