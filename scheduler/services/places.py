# SPDX-License-Identifier: Apache-2.0
"""One place on the panel of a booked session, whose time stands: who could take it, as calendars say now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from scheduler.db import casts, rows
from scheduler.db.casts import Cast
from scheduler.domain.hours import day_of, week_of
from scheduler.domain.options import Option, OptionSession, Panelist
from scheduler.domain.people import Limits, Qualification
from scheduler.domain.plans import Gap, Plan, Seat
from scheduler.domain.plans import Session as PlannedSession
from scheduler.services import changes, losses, organizations, problems
from scheduler.services.parts import Parts
from scheduler.solver.check import violations
from scheduler.solver.problem import InterviewerFacts, Problem
from scheduler.solver.reach import trains
from scheduler.solver.seating import seat

#: minutes: a time that stands is on everybody's clock
FINEST_GRID = 5


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place that somebody leaves, as it was when that was looked at."""

    session: OptionSession
    planned: PlannedSession
    plan: Plan
    leaving: Panelist
    #: who could take it, as far as qualifications go
    able: frozenset[str]
    cast: Cast
    #: sessions of the booking that end when this one begins, or begin when it ends
    beside: tuple[OptionSession, ...] = ()
    #: what may be overbooked for it
    overbook: tuple[str, ...] = ()


def of(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    there: OptionSession,
    leaving: Panelist,
    *,
    named: str | None = None,
) -> Place:
    """The place that somebody leaves. Whoever has declined it is not asked again, unless they are `named`:
    then nobody else is.
    """
    plan = Plan.from_json(booking.plan)
    cast = casts.cast_for(session, plan, there.interval, now=parts.now())
    able = _able(plan.session(there.key), there, leaving, cast) - spoken_for(session, booking, there, plan)
    wanted = able & {named} if named else able - losses.turned_down(session, booking, there)
    return Place(
        session=there,
        planned=plan.session(there.key),
        plan=plan,
        leaving=leaving,
        able=frozenset(wanted),
        cast=cast,
        beside=_beside(booking, there),
        # Optional people are not called away from anything.
        overbook=() if leaving.optional else organizations.overbook(session, booking.organization_id),
    )


def _beside(booking: rows.Booking, there: OptionSession) -> tuple[OptionSession, ...]:
    planned = (OptionSession.from_json(item) for item in booking.sessions)
    return tuple(item for item in planned if item.end == there.start or item.start == there.end)


def spoken_for(session: Session, booking: rows.Booking, there: OptionSession, plan: Plan) -> set[str]:
    """Who may not come in, however qualified: they sit there already, or would meet the candidate twice."""
    taken = {person.id for person in there.interviewers}
    if plan.distinct_interviewers:
        taken |= changes.people(booking.sessions) | casts.people_met(
            session, booking.candidate_id, except_run_candidate=booking.run_candidate_id
        )
    return taken


def _able(planned: PlannedSession, there: OptionSession, leaving: Panelist, cast: Cast) -> set[str]:
    """Everybody qualified for a seat that is open when this one goes and the others stay, with one person in
    training at most.
    """
    pools = [_pool(seat, cast) for seat in planned.seats]
    slots = [number for number, seat in enumerate(planned.seats) for _ in range(seat.count)]
    others = [person for person in there.interviewers if person.id != leaving.id]
    fitting = {number for number in slots if _alike(planned.seats[number], leaving)}

    def others_fit(left: list[int], people: Sequence[Panelist], *, most: int) -> bool:
        """Whether they find seats in these, at most so many of them in training."""
        if most < 0:
            return False
        if not people:
            return True
        first, rest = people[0], people[1:]
        return any(
            others_fit([*left[:at], *left[at + 1 :]], rest, most=most - trains(planned.seats[number]))
            for at, number in enumerate(left)
            if _alike(planned.seats[number], first) and first.id in pools[number]
        )

    def is_open(number: int, *, most: int) -> bool:
        return others_fit(_without(slots, number), others, most=most)

    open_ = {number for number in fitting if is_open(number, most=1 - trains(planned.seats[number]))}
    if not any(is_open(number, most=len(others)) for number in fitting):
        open_ = fitting  # somebody who stays is no longer qualified: any seat of the same kind will do
    return {id_ for number in open_ for id_ in pools[number]}


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


