# SPDX-License-Identifier: Apache-2.0
"""Options for somebody who waits in front of a screen: what the search over masks finds, and nothing more.

The web process calls this: it never loads OR-Tools.
"""

from __future__ import annotations

from scheduler.domain.options import Option
from scheduler.solver.check import violations
from scheduler.solver.choice import Choice
from scheduler.solver.drafts import Draft, best_rooms, optional_people, to_option
from scheduler.solver.problem import Problem
from scheduler.solver.reach import Reach
from scheduler.solver.search import Search
from scheduler.solver.timing import Timing


def found_at_once(problem: Problem) -> tuple[Option, ...]:
    """Up to `problem.options` options, in order of time. Where the search is cut off there may be more."""
    if problem.open_window is None:
        return ()
    reach = Reach(problem, problem.open_window)
    timing = Timing(problem, reach.line)
    drafts = Choice(Search(reach, timing), problem.options).best()
    return tuple(_judged(problem, _option(reach, timing, draft)) for draft in drafts)


def _option(reach: Reach, timing: Timing, draft: Draft) -> Option:
    rooms = best_rooms(reach, timing, draft.placed)
    if rooms is None:
        raise AssertionError("a session has lost its room")
    guests = optional_people(reach, timing, draft)
    return to_option(reach, timing, draft, rooms=rooms[1], guests=guests)


def _judged(problem: Problem, option: Option) -> Option:
    broken = violations(problem, option)
    if broken:
        raise AssertionError("; ".join(violation.text for violation in broken))
    return option
