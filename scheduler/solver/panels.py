# SPDX-License-Identifier: Apache-2.0
"""Who sits where at given times: the cheapest panels for all sessions of a plan at once, exactly, by
branch and bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

#: branches tried before the best panels found so far are taken
BUDGET = 5_000

Choice = tuple[int, int]


@dataclass(frozen=True)
class Slot:
    """One place on one panel: which session, which seat, and who could take it as (cost, person), cheapest
    first.
    """

    session: int
    seat: int
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Panels:
    """One person for each slot, in the order of the slots (None: impossible), and whether that is proven
    best.
    """

    people: tuple[int, ...] | None
    cost: int = 0
    proven: bool = True


class Fit(Protocol):
    """What the panels of one plan ask of each other."""

    def may_also(self, person: int, session: int, others: Sequence[int]) -> bool:
        """May somebody who sits in `others` sit in `session` too?"""

    def clocks(self, session: int) -> frozenset[int] | None:
        """Of whom at least one must sit in the session for its start to be on the grid; None: anybody will
        do.
        """


@dataclass(frozen=True)
class Distinct:
    """Nobody sits in two sessions."""

    on_grid: Mapping[int, frozenset[int] | None]

    def may_also(self, person: int, session: int, others: Sequence[int]) -> bool:  # noqa: ARG002 (one of the fits)
        return not others

    def clocks(self, session: int) -> frozenset[int] | None:
        return self.on_grid.get(session)


@dataclass(frozen=True)
class Anybody:
    """Nothing but that nobody sits twice in one session."""

    def may_also(self, person: int, session: int, others: Sequence[int]) -> bool:  # noqa: ARG002 (one of the fits)
        return True

    def clocks(self, session: int) -> frozenset[int] | None:  # noqa: ARG002 (one of the fits)
        return None


def cheapest(slots: Sequence[Slot], fit: Fit, *, below: int | None = None, budget: int = BUDGET) -> Panels:
    """The cheapest way to fill every slot; with `below`, only ways that cost less."""
    return _Search(slots, fit, below, budget).solve()


class _Search:
    def __init__(self, slots: Sequence[Slot], fit: Fit, below: int | None, budget: int) -> None:
        # scarce places first: they fail early; places of one seat stay together so that they can be kept
        # in order
        scarcity = {(s.session, s.seat): len(s.choices) for s in slots}
        self.order = sorted(
            range(len(slots)),
            key=lambda i: (scarcity[slots[i].session, slots[i].seat], slots[i].session, slots[i].seat, i),
        )
        self.slots = [slots[i] for i in self.order]
        self.fit = fit
        self.rest = self._least_of_the_rest()
        self.limit = below if below is not None else 1 << 62
        self.left = budget
        self.best: list[int] | None = None
        self.taken: list[int] = []
        self.sits: dict[int, list[int]] = {}

    def _least_of_the_rest(self) -> list[int]:
        """For each depth, what the remaining places cost at least."""
        rest = [0]
        for slot in reversed(self.slots):
            rest.append(rest[-1] + (slot.choices[0][0] if slot.choices else 0))
        return rest[::-1]

    def solve(self) -> Panels:
        if all(slot.choices for slot in self.slots):
            self._place(0, 0)
        proven = self.left > 0
        if self.best is None:
            return Panels(None, proven=proven)
        people = [0] * len(self.slots)
        for position, person in zip(self.order, self.best, strict=True):
            people[position] = person
        return Panels(tuple(people), self.limit, proven)

    def _place(self, depth: int, cost: int) -> None:
        if depth == len(self.slots):
            if self._clocks_agree():
                self.best, self.limit = list(self.taken), cost
            return
        slot = self.slots[depth]
        for choice in slot.choices[self._first_choice(depth) :]:
            if cost + choice[0] + self.rest[depth + 1] >= self.limit or self.left <= 0:
                return
            sessions = self.sits.setdefault(choice[1], [])
            if slot.session in sessions or not self.fit.may_also(choice[1], slot.session, sessions):
                continue
            self.left -= 1
            self.taken.append(choice[1])
            sessions.append(slot.session)
            self._place(depth + 1, cost + choice[0])
            sessions.pop()
            self.taken.pop()

    def _first_choice(self, depth: int) -> int:
        """Two places of one seat are alike: the second takes somebody after the first in the list."""
        slot, before = self.slots[depth], self.slots[depth - 1] if depth else None
        if before is None or (before.session, before.seat) != (slot.session, slot.seat):
            return 0
        return next(i for i, (_, person) in enumerate(slot.choices) if person == self.taken[-1]) + 1

    def _clocks_agree(self) -> bool:
        return all(
            clocks is None or any(p in clocks and session in at for p, at in self.sits.items())
            for session in {slot.session for slot in self.slots}
            for clocks in (self.fit.clocks(session),)
        )
