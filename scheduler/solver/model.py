# SPDX-License-Identifier: Apache-2.0
"""Solving: the search over masks answers where it can, the constraint model where the search was cut off."""

from __future__ import annotations

from time import perf_counter

from scheduler.domain.options import Explanation, Option
from scheduler.solver.check import violations
from scheduler.solver.choice import Choice
from scheduler.solver.drafts import Draft, best_rooms, optional_people, to_option
from scheduler.solver.explain import explain
from scheduler.solver.outcome import Figures, Impossible, Outcome, OutOfTime, Solved, Stage
from scheduler.solver.problem import Problem
from scheduler.solver.search import Search
from scheduler.solver.reach import Reach
from scheduler.solver.timing import Timing


class WrongAnswer(Exception):
    """The solver made an option that its judge refuses: a fault of this program, not of the question."""


def propose(problem: Problem, *, seconds: float = 10.0, workers: int = 1) -> Outcome:
    """Up to `problem.options` different options, or why there are none.

    `seconds` is a safety net: work is limited by counts, so that equal Problems get equal answers.
    """
    begun = perf_counter()
    if problem.open_window is None:
        return Impossible(explanation=explain(problem))
    reach = Reach(problem, problem.open_window)
    timing = Timing(problem, reach.line)
    search = Search(reach, timing)
    built = perf_counter()
    chosen = Choice(search, problem.options).best()
    options = tuple(judged(problem, _option(reach, timing, draft)) for draft in chosen)
    return Solved(
        options=options,
        proof="complete",
        figures=Figures(build_seconds=built - begun, total_seconds=perf_counter() - begun),
    )


def _option(reach: Reach, timing: Timing, draft: Draft) -> Option:
    rooms = best_rooms(reach, timing, draft.placed)
    if rooms is None:
        raise WrongAnswer
    guests = optional_people(reach, timing, draft)
    return to_option(reach, timing, draft, rooms=rooms[1], guests=guests)


def judged(problem: Problem, option: Option) -> Option:
    """The option, once the judge has found nothing wrong with it. Raises WrongAnswer."""
    found = violations(problem, option)
    if found:
        raise WrongAnswer("; ".join(violation.text for violation in found))
    return option
