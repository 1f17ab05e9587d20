# SPDX-License-Identifier: Apache-2.0
"""What a recruiter could change about when and where: each change of plan or window with its words and its
JSON Patch.

Changes of one kind come as a ladder, the smallest first: each rung allows all that those below it allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from scheduler.domain.hours import day_of, format_wall, instant_of
from scheduler.domain.intervals import Interval, format_instant
from scheduler.domain.people import Buffer
from scheduler.domain.plans import Gap, Plan, Session
from scheduler.domain.wording import day_words
from scheduler.solver.problem import Problem

EARLIEST, LATEST = time(7), time(22)
#: hours of notice that can be asked of people at the least
LEAST_NOTICE = 2
#: days by which a search can be longer
MOST_DAYS = 7
#: an API's plan spans no more days
LONGEST_PLAN = 31
#: an API's plan looks no more days ahead
LONGEST_HORIZON = 366
DAY = timedelta(days=1)
NO_BUFFER = Buffer()


@dataclass(frozen=True)
class Change:
    """A problem with something changed, the JSON Patch on `{plan, window}` that says so, and the words."""

    problem: Problem
    patch: tuple[dict[str, Any], ...]
    text: str

    @property
    def paths(self) -> frozenset[str]:
        return frozenset(step["path"] for step in self.patch)


Ladder = tuple[Change, ...]


def put(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def of_plan(problem: Problem, plan: Plan, text: str, *patch: dict[str, Any]) -> Change:
    return Change(problem.evolve(plan=plan), patch, text)


def ladders(problem: Problem) -> Iterator[Ladder]:
    """Everything that can be tried, the changes that hurt least first."""
    yield tuple(_later(problem))
    if len(problem.plan.sessions) > 1:
        yield from _between_sessions(problem)
    yield tuple(_twice(problem))
    yield tuple(_candidate_hours(problem))
    yield tuple(_notice(problem))
    yield tuple(_grid(problem))
    yield tuple(_buffers(problem))
    for number, session in enumerate(problem.plan.sessions):
        if session.room_capacity is not None:
            yield tuple(_room(problem, number, session, session.room_capacity))


def _later(problem: Problem) -> Iterator[Change]:
    """The rest of the window, then up to a week more, day by day, as far as calendars were read: unread time
    is unknown, never free.
    """
    yield from _to_the_end_of_the_window(problem)
    read = problem.calendars_read
    if read is None or read.end <= problem.window.end:
        return
    last = day_of(problem.window.end - timedelta(microseconds=1), problem.days_in)
    for day in (last + DAY * n for n in range(MOST_DAYS + 1)):
        end = min(instant_of(day + DAY, time(0), problem.days_in), read.end)
        if end > problem.window.end and _days_until(problem, end) <= LONGEST_HORIZON:
            yield _until(problem, end)


def _until(problem: Problem, end: datetime) -> Change:
    patch, plan = [put("/window/end", format_instant(end))], problem.plan
    if problem.now + timedelta(days=plan.horizon_days) < end:
        plan = replace(plan, horizon_days=_days_until(problem, end))
        patch.append(put("/plan/horizon_days", plan.horizon_days))
    longer = problem.evolve(plan=plan, window=Interval(problem.window.start, end))
    return Change(longer, tuple(patch), f"Search until {_last_moment(problem, end)}")


def _last_moment(problem: Problem, end: datetime) -> str:
    """The day that ends then, with its hour where the window ends on the same day already."""
    day = _day_before(problem, end)
    if day != _day_before(problem, problem.window.end):
        return day
    wall = end.astimezone(problem.days_in).time()
    return f"the end of {day}" if wall == time(0) else f"{format_wall(wall)} on {day}"


def _to_the_end_of_the_window(problem: Problem) -> Iterator[Change]:
    read, plan = problem.calendars_read, problem.plan
    days = _days_until(problem, problem.window.end)
    if read is not None and read.end < problem.window.end:
        days = (read.end - problem.now) // DAY
    days = min(days, LONGEST_HORIZON)
    if problem.now + timedelta(days=plan.horizon_days) < problem.window.end and days > plan.horizon_days:
        further = replace(plan, horizon_days=days)
        last = _day_before(problem, min(problem.window.end, problem.now + days * DAY))
        yield of_plan(problem, further, f"Look ahead as far as {last}", put("/plan/horizon_days", days))


def _days_until(problem: Problem, end: datetime) -> int:
    return -((problem.now - end) // DAY)


def _day_before(problem: Problem, end: datetime) -> str:
    """The day that ends then, on the candidate's calendar."""
    last = day_of(end - timedelta(microseconds=1), problem.days_in)
    return day_words(last, day_of(problem.now, problem.days_in))


