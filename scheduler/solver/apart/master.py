# SPDX-License-Identifier: Apache-2.0
"""The linear relaxation of choosing plans that share no tick: it tells what each tick is worth.

    minimise    sum of cost(p) x(p)                       (to learn how many plans there can be at all,
    such that   sum of x(p) = wanted                       those missing may be paid for dearly)
                for each tick:   sum of x(p) over the plans that take it <= 1
                for each day with A ticks on which anything can happen, q = 2, 3, 4:
                    sum of floor(q n(p) / (A + 1)) x(p) <= q - 1      (n: ticks of the day that p takes)

The last rows hold for whole plans, not for fractions (Chvátal-Gomory cuts of the sum of a day's ticks):
two plans that each take more than half a day cannot both be chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ortools.linear_solver import pywraplp

from scheduler.solver.apart.blocks import UNIT
from scheduler.solver.apart.board import Board
from scheduler.solver.apart.columns import Column, Prices

CUTS = (2, 3, 4)
#: too small to count
LITTLE = 1e-6


@dataclass(frozen=True)
class Relaxed:
    """The solution of the relaxation: its value, and what plan, ticks and days are worth."""

    value: float
    #: a plan that is charged less than this makes the relaxation better
    worth: float
    prices: Prices
    #: what the ticks and cuts cost together: any k plans cost at least k times the least price less this
    rent: float


class Unsolved(Exception):
    """A relaxation that has a solution was given up on: a fault of this program or of GLOP."""


class Master:
    """The relaxation over the columns known so far."""

    def __init__(self, board: Board, wanted: int, *, missing: int | None = None) -> None:
        """`missing` is what each plan costs that there is not; None: all wanted must be there."""
        self._board = board
        self._solver = pywraplp.Solver.CreateSolver("GLOP")
        self._objective = self._solver.Objective()
        self._objective.SetMinimization()
        self._wanted = self._solver.Constraint(wanted, wanted)
        self._ticks: dict[int, pywraplp.Constraint] = {}
        self._usable = board.usable().tolist()
        self._cuts: dict[tuple[int, int], pywraplp.Constraint] = {}
        if missing is not None:
            none = self._solver.NumVar(0, wanted, "")
            self._wanted.SetCoefficient(none, 1)
            self._objective.SetCoefficient(none, missing)

    def add(self, column: Column) -> None:
        solver = self._solver
        share = solver.NumVar(0, solver.infinity(), "")
        self._objective.SetCoefficient(share, column.cost)
        self._wanted.SetCoefficient(share, 1)
        ticks = self._ticks
        for session, first in column.placed:
            for tick in range(first, first + self._board.lasts[session]):
                row = ticks.get(tick)
                if row is None:
                    row = ticks[tick] = solver.Constraint(-solver.infinity(), 1)
                row.SetCoefficient(share, 1)
        for day, taken in column.days:
            for q in CUTS:
                amount = q * taken // (self._usable[day] + 1)
                if amount:
                    cut = self._cuts.get((day, q))
                    if cut is None:
                        cut = self._cuts[day, q] = solver.Constraint(-solver.infinity(), q - 1)
                    cut.SetCoefficient(share, amount)

    def solve(self) -> Relaxed:
        """Raises Unsolved where the columns hold no set and none may be missing."""
        if self._solver.Solve() != pywraplp.Solver.OPTIMAL:
            raise Unsolved
        prices = Prices.none(self._board)
        rent = 0.0
        for tick, row in self._ticks.items():
            value = _rounded(row.dual_value())
            if value:
                prices.tick[tick] = value
                rent += value
        for (day, q), cut in self._cuts.items():
            value = _rounded(cut.dual_value())
            if value:
                counts = q * np.arange(prices.day.shape[1]) // (self._usable[day] + 1)
                prices.day[day] += value * counts
                rent += (q - 1) * value
        return Relaxed(
            value=self._objective.Value(), worth=self._wanted.dual_value(), prices=prices, rent=rent
        )


def _rounded(dual: float) -> float:
    """What one more would save, as a multiple of 1 / UNIT: any such prices give a true bound."""
    return float(np.floor(-dual * UNIT + LITTLE) / UNIT) if dual < -LITTLE else 0.0
