# SPDX-License-Identifier: Apache-2.0
"""The cheapest set of so many plans that share no tick: column generation, packing, and a proof where it
is near.

Column generation: the relaxation over the plans known says what each tick is worth; under these prices
the walk lists the plans that would make the relaxation better, until there are none. Its value then
bounds every set. Whatever the prices are, a set that beats the best one known cannot contain a plan that
is charged more than the least by more than the gap: once all plans up to there are listed and packed, the
best set is proven.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, inf

import numpy as np

from scheduler.solver.apart.columns import Column, Prices
from scheduler.solver.apart.master import Master, Relaxed
from scheduler.solver.apart.packing import Packed, pack
from scheduler.solver.apart.work import Work

LITTLE = 1e-6
#: how much a plan must be charged below what one is worth to be looked for
BETTER = 1e-3
#: of plans with so many sessions, more are listed and packed in a round: looking for them is cheap
FEW_SESSIONS = 5
#: plans of a chain listed in one round of column generation
EACH, EACH_OF_FEW = 8, 12
#: nodes for one chain in a round, at first and at most
NODES, MOST_NODES = 200, 20_000
ROUNDS = 80
#: rounds between two packings
PACKING, PACKING_OF_FEW = 3, 2
WIDTH = 400
MOST_WIDTH = 6_000
#: plans of a chain listed to close the gap, try by try, and nodes for all tries together
KEPT = (30, 120, 480, 2_000)
CLOSING_NODES = 80_000
#: more plans than this are not packed
MOST_PLANS = 12_000
#: a plan that is missing costs as much as this many times all plans together
MISSING = 64

Report = Callable[[Sequence[Column]], None]
Stop = Callable[[], bool]


@dataclass(frozen=True)
class Known:
    """The best bound so far and how it was reached: prices, the rent of ticks under them, the least price
    of any plan.
    """

    bound: float
    prices: Prices
    rent: float
    least: float


@dataclass
class Pool:
    """All plans met so far; of those that take the same ticks, the cheapest."""

    plans: dict[int, Column] = field(default_factory=dict)

    def add(self, column: Column) -> bool:
        """Whether it was not known, or dearer."""
        known = self.plans.get(column.slots)
        if known is None or column.cost < known.cost:
            self.plans[column.slots] = column
            return True
        return False


class Stage:
    """The cheapest set of a fixed number of plans."""

    def __init__(
        self,
        work: Work,
        pool: Pool,
        wanted: int,
        *,
        best: Sequence[Column],
        report: Report,
        stop: Stop,
    ) -> None:
        self._work, self._pool, self._wanted = work, pool, wanted
        self._report, self._stop = report, stop
        few = len(work.board.lasts) <= FEW_SESSIONS
        self._each, self._packing = (EACH_OF_FEW, PACKING_OF_FEW) if few else (EACH, PACKING)
        #: no set of so many plans costs as much
        self._beyond = wanted * work.board.dearest() + 1
        self.best = tuple(best) if len(best) == wanted else ()
        self._master = Master(work.board, wanted, missing=None if self.best else MISSING * self._beyond)
        for column in pool.plans.values():
            self._master.add(column)
        self.known = Known(-inf, Prices.none(work.board), 0.0, -inf)

    @property
    def cost(self) -> int:
        """Sets that cost less than this are looked for."""
        return sum(column.cost for column in self.best) if self.best else self._beyond

    @property
    def proven(self) -> bool:
        """No set of as many plans costs less than the best; without one, there is no set of so many."""
        return self.known.bound > self.cost - 1 + LITTLE

    def solve(self) -> None:
        self.generate()
        if self.known.bound > -inf and not self.proven:
            self._close()

    def generate(self) -> None:
        """Column generation, with packings on the way."""
        nodes = NODES
        for turn in range(ROUNDS):
            relaxed = self._master.solve()
            self._work.reprice(relaxed.prices)
            fresh, whole = self._list(relaxed, nodes)
            if self.proven or self._stop():
                break
            settled = self._settled(relaxed) or (not fresh and (whole or nodes >= MOST_NODES))
            if turn % self._packing == self._packing - 1 or not fresh or settled:
                self._look()
            if settled:
                break
            nodes = nodes if fresh else nodes * 10

    def _settled(self, relaxed: Relaxed) -> bool:
        """More plans would not lift the bound to the next whole point."""
        return ceil(self.known.bound - LITTLE) >= ceil(relaxed.value - LITTLE)

    def _look(self) -> None:
        """Is there a better set among the plans known?"""
        self._pack(self._current, WIDTH)

    def _list(self, relaxed: Relaxed, nodes: int) -> tuple[int, bool]:
        """Plans that are charged less than they are worth go to the relaxation: how many were new, and
        whether no chain was given up on.
        """
        walk, limit = self._work.walk, relaxed.worth - BETTER
        fresh, whole, least = 0, True, inf
        for n in np.argsort(walk.values, kind="stable").tolist():
            if walk.values[n] > limit:
                least = min(least, float(walk.values[n]))
                break
            if self._stop():
                return fresh, False
            listing = walk.plans(n, most=self._each, limit=limit, nodes=nodes)
            if listing.columns:
                least = min(least, walk.price(listing.columns[0]))
            elif not listing.complete:
                least = min(least, float(walk.values[n]))
            whole = whole and (listing.complete or bool(listing.columns))
            for column in listing.columns:
                if self._pool.add(column):
                    self._master.add(column)
                    fresh += 1
        least = min(least, limit)  # whatever was not listed is charged more than that
        bound = self._wanted * least - relaxed.rent
        self._current = Known(bound, relaxed.prices, relaxed.rent, least)
        if bound > self.known.bound:
            self.known = self._current
        return fresh, whole

    def _pack(self, known: Known, width: int) -> bool:
        """Look for a better set among the plans known; says whether there is none among them."""
        packed = self._packed(self._wanted, known.bound, self.cost, known, width)
        if packed.columns is not None:
            self.best = packed.columns
            self._report(self.best)
        return packed.proven

    def _packed(self, wanted: int, bound: float, below: float, known: Known, width: int) -> Packed:
        walk, slack = self._work.walk, below - 1 - bound + LITTLE
        rated = [(walk.price(column) - known.least, column) for column in self._pool.plans.values()]
        rated = [pair for pair in rated if pair[0] <= slack]
        rated.sort(key=lambda pair: (pair[0], pair[1].cost, pair[1].slots))
        packed = pack(
            [column for _, column in rated[:MOST_PLANS]],
            [amount for amount, _ in rated[:MOST_PLANS]],
            known.prices.tick.tolist(),
            wanted=wanted,
            bound=bound,
            below=below,
            width=width,
        )
        return packed if len(rated) <= MOST_PLANS else replace(packed, proven=False)

    def _close(self) -> None:
        """List every plan that a better set could contain, more of them try by try, and pack them."""
        self._work.reprice(self.known.prices)
        walk, left = self._work.walk, CLOSING_NODES
        for kept in KEPT:
            if self._stop():
                return
            whole = True
            limit = self.known.least + self.cost - 1 - self.known.bound + LITTLE
            for n in np.argsort(walk.values, kind="stable").tolist():
                if walk.values[n] > limit:
                    break
                if self._stop():
                    return
                listing = walk.plans(n, most=kept, limit=limit, nodes=min(kept * 40, left))
                left -= listing.nodes
                whole = whole and listing.complete
                for column in listing.columns:
                    self._pool.add(column)
            if self._pack(self.known, MOST_WIDTH if whole else WIDTH) and whole:
                self.known = replace(self.known, bound=self.cost)
                return
            if left <= 0:
                return


class Counting(Stage):
    """How many plans there can be: those missing cost more than all plans together could."""

    def __init__(
        self, work: Work, pool: Pool, wanted: int, *, best: Sequence[Column], report: Report, stop: Stop
    ) -> None:
        super().__init__(work, pool, wanted, best=(), report=report, stop=stop)
        self.best = tuple(best)

    def most(self, value: float) -> int:
        """No set has more plans than this, if no set costs less than `value`."""
        if value == -inf:
            return self._wanted
        missing = (value - self._beyond) / (MISSING * self._beyond)
        return min(self._wanted, self._wanted - ceil(missing - LITTLE))

    @property
    def proven(self) -> bool:
        return self.known.bound > -inf and self.most(self.known.bound) <= len(self.best)

    def _settled(self, relaxed: Relaxed) -> bool:
        return self.most(self.known.bound) <= self.most(relaxed.value)

    def _look(self) -> None:
        """Are there more plans that fit beside each other among those known?"""
        known = self._current
        while len(self.best) < self._wanted:
            wanted = len(self.best) + 1
            found = self._packed(wanted, wanted * known.least - known.rent, inf, known, WIDTH)
            if found.columns is None:
                return
            self.best = found.columns
            self._report(self.best)
