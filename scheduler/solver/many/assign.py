# SPDX-License-Identifier: Apache-2.0
"""Assigning: as many candidates as possible, then the least cost of them together, as one optimum.

Repairing is the same question about candidates who have something booked: changes count before the cost.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from time import perf_counter

from scheduler.domain.options import Option
from scheduler.solver.garbage import uncollected
from scheduler.solver.many.answer import Answer, value_of
from scheduler.solver.many.board import Board, NotExpressible
from scheduler.solver.many.bound import alone, flattest
from scheduler.solver.many.changes import changes_for
from scheduler.solver.many.columns import Column
from scheduler.solver.many.components import components
from scheduler.solver.many.finish import finished
from scheduler.solver.many.general import one_by_one
from scheduler.solver.many.greedy import fill, polish, scarcest_first
from scheduler.solver.many.ground import Ground
from scheduler.solver.many.left_out import LeftOut
from scheduler.solver.many.outcome import Assigned, Assignment
from scheduler.solver.many.patterns import Patterns, patterns_of
from scheduler.solver.many.people import with_people
from scheduler.solver.many.problem import AssignProblem
from scheduler.solver.many.progress import Progress
from scheduler.solver.many.rooms import cost_of_room_changes
from scheduler.solver.many.solution import Solution
from scheduler.solver.outcome import FEASIBLE, OPTIMAL, STOPPED
from scheduler.solver.timing import Timing

#: seconds to tell why candidates are left out when solving has taken all of its own
EXPLAINING = 2.0
#: rounds of putting everybody back in the cheapest way
ROUNDS = 5


def assign(problem: AssignProblem, *, seconds: float = 10.0, workers: int = 1) -> Assigned:
    """One option for as many candidates as possible, at the least cost for all together.

    A repair loses as few bookings as possible first, and among as many candidates moves as few sessions as
    possible, then changes as few people, before the cost counts.

    Work is limited by counts, so that equal problems get equal answers; when `seconds` come first, the best
    answer so far is given and the outcome says so. `workers` groups of candidates who share nobody are solved
    at once. Raises WrongAnswer when the judge finds a fault.
    """
    progress = Progress(deadline=perf_counter() + seconds)
    drawn = problem.drawn
    found = placed(problem.evolve(candidates=tuple(problem.candidates[i] for i in drawn)), progress, workers)
    options = with_people(problem, {drawn[nth]: option for nth, option in found.items()})
    return outcome(problem, options, progress, possible={drawn[nth] for nth in progress.alone})


def placed(problem: AssignProblem, progress: Progress, workers: int) -> dict[int, Option]:
    """The options, by the position of the candidate; of two answers as good the one that comes first with
    candidates in this order.
    """
    try:
        with uncollected():
            board = Board(problem)
            patterns = all_patterns(board, progress)
            progress.built = perf_counter()
            answer = first(progress, board, patterns)
    except NotExpressible:
        return one_by_one(problem, progress)
    solve(progress, answer, workers=workers)
    options = finished(board, progress.columns)
    progress.room_changes = cost_of_room_changes(options)
    return options


def first(progress: Progress, board: Board, patterns: Mapping[int, Patterns]) -> Answer:
    """An answer at once."""
    answer = Answer(board, patterns)
    fill(answer, scarcest_first(board))
    offer(progress, answer)
    return answer


def solve(progress: Progress, answer: Answer, *, workers: int) -> None:
    """A better answer, then the best."""
    board, patterns = answer.board, answer.patterns
    bound(progress, board, patterns)
    for _ in range(ROUNDS):
        if progress.over or not polish(answer):
            break
        offer(progress, answer)
    prove(progress, board, patterns, workers=workers)


def all_patterns(board: Board, progress: Progress) -> dict[int, Patterns]:
    """By candidate; those who could start at the same times have the same. Raises NotExpressible, also when
    half of the time is gone: the other half is for finding something.
    """
    timings: dict[tuple[object, ...], Timing] = {}
    alike: dict[tuple[object, ...], Patterns] = {}
    found = {}
    for ask in board.asks:
        item, plan = board.problem.candidates[ask.index], ask.plan
        key = (board.days_zone(item).key, plan.gap, plan.breaks, plan.notice_hours, plan.horizon_days)
        if key not in timings:
            timings[key] = Timing(board.problem.problem(ask.index), board.line)
        same = (*key, plan, ask.booked, *(session.mask for session in ask.sessions))
        if same not in alike:
            alike[same] = patterns_of(board, ask, timings[key], deadline=progress.halfway)
        found[ask.index] = replace(alike[same], ask=ask)
    return found


def offer(progress: Progress, answer: Answer) -> None:
    progress.offer(answer.columns, answer.value)


def bound(progress: Progress, board: Board, patterns: Mapping[int, Patterns]) -> None:
    """What no answer can do better than."""
    progress.alone = alone(board, patterns)
    leaving_out = board.problem.leaving_out
    impossible = sum(leaving_out[ask.index] for ask in board.asks if ask.index not in progress.alone)
    cost = 0
    if progress.value and progress.value[0] == impossible:
        groups = components(board, progress.alone)
        cost = sum(least_of(progress, board, members) for members in groups)
    progress.bound = (impossible, 0, cost)


def least_of(progress: Progress, board: Board, members: Collection[int]) -> int:
    """What a group costs at least in which nobody is left out."""
    return sum(progress.alone[index] for index in members) + flattest(board, members)


def prove(progress: Progress, board: Board, patterns: Mapping[int, Patterns], *, workers: int) -> None:
    """Solve each group of candidates for itself, the smallest first."""
    from scheduler.solver.many.group import solve_group  # noqa: PLC0415 (loads OR-Tools)

    ground, columns, one_at_a_time = Ground.untouched(board), dict(progress.columns), Lock()

    def found(members: Sequence[int], better: Mapping[int, Column]) -> None:
        with one_at_a_time:
            for index in members:
                columns.pop(index, None)
            columns.update(better)
            progress.offer(columns, value_of(board, patterns, columns, range(len(board.asks))))

    def solved(members: list[int]) -> Solution:
        mine = {index: columns[index] for index in members if index in columns}
        return solve_group(ground, patterns, members, mine, deadline=progress.deadline, found=found)

    with ThreadPoolExecutor(workers) as pool:
        solutions = list(pool.map(solved, components(board, progress.alone)))
    progress.stopped = progress.over or any(solution.hurried for solution in solutions)
    left_out, change, cost = progress.bound[0], 0, 0
    for each in solutions:
        everybody = len(each.columns) == len(each.members)
        left_out, change = left_out + each.bound[0], change + each.bound[1]
        cost += max(each.bound[2], least_of(progress, board, each.members) if everybody else 0)
    progress.bound = (left_out, change, cost)


def outcome(
    problem: AssignProblem, options: Mapping[int, Option], progress: Progress, *, possible: Collection[int]
) -> Assigned:
    """The answer in the words of the domain, everybody left out with what stands in their way."""
    proof = OPTIMAL if progress.optimal else STOPPED if progress.stopped else FEASIBLE
    until = max(progress.deadline, perf_counter() + EXPLAINING)
    explain = LeftOut(problem, options, possible, lambda: perf_counter() >= until)
    assignments = []
    for index, item in enumerate(problem.candidates):
        option = options.get(index)
        assignments.append(
            Assignment(
                candidate_id=item.id,
                option=option,
                explanation=None if option else explain.explanation(index),
                changes=changes_for(problem, index, option) if option else (),
            )
        )
    return Assigned(assignments=tuple(assignments), proof=proof, figures=progress.figures(problem))