def _between_sessions(problem: Problem) -> Iterator[Ladder]:
    plan = problem.plan
    yield tuple(
        of_plan(problem, replace(plan, max_days=days), text, put("/plan/max_days", days))
        for days in (plan.max_days + 1, plan.max_days + 2)
        if days <= min(LONGEST_PLAN, max(2, len(plan.sessions)))
        for text in (f"Let the sessions spread over {days} days",)
    )
    if plan.gap.max is not None:
        loose, gap = replace(plan, gap=Gap(plan.gap.min, None)), {"min": plan.gap.min, "max": None}
        yield (of_plan(problem, loose, "Allow any time between sessions", put("/plan/gap", gap)),)
    yield tuple(_order(problem))
    if plan.breaks:
        names = " and ".join(item.name for item in plan.breaks)
        yield (of_plan(problem, replace(plan, breaks=()), f"Leave out {names}", put("/plan/breaks", [])),)
    if plan.gap.min:
        close, gap = replace(plan, gap=Gap(0, plan.gap.max)), {"min": 0, "max": plan.gap.max}
        text = "Let sessions follow each other without a gap"
        yield (of_plan(problem, close, text, put("/plan/gap", gap)),)


def _twice(problem: Problem) -> Iterator[Change]:
    plan = problem.plan
    met = any(person.met for person in problem.interviewers)
    if plan.distinct_interviewers and (met or len(plan.sessions) > 1):
        again = replace(plan, distinct_interviewers=False)
        text = "Let somebody meet the candidate twice"
        yield of_plan(problem, again, text, put("/plan/distinct_interviewers", value=False))


def _order(problem: Problem) -> Iterator[Change]:
    plan, patch = problem.plan, []
    if plan.order == "fixed":
        plan = replace(plan, order="any")
        patch.append(put("/plan/order", "any"))
        yield of_plan(problem, plan, "Allow any order of sessions", *patch)
    bound = [number for number, session in enumerate(plan.sessions) if session.after]
    if bound:
        free = replace(plan, sessions=tuple(replace(session, after=()) for session in plan.sessions))
        patch += [put(f"/plan/sessions/{number}/after", []) for number in bound]
        yield of_plan(problem, free, "Allow any order, whatever should come after what", *patch)


def _candidate_hours(problem: Problem) -> Iterator[Change]:
    start, end = problem.plan.candidate_hours
    if problem.ignore_candidate_hours or (start <= EARLIEST and (end >= LATEST or end == time(0))):
        return
    early, late = min(start, EARLIEST), end if end == time(0) else max(end, LATEST)
    wide = replace(problem.plan, candidate_hours=(early, late))
    hours = {"start": format_wall(early), "end": format_wall(late)}
    text = f"Ask the candidate for times between {hours['start']} and {hours['end']}"
    yield of_plan(problem, wide, text, put("/plan/candidate_hours", hours))


def _notice(problem: Problem) -> Iterator[Change]:
    if problem.plan.notice_hours > LEAST_NOTICE:
        short = replace(problem.plan, notice_hours=LEAST_NOTICE)
        patch = put("/plan/notice_hours", LEAST_NOTICE)
        yield of_plan(problem, short, f"Accept {LEAST_NOTICE} hours of notice", patch)


def _grid(problem: Problem) -> Iterator[Change]:
    for grid in (15, 5):
        if grid < problem.plan.grid:
            finer, text = replace(problem.plan, grid=grid), f"Let sessions start every {grid} minutes"
            yield of_plan(problem, finer, text, put("/plan/grid", grid))


def _buffers(problem: Problem) -> Iterator[Change]:
    """Do without time before and after the sessions, where somebody or the plan asks for some."""
    plan = problem.plan
    kept = [
        number
        for number, session in enumerate(plan.sessions)
        if any(
            person.buffer_for(session) != NO_BUFFER for seat in session.seats for person in problem.pool(seat)
        )
    ]
    if kept:
        sessions = tuple(
            replace(session, buffer=NO_BUFFER) if number in kept else session
            for number, session in enumerate(plan.sessions)
        )
        patch = [put(f"/plan/sessions/{number}/buffer", NO_BUFFER.to_json()) for number in kept]
        text = "Do without free time before and after interviews"
        yield of_plan(problem, replace(plan, sessions=sessions), text, *patch)


def _room(problem: Problem, number: int, session: Session, wanted: int) -> Iterator[Change]:
    path = f"/plan/sessions/{number}/room"
    smaller = sorted({room.capacity for room in problem.rooms if room.capacity < wanted}, reverse=True)
    for capacity in smaller[:1]:
        plan = with_session(problem.plan, number, replace(session, room_capacity=capacity))
        text = f"Hold {session.title} in a room for {people_words(capacity)}"
        yield of_plan(problem, plan, text, put(path, {"capacity": capacity}))
    plan = with_session(problem.plan, number, replace(session, room_capacity=None))
    yield of_plan(problem, plan, f"Hold {session.title} without a room", put(path, None))


def with_session(plan: Plan, number: int, session: Session) -> Plan:
    return replace(plan, sessions=(*plan.sessions[:number], session, *plan.sessions[number + 1 :]))


def people_words(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"
