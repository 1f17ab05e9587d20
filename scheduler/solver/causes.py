# SPDX-License-Identifier: Apache-2.0
"""What could stand in the way of a plan: each rule, and the time of each group of people, with the words
for it
and the same problem without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.domain.hours import WEEKDAYS, WeeklyHours, format_wall
from scheduler.domain.intervals import Interval, intersect, merge
from scheduler.domain.options import Blocker
from scheduler.domain.people import Buffer, Limits
from scheduler.domain.plans import Gap, Plan
from scheduler.domain.wording import list_words
from scheduler.solver.problem import HELD, InterviewerFacts, Problem

ALWAYS = (WeeklyHours(WEEKDAYS, time(0), time(0)),)
#: busy stretches named in a blocker
MOST_STRETCHES = 3


@dataclass(frozen=True)
class Part:
    """One thing that takes people's time, as words that come after “because of”."""

    code: str
    words: str
    removed: Callable[[Problem], Problem]


@dataclass(frozen=True)
class Cause:
    """One thing that can be taken away."""

    blocker: Blocker
    removed: Callable[[Problem], Problem]
    #: of people's time: whose it is, and what takes it
    subject: str = ""
    parts: tuple[Part, ...] = ()

    def told(self, parts: Sequence[Part]) -> Blocker:
        """The blocker, when it is known which parts are to blame; the last one gives it its code."""
        because = list_words([part.words for part in parts])
        text = f"{self.subject} too little time that fits, because of {because}."
        return replace(self.blocker, code=parts[-1].code, text=text)


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
    offered = problem.candidate.availability
    if offered:
        times = f"{_stretches(offered, problem.candidate_zone)}; {problem.candidate_zone.key}"
        text = f"The candidate offered only some times ({times}); others would have to be asked for."
        yield Cause(
            Blocker(code="candidate_availability", text=text),
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
        subject = _subject(pool, session.title, count)
        only = pool[0] if len(pool) == 1 else None
        blocker = Blocker(
            code="busy",
            text=f"{subject} too little time that fits.",
            interviewer_id=only.id if only else None,
            session_key=session.key,
        )
        parts = tuple(_parts(problem, ids, only))
        yield Cause(blocker, _for_those(ids, _always_free), subject=subject, parts=parts)


def _subject(pool: tuple[InterviewerFacts, ...], title: str, count: int) -> str:
    if len(pool) == 1:
        return f"{pool[0].name} is needed for {title} and has"
    if len(pool) == count:
        names = list_words([person.name for person in pool])
        return f"{names} are {'both' if count == 2 else 'all'} needed for {title} and have"
    return f"The {len(pool)} people who could hold {title} have"


def _for_those(
    ids: frozenset[str], change: Callable[[InterviewerFacts], InterviewerFacts]
) -> Callable[[Problem], Problem]:
    def removed(problem: Problem) -> Problem:
        people = tuple(change(p) if p.id in ids else p for p in problem.interviewers)
        return problem.evolve(interviewers=people)

    return removed


def _always_free(person: InterviewerFacts) -> InterviewerFacts:
    return replace(person, working_hours=ALWAYS, busy=(), booked=(), limits=Limits(), buffer=Buffer())


def _parts(problem: Problem, ids: frozenset[str], only: InterviewerFacts | None) -> Iterator[Part]:
    """What takes people's time, the least telling first; in detail for one person alone."""

    def part(code: str, words: str, detail: Callable[[InterviewerFacts], str] | None, **free: Any) -> Part:
        told = f"{words} ({detail(only)})" if only and detail else words
        return Part(code, told, _for_those(ids, lambda person: replace(person, **free)))

    yield part("buffer", "free time kept around interviews", _buffer, buffer=Buffer())
    booked = [item for p in problem.interviewers if p.id in ids for item in p.booked]
    if not all(item.beside for item in booked):
        yield Part("busy", "interviews already arranged", _for_those(ids, _only_beside))
    if any(item.beside for item in booked):
        yield Part("busy", "interviews of the other candidates", _for_those(ids, _only_arranged))
    if any(block.kind == HELD for p in problem.interviewers if p.id in ids for block in p.busy):
        yield Part("held", "times held for other candidates", _for_those(ids, _not_held))
    yield part("outside_hours", "working hours", _hours_kept, working_hours=ALWAYS)
    busy = f"busy calendars ({_busy(problem, only)})" if only else "busy calendars"
    yield Part("busy", busy, _for_those(ids, _only_held))
    yield part("limit", "limits of interviews", _limits, limits=Limits())


def _only_beside(person: InterviewerFacts) -> InterviewerFacts:
    return replace(person, booked=tuple(item for item in person.booked if item.beside))


def _only_arranged(person: InterviewerFacts) -> InterviewerFacts:
    return replace(person, booked=tuple(item for item in person.booked if not item.beside))


def _not_held(person: InterviewerFacts) -> InterviewerFacts:
    return replace(person, busy=tuple(block for block in person.busy if block.kind != HELD))


def _only_held(person: InterviewerFacts) -> InterviewerFacts:
    return replace(person, busy=tuple(block for block in person.busy if block.kind == HELD))


def _buffer(person: InterviewerFacts) -> str:
    return f"{person.buffer.before} min before and {person.buffer.after} min after"


def _limits(person: InterviewerFacts) -> str:
    limits = ((person.limits.per_day, "day"), (person.limits.per_week, "week"))
    return ", ".join(f"{most} a {unit}" for most, unit in limits if most is not None)


def _hours_kept(person: InterviewerFacts) -> str:
    rules = (
        f"{_days(rule.days)} {format_wall(rule.start)}–{format_wall(rule.end)}"
        for rule in person.working_hours
        if rule.days
    )
    return f"{', '.join(rules) or 'none'}; {person.time_zone}"


def _days(days: tuple[str, ...]) -> str:
    """`Mon–Fri`, or each day where they do not follow each other."""
    if set(days) == set(WEEKDAYS):
        return "every day"
    positions = sorted(WEEKDAYS.index(day) for day in days)
    names = [WEEKDAYS[position].capitalize() for position in positions]
    if len(names) > 2 and positions[-1] - positions[0] == len(names) - 1:
        return f"{names[0]}–{names[-1]}"
    return ", ".join(names)


def _busy(problem: Problem, person: InterviewerFacts) -> str:
    blocking = problem.blocking(_not_held(person))
    taken = intersect(merge(blocking), (problem.open_window or problem.window,))
    return f"{_stretches(taken, person.zone)}; {person.time_zone}"


def _stretches(stretches: Sequence[Interval], zone: ZoneInfo) -> str:
    """The first of them, on this clock."""
    words = [_stretch(stretch, zone) for stretch in stretches[:MOST_STRETCHES]]
    return ", ".join([*words, "…"] if len(stretches) > MOST_STRETCHES else words)


def _stretch(stretch: Interval, zone: ZoneInfo) -> str:
    start, end = stretch.start.astimezone(zone), stretch.end.astimezone(zone)
    first = f"{start:%a} {start.day} {start:%b %H:%M}"
    return (
        f"{first}–{end:%H:%M}"
        if start.date() == end.date()
        else f"{first} – {end:%a} {end.day} {end:%b %H:%M}"
    )


def _hours(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part)
