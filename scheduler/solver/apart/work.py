# SPDX-License-Identifier: Apache-2.0
"""Everything that is worked out of a board once, and the tables that change with prices."""

from __future__ import annotations

from dataclasses import replace

from scheduler.solver.apart.blocks import Blocks, Sets
from scheduler.solver.apart.board import Board, Floats, Whole
from scheduler.solver.apart.chains import Chains
from scheduler.solver.apart.columns import Closing, Column, Prices, Shared
from scheduler.solver.apart.panels import Tables
from scheduler.solver.apart.phases import Phases
from scheduler.solver.apart.walk import Walk


class Work:
    """The parts of one board."""

    def __init__(self, board: Board, *, by_session: bool = False) -> None:
        self.board = board
        self.cost: Floats = board.cost
        self.seats = Tables(board)
        sets = Sets(board)
        self.blocks = Blocks(board, Phases(board), sets)
        self.blocks.refresh(self.cost)
        self.chains = Chains(board, sets)
        self.walk = Walk(board, self.blocks, self.chains, self.seats, Closing(board), by_session=by_session)

    def charge(self, people: Whole | None, shared: Shared) -> None:
        """Charge plans for people and for what they share with others."""
        self.board.charge_people(people)
        self.seats.forget()
        self.reprice(replace(Prices.none(self.board), shared=shared))

    def panels(self, plan: Column, more: int, most: int) -> list[Column] | None:
        """The plan with all panels that are charged at most so much more than its own; None when there are
        more than `most`, or they cannot all be told.
        """
        placed = frozenset(plan.placed)
        own = self.seats.together(placed)
        every = self.seats.within(placed, (own[0] if own else 0) + more, most)
        if own is None or every is None:
            return None
        return [
            replace(plan, people=people, cost=plan.cost + extra - own[0] + self._charged_less(plan, people))
            for people, extra in sorted(every.items())
        ]

    def _charged_less(self, plan: Column, people: int) -> int:
        """How much less than the plan's own these people are charged."""
        return self.board.charged(plan.people) - self.board.charged(people)

    def reprice(self, prices: Prices) -> None:
        if prices.shared:
            self.blocks.share(prices.shared)
        self.blocks.refresh(prices.charged(self.board))
        self.walk.reprice(prices)
