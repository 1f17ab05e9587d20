# SPDX-License-Identifier: Apache-2.0
"""What could stand in the way of a plan: each rule, and the time of each group of people, with the words
for it
and the same problem without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import time

from scheduler.domain.hours import WEEKDAYS, WeeklyHours, format_wall
from scheduler.domain.intervals import Interval, intersect, merge
from scheduler.domain.options import Blocker
from scheduler.domain.people import Buffer, Limits
from scheduler.domain.plans import Gap, Plan
from scheduler.solver.problem import InterviewerFacts, Problem

ALWAYS = (WeeklyHours(WEEKDAYS, time(0), time(0)),)
#: busy stretches named in a blocker
MOST_STRETCHES = 3


@dataclass(frozen=True)
class Cause:
    """One thing that can be taken away."""

    blocker: Blocker
    removed: Callable[[Problem], Problem]


def causes(problem: Problem) -> Iterator[Cause]:
    """Every cause that applies, the ones a recruiter would blame least first: those are taken away first."""
    yield from _of_places(problem)
    yield from _of_the_plan(problem)
    yield from _of_the_candidate(problem)
    yield from _of_time_limits(problem)
    yield from _of_people(problem)


def _plan(code: str, text: str, change: Callable[[Plan], Plan]) -> Cause:
    return Cause(Blocker(code=code, text=text), lambda p: p.evolve(plan=change(p.plan)))


def _of_places(problem: Problem) -> Iterator[Cause]:
    if problem.plan.needs_rooms:

        def anywhere(plan: Plan) -> Plan:
            return replace(plan, sessions=tuple(replace(s, room_capacity=None) for s in plan.sessions))

        yield _plan("no_room", "No room is free when the people are.", anywhere)


def _of_the_plan(problem: Problem) -> Iterator[Cause]:
    plan = problem.plan
    if plan.grid > 5:
        text = f"Sessions may only start every {plan.grid} minutes."
        yield _plan("grid", text, lambda p: replace(p, grid=5))
    if len(plan.sessions) == 1:
        return
    if plan.order == "fixed" or any(session.after for session in plan.sessions):

        def unordered(p: Plan) -> Plan:
            return replace(p, order="any", sessions=tuple(replace(s, after=()) for s in p.sessions))

        yield _plan("order", "The sessions have to keep their order.", unordered)
    if plan.distinct_interviewers:
        text = "Nobody may meet the candidate twice."
        yield _plan("distinct_interviewers", text, lambda p: replace(p, distinct_interviewers=False))
    if plan.gap.min:
        text = f"There have to be {plan.gap.min} minutes between sessions."
        yield _plan("gap_min", text, lambda p: replace(p, gap=Gap(0, p.gap.max)))
    if plan.breaks:
        names = ", ".join(f"{item.name} ({item.minutes} minutes)" for item in plan.breaks)
        yield _plan("break", f"Breaks have to be kept: {names}.", lambda p: replace(p, breaks=()))
    if plan.gap.max is not None:
        text = f"At most {plan.gap.max} minutes may lie between sessions of a day."
        yield _plan("gap_max", text, lambda p: replace(p, gap=Gap(p.gap.min, None)))
    total = sum(session.minutes for session in plan.sessions)
    days = "one day" if plan.max_days == 1 else f"{plan.max_days} days"
    text = f"All sessions, {_hours(total)} in all, have to fit into {days}."
    yield _plan("max_days", text, lambda p: replace(p, max_days=max(p.max_days, 31)))


def _of_the_candidate(problem: Problem) -> Iterator[Cause]:
    if problem.ignore_candidate_hours:
        return
    start, end = problem.plan.candidate_hours
    text = f"The candidate can be asked between {format_wall(start)} and {format_wall(end)} only."
    yield _plan("candidate_hours", text, lambda p: replace(p, candidate_hours=(time(0), time(0))))
    if problem.candidate.availability:
        yield Cause(
            Blocker(code="candidate_availability", text="The candidate offered only certain times."),
            lambda p: p.evolve(candidate=replace(p.candidate, availability=())),
        )


def _of_time_limits(problem: Problem) -> Iterator[Cause]:
    plan = problem.plan
    if plan.notice_hours:
        text = f"Interviews need {plan.notice_hours} hours of notice."
        yield _plan("notice", text, lambda p: replace(p, notice_hours=0))
    text = f"Interviews may be at most {plan.horizon_days} days ahead."
    yield _plan("horizon", text, lambda p: replace(p, horizon_days=366))


def _of_people(problem: Problem) -> Iterator[Cause]:
    """The time of everybody who may sit in a seat, small pools first; each person belongs to one pool
    only.
    """
    asked = [
        (problem.pool(seat), seat.count, session)
        for session in problem.plan.sessions
        for seat in session.seats
        if not seat.optional
    ]
    blamed: set[str] = set()
    for pool, count, session in sorted(asked, key=lambda item: len(item[0])):
        ids = frozenset(person.id for person in pool) - blamed
        if not ids:
            continue
        blamed |= ids
        blocker = Blocker(
            code="busy",
            text=_needed(problem, pool, session.title, count),
            interviewer_id=pool[0].id if len(pool) == 1 else None,
            session_key=session.key,
        )
        yield Cause(blocker, _free(ids))


def _free(ids: frozenset[str]) -> Callable[[Problem], Problem]:
    def removed(problem: Problem) -> Problem:
        people = tuple(_always_free(p) if p.id in ids else p for p in problem.interviewers)
        return problem.evolve(interviewers=people)

    return removed


def _always_free(person: InterviewerFacts) -> InterviewerFacts:
    return replace(person, working_hours=ALWAYS, busy=(), booked=(), limits=Limits(), buffer=Buffer())


def _needed(problem: Problem, pool: tuple[InterviewerFacts, ...], title: str, count: int) -> str:
    if len(pool) == 1:
        return f"{pool[0].name} is needed for {title}{_busy_words(problem, pool[0])}."
    if len(pool) == count:
        names = ", ".join(person.name for person in pool)
        return f"{names} are all needed for {title} and have too little time together."
    return f"The {len(pool)} people who could hold {title} have too little time that fits."


def _busy_words(problem: Problem, person: InterviewerFacts) -> str:
    taken = problem.blocking(person) + [item.during for item in person.booked]
    window = problem.open_window or problem.window
    stretches = intersect(merge(taken), (window,))
    if not stretches:
        return " and has too little working time that fits"
    words = [_stretch(stretch, person) for stretch in stretches[:MOST_STRETCHES]]
    more = ", …" if len(stretches) > MOST_STRETCHES else ""
    return f" and has too little free time that fits (busy {', '.join(words)}{more}; {person.time_zone})"


def _stretch(stretch: Interval, person: InterviewerFacts) -> str:
    start, end = stretch.start.astimezone(person.zone), stretch.end.astimezone(person.zone)
    first = f"{start:%a} {start.day} {start:%b %H:%M}"
    return (
        f"{first}–{end:%H:%M}"
        if start.date() == end.date()
        else f"{first} – {end:%a} {end.day} {end:%b %H:%M}"
    )


def _hours(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part)
