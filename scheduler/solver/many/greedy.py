# SPDX-License-Identifier: Apache-2.0
"""A first answer at once: the candidate with the fewest ways first, each in the cheapest way that is left."""

from __future__ import annotations

from collections.abc import Iterable

from scheduler.solver.many.answer import Answer
from scheduler.solver.many.board import Ask, Board


def scarcest_first(board: Board) -> list[int]:
    """Those who have something booked, then the others; of them those with the fewest ways to hold their
    scarcest session first.
    """
    ways = [
        (not ask.booked, min((_ways(board, ask, j) for j in range(len(ask.sessions))), default=0), ask.index)
        for ask in board.asks
    ]
    return [index for *_, index in sorted(ways)]


def _ways(board: Board, ask: Ask, session: int) -> int:
    """Pairs of a start and a person for the scarcest seat of one session."""
    here = ask.sessions[session]
    able = board.shapes[here.shape].able
    return min(
        (sum((able[p] & here.mask).bit_count() for p in seat.pool.tolist()) for seat in here.seats), default=0
    )


def fill(answer: Answer, order: Iterable[int]) -> list[int]:
    """Give each candidate in turn the cheapest column that is left; those for whom there was none."""
    left = []
    for index in order:
        found = answer.cheapest(index)
        if found is None:
            left.append(index)
        else:
            answer.take(found[1])
    return left


def polish(answer: Answer) -> bool:
    """Take each candidate out in turn and put them back in the cheapest way; whether that gained anything."""
    before = answer.value
    for index in sorted(answer.columns):
        old = answer.drop(index)
        found = answer.cheapest(index)
        answer.take(found[1] if found else old)
    return answer.value < before
