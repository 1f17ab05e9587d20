# SPDX-License-Identifier: Apache-2.0
"""Everything that is worked out of a board once, and the tables that change with prices."""

from __future__ import annotations

from scheduler.solver.apart.blocks import Blocks, Sets
from scheduler.solver.apart.board import Board, Floats
from scheduler.solver.apart.chains import Chains
from scheduler.solver.apart.columns import Closing, Prices
from scheduler.solver.apart.panels import Tables
from scheduler.solver.apart.phases import Phases
from scheduler.solver.apart.walk import Walk


class Work:
    """The parts of one board."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.cost: Floats = board.cost
        self.seats = Tables(board)
        sets = Sets(board)
        self.blocks = Blocks(board, Phases(board), sets)
        self.blocks.refresh(self.cost)
        self.chains = Chains(board, sets)
        self.walk = Walk(board, self.blocks, self.chains, self.seats, Closing(board))

    def reprice(self, prices: Prices) -> None:
        self.blocks.refresh(prices.charged(self.board))
        self.walk.reprice(prices)
