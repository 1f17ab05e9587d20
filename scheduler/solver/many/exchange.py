# SPDX-License-Identifier: Apache-2.0
"""Large groups, bettered piece by piece: some candidates are taken out, and put back in the best way that the
others leave. The pieces are drawn by the recorded seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from time import perf_counter

from scheduler.solver.many.answer import Answer
from scheduler.solver.many.board import Board
from scheduler.solver.many.columns import Column
from scheduler.solver.many.patterns import Patterns
from scheduler.solver.many.solution import Found, Solution

#: candidates taken out at once, from how many days, and how often
PIECE = 60
DAYS = 4
STEPS = 200

SolvePiece = Callable[..., Solution]


def exchanged(
    board: Board,
    patterns: Mapping[int, Patterns],
    members: list[int],
    columns: Mapping[int, Column],
    solve: SolvePiece,
    *,
    deadline: float,
    found: Found,
) -> dict[int, Column]:
    """The columns of a group after so many steps, or as far as the clock let it come."""
    answer = Answer(board, patterns)
    for column in columns.values():
        answer.take(column)
    chance = Random(board.problem.seed)  # noqa: S311 (no secret: the same seed gives the same answer)
    for _ in range(STEPS):
        if perf_counter() >= deadline:
            break
        piece = _piece(answer, members, chance)
        mine = {index: answer.drop(index) for index in piece if index in answer.columns}
        solution = solve(answer.ground(), patterns, piece, mine, deadline=deadline, found=found)
        for column in solution.columns.values():
            answer.take(column)
    return answer.columns


def _piece(answer: Answer, members: list[int], chance: Random) -> list[int]:
    """Candidates who meet on a few days, and some of those left out."""
    days = {index: _day(answer, index) for index in members if index in answer.columns}
    known = sorted(set(days.values()))
    chosen = chance.sample(known, min(DAYS, len(known)))
    there = [index for index, day in days.items() if day in chosen]
    left_out = [index for index in members if index not in days]
    drawn = chance.sample(there, min(PIECE, len(there)))
    return sorted([*drawn, *chance.sample(left_out, min(PIECE // 2, len(left_out)))])


def _day(answer: Answer, index: int) -> int:
    board = answer.board
    return board.ticks[answer.columns[index].starts[0]] * board.line.minutes // 1440
