# SPDX-License-Identifier: Apache-2.0
"""The linear program over columns: what everybody's time is worth, and a bound for every answer.

Minimise the cost of the columns used plus the steps of load, such that each candidate has one column, nobody
two interviews at once, and no limit or room is overrun. It is relaxed to fractions of columns, and grown:
only columns that pay at the present worth of time enter (column generation), and only rows that are overrun.

For any worth of time y >= 0 the cheapest columns at those prices, plus the cheapest steps of load, minus the
worth of all the time there is, cost no more than any answer (Lagrange): every round gives a bound.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ortools.linear_solver import pywraplp

from scheduler.solver.many.board import NEVER, Board
from scheduler.solver.many.columns import Column, Numbers, Prices

#: what a row limits: ("time", person, tick), ("room", class, tick), (unit, person, number) of a day or week
Row = tuple[str, int, int]
Floats = npt.NDArray[np.float64]
EPSILON = 1e-6


@dataclass(frozen=True)
class Worth:
    """Prices of time, and what leaving a candidate out is worth; together with the cheapest column of each
    candidate at these prices `constant` makes a bound.
    """

    prices: Prices
    leaving_out: float
    constant: float


class Master:
    """The program of one group of candidates, of whom `spared` may be left out."""

    def __init__(
        self, board: Board, group: Sequence[int], *, spared: int, steps: int, counting: bool
    ) -> None:
        self.board, self.group, self.spared = board, list(group), spared
        #: how many are left out is all that is counted
        self.counting = counting
        self.solver = pywraplp.Solver.CreateSolver("GLOP")
        self.infinity = self.solver.infinity()
        self.objective = self.solver.Objective()
        self.objective.SetMinimization()
        self.columns: list[Column] = []
        self.costs: list[int] = []
        self._steps = steps
        self._variables: list[pywraplp.Variable] = []
        self._uses: list[Counter[Row]] = []
        self._using: dict[Row, list[int]] = defaultdict(list)
        self._known: set[Column] = set()
        self._rows: dict[Row, pywraplp.Constraint] = {}
        self._loads: dict[int, pywraplp.Constraint] = {}
        #: what the program said last: how much of each column, and what each candidate's is worth
        self._values: list[float] = []
        self._worth: dict[int, float] = {}
        self._chosen = {index: self.solver.Constraint(1.0, 1.0) for index in self.group}
        self._left_out = self.solver.Constraint(-self.infinity, self.infinity if counting else float(spared))
        for row in self._chosen.values() if counting or spared else ():
            variable = self.solver.NumVar(0.0, self.infinity, "")
            row.SetCoefficient(variable, 1.0)
            self._left_out.SetCoefficient(variable, 1.0)
            self.objective.SetCoefficient(variable, 1.0 if counting else 0.0)

    def add(self, column: Column, cost: int) -> bool:
        """Whether the column is new."""
        if column in self._known:
            return False
        self._known.add(column)
        number, variable = len(self.columns), self.solver.NumVar(0.0, self.infinity, "")
        self.columns.append(column)
        self.costs.append(cost)
        self._variables.append(variable)
        self.objective.SetCoefficient(variable, 0.0 if self.counting else float(cost))
        self._chosen[column.ask].SetCoefficient(variable, 1.0)
        if self.board.weights.load_step and not self.counting:
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
        """A person's interviews are no more than the steps paid for, the n-th costing n."""
        if person not in self._loads:
            self._loads[person] = self.solver.Constraint(-self.infinity, 0.0)
            for nth in range(1, self._steps + 1):
                step = self.solver.NumVar(0.0, self.infinity if nth == self._steps else 1.0, "")
                self._loads[person].SetCoefficient(step, -1.0)
                self.objective.SetCoefficient(step, float(self.board.weights.load_step * nth))
        return self._loads[person]

    def solve(self) -> float:
        """The value of the program over the columns so far, every overrun row put in."""
        while True:
            self.solver.Solve()
            self._values = [variable.solution_value() for variable in self._variables]
            if not self._cut():
                self._worth = {index: row.dual_value() for index, row in self._chosen.items()}
                return float(self.objective.Value())

    def _cut(self) -> bool:
        """Put in the rows that are overrun."""
        used: dict[Row, float] = defaultdict(float)
        for value, rows in zip(self._values, self._uses, strict=True):
            if value > EPSILON:
                for row, count in rows.items():
                    used[row] += value * count
        overrun = [row for row, value in used.items() if value > self.board.capacity(row) + EPSILON]
        fresh = [row for row in overrun if row not in self._rows]
        for row in fresh:
            constraint = self.solver.Constraint(-self.infinity, float(self.board.capacity(row)))
            for number in self._using[row]:
                constraint.SetCoefficient(self._variables[number], float(self._uses[number][row]))
            self._rows[row] = constraint
        return bool(fresh)

    def worth(self) -> Worth:
        """What time is worth now."""
        board, constant = self.board, 0.0
        time: dict[str, dict[int, list[tuple[int, float]]]] = {"time": {}, "room": {}}
        limits: list[tuple[str, int, int, float]] = []
        for row, constraint in self._rows.items():
            price = max(0.0, -constraint.dual_value())
            if price <= 0.0:
                continue
            constant -= price * board.capacity(row)
            kind, owner, number = row
            if kind in time:
                time[kind].setdefault(owner, []).append((number, price))
            else:
                limits.append((kind, owner, number, price))
        seats = {person: max(0.0, -row.dual_value()) for person, row in self._loads.items()}
        for price in seats.values():
            step = board.weights.load_step
            paid = int(price // step)
            constant += step * paid * (paid + 1) / 2 - price * paid
        leaving_out = 1.0 if self.counting else max(0.0, -self._left_out.dual_value())
        if not self.counting:
            constant -= leaving_out * self.spared
        prices = Prices(
            self._people(seats, time["time"], limits),
            self._rooms(time["room"]),
        )
        may = self.counting or self.spared
        return Worth(prices, leaving_out if may else float(NEVER), constant)

    def worth_of(self, index: int) -> float:
        """What a column for this candidate may cost before it does not pay."""
        return self._worth[index]

    def whole(self) -> dict[int, Column] | None:
        """The columns used, if none is used in part."""
        used: dict[int, Column] = {}
        for column, value in zip(self.columns, self._values, strict=False):
            if value > 1 - EPSILON:
                used[column.ask] = column
            elif value > EPSILON:
                return None
        return used

    def _people(
        self,
        seats: dict[int, float],
        time: dict[int, list[tuple[int, float]]],
        limits: Sequence[tuple[str, int, int, float]],
    ) -> list[Numbers]:
        """By shape, people by starts; only those of the group are looked at."""
        board = self.board
        priced: list[Numbers] = []
        by_person: dict[int, list[tuple[str, int, float]]] = defaultdict(list)
        for kind, person, number, price in limits:
            by_person[person].append((kind, number, price))
        for shape in board.shapes:
            cost = shape.cost.astype(np.float64)
            if self.counting:
                cost = np.where(cost < NEVER, 0.0, NEVER)
            for person in seats.keys() | time.keys() | by_person.keys():
                cost[person] += seats.get(person, 0.0)
                if person in time:
                    cost[person] += board.over(time[person], shape.before[person], shape.length[person])
                for kind, number, price in by_person[person]:
                    cost[person, board.units(person, kind) == number] += price
            priced.append(cost)
        return priced

    def _rooms(self, time: dict[int, list[tuple[int, float]]]) -> dict[tuple[int, int], Numbers]:
        board = self.board
        return {
            (room, shape): np.where(
                board.room_open(room, shape),
                board.over(time.get(room, []), 0, board.shapes[shape].ticks),
                NEVER,
            )
            for room, shape in board.rooms_asked
        }


def uses(board: Board, column: Column) -> Counter[Row]:
    """The rows a column counts in, and how often."""
    return Counter(_uses(board, column))


def _uses(board: Board, column: Column) -> Iterator[Row]:
    ask = board.asks[column.ask]
    for number, start, person in column.everybody:
        shape = board.shapes[ask.sessions[number].shape]
        tick = board.ticks[start]
        first, last = tick - shape.before[person], tick + shape.length[person]
        for held in range(max(0, first), min(last, board.line.length)):
            yield "time", person, held
        for unit in board.left[person]:
            yield unit, person, int(board.units(person, unit)[start])
    for session, start, room in zip(ask.sessions, column.starts, column.rooms, strict=True):
        if room is not None:
            for held in range(board.ticks[start], board.ticks[start] + board.shapes[session.shape].ticks):
                yield "room", room, held
