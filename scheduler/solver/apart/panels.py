# SPDX-License-Identifier: Apache-2.0
"""Who sits on the panels of some sessions at given times, and what it costs that they must agree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from scheduler.solver.apart.board import Board
from scheduler.solver.drafts import fit_for, slots_for
from scheduler.solver.panels import Slot, cheapest

#: branches tried before the general search takes over
BRANCHES = 2_000

#: a session and the tick it starts at
At = tuple[int, int]
#: what panels cost beyond each session's least, and who sits there (bits)
Seats = tuple[int, int]
#: one place: its seat, and who could take it as (cost, bit), cheapest first
Place = tuple[tuple[int, int], tuple[tuple[int, int], ...]]


class Tables:
    """The cheapest panels for sets of sessions with their times, remembered."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.forget()
        #: all that panels ask of each other is that nobody sits in two
        self.plain = board.plan.distinct_interviewers and all(s.one_clock for s in board.reach.sessions)
        #: some panels may be cheaper, or possible at all, than was found
        self.unproven = False

    def forget(self) -> None:
        """What people are charged has changed."""
        self._alone: dict[At, Seats | None] = {}
        self._together: dict[frozenset[At], Seats | None] = {}
        self._places: dict[At, list[Place]] = {}

    def alone(self, at: At) -> Seats | None:
        if at not in self._alone:
            sole = self._board.sole[at[0]].get(at[1]) if self.plain else None
            self._alone[at] = self._solve(frozenset((at,))) if sole is None else (0, 1 << sole)
        return self._alone[at]

    def together(self, placed: frozenset[At]) -> Seats | None:
        """What panels for all of these cost beyond each session's least; None when there are none."""
        if placed not in self._together:
            self._together[placed] = self._solve(placed)
        return self._together[placed]

    def within(self, placed: frozenset[At], more: int, most: int) -> dict[int, int] | None:
        """What panels of these people (bits) cost beyond each session's least, for all that cost at most so
        much; None when they are too many, or ask more of each other than that nobody sits in two.
        """
        if not self.plain:
            return None
        every = _Every([place for at in sorted(placed) for place in self._places_of(at)], more, most)
        return every.found if every.left > 0 else None

    def _solve(self, placed: frozenset[At]) -> Seats | None:
        if self.plain:
            search = _Distinct([place for at in sorted(placed) for place in self._places_of(at)])
            if search.left > 0:
                return search.best
        return self._searched(placed)

    def _places_of(self, at: At) -> list[Place]:
        if at not in self._places:
            session, tick = at
            self._places[at] = [
                ((session, slot.seat), tuple((cost, 1 << person) for cost, person in slot.choices))
                for slot in self._slots([(session, tick)])
            ]
        return self._places[at]

    def _slots(self, placed: Iterable[At]) -> list[Slot]:
        """Every place of sessions at these ticks, with what people are charged."""
        board = self._board
        slots = slots_for(board.reach, [(session, tick * board.tick) for session, tick in placed])
        return slots if board.charge is None else [charged(slot, board.charge.tolist()) for slot in slots]

    def _searched(self, placed: frozenset[At]) -> Seats | None:
        board = self._board
        order = sorted(placed, key=lambda at: at[1])
        minutes = [(session, tick * board.tick) for session, tick in order]
        panels = cheapest(self._slots(order), fit_for(board.reach, board.timing, minutes))
        self.unproven = self.unproven or not panels.proven
        if panels.people is None:
            return None
        used = 0
        for person in panels.people:
            used |= 1 << person
        floor = sum(self._panel_floor(session, tick) for session, tick in placed)
        return panels.cost - floor, used

    def _panel_floor(self, session: int, tick: int) -> int:
        here = self._board.reach.sessions[session]
        return self._board.least[session][tick] - here.cover_cost(tick)


def charged(slot: Slot, charge: Sequence[int]) -> Slot:
    """The place with so much more for each person."""
    choices = ((cost + charge[person], person) for cost, person in slot.choices)
    return replace(slot, choices=tuple(sorted(choices)))


class _Distinct:
    """The cheapest way to fill every place with somebody else, by branch and bound; scarce places first."""

    def __init__(self, places: list[Place]) -> None:
        self.left = BRANCHES
        self.best: Seats | None = None
        #: only what costs less than this is looked for
        self._limit = 1 << 60
        self._places = sorted(places, key=lambda place: (len(place[1]), place[0]))
        #: from each place on, what all cost at least: the second place of a seat its second cheapest
        self._rest = [0]
        seats = [seat for seat, _ in self._places]
        for depth in range(len(seats) - 1, -1, -1):
            choices, nth = self._places[depth][1], depth - seats.index(seats[depth])
            if nth >= len(choices):
                return
            self._rest.append(self._rest[-1] + choices[nth][0])
        self._rest.reverse()
        self._begin()

    def _begin(self) -> None:
        self._fill(0, 0, 0, 0)

    def _fill(self, depth: int, cost: int, used: int, first: int) -> None:
        if depth == len(self._places):
            self._keep(cost, used)
            return
        seat, choices = self._places[depth]
        room = self._limit - cost - self._rest[depth + 1]
        # of two places of one seat, the second takes somebody further down the list
        alike = depth + 1 < len(self._places) and self._places[depth + 1][0] == seat
        for index in range(first, len(choices)):
            price, person = choices[index]
            if price >= room or self.left <= 0:
                return
            if not used & person:
                self.left -= 1
                self._fill(depth + 1, cost + price, used | person, index + 1 if alike else 0)
                room = self._limit - cost - self._rest[depth + 1]

    def _keep(self, cost: int, used: int) -> None:
        self._limit = cost
        self.best = (cost - self._rest[0], used)


class _Every(_Distinct):
    """All ways to fill every place with somebody else that cost so much more than the least, by who sits."""

    def __init__(self, places: list[Place], more: int, most: int) -> None:
        self._more, self._most = more, most
        self.found: dict[int, int] = {}
        super().__init__(places)

    def _begin(self) -> None:
        self._limit = self._rest[0] + self._more + 1
        self._fill(0, 0, 0, 0)

    def _keep(self, cost: int, used: int) -> None:
        more = cost - self._rest[0]
        self.found[used] = min(more, self.found.get(used, more))
        if len(self.found) > self._most:
            self.left = 0
