# SPDX-License-Identifier: Apache-2.0
"""The best set of options unlike each other among plans that are known, proven by branch and bound.

Under any prices of groups a set costs

    bound + sum over plans (price - least price) + what pairs cost beyond the groups
          + sum over groups (what n plans cost beyond their prices, above the least)

and no part is ever negative. The more plans of a group are taken, the more the next one adds, so what a plan
adds to the plans taken so far only grows, and the least that is missing bounds a branch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scheduler.solver.apart.board import Floats
from scheduler.solver.apart.choosing import Known
from scheduler.solver.apart.groups import Groups

#: branches, and the cells of the table of plans by groups
BRANCHES = 3_000
MOST_PLANS = 1_000
LITTLE = 1e-6


class Proof:
    """A search for `wanted` of the plans `numbers`, each with its price above the least, that cost less than
    `below`.
    """

    def __init__(
        self,
        known: Known,
        groups: Groups,
        prices: Floats,
        numbers: Sequence[int],
        above: Sequence[float],
        *,
        bound: float,
        wanted: int,
        below: int,
    ) -> None:
        self._known, self._wanted = known, wanted
        order = sorted(range(len(numbers)), key=lambda n: (above[n], numbers[n]))
        self._numbers = np.array([numbers[n] for n in order])
        self._above = np.array([max(0.0, above[n]) for n in order])
        self._belongs = [groups.of(known.plans[number]) for number in self._numbers.tolist()]
        self._member = np.zeros((len(order), len(groups.weights)))
        for n, each in enumerate(self._belongs):
            self._member[n, each] = 1
        self._weights = groups.weights
        # once more than the cheapest number are taken, it only gets dearer
        self._beyond = np.minimum.accumulate(groups.beyond(prices)[:, ::-1], axis=1)[:, ::-1]
        self._bound, self._left = bound, BRANCHES
        self._below = below
        #: the best set found, by number
        self.best: list[int] | None = None

    @property
    def complete(self) -> bool:
        """There is no better set among these plans."""
        return self._left > 0

    def search(self) -> None:
        first = self._beyond[:, 1] - self._beyond[:, 0]
        start = self._bound + float(self._beyond[:, 0].sum())
        self._grow([], start, self._above + self._member @ first, 0)

    def _grow(self, taken: list[int], paid: float, adds: Floats, first: int) -> None:
        """Every set of the plans taken and further ones from position `first` on."""
        missing = self._wanted - len(taken)
        if missing == 0:
            self._keep(taken)
            return
        here = adds[first:]
        if len(here) < missing:
            return
        rest = float(np.partition(here, missing - 1)[: missing - 1].sum()) if missing > 1 else 0.0
        for offset in np.flatnonzero(paid + rest + here <= self._below - 1 + LITTLE).tolist():
            if paid + rest + here[offset] > self._below - 1 + LITTLE:
                continue  # a better set has been found meanwhile
            if self._left <= 0:
                return
            self._left -= 1
            one = first + offset
            self._grow([*taken, one], paid + float(here[offset]), self._beside(taken, one, adds), one + 1)

    def _beside(self, taken: list[int], one: int, adds: Floats) -> Floats:
        """What each plan adds once this one is taken as well."""
        groups = self._belongs[one]
        held = self._member[taken][:, groups].sum(axis=0).astype(np.int64)
        more = self._beyond[groups, np.minimum(held + 2, self._wanted)]
        now = self._beyond[groups, held + 1]
        before = self._beyond[groups, held]
        found = adds + self._member[:, groups] @ (more - 2 * now + before)
        pairs = self._known.alike(int(self._numbers[one]))[self._numbers]
        in_groups = self._member[:, groups] @ self._weights[groups]
        result: Floats = found + (pairs - in_groups)
        return result

    def _keep(self, taken: list[int]) -> None:
        numbers = self._numbers[taken].tolist()
        cost = self._known.cost(numbers)
        if cost < self._below:
            self._below, self.best = cost, numbers
