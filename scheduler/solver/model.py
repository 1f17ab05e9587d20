# SPDX-License-Identifier: Apache-2.0
"""Solving. The search over masks answers; where it was cut off, the constraint model decides."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from scheduler.domain.options import Explanation, Option
from scheduler.solver.check import violations
from scheduler.solver.choice import Choice
from scheduler.solver.drafts import Draft, best_rooms, optional_people, to_option
from scheduler.solver.explain import explain_few, explain_none
from scheduler.solver.outcome import Figures, Impossible, Outcome, OutOfTime, Solved, Stage
from scheduler.solver.problem import Problem
from scheduler.solver.reach import Reach
from scheduler.solver.search import Search
from scheduler.solver.timing import Timing


class WrongAnswer(Exception):
    """The solver made an option that its judge refuses: a fault of this program, not of the question."""


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """What one way of solving found."""

    drafts: tuple[Draft, ...]
    #: there are no more options than these
    all_found: bool
    #: no set of as many options is better
    optimal: bool
    objective: int | None = None
    bound: int | None = None


def propose(problem: Problem, *, seconds: float = 10.0, workers: int = 1) -> Outcome:
    """Up to `problem.options` options with different starts, or why there are none.

    Work is limited by counts, so that equal Problems get equal answers; `seconds` is a safety net for the
    constraint model, which also takes the number of `workers`. Raises WrongAnswer when the judge finds a
    fault.
    """
    begun = perf_counter()
    if problem.open_window is None:
        return Impossible(explanation=explain_none(problem))
    reach = Reach(problem, problem.open_window)
    timing = Timing(problem, reach.line)
    search = Search(reach, timing)
    built = perf_counter()
    answer = _searched(search)
    stages = [Stage(name="search", objective=answer.objective, bound=answer.bound)]
    if search.undecided and len(answer.drafts) < problem.options:
        answer = _modelled(reach, timing, answer.drafts, seconds=seconds, workers=workers)
        stages.append(Stage(name="model", objective=answer.objective, bound=answer.bound))
    options = tuple(judged(problem, _option(reach, timing, draft)) for draft in answer.drafts)
    found = perf_counter()

    def figures() -> Figures:
        return Figures(
            build_seconds=built - begun,
            first_seconds=found - begun if options else None,
            last_seconds=found - begun if options else None,
            total_seconds=perf_counter() - begun,
            stages=tuple(stages),
        )

    if options:
        few = len(options) < problem.options
        explanation = _why_few(problem, options, answer) if few else None
        return Solved(
            options=options, proof=_proof(answer, few=few), explanation=explanation, figures=figures()
        )
    if answer.all_found:
        return Impossible(explanation=explain_none(problem), figures=figures())
    return OutOfTime(bound=answer.bound, figures=figures())


def _searched(search: Search) -> _Answer:
    choice = Choice(search, search.reach.problem.options)
    drafts = choice.best()
    objective, bound = choice.objective(drafts), choice.bound()
    return _Answer(
        drafts=drafts,
        all_found=not search.undecided,
        optimal=bool(drafts) and objective == bound,
        objective=objective if drafts else None,
        bound=bound if drafts else None,
    )


def _modelled(
    reach: Reach, timing: Timing, known: tuple[Draft, ...], *, seconds: float, workers: int
) -> _Answer:
    # importing OR-Tools takes 0.4 s and 90 MB: only those pay who need it
    from scheduler.solver.variables import solve_one_by_one  # noqa: PLC0415

    found = solve_one_by_one(reach, timing, known, seconds=seconds, workers=workers)
    return _Answer(
        drafts=found.drafts,
        all_found=found.complete,
        optimal=False,
        objective=found.objective,
        bound=found.bound,
    )


def _proof(answer: _Answer, *, few: bool) -> str:
    if answer.optimal:
        return "optimal"
    return "complete" if answer.all_found or not few else "feasible"


def _why_few(problem: Problem, options: tuple[Option, ...], answer: _Answer) -> Explanation:
    return explain_few(problem, len(options), proven=answer.all_found)


def _option(reach: Reach, timing: Timing, draft: Draft) -> Option:
    rooms = best_rooms(reach, timing, draft.placed)
    if rooms is None:
        raise WrongAnswer("a session has lost its room")
    guests = optional_people(reach, timing, draft)
    option = to_option(reach, timing, draft, rooms=rooms[1], guests=guests)
    if option.cost != draft.cost:
        raise WrongAnswer(f"an option was found at {draft.cost} and costs {option.cost}")
    return option


def judged(problem: Problem, option: Option) -> Option:
    """The option, once the judge has found nothing wrong with it. Raises WrongAnswer."""
    found = violations(problem, option)
    if found:
        raise WrongAnswer("; ".join(violation.text for violation in found))
    return option