def look(parts: Parts, organization_id: str, place: Place, *, patience: float | None = None) -> Problem:
    """The question of this one place as calendars answer it now: in it are those who can, the best first,
    and whose calendars could not be read.
    """
    people = tuple(person for person in place.cast.interviewers if person.id in place.able)
    cast = replace(place.cast, interviewers=people, rooms=())
    looks = problems.look_now(parts, organization_id, cast, place.session.interval, patience=patience)
    alone = alone_at(
        place.plan, place.planned, place.leaving.role, place.able, place.session.end, parts.now()
    )
    problem = problems.state(
        alone,
        place.session.interval,
        parts.now(),
        cast,
        looks,
        candidate=None,
        overbook=place.overbook,
    )
    return problem.evolve(interviewers=tuple(free(problem, place)))


def alone_at(
    plan: Plan, planned: PlannedSession, role: str, able: frozenset[str], end: datetime, now: datetime
) -> Plan:
    """The plan as far as one place is concerned: the time stands, whatever notice or order it once kept."""
    one = Seat(role=role, interviewers=tuple(sorted(able)))
    return replace(
        plan,
        sessions=(replace(planned, seats=(one,), room_capacity=None, after=()),),
        gap=Gap(),
        breaks=(),
        grid=FINEST_GRID,
        notice_hours=0,
        horizon_days=(end - now).days + 2,
        distinct_interviewers=False,
    )


def free(problem: Problem, place: Place) -> Iterator[InterviewerFacts]:
    """Those of the problem who can take the place: first who need leave nothing else for it, then the least
    loaded.
    """

    def rank(person: InterviewerFacts) -> tuple[bool, int, str]:
        around = person.buffer_for(place.planned).around(place.session.interval)
        leaves = any(event.overlaps(around) for event in problem.overbooked(person))
        return leaves, problem.load_of(person), person.id

    return (person for person in sorted(problem.interviewers, key=rank) if _can(problem, place, person))


def _can(problem: Problem, place: Place, person: InterviewerFacts) -> bool:
    person = _sharing(problem, place, person)
    seated = seated_alone(problem, place.session, person)
    if seated is not None and violations(problem.evolve(interviewers=(person,)), seated):
        raise AssertionError(f"{person.id} breaks a rule in the place of {place.leaving.id}")
    return seated is not None


def _sharing(problem: Problem, place: Place, person: InterviewerFacts) -> InterviewerFacts:
    """Somebody who sits in a session right beside the place: sessions of one person that touch keep no buffer
    between them, and count in their limits like any other.
    """
    theirs = {item.interval for item in place.beside if person.id in {p.id for p in item.interviewers}}
    if not theirs:
        return person
    zone, limits, start = problem.limits_in(person), person.limits, place.session.start
    today = sum(day_of(during.start, zone) == day_of(start, zone) for during in theirs)
    this_week = sum(week_of(during.start, zone) == week_of(start, zone) for during in theirs)
    return replace(
        person,
        booked=tuple(item for item in person.booked if item.during not in theirs),
        limits=Limits(
            per_day=None if limits.per_day is None else limits.per_day - today,
            per_week=None if limits.per_week is None else limits.per_week - this_week,
        ),
    )


def seated_alone(problem: Problem, there: OptionSession, person: InterviewerFacts) -> Option | None:
    """The one place of the problem with this person in it; None when they cannot."""
    nobody = replace(there, interviewers=(), room=None)
    return seat(problem.evolve(interviewers=(person,)), Option(sessions=(nobody,)))
