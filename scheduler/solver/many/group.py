# SPDX-License-Identifier: Apache-2.0
"""One group of candidates who share people or rooms, to the proven optimum where that can be reached.

The linear program tells what time is worth. A column that costs more than the bound allows at these prices
can be in no better answer, so all that remain are listed and the best that go together chosen among them:
when the list was complete, so is the proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from time import perf_counter

import numpy as np

from scheduler.solver.many.answer import base_cost
from scheduler.solver.many.board import Board
from scheduler.solver.many.columns import Column, Pricing
from scheduler.solver.many.master import EPSILON, Master, Worth
from scheduler.solver.many.pack import Packed, pack
from scheduler.solver.many.patterns import Patterns

#: rounds of column generation; columns of one candidate that enter in one round
ROUNDS = 400
ENTERING = 6
#: columns worth choosing among, and OR-Tools' measure of work for one choice
MOST_COLUMNS = 20_000
WORK = 20.0


@dataclass
class Best:
    """The best known of one group: columns, what they cost, and what no answer can do better than."""

    columns: dict[int, Column]
    cost: int
    bound: int

    @property
    def optimal(self) -> bool:
        return self.bound >= self.cost


@dataclass(frozen=True)
class Solution:
    """The answer for one group, and what none can do better than."""

    members: list[int]
    columns: dict[int, Column]
    least_left_out: int
    least_cost: int


def solve_group(
    board: Board,
    patterns: Mapping[int, Patterns],
    members: list[int],
    columns: dict[int, Column],
    *,
    deadline: float,
) -> Solution:
    """Leave out as few as possible, then cost as little as possible, from a first answer on."""
    least_left_out = 0
    if len(columns) < len(members):
        counted = Group(board, patterns, members, counting=True, deadline=deadline)
        most = counted.solve(Best(columns, len(members) - len(columns), 0))
        columns, least_left_out = most.columns, most.bound
    group = Group(board, patterns, members, spared=len(members) - len(columns), deadline=deadline)
    best = group.solve(Best(columns, value_of(board, patterns, columns), 0))
    return Solution(members, best.columns, least_left_out, best.bound)


class Group:
    """Solves one group, of whom `spared` may be left out; `counting`: how many is the question."""

    def __init__(
        self,
        board: Board,
        patterns: Mapping[int, Patterns],
        members: list[int],
        *,
        spared: int = 0,
        counting: bool = False,
        deadline: float,
    ) -> None:
        self.board, self.patterns, self.members = board, patterns, members
        self.spared, self.counting, self.deadline = spared, counting, deadline
        #: the columns of the linear program
        self._entered: dict[Column, int] = {}

    def solve(self, best: Best) -> Best:
        """The best there is, or what was found until the work limit or the clock came."""
        best = Best(dict(best.columns), best.cost, best.bound)
        master = self._master(best)
        worth, bound = self._grow(master, best)
        best.bound = max(best.bound, ceil(bound - EPSILON))
        self._take_whole(master, best)
        self._entered = dict(zip(master.columns, master.costs, strict=True))
        if not best.optimal and worth is not None:
            self._close(best, worth, bound)
        return best

    def _master(self, best: Best) -> Master:
        seats = sum(seat.count for i in self.members for s in self.board.asks[i].sessions for seat in s.seats)
        people = {
            p
            for i in self.members
            for s in self.board.asks[i].sessions
            for seat in s.seats
            for p in seat.pool.tolist()
        }
        steps = min(seats, 3 * seats // max(1, len(people)) + 8)
        master = Master(self.board, self.members, spared=self.spared, steps=steps, counting=self.counting)
        for column in best.columns.values():
            master.add(column, self._cost(column))
        return master

    def _cost(self, column: Column) -> int:
        return base_cost(self.board, self.patterns[column.ask], column)

    @property
    def over(self) -> bool:
        return perf_counter() >= self.deadline

    def _grow(self, master: Master, best: Best) -> tuple[Worth | None, float]:
        """Rounds of column generation; the worth of time that gave the best bound, and the bound."""
        kept: Worth | None = None
        bound = float(best.bound)
        for _ in range(ROUNDS):
            if self.over:
                break
            value = master.solve()
            worth = master.worth()
            least, entered = self._price(master, worth)
            if least + worth.constant > bound or kept is None:
                kept, bound = worth, max(bound, least + worth.constant)
            if not entered or ceil(bound - EPSILON) >= min(best.cost, ceil(value - EPSILON)):
                break
        return kept, bound

    def _price(self, master: Master, worth: Worth) -> tuple[float, int]:
        """Enter columns that pay; what the cheapest columns cost together, and how many entered."""
        total, entered = 0.0, 0
        for index in self.members:
            pricing = Pricing(self.patterns[index], worth.prices, counting=self.counting)
            found = pricing.cheapest(worth.leaving_out)
            if found is None:
                total += worth.leaving_out
                continue
            total += found[0]
            limit = master.worth_of(index) - EPSILON
            if found[0] < limit:
                entered += master.add(found[1], self._cost(found[1]))
                for column in self._some(pricing, limit):
                    entered += master.add(column, self._cost(column))
        return total, entered

    def _some(self, pricing: Pricing, limit: float) -> list[Column]:
        """A few more columns that pay, of different patterns."""
        floor = pricing.floor
        rows = np.argpartition(floor, ENTERING)[:ENTERING] if len(floor) > ENTERING else np.arange(len(floor))
        found = (pricing.seated(int(row), limit) for row in sorted(rows.tolist()) if floor[row] < limit)
        return [each[1] for each in found if each is not None and each[0] < limit]

    def _take_whole(self, master: Master, best: Best) -> None:
        """The program's own answer, if it uses whole columns only."""
        columns = master.whole()
        if columns is not None:
            self._offer(best, columns)

    def _offer(self, best: Best, columns: dict[int, Column]) -> None:
        cost = self.value(columns)
        if cost < best.cost:
            best.columns, best.cost = columns, cost

    def value(self, columns: Mapping[int, Column]) -> int:
        """What these columns cost together; when counting, how many are left out."""
        if self.counting:
            return len(self.members) - len(columns)
        return value_of(self.board, self.patterns, columns)

    def _close(self, best: Best, worth: Worth, bound: float) -> None:
        """List all columns up to a gap above the bound and choose; widen the gap up to the best answer."""
        gap = ceil(bound - EPSILON) - bound
        while not best.optimal and not self.over:
            gap = min(gap, best.cost - 1 - bound)
            choices = self._within(worth, gap)
            packed = self._pack(best, self._entered if choices is None else choices)
            if packed.columns is not None:
                self._offer(best, packed.columns)
            if choices is None or not packed.certain:
                return
            # whatever uses another column costs more than the bound and the gap
            best.bound = max(best.bound, min(best.cost, ceil(bound + gap + EPSILON)))
            gap = 2 * gap + 1

    def _pack(self, best: Best, choices: Mapping[Column, int]) -> Packed:
        return pack(
            self.board,
            choices,
            self.members,
            spared=self.spared,
            below=best.cost,
            counting=self.counting,
            work=WORK,
            seconds=self.deadline - perf_counter(),
        )

    def _within(self, worth: Worth, gap: float) -> dict[Column, int] | None:
        """Every column that could be in an answer at most `gap` above the bound; None: too many."""
        choices: dict[Column, int] = {}
        for index in self.members:
            pricing = Pricing(self.patterns[index], worth.prices, counting=self.counting)
            found = pricing.cheapest(worth.leaving_out)
            limit = (found[0] if found else worth.leaving_out) + gap + EPSILON
            for row in np.flatnonzero(pricing.floor <= limit).tolist():
                for _, column in pricing.ways(row, limit + EPSILON):
                    choices[column] = self._cost(column)
                if len(choices) > MOST_COLUMNS:
                    return None
        return choices


def value_of(board: Board, patterns: Mapping[int, Patterns], columns: Mapping[int, Column]) -> int:
    """What these columns cost together, steps of load included."""
    held: dict[int, int] = {}
    for column in columns.values():
        for _, _, person in column.everybody:
            held[person] = held.get(person, 0) + 1
    steps = sum(board.weights.load_step * count * (count + 1) // 2 for count in held.values())
    return steps + sum(base_cost(board, patterns[index], column) for index, column in columns.items())
