# SPDX-License-Identifier: Apache-2.0
"""Convene's availability: python -m benchmarks.rivals.masks INSTANCE

Seconds for each query of an instance, as medians: the starts as a mask, from

cold       people never asked about: hours expanded in their zones, calendars from datetimes
expanded   hours expanded and calendars in whole minutes, for a window never asked about
kept       each person's masks kept from an earlier question about the same window

and `told`, the whole answer of the service from kept masks: every start as an instant, and why not at the
other times.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from typing import Any

from benchmarks.from_bench import problem_of
from benchmarks.rivals._telling import compete
from scheduler.domain.intervals import Interval
from scheduler.solver.problem import Problem
from scheduler.solver.reach import Reach, SessionStarts
from scheduler.solver.starts import availability

MINUTE = timedelta(minutes=1)


def solve(instance: dict[str, Any], _seconds: float, repeats: int) -> dict[str, Any]:
    # one day less than the translation adds: its window ends with the calendars, so that hours stay hours
    asked = {**instance, "days": instance["days"] - 1}
    found, seconds = [], []
    for query in range(len(instance["queries"])):
        times: dict[str, list[float]] = defaultdict(list)
        for _ in range(repeats):
            problem = problem_of(asked, query=query)
            for name, taken in _times(problem).items():
                times[name].append(taken)
        found.append([(start - problem.now) // MINUTE for start in availability(problem, "s0").starts])
        seconds.append({name: median(taken) for name, taken in times.items()})
    return {"answer": {"answers": found}, "seconds": seconds}


def _times(problem: Problem) -> dict[str, float]:
    window = problem.window
    return {
        "cold": _timed(lambda: _starts(Reach(problem, window))),
        "expanded": _expanded(problem, Interval(window.start + timedelta(days=1), window.end)),
        "kept": _timed(lambda: _starts(Reach(problem, window))),
        "told": _timed(lambda: availability(problem, "s0")),
    }


def _expanded(problem: Problem, window: Interval) -> float:
    reach = Reach(problem, window)
    for position in range(len(problem.interviewers)):
        reach.working(position)
    return _timed(lambda: _starts(reach))


def _starts(reach: Reach) -> int:
    return SessionStarts(reach, reach.plan.session("s0")).starts


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    compete(solve)
