# SPDX-License-Identifier: Apache-2.0
"""The best set of different options: cheap each by itself, and unlike each other, so that one change in one
calendar cannot kill them all.

Plans are only worked out for starts that could belong to the set: until then a start counts with its bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from scheduler.solver.drafts import Draft, Seated, fit_for, slots_for
from scheduler.solver.panels import Slot, cheapest
from scheduler.solver.search import FirstStart, Search

#: above this many, options are a list of times rather than a choice of different ones
MOST_DIFFERENT = 20
#: rounds of exchanging one option for a better one
ROUNDS = 6
#: branches for all starts together until each has its first plan, and the least for one start
DECIDING = 120_000
LEAST_DECIDING = 300
#: branches to better the first plan of a start, the plans chosen in the end, and a single option
IMPROVING = 20
POLISHING = 400
IMPROVING_ONE = 20_000


class Choice:
    """Options chosen among all starts of one search."""

    def __init__(self, search: Search, wanted: int) -> None:
        self.search, self.wanted = search, wanted
        self.reach, self.timing = search.reach, search.timing
        self.weights = self.reach.problem.weights
        firsts = search.first_starts()
        self._deciding = max(LEAST_DECIDING, DECIDING // max(1, len(firsts)))
        self._firsts = {first.minute: first for first in firsts}
        self._unknown = dict(self._firsts)
        self._drafts: dict[int, Draft] = {}
        self._kinds = {first.minute: self._kind(first.minute) for first in firsts}

    def best(self) -> tuple[Draft, ...]:
        """At most the number wanted, in order of time."""
        if self.wanted > MOST_DIFFERENT:
            chosen = self._cheapest()
        else:
            chosen = self._reseated(self._polished(self._exchanged(self._one_by_one())))
        return tuple(sorted(chosen, key=lambda draft: draft.start))

    def objective(self, chosen: Sequence[Draft]) -> int:
        """Cost of the options plus what counts against having both of each pair."""
        return sum(d.cost for d in chosen) + sum(self.likeness(a, b) for a, b in combinations(chosen, 2))

    def bound(self) -> int:
        """No set of as many options costs less."""
        costs = [draft.cost for draft in self._drafts.values()] + [f.bound for f in self._unknown.values()]
        return sum(sorted(costs)[: self.wanted])

    def likeness(self, one: Draft, other: Draft) -> int:
        penalty = self.weights.same_person * len(one.people & other.people)
        if self._days(one) & self._days(other):
            penalty += self.weights.same_day
        if self._kinds[one.start][1] == self._kinds[other.start][1]:
            penalty += self.weights.same_half
        if one.start < other.end and other.start < one.end:
            penalty += self.weights.overlapping
        return penalty

    def _days(self, draft: Draft) -> set[int]:
        return {self.timing.day(minute) for _, minute in draft.placed}

    def _kind(self, minute: int) -> tuple[int, bool]:
        """Day, and whether before noon of the candidate's clock."""
        wall = self.timing.instant(minute).astimezone(self.reach.problem.candidate_zone)
        return self.timing.day(minute), wall.hour < 12

    def _cheapest(self) -> list[Draft]:
        """The cheapest plans, the earliest of equals first."""
        for first in sorted(self._unknown.values(), key=lambda first: (first.bound, first.minute)):
            costs = sorted(draft.cost for draft in self._drafts.values())
            if len(costs) >= self.wanted and costs[self.wanted - 1] < first.bound:
                break
            self._work_out(first)
        return sorted(self._drafts.values(), key=lambda draft: (draft.cost, draft.start))[: self.wanted]

    def _one_by_one(self) -> list[Draft]:
        """Each time the start that adds least to the set so far."""
        chosen: list[Draft] = []
        while len(chosen) < self.wanted:
            draft = self._best_beside(chosen)
            if draft is None:
                break
            chosen.append(draft)
        return chosen

    def _exchanged(self, chosen: list[Draft]) -> list[Draft]:
        """Exchange one for another as long as that makes the set better."""
        for _ in range(ROUNDS):
            before = self.objective(chosen)
            for position in range(len(chosen)):
                others = chosen[:position] + chosen[position + 1 :]
                better = self._best_beside(others) or chosen[position]
                changed = [*chosen[:position], better, *chosen[position + 1 :]]
                chosen = changed if self.objective(changed) < self.objective(chosen) else chosen
            if self.objective(chosen) == before:
                break
        return chosen

    def _best_beside(self, others: Sequence[Draft]) -> Draft | None:
        """The plan that adds least to a set, worked out only where its bound says it may be the one."""
        prices = self._prices_beside(others)
        known = {minute: price for minute, price in prices.items() if minute in self._drafts}
        least = min(((price, minute) for minute, price in known.items()), default=None)
        for price, minute in sorted((prices[minute], minute) for minute in prices if minute not in known):
            if least and (price, minute) >= least:
                break
            first = self._unknown[minute]
            draft = self._work_out(first, least[0] - price + first.bound if least else None)
            if draft:
                found = draft.cost + sum(self.likeness(draft, other) for other in others), minute
                least = min(least, found) if least else found
        return self._drafts[least[1]] if least else None

    def _prices_beside(self, others: Sequence[Draft]) -> dict[int, int]:
        taken = {draft.start for draft in others}
        prices = {
            minute: draft.cost + sum(self.likeness(draft, other) for other in others)
            for minute, draft in self._drafts.items()
            if minute not in taken
        }
        same_day: dict[int, int] = {}
        same_half = [0, 0]
        for draft in others:
            same_half[self._kinds[draft.start][1]] += self.weights.same_half
            for day in self._days(draft):
                same_day[day] = same_day.get(day, 0) + self.weights.same_day
        for minute, first in self._unknown.items():
            day, morning = self._kinds[minute]
            prices[minute] = first.bound + same_day.get(day, 0) + same_half[morning]
        return prices

    def _work_out(self, first: FirstStart, below: int | None = None) -> Draft | None:
        """The plan of a start; with `below`, one that costs less, else the start keeps that as its bound."""
        improving = IMPROVING_ONE if self.wanted == 1 else IMPROVING
        deciding = self._deciding if below is None else improving
        draft = self.search.from_start(first, deciding=deciding, improving=improving, below=below)
        if draft:
            self._drafts[first.minute] = draft
        if draft or below is None:
            del self._unknown[first.minute]
        else:
            self._unknown[first.minute] = replace(first, bound=below)
        return draft

    def _polished(self, chosen: list[Draft]) -> list[Draft]:
        """The same starts with cheaper plans, searched for longer than the many that were not chosen."""
        for position, draft in enumerate(chosen):
            first = self._firsts[draft.start]
            better = self.search.from_start(first, deciding=POLISHING, improving=POLISHING, below=draft.cost)
            changed = [*chosen[:position], better, *chosen[position + 1 :]] if better else chosen
            chosen = changed if self.objective(changed) < self.objective(chosen) else chosen
        return chosen

    def _reseated(self, chosen: list[Draft]) -> list[Draft]:
        """The same times with other people, where sharing fewer people is worth what it costs."""
        for position, draft in enumerate(chosen):
            others = chosen[:position] + chosen[position + 1 :]
            changed = self._with_fewer_shared(draft, others)
            if changed and self.objective([*others, changed]) < self.objective(chosen):
                chosen = [*chosen[:position], changed, *chosen[position + 1 :]]
        return chosen

    def _with_fewer_shared(self, draft: Draft, others: Sequence[Draft]) -> Draft | None:
        slots = slots_for(self.reach, draft.placed)
        panels = cheapest(
            [self._counting_shared(slot, others) for slot in slots],
            fit_for(self.reach, self.timing, draft.placed),
        )
        if panels.people is None:
            return None
        seated = tuple(
            Seated(session=slot.session, seat=slot.seat, person=person)
            for slot, person in zip(slots, panels.people, strict=True)
        )
        changed = replace(draft, seated=seated)
        return replace(changed, cost=draft.cost + self._panel_cost(changed) - self._panel_cost(draft))

    def _counting_shared(self, slot: Slot, others: Sequence[Draft]) -> Slot:
        choices = (
            (cost + self.weights.same_person * sum(1 for other in others if person in other.people), person)
            for cost, person in slot.choices
        )
        return replace(slot, choices=tuple(sorted(choices)))

    def _panel_cost(self, draft: Draft) -> int:
        at = dict(draft.placed)
        return sum(
            self.reach.sessions[item.session].seat_cost(
                item.person, at[item.session] // self.reach.line.minutes
            )
            for item in draft.seated
        )
