# SPDX-License-Identifier: Apache-2.0
"""Sets of options unlike each other out of plans that are known: what they cost, and good ones."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from scheduler.solver.apart.board import Board, Floats
from scheduler.solver.apart.columns import Column
from scheduler.solver.apart.groups import Groups

#: rounds of exchanging plans for better ones, and those looked at for two at a time
ROUNDS, PAIRED = 12, 40
#: dearer than every set: two options at one start
NEVER = 1 << 40


class Known:
    """Plans by number, with what counts against having two of them in one set."""

    def __init__(self, board: Board, groups: Groups) -> None:
        self._board, self._groups = board, groups
        self.plans: list[Column] = []
        self._number: dict[tuple[tuple[tuple[int, int], ...], int], int] = {}
        self._measured = 0
        self._alike: dict[int, Floats] = {}

    def add(self, plan: Column) -> int:
        """The number of the plan; of the same times with the same people there is one, the cheapest."""
        key = (plan.placed, plan.people)
        number = self._number.setdefault(key, len(self.plans))
        if number == len(self.plans):
            self.plans.append(plan)
        elif plan.cost < self.plans[number].cost:
            self.plans[number], self._measured = plan, 0
        return number

    @property
    def starts(self) -> int:
        """At how many different times plans begin."""
        return len({plan.first for plan in self.plans})

    def alike(self, number: int) -> Floats:
        """What counts against having each plan beside this one."""
        self._measure()
        if number not in self._alike:
            weights = self._board.weights
            start, over = self._start[number], self._over[number]
            found: Floats = weights.same_person * (self._people @ self._people[number])
            found += weights.same_day * (self._days & self._days[number]).any(axis=1)
            found += weights.same_half * (self._half == self._half[number])
            found += weights.overlapping * ((self._start < over) & (start < self._over))
            found[self._start == start] = NEVER
            self._alike[number] = found
        return self._alike[number]

    def _measure(self) -> None:
        """Everything of the plans as arrays, once more when there are others."""
        board, plans, groups = self._board, self.plans, self._groups
        if self._measured == len(plans):
            return
        self._measured, self._alike = len(plans), {}
        self._cost = np.array([plan.cost for plan in plans], dtype=np.float64)
        self._start = np.array([plan.first for plan in plans])
        self._over = np.array([groups.over(plan) for plan in plans])
        self._half = np.array([groups.half(plan.first) for plan in plans])
        self._days = np.zeros((len(plans), len(board.days)), dtype=bool)
        self._people = np.zeros((len(plans), len(board.reach.problem.interviewers)))
        for n, plan in enumerate(plans):
            self._days[n, [day for day, _ in plan.days]] = True
            self._people[n, groups.people(plan)] = 1

    def cost(self, chosen: Sequence[int]) -> int:
        """What a set costs."""
        pairs = sum(float(self.alike(one)[list(chosen[:n])].sum()) for n, one in enumerate(chosen))
        return int(pairs) + sum(self.plans[one].cost for one in chosen)

    def shared(self, others: Sequence[int]) -> list[int]:
        """For each person, what counts against meeting them once more beside these plans."""
        self._measure()
        met = self._people[list(others)].sum(axis=0).astype(np.int64)
        found: list[int] = (self._board.weights.same_person * met).tolist()
        return found

    def one_by_one(self, wanted: int) -> list[int]:
        """A set of at most so many plans: each time the one that adds least."""
        chosen: list[int] = []
        if not self.plans:
            return chosen
        self._measure()
        price = self._cost.copy()
        while len(chosen) < wanted and price.min() < NEVER:
            chosen.append(int(price.argmin()))
            price += self.alike(chosen[-1])
        return chosen

    def exchanged(self, begun: Sequence[int]) -> list[int]:
        """The set with one plan after the other, then two at a time, exchanged for what is best beside the
        others.
        """
        self._measure()
        chosen = list(begun)
        for _ in range(ROUNDS):
            before = list(chosen)
            for position, one in enumerate(chosen):
                price = self._beside(chosen[:position] + chosen[position + 1 :])
                better = int(price.argmin())
                if price[better] < price[one]:
                    chosen[position] = better
            if chosen == before:
                chosen = self._two_exchanged(chosen)
            if chosen == before:
                break
        return chosen

    def _beside(self, others: Sequence[int]) -> Floats:
        """What each plan adds to these."""
        price = self._cost.copy()
        for other in others:
            price += self.alike(other)
        return price

    def _two_exchanged(self, chosen: list[int]) -> list[int]:
        """The set with the first two exchanged for which something better is found."""
        for one, other in combinations(chosen, 2):
            others = [number for number in chosen if number not in (one, other)]
            price = self._beside(others)
            now = price[one] + price[other] + self.alike(one)[other]
            near = np.argsort(price, kind="stable")[:PAIRED]
            both = price[near][:, None] + price[near] + np.array([self.alike(n)[near] for n in near.tolist()])
            first, second = np.unravel_index(int(both.argmin()), both.shape)
            if both[first, second] < now:
                return [*others, int(near[first]), int(near[second])]
        return chosen
