# SPDX-License-Identifier: Apache-2.0
"""What would open more options: changes of plan or window, each verified by solving again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from scheduler.domain.hours import format_wall
from scheduler.domain.intervals import Interval, format_instant
from scheduler.domain.options import Relaxation
from scheduler.domain.plans import Gap
from scheduler.solver.problem import Problem
from scheduler.solver.reach import Reach
from scheduler.solver.search import Search
from scheduler.solver.timing import Timing

#: relaxations given, the most useful first
MOST = 4
#: branches to count the options of one relaxation
COUNTING = 3_000
LEAST_COUNTING = 20


@dataclass(frozen=True)
class _Change:
    problem: Problem
    patch: tuple[dict[str, Any], ...]
    text: str


def relaxations(problem: Problem, found: int) -> tuple[Relaxation, ...]:
    """Changes that give more than the `found` options, the one that gives most first; equal ones as
    listed.
    """
    gains = [(change, count_starts(change.problem) - found) for change in _changes(problem)]
    useful = [
        Relaxation(patch=change.patch, text=change.text, options_gained=gain)
        for change, gain in gains
        if gain > 0
    ]
    useful.sort(key=lambda item: -item.options_gained)
    return tuple(useful[:MOST])


def count_starts(problem: Problem) -> int:
    """How many options there are, counted up to the number wanted; what the budget cuts off is not
    counted.
    """
    if problem.open_window is None:
        return 0
    reach = Reach(problem, problem.open_window)
    search = Search(reach, Timing(problem, reach.line))
    firsts = search.first_starts()
    deciding = max(LEAST_COUNTING, COUNTING // max(1, len(firsts)))
    count = 0
    for first in firsts:
        count += search.from_start(first, deciding=deciding, improving=0) is not None
        if count == problem.options:
            break
    return count


def _replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def _changes(problem: Problem) -> Iterator[_Change]:
    plan = problem.plan
    yield from _later(problem)
    if len(plan.sessions) > 1:
        more = replace(plan, max_days=plan.max_days + 1)
        text = f"Let the sessions spread over {more.max_days} days"
        yield _Change(problem.evolve(plan=more), (_replace("/plan/max_days", more.max_days),), text)
    if len(plan.sessions) > 1 and plan.gap.max is not None:
        loose = replace(plan, gap=Gap(plan.gap.min, None))
        patch = (_replace("/plan/gap", {"min": plan.gap.min, "max": None}),)
        yield _Change(problem.evolve(plan=loose), patch, "Allow any time between sessions")
    if len(plan.sessions) > 1 and plan.order == "fixed" and not any(s.after for s in plan.sessions):
        free = replace(plan, order="any")
        yield _Change(
            problem.evolve(plan=free), (_replace("/plan/order", "any"),), "Allow any order of sessions"
        )
    yield from _candidate(problem)
    yield from _notice(problem)


def _later(problem: Problem) -> Iterator[_Change]:
    """A week more, as far as calendars have been read: unread time is unknown, never free."""
    read = problem.calendars_read
    latest = problem.now + timedelta(days=problem.plan.horizon_days)
    end = problem.window.end + timedelta(days=7)
    if read is None or read.end <= problem.window.end:
        yield from _to_the_end_of_the_window(problem, latest)
        return
    end = min(end, read.end)
    patch, longer = [_replace("/window/end", format_instant(end))], problem.plan
    if latest < end:
        longer = replace(longer, horizon_days=_days(problem, end))
        patch.append(_replace("/plan/horizon_days", longer.horizon_days))
    widened = problem.evolve(plan=longer, window=Interval(problem.window.start, end))
    yield _Change(widened, tuple(patch), f"Search {(end - problem.window.end).days or 1} days longer")


def _to_the_end_of_the_window(problem: Problem, latest: datetime) -> Iterator[_Change]:
    read = problem.calendars_read
    days = _days(problem, problem.window.end)
    if read is not None and read.end < problem.window.end:
        days = (read.end - problem.now) // timedelta(days=1)
    if latest < problem.window.end and days > problem.plan.horizon_days:
        further = replace(problem.plan, horizon_days=days)
        patch = (_replace("/plan/horizon_days", further.horizon_days),)
        yield _Change(problem.evolve(plan=further), patch, f"Look {further.horizon_days} days ahead")


def _days(problem: Problem, end: datetime) -> int:
    return -((problem.now - end) // timedelta(days=1))


def _candidate(problem: Problem) -> Iterator[_Change]:
    start, end = problem.plan.candidate_hours
    if problem.ignore_candidate_hours or (start <= time(7) and (end >= time(22) or end == time(0))):
        return
    early, late = min(start, time(7)), end if end == time(0) else max(end, time(22))
    wide = replace(problem.plan, candidate_hours=(early, late))
    hours = {"start": format_wall(early), "end": format_wall(late)}
    text = f"Ask the candidate for times between {hours['start']} and {hours['end']}"
    yield _Change(problem.evolve(plan=wide), (_replace("/plan/candidate_hours", hours),), text)


def _notice(problem: Problem) -> Iterator[_Change]:
    if problem.plan.notice_hours > 2:
        short = replace(problem.plan, notice_hours=2)
        yield _Change(
            problem.evolve(plan=short), (_replace("/plan/notice_hours", 2),), "Accept 2 hours of notice"
        )
