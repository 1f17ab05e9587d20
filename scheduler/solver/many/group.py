# SPDX-License-Identifier: Apache-2.0
"""One group of candidates who share people or rooms, to the proven optimum where that can be reached.

The linear program tells what time is worth. A column that costs more than the bound allows at these prices
can be in no better answer, so all that remain are listed and the best that go together chosen among them:
when the list was complete, so is the proof.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import ceil
from time import perf_counter

import numpy as np

from scheduler.solver.many.answer import measure, value_of
from scheduler.solver.many.columns import Column, Pricing
from scheduler.solver.many.exchange import exchanged
from scheduler.solver.many.ground import CHANGE, COST, LEFT_OUT, Aim, Ground
from scheduler.solver.many.master import EPSILON, Master, Worth
from scheduler.solver.many.pack import Packed, pack
from scheduler.solver.many.patterns import Patterns
from scheduler.solver.many.problem import REPAIR
from scheduler.solver.many.solution import Found, Solution

#: more candidates than are solved as one at once
LARGE = 150
#: rounds of column generation; columns of one candidate that enter in one round
ROUNDS = 400
ENTERING = 6
#: columns worth choosing among, and OR-Tools' measure of work for one choice
MOST_COLUMNS = 20_000
WORK = 20.0


@dataclass
class Best:
    """The best known of one group: columns, what they count, and what no answer can do better than."""

    columns: dict[int, Column]
    value: int
    bound: int = 0
    #: the clock came before the work was done
    hurried: bool = False

    @property
    def optimal(self) -> bool:
        return self.bound >= self.value


def solve_group(
    ground: Ground,
    patterns: Mapping[int, Patterns],
    members: list[int],
    columns: dict[int, Column],
    *,
    deadline: float,
    found: Found,
) -> Solution:
    """From a first answer on, leave out as few as possible, then change as little, then cost as little.

    A large group is bettered piece by piece first: its linear program takes long. `found` is told of every
    better answer on the way.
    """
    if len(members) > LARGE:
        columns = exchanged(ground.board, patterns, members, columns, exactly, deadline=deadline, found=found)
    return exactly(ground, patterns, members, columns, deadline=deadline, found=found)


def exactly(
    ground: Ground,
    patterns: Mapping[int, Patterns],
    members: list[int],
    columns: dict[int, Column],
    *,
    deadline: float,
    found: Found,
) -> Solution:
    """The same as one linear program after the other, each closed as far as work and clock allow."""
    board = ground.board

    def group(aim: Aim) -> Best:
        spared = value_of(board, patterns, columns, members)[0]
        one = Group(ground, patterns, members, aim, spared=spared, deadline=deadline, found=found)
        return one.solve(columns)

    left_out = change = None
    if len(columns) < len(members):
        left_out = group(LEFT_OUT)
        columns = left_out.columns
    if value_of(board, patterns, columns, members)[1]:
        change = group(CHANGE)
        columns = change.columns
    most = value_of(board, patterns, columns, members)[1] if board.problem.ask == REPAIR else None
    cost = group(replace(COST, most_changes=most))
    bound = (left_out.bound if left_out else 0, change.bound if change else 0, cost.bound)
    hurried = any(best.hurried for best in (left_out, change, cost) if best)
    return Solution(members, cost.columns, bound, hurried)


class Group:
    """Solves one group, of whom so many as count `spared` may be left out, for one aim."""

    def __init__(
        self,
        ground: Ground,
        patterns: Mapping[int, Patterns],
        members: list[int],
        aim: Aim,
        *,
        spared: int,
        deadline: float,
        found: Found,
    ) -> None:
        self.ground, self.patterns, self.members, self.aim = ground, patterns, members, aim
        self.spared, self.deadline, self.found = spared, deadline, found
        self._measured: dict[Column, tuple[int, int]] = {}

    def solve(self, columns: Mapping[int, Column]) -> Best:
        """The best there is, or what was found until the work limit or the clock came."""
        best = Best(dict(columns), self.value(columns))
        master = self._master(best)
        worth, bound = self._grow(master, best)
        best.bound = max(best.bound, ceil(bound - EPSILON))
        whole = master.whole()
        if whole is not None:
            self._offer(best, whole)
        if not best.optimal and worth is not None:
            self._close(best, worth, bound, master.columns)
        return best

    def _master(self, best: Best) -> Master:
        asks = [self.ground.board.asks[index] for index in self.members]
        seats = [seat for ask in asks for session in ask.sessions for seat in session.seats]
        places = sum(seat.count for seat in seats)
        people = {person for seat in seats for person in seat.pool.tolist()}
        steps = min(places, 3 * places // max(1, len(people)) + 8)
        master = Master(self.ground, self.members, self.aim, spared=self.spared, steps=steps)
        for column in best.columns.values():
            master.add(column, *self._measure(column))
        return master

    def _measure(self, column: Column) -> tuple[int, int]:
        if column not in self._measured:
            self._measured[column] = measure(self.ground.board, self.patterns[column.ask], column)
        return self._measured[column]

    def _counted(self, index: int) -> int:
        """What leaving out this candidate counts."""
        return self.ground.board.problem.leaving_out[index]

    @property
    def over(self) -> bool:
        return perf_counter() >= self.deadline

    def _grow(self, master: Master, best: Best) -> tuple[Worth | None, float]:
        """Rounds of column generation; the worth of time that gave the best bound, and the bound."""
        kept: Worth | None = None
        bound = float(best.bound)
        for _ in range(ROUNDS):
            value = master.solve(self.deadline)
            if value is None:
                break
            worth = master.worth()
            least, entered = self._price(master, worth)
            if least + worth.constant > bound or kept is None:
                kept, bound = worth, max(bound, least + worth.constant)
            if not entered or ceil(bound - EPSILON) >= min(best.value, ceil(value - EPSILON)):
                break
        return kept, bound

    def _price(self, master: Master, worth: Worth) -> tuple[float, int]:
        """Enter columns that pay; what the cheapest columns count together, and how many entered."""
        total, entered = 0.0, 0
        for index in self.members:
            pricing = Pricing(self.patterns[index], worth.prices)
            left_out = worth.without(self._counted(index))
            found = pricing.cheapest(left_out)
            if found is None:
                total += left_out
                continue
            total += found[0]
            limit = master.worth_of(index) - EPSILON
            if found[0] < limit:
                for column in (found[1], *self._some(pricing, limit)):
                    entered += master.add(column, *self._measure(column))
        return total, entered

    def _some(self, pricing: Pricing, limit: float) -> list[Column]:
        """A few more columns that pay, of different patterns."""
        floor = pricing.floor
        rows = np.argpartition(floor, ENTERING)[:ENTERING] if len(floor) > ENTERING else np.arange(len(floor))
        found = (pricing.seated(int(row), limit) for row in sorted(rows.tolist()) if floor[row] < limit)
        return [each[1] for each in found if each is not None and each[0] < limit]

    def _offer(self, best: Best, columns: dict[int, Column]) -> None:
        value = self.value(columns)
        if value < best.value:
            best.columns, best.value = columns, value
            self.found(self.members, columns)

    def value(self, columns: Mapping[int, Column]) -> int:
        """What these columns count for the aim."""
        if self.aim.counting:
            return sum(self._counted(index) for index in self.members if index not in columns)
        value = sum(self.aim.of(*self._measure(column)) for column in columns.values())
        if self.aim.cost:
            held = Counter(person for column in columns.values() for _, _, person in column.everybody)
            value += sum(self.ground.step(p, nth) for p, count in held.items() for nth in range(1, count + 1))
        return value

    def _close(self, best: Best, worth: Worth, bound: float, entered: list[Column]) -> None:
        """List all columns up to a gap above the bound and choose; widen the gap up to the best answer."""
        gap = ceil(bound - EPSILON) - bound
        while not best.optimal and not self.over:
            gap = min(gap, best.value - 1 - bound)
            choices = self._within(worth, gap)
            packed = self._pack(best, entered if choices is None else choices)
            if packed.columns is not None:
                self._offer(best, packed.columns)
            best.hurried = best.hurried or packed.hurried
            if choices is None or not packed.certain:
                return
            # whatever uses another column counts more than the bound and the gap
            best.bound = max(best.bound, min(best.value, ceil(bound + gap + EPSILON)))
            gap = 2 * gap + 1

    def _pack(self, best: Best, choices: Iterable[Column]) -> Packed:
        return pack(
            self.ground,
            {column: self._measure(column) for column in choices},
            self.members,
            self.aim,
            spared=self.spared,
            below=best.value,
            work=WORK,
            seconds=self.deadline - perf_counter(),
            found=lambda columns: self._offer(best, columns),
        )

    def _within(self, worth: Worth, gap: float) -> list[Column] | None:
        """Every column that could be in an answer at most `gap` above the bound; None: too many."""
        choices: list[Column] = []
        for index in self.members:
            pricing = Pricing(self.patterns[index], worth.prices)
            left_out = worth.without(self._counted(index))
            found = pricing.cheapest(left_out)
            limit = (found[0] if found else left_out) + gap + EPSILON
            for row in np.flatnonzero(pricing.floor <= limit).tolist():
                choices += [column for _, column in pricing.ways(row, limit + EPSILON)]
                if len(choices) > MOST_COLUMNS:
                    return None
        return choices
