# SPDX-License-Identifier: Apache-2.0
"""The linear program over columns: what everybody's time is worth, and a bound for every answer.

Minimise what the columns used count, plus the steps of load, such that each candidate has one column, nobody
two interviews at once, and no limit or room is overrun. It is relaxed to fractions of columns, and grown:
only columns that pay at the present worth of time enter (column generation), and only rows that are overrun.

For any worth of time y >= 0 the cheapest columns at those prices, plus the cheapest steps of load, minus the
worth of all the time there is, cost no more than any answer (Lagrange): every round gives a bound.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from ortools.linear_solver import pywraplp

from scheduler.solver.many.board import NEVER
from scheduler.solver.many.columns import Column, Numbers, Prices
from scheduler.solver.many.ground import Aim, Ground, Row, uses

EPSILON = 1e-6


@dataclass(frozen=True)
class Worth:
    """Prices of time, and what leaving a candidate out is worth who counts once; together with the cheapest
    column of each candidate at these prices `constant` makes a bound.
    """

    prices: Prices
    leaving_out: float
    constant: float

    def without(self, counted: int) -> float:
        """What leaving out a candidate is worth who counts so often."""
        return min(float(NEVER), self.leaving_out * counted)


class Master:
    """The program of one group of candidates, of whom so many as count `spared` may be left out; each stands
    for so many `alike`.
    """

    def __init__(
        self, ground: Ground, group: Sequence[int], aim: Aim, *, spared: int, steps: int, alike: int = 1
    ) -> None:
        self.ground, self.board, self.aim = ground, ground.board, aim
        self.spared = spared
        self.solver = pywraplp.Solver.CreateSolver("GLOP")
        self.infinity = self.solver.infinity()
        self.objective = self.solver.Objective()
        self.objective.SetMinimization()
        self.columns: list[Column] = []
        self._steps = steps
        self._variables: list[pywraplp.Variable] = []
        self._uses: list[Counter[Row]] = []
        self._using: dict[Row, list[int]] = defaultdict(list)
        self._known: set[Column] = set()
        self._rows: dict[Row, pywraplp.Constraint] = {}
        self._loads: dict[int, pywraplp.Constraint] = {}
        #: what the program said last: how much of each column, and what each candidate's is worth
        self._values: list[float] = []
        self._solved = False
        self._worth: dict[int, float] = {}
        self._chosen = {index: self.solver.Constraint(float(alike), float(alike)) for index in group}
        self._changes = self._at_most(aim.most_changes)
        self._left_out = self._at_most(None if aim.counting else spared)
        for index, row in self._chosen.items() if aim.counting or spared else ():
            variable, counted = self.solver.NumVar(0.0, self.infinity, ""), float(self._counted(index))
            row.SetCoefficient(variable, 1.0)
            self._left_out.SetCoefficient(variable, counted)
            self.objective.SetCoefficient(variable, counted if aim.counting else 0.0)

    def _counted(self, index: int) -> int:
        return self.board.problem.leaving_out[index]

    def _at_most(self, number: int | None) -> pywraplp.Constraint:
        return self.solver.Constraint(-self.infinity, self.infinity if number is None else float(number))

    def add(self, column: Column, cost: int, change: int) -> bool:
        """Whether the column is new."""
        if column in self._known:
            return False
        self._known.add(column)
        number, variable = len(self.columns), self.solver.NumVar(0.0, self.infinity, "")
        self.columns.append(column)
        self._variables.append(variable)
        self.objective.SetCoefficient(variable, float(self.aim.of(cost, change)))
        self._chosen[column.ask].SetCoefficient(variable, 1.0)
        if self.aim.most_changes is not None and change:
            self._changes.SetCoefficient(variable, float(change))
        if self.board.weights.load_step and self.aim.cost:
            for person, count in Counter(person for _, _, person in column.everybody).items():
                self._load(person).SetCoefficient(variable, float(count))
        used = uses(self.board, column)
        self._uses.append(used)
        for row, count in used.items():
            self._using[row].append(number)
            if row in self._rows:
                self._rows[row].SetCoefficient(variable, float(count))
        return True

    def _load(self, person: int) -> pywraplp.Constraint:
        """A person's interviews are no more than the steps paid for."""
        if person not in self._loads:
            self._loads[person] = self.solver.Constraint(-self.infinity, 0.0)
            for nth in range(1, self._steps + 1):
                step = self.solver.NumVar(0.0, self.infinity if nth == self._steps else 1.0, "")
                self._loads[person].SetCoefficient(step, -1.0)
                self.objective.SetCoefficient(step, float(self.ground.step(person, nth)))
        return self._loads[person]

    def solve(self, deadline: float) -> float | None:
        """The value of the program over the columns so far, every overrun row put in; None: no time is
        left.
        """
        self._solved = False
        while True:
            left = int(1000 * (deadline - perf_counter()))
            if left <= 0:
                return None
            self.solver.SetTimeLimit(left)
            if self.solver.Solve() != pywraplp.Solver.OPTIMAL:
                return None
            self._values = [variable.solution_value() for variable in self._variables]
            if not self._cut():
                self._solved = True
                self._worth = {index: row.dual_value() for index, row in self._chosen.items()}
                return float(self.objective.Value())

    def _cut(self) -> bool:
        """Put in the rows that are overrun."""
        used: dict[Row, float] = defaultdict(float)
        for value, rows in zip(self._values, self._uses, strict=True):
            if value > EPSILON:
                for row, count in rows.items():
                    used[row] += value * count
        overrun = [
            row
            for row, value in used.items()
            if row not in self._rows and value > self.ground.capacity(row) + EPSILON
        ]
        for row in overrun:
            constraint = self._at_most(self.ground.capacity(row))
            for number in self._using[row]:
                constraint.SetCoefficient(self._variables[number], float(self._uses[number][row]))
            self._rows[row] = constraint
        return bool(overrun)

    def worth(self) -> Worth:
        """What time is worth now."""
        constant = 0.0
        time: dict[str, dict[int, list[tuple[int, float]]]] = {"time": {}, "room": {}}
        limits: dict[int, list[tuple[str, int, float]]] = defaultdict(list)
        for row, constraint in self._rows.items():
            price = max(0.0, -constraint.dual_value())
            if price <= 0.0:
                continue
            constant -= price * self.ground.capacity(row)
            kind, owner, number = row
            if kind in time:
                time[kind].setdefault(owner, []).append((number, price))
            else:
                limits[owner].append((kind, number, price))
        seats = {person: max(0.0, -row.dual_value()) for person, row in self._loads.items()}
        constant += sum(self._paid_steps(person, price) for person, price in seats.items())
        change = float(self.aim.change)
        if self.aim.most_changes is not None:
            price = max(0.0, -self._changes.dual_value())
            constant -= price * self.aim.most_changes
            change += price
        leaving_out = 1.0 if self.aim.counting else float(NEVER)
        if self.spared and not self.aim.counting:
            leaving_out = max(0.0, -self._left_out.dual_value())
            constant -= leaving_out * self.spared
        prices = Prices(
            self._people(seats, time["time"], limits), self._rooms(time["room"]), int(self.aim.cost), change
        )
        return Worth(prices, leaving_out, constant)

    def _paid_steps(self, person: int, price: float) -> float:
        """What the steps cost, less the price, that are worth their price."""
        total, nth = 0.0, 1
        while self.ground.step(person, nth) < price:
            total += self.ground.step(person, nth) - price
            nth += 1
        return total

    def _people(
        self,
        seats: dict[int, float],
        time: dict[int, list[tuple[int, float]]],
        limits: dict[int, list[tuple[str, int, float]]],
    ) -> list[Numbers]:
        """By shape, people by starts."""
        board = self.board
        priced: list[Numbers] = []
        for shape, known in zip(board.shapes, self.ground.cost, strict=True):
            cost = known.astype(np.float64) if self.aim.cost else np.where(known < NEVER, 0.0, NEVER)
            for person in seats.keys() | time.keys() | limits.keys():
                cost[person] += seats.get(person, 0.0)
                if person in time:
                    cost[person] += board.over(time[person], shape.before[person], shape.length[person])
                for kind, number, price in limits.get(person, ()):
                    cost[person, board.units(person, kind) == number] += price
            priced.append(cost)
        return priced

    def _rooms(self, time: dict[int, list[tuple[int, float]]]) -> dict[tuple[int, int], Numbers]:
        board = self.board
        return {
            (room, shape): np.where(free, board.over(time.get(room, []), 0, board.shapes[shape].ticks), NEVER)
            for (room, shape), free in self.ground.rooms.items()
        }

    def worth_of(self, index: int) -> float:
        """What a column for this candidate may count before it does not pay."""
        return self._worth[index]

    def whole(self) -> dict[int, Column] | None:
        """The columns used, if none is used in part; None also where the clock came first."""
        if not self._solved:
            return None
        used: dict[int, Column] = {}
        for column, value in zip(self.columns, self._values, strict=False):
            if value > 1 - EPSILON:
                used[column.ask] = column
            elif value > EPSILON:
                return None
        return used
