# SPDX-License-Identifier: Apache-2.0
"""The best set of options that may overlap and should be unlike each other: in day, time of day and people.

Column generation over groups (`mixture`) says what it costs to begin on a day, in a half of it, or to ask
somebody once more; under these prices the walk lists plans, and its least price bounds every set, whatever
the prices are. Sets are chosen among the plans listed by exchange. When all plans that could belong to a
better set have been listed, branch and bound over them (`proving`) proves the best.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil, inf

import numpy as np

from scheduler.solver.apart.board import Board, Floats
from scheduler.solver.apart.choosing import Known
from scheduler.solver.apart.columns import Column
from scheduler.solver.apart.groups import Groups, busiest, rounded
from scheduler.solver.apart.mixture import Mixture
from scheduler.solver.apart.proving import MOST_PLANS, Proof
from scheduler.solver.apart.seats import reseated
from scheduler.solver.apart.work import Work

LITTLE = 1e-6
#: how much a plan must be charged below what one is worth to be looked for
BETTER = 1e-3
#: plans of a chain listed at first, and nodes for it
FIRST, FIRST_NODES = 3, 100
#: plans of a chain listed in one round of column generation, nodes for one chain, at first and at most, and
#: for all
EACH, NODES, MOST_NODES, ALL_NODES = 6, 300, 20_000, 60_000
ROUNDS = 40
#: times that the moments of the days are chosen anew
MOMENTS = 3
#: rounds between two looks for a better set
CHOOSING = 3
#: times that a set is seated anew and exchanged again
SEATINGS = 6
#: plans of a chain listed to prove the best set, nodes for all, and panels of one plan
KEPT, CLOSING_NODES, PANELS = 500, 10_000, 100

Report = Callable[[int, int], None]
Stop = Callable[[], bool]


@dataclass(frozen=True, kw_only=True)
class Varied:
    """The best set found. No set of as many plans costs less than `bound`; None: nothing is known."""

    columns: tuple[Column, ...]
    cost: int
    bound: int | None

    @property
    def optimal(self) -> bool:
        return self.cost == self.bound


@dataclass(frozen=True)
class _Priced:
    """Prices of groups with these moments, the least price of any plan under them, and what no set costs less
    than.
    """

    moments: Sequence[int]
    prices: Floats
    least: float
    bound: float


class Variety:
    """The best set of so many plans on one board. `report` is told of each better set what it costs, and how
    many plans it has.
    """

    def __init__(self, board: Board, wanted: int, *, report: Report, stop: Stop) -> None:
        self._board, self._wanted = board, wanted
        self._report, self._stop = report, stop
        self._work = Work(board, by_session=True)
        self._groups = Groups(board, wanted)
        self._known = Known(board, self._groups)
        self._mixture = Mixture(self._groups, wanted)
        self._told = self._nodes = 0
        self._best: list[int] = []
        self._cost: float = inf
        self._priced = _Priced(self._groups.moments, np.zeros(len(self._groups.weights)), -inf, -inf)

    def begin(self, columns: Sequence[Column] = ()) -> bool:
        """Find a first set, or take the one given. Says whether there is one of so many plans."""
        for number in self._in_order():
            if len(self._work.chains.all[number].columns) > 1 and self._known.starts >= self._wanted:
                break
            listing = self._work.walk.plans(number, most=FIRST, limit=inf, nodes=FIRST_NODES)
            self._add(listing.columns)
        given = self._add(columns)
        self._better(given or self._known.one_by_one(self._wanted))
        return bool(self._best)

    def solve(self) -> Varied:
        """Better sets, and how good any set could be."""
        for _ in range(MOMENTS):
            if not self._place_moments():
                break
            self._generate()
            self._choose()
            if self._proven or self._stop() or self._nodes > ALL_NODES:
                break
        if not self._proven and not self._stop():
            self._close()
        exact = not self._work.seats.unproven and self._priced.bound > -inf
        bound = ceil(min(self._priced.bound, self._cost) - LITTLE) if exact else None
        return Varied(
            columns=tuple(self._known.plans[number] for number in self._best),
            cost=int(self._cost),
            bound=bound if bound is None else max(0, bound),
        )

    @property
    def _proven(self) -> bool:
        return self._priced.bound > self._cost - 1 + LITTLE

    def _in_order(self) -> list[int]:
        """The chains in which there may be a plan, those of one day first, then the most promising."""
        values, chains = self._work.walk.values, self._work.chains.all
        there = [n for n in range(len(chains)) if values[n] < inf]
        return sorted(there, key=lambda n: (len(chains[n].columns) > 1, values[n], n))

    def _add(self, columns: Sequence[Column]) -> list[int]:
        return [self._known.add(column) for column in columns]

    def _better(self, chosen: Sequence[int]) -> None:
        """Keep a set if it is the best so far."""
        if len(chosen) == self._wanted and (cost := self._known.cost(chosen)) < self._cost:
            self._best, self._cost = list(chosen), cost
            self._report(cost, len(chosen))

    # column generation

    def _place_moments(self) -> bool:
        """Let the moment of each day be the one that the plans worth looking at lie over; says whether any
        changed.
        """
        before = self._groups.moments if self._told else None
        self._groups.moments = busiest(self._board, self._near() if self._told else self._known.plans)
        if self._groups.moments == before:
            return False
        self._mixture, self._told = Mixture(self._groups, self._wanted), 0
        return True

    def _near(self) -> list[Column]:
        """The plans known that could belong to a better set, as far as the best bound tells."""
        self._charge_best()
        walk, near = self._work.walk, self._priced.least + self._cost - self._priced.bound
        return [plan for plan in self._known.plans if walk.price(plan) <= near]

    def _generate(self) -> None:
        nodes = NODES
        for turn in range(ROUNDS):
            self._mixture.add(self._known.plans[self._told :])
            self._told = len(self._known.plans)
            mixed = self._mixture.solve()
            fresh, whole = self._list(rounded(mixed.prices, self._groups), mixed.worth, nodes)
            if self._proven or self._stop() or self._nodes > ALL_NODES:
                return
            settled = self._priced.bound > mixed.value + self._groups.uncharged - 1
            if settled or (not fresh and (whole or nodes >= MOST_NODES)):
                return
            nodes = nodes if fresh else nodes * 10
            if turn % CHOOSING == CHOOSING - 1:
                self._choose()

    def _charge(self, prices: Floats) -> None:
        people = self._groups.people_charged(prices)
        self._work.charge(people if people.any() else None, self._groups.shared(prices))

    def _charge_best(self) -> None:
        """As for the best bound."""
        self._groups.moments = self._priced.moments
        self._charge(self._priced.prices)

    def _list(self, prices: Floats, worth: float, nodes: int) -> tuple[int, bool]:
        """List plans that cost less than they are worth: how many were new, and whether no chain was given up
        on.
        """
        self._charge(prices)
        walk, limit = self._work.walk, worth - BETTER
        before, whole, least = len(self._known.plans), True, inf
        for n in np.argsort(walk.values, kind="stable").tolist():
            if walk.values[n] > limit:
                least = min(least, float(walk.values[n]))
                break
            if self._stop():
                return len(self._known.plans) - before, False
            listing = walk.plans(n, most=EACH, limit=limit, nodes=nodes)
            self._nodes += listing.nodes
            if listing.columns:
                least = min(least, walk.price(listing.columns[0]))
            elif not listing.complete:
                least = min(least, float(walk.values[n]))
            whole = whole and (listing.complete or bool(listing.columns))
            self._add(listing.columns)
        least = min(least, limit)  # whatever was not listed is charged more than that
        bound = self._wanted * least + self._groups.least(prices)
        if bound > self._priced.bound:
            self._priced = _Priced(self._groups.moments, prices, least, bound)
        return len(self._known.plans) - before, whole

    # choosing

    def _choose(self) -> None:
        """Exchange, and seat anew, as long as that makes the set better."""
        self._better(self._known.exchanged(self._known.one_by_one(self._wanted)))
        for _ in range(SEATINGS):
            before = self._cost
            self._better(self._known.exchanged(self._best))
            self._seat()
            if self._cost == before:
                return

    def _seat(self) -> None:
        """The same times with other people, where sharing fewer people is worth what it costs."""
        for position in range(self._wanted):
            others = self._best[:position] + self._best[position + 1 :]
            plan = self._known.plans[self._best[position]]
            changed = reseated(self._board, plan, self._known.shared(others))
            if changed is not None:
                self._better([*others[:position], self._known.add(changed), *others[position:]])

    # proof

    def _close(self) -> None:
        """List every plan that a better set could contain, choose again, and prove the best set of them."""
        limit = self._priced.least + self._cost - 1 - self._priced.bound + LITTLE
        self._charge_best()
        listed, whole = self._every(limit)
        known, walk = self._known, self._work.walk
        numbers = list(dict.fromkeys(self._add(listed)))
        self._choose()
        if not whole:
            return
        proof = Proof(
            known,
            self._groups,
            self._priced.prices,
            numbers,
            [walk.price(known.plans[n]) - self._priced.least for n in numbers],
            bound=self._priced.bound - self._groups.uncharged,
            wanted=self._wanted,
            below=int(self._cost),
        )
        proof.search()
        if proof.best is not None:
            self._better(proof.best)
        if proof.complete:
            self._priced = replace(self._priced, bound=self._cost)

    def _every(self, limit: float) -> tuple[list[Column], bool]:
        """Plans, with all their panels, that are charged at most so much, and whether these are all."""
        walk, left, found = self._work.walk, CLOSING_NODES, list[Column]()
        for n in np.argsort(walk.values, kind="stable").tolist():
            if walk.values[n] > limit:
                break
            listing = walk.plans(n, most=KEPT, limit=limit, nodes=left)
            left -= listing.nodes
            for plan in listing.columns:
                panels = self._work.panels(plan, int(limit - walk.price(plan) + LITTLE), PANELS)
                if panels is None or len(found) + len(panels) > MOST_PLANS:
                    return [*found, plan], False
                found += panels
            if self._stop() or not listing.complete:
                return found, False
        return found, True
