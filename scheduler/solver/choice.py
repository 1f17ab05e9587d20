# SPDX-License-Identifier: Apache-2.0
"""The best set of different options: cheap each by itself, and so unlike that one change in one calendar cannot kill all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import combinations

from scheduler.solver.drafts import Draft, Seated, fit_for, slots_for
from scheduler.solver.panels import Slot, cheapest
from scheduler.solver.starts import Reach
from scheduler.solver.timing import Timing

#: above this many, options are a list of times rather than a choice of different ones
MOST_DIFFERENT = 20
PASSES = 6


class Choice:
    """Choosing among drafts with different starts."""

    def __init__(self, reach: Reach, timing: Timing) -> None:
        self.reach, self.timing = reach, timing
        self.weights = reach.problem.weights
        self.zone = reach.problem.candidate_zone

    def best(self, drafts: Sequence[Draft], wanted: int) -> tuple[Draft, ...]:
        """At most `wanted` drafts, in order of time."""
        if len(drafts) <= wanted or wanted > MOST_DIFFERENT:
            chosen = sorted(drafts, key=lambda draft: (draft.cost, draft.start))[:wanted]
        else:
            chosen = self._swapped(self._greedy(drafts, wanted), drafts)
        if wanted <= MOST_DIFFERENT:
            chosen = self._reseated(chosen)
        return tuple(sorted(chosen, key=lambda draft: draft.start))

    def objective(self, chosen: Sequence[Draft]) -> int:
        """Cost of the options plus what counts against having both of each pair."""
        return sum(d.cost for d in chosen) + sum(self.likeness(a, b) for a, b in combinations(chosen, 2))

    def likeness(self, one: Draft, other: Draft) -> int:
        penalty = self.weights.same_person * len(one.people & other.people)
        if self._days(one) & self._days(other):
            penalty += self.weights.same_day
        if self._morning(one) == self._morning(other):
            penalty += self.weights.same_half
        return penalty

    def _days(self, draft: Draft) -> set[int]:
        return {self.timing.day(minute) for _, minute in draft.placed}

    def _morning(self, draft: Draft) -> bool:
        start: datetime = self.timing.instant(draft.start)
        return start.astimezone(self.zone).hour < 12

    def _greedy(self, drafts: Sequence[Draft], wanted: int) -> list[Draft]:
        chosen: list[Draft] = []
        price = {draft.start: draft.cost for draft in drafts}
        while len(chosen) < wanted:
            best = min(drafts, key=lambda draft: (price[draft.start], draft.start))
            chosen.append(best)
            del price[best.start]
            drafts = [draft for draft in drafts if draft is not best]
            for draft in drafts:
                price[draft.start] += self.likeness(draft, best)
        return chosen

    def _swapped(self, chosen: list[Draft], drafts: Sequence[Draft]) -> list[Draft]:
        """Exchange one for one as long as that makes the set better."""
        for _ in range(PASSES):
            improved = False
            for position in range(len(chosen)):
                others = chosen[:position] + chosen[position + 1 :]
                starts = {draft.start for draft in others}
                price = self._price_beside(others)
                best = min(
                    (draft for draft in drafts if draft.start not in starts),
                    key=lambda draft: (price(draft), draft.start),
                )
                if price(best) < price(chosen[position]):
                    chosen = [*chosen[:position], best, *chosen[position + 1 :]]
                    improved = True
            if not improved:
                break
        return chosen

    def _price_beside(self, others: Sequence[Draft]) -> Callable[[Draft], int]:
        known: dict[int, int] = {}

        def price(draft: Draft) -> int:
            if draft.start not in known:
                known[draft.start] = draft.cost + sum(self.likeness(draft, other) for other in others)
            return known[draft.start]

        return price

    def _reseated(self, chosen: list[Draft]) -> list[Draft]:
        """The same times with other people, where sharing fewer people is worth it."""
        for position, draft in enumerate(chosen):
            others = chosen[:position] + chosen[position + 1 :]
            slots = slots_for(self.reach, draft.placed)
            dearer = [self._counting_shared(slot, others) for slot in slots]
            panels = cheapest(dearer, fit_for(self.reach, self.timing, draft.placed))
            if panels.people is None:
                continue
            changed = self._with_people(draft, slots, panels.people)
            if self.objective([*others, changed]) < self.objective(chosen):
                chosen = [*chosen[:position], changed, *chosen[position + 1 :]]
        return chosen

    def _counting_shared(self, slot: Slot, others: Sequence[Draft]) -> Slot:
        def shared(person: int) -> int:
            return self.weights.same_person * sum(1 for other in others if person in other.people)

        return replace(slot, choices=tuple(sorted((cost + shared(p), p) for cost, p in slot.choices)))

    def _with_people(self, draft: Draft, slots: Sequence[Slot], people: Sequence[int]) -> Draft:
        old = {(item.session, item.person): 0 for item in draft.seated}
        tick = self.reach.line.minutes
        at = dict(draft.placed)
        change = sum(
            self.reach.sessions[slot.session].seat_cost(person, at[slot.session] // tick)
            for slot, person in zip(slots, people, strict=True)
        )
        change -= sum(
            self.reach.sessions[session].seat_cost(person, at[session] // tick) for session, person in old
        )
        seated = tuple(
            Seated(session=slot.session, seat=slot.seat, person=person)
            for slot, person in zip(slots, people, strict=True)
        )
        return replace(draft, seated=seated, cost=draft.cost + change)
