# SPDX-License-Identifier: Apache-2.0
"""Assigning: as many candidates as possible, then the least cost of them together, as one optimum."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from time import perf_counter

from scheduler.domain.options import Option
from scheduler.solver.explain import explain_none
from scheduler.solver.many.answer import Answer
from scheduler.solver.many.board import Board, NotExpressible
from scheduler.solver.many.bound import alone, flattest
from scheduler.solver.many.components import components
from scheduler.solver.many.diary import Diary
from scheduler.solver.many.finish import finished, judged
from scheduler.solver.many.general import one_by_one
from scheduler.solver.many.greedy import fill, polish, scarcest_first
from scheduler.solver.many.outcome import FEASIBLE, OPTIMAL, STOPPED, Assigned, Assignment
from scheduler.solver.many.patterns import Patterns, patterns_of
from scheduler.solver.many.problem import AssignProblem
from scheduler.solver.many.progress import Progress
from scheduler.solver.timing import Timing

#: rounds of putting everybody back in the cheapest way
ROUNDS = 5


def assign(problem: AssignProblem, *, seconds: float = 10.0, workers: int = 1) -> Assigned:
    """One option for as many candidates as possible, at the least cost for all together.

    Work is limited by counts, so that equal problems get equal answers; when `seconds` come first, the best
    answer so far is given and the outcome says so. `workers` groups of candidates who share nobody are solved
    at once. Raises WrongAnswer when the judge finds a fault.
    """
    progress = Progress(deadline=perf_counter() + seconds)
    try:
        board = Board(problem)
        patterns = all_patterns(board)
    except NotExpressible:
        options = judged(problem, one_by_one(problem, progress))
    else:
        progress.built = perf_counter()
        solve(progress, board, patterns, workers=workers)
        options = finished(board, progress.columns)
    return outcome(problem, options, progress)


def solve(progress: Progress, board: Board, patterns: Mapping[int, Patterns], *, workers: int) -> None:
    """A first answer at once, then a better one, then the best."""
    answer = Answer(board, patterns)
    fill(answer, scarcest_first(board))
    offer(progress, answer)
    bound(progress, board, patterns)
    for _ in range(ROUNDS):
        if progress.over or not polish(answer):
            break
        offer(progress, answer)
    prove(progress, board, patterns, workers=workers)


def all_patterns(board: Board) -> dict[int, Patterns]:
    """By candidate. Raises NotExpressible."""
    timings: dict[tuple[object, ...], Timing] = {}
    found = {}
    for ask in board.asks:
        item, plan = board.problem.candidates[ask.index], ask.plan
        key = (board.days_zone(item).key, plan.gap, plan.breaks, plan.notice_hours, plan.horizon_days)
        if key not in timings:
            timings[key] = Timing(board.problem.problem(ask.index), board.line)
        found[ask.index] = patterns_of(board, ask, timings[key])
    return found


def offer(progress: Progress, answer: Answer) -> None:
    left_out = len(answer.board.asks) - len(answer.columns)
    progress.offer(answer.columns, (left_out, answer.cost))


def bound(progress: Progress, board: Board, patterns: Mapping[int, Patterns]) -> None:
    """What no answer can do better than."""
    least = alone(board, patterns)
    progress.possible = tuple(least)
    progress.least_left_out = len(board.asks) - len(least)
    if progress.value and progress.value[0] == progress.least_left_out:
        groups = components(board, least)
        progress.least_cost = sum(least.values()) + sum(flattest(board, group) for group in groups)


def prove(progress: Progress, board: Board, patterns: Mapping[int, Patterns], *, workers: int) -> None:
    """Solve each group of candidates for itself, the smallest first."""
    from scheduler.solver.many.group import solve_group, value_of  # noqa: PLC0415 (loads OR-Tools)

    columns = dict(progress.columns)
    left_out, cost = progress.least_left_out, 0
    with ThreadPoolExecutor(workers) as pool:
        asked = [
            pool.submit(
                solve_group,
                board,
                patterns,
                members,
                {index: columns[index] for index in members if index in columns},
                deadline=progress.deadline,
            )
            for members in components(board, progress.possible)
        ]
        for done in as_completed(asked):
            answer = done.result()
            for index in answer.members:
                columns.pop(index, None)
            columns |= answer.columns
            left_out += answer.least_left_out
            cost += answer.least_cost
            value = (len(board.asks) - len(columns), value_of(board, patterns, columns))
            progress.offer(columns, value)
    progress.least_left_out = left_out
    progress.least_cost = max(cost, progress.least_cost)


def outcome(problem: AssignProblem, options: Mapping[int, Option], progress: Progress) -> Assigned:
    """The answer in the words of the domain, everybody left out with what stands in their way."""
    proof = OPTIMAL if progress.optimal else STOPPED if progress.over else FEASIBLE
    diary = Diary(problem, options)
    assignments = tuple(
        Assignment(
            candidate_id=item.id,
            option=options.get(index),
            explanation=None if index in options else explain_none(problem.problem(index, diary)),
        )
        for index, item in enumerate(problem.candidates)
    )
    return Assigned(assignments=assignments, proof=proof, figures=progress.figures(len(problem.candidates)))
