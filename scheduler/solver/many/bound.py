# SPDX-License-Identifier: Apache-2.0
"""A bound in milliseconds: each candidate in the cheapest way there is for them alone, and the steps of load
spread as flat as they can be.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from scheduler.solver.many.board import NEVER, Board
from scheduler.solver.many.columns import Prices, Pricing
from scheduler.solver.many.patterns import Patterns


def alone(board: Board, patterns: Mapping[int, Patterns]) -> dict[int, int]:
    """What each candidate costs at least, steps of load aside; who is missing can take place in no way."""
    rooms = {asked: np.where(board.room_open(*asked), 0, NEVER) for asked in board.rooms_asked}
    prices = Prices([shape.cost for shape in board.shapes], rooms)
    found = ((index, Pricing(item, prices).cheapest()) for index, item in patterns.items())
    return {index: int(best[0]) for index, best in found if best is not None}


def flattest(board: Board, group: Collection[int]) -> int:
    """What the steps of load of these candidates' seats come to when everybody holds equally many."""
    sessions = [session for index in group for session in board.asks[index].sessions]
    seats = sum(seat.count for session in sessions for seat in session.seats)
    people = {person for session in sessions for seat in session.seats for person in seat.pool.tolist()}
    each, more = divmod(seats, max(1, len(people)))
    step = board.weights.load_step
    return step * (len(people) * each * (each + 1) // 2 + more * (each + 1))
