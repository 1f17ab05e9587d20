# SPDX-License-Identifier: Apache-2.0
"""Who sits on the panels of some sessions at given times, and what it costs that they must agree."""

from __future__ import annotations

from scheduler.solver.apart.board import Board
from scheduler.solver.drafts import fit_for, slots_for
from scheduler.solver.panels import cheapest

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
        self._alone: dict[At, Seats | None] = {}
        self._together: dict[frozenset[At], Seats | None] = {}
        self._places: dict[At, list[Place]] = {}
        #: all that panels ask of each other is that nobody sits in two
        self._plain = board.plan.distinct_interviewers and all(s.one_clock for s in board.reach.sessions)
        #: some panels may be cheaper, or possible at all, than was found
        self.unproven = False

    def alone(self, at: At) -> Seats | None:
        if at not in self._alone:
            sole = self._board.sole[at[0]].get(at[1]) if self._plain else None
            self._alone[at] = self._solve(frozenset((at,))) if sole is None else (0, 1 << sole)
        return self._alone[at]

    def together(self, placed: frozenset[At]) -> Seats | None:
        """What panels for all of these cost beyond each session's least; None when there are none."""
        if placed not in self._together:
            self._together[placed] = self._solve(placed)
        return self._together[placed]

    def _solve(self, placed: frozenset[At]) -> Seats | None:
        if self._plain:
            search = _Distinct([place for at in sorted(placed) for place in self._places_of(at)])
            if search.left > 0:
                return search.best
        return self._searched(placed)

    def _places_of(self, at: At) -> list[Place]:
        if at not in self._places:
            session, tick = at
            self._places[at] = [
                ((session, seat), tuple((cost, 1 << person) for cost, person in choices))
                for seat, choices in self._board.reach.sessions[session].slots(tick)
            ]
        return self._places[at]

    def _searched(self, placed: frozenset[At]) -> Seats | None:
        board = self._board
        order = sorted(placed, key=lambda at: at[1])
        minutes = [(session, tick * board.tick) for session, tick in order]
        panels = cheapest(slots_for(board.reach, minutes), fit_for(board.reach, board.timing, minutes))
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
        return here.least_cost(tick) - here.cover_cost(tick)


class _Distinct:
    """The cheapest way to fill every place with somebody else, by branch and bound; scarce places first."""

    def __init__(self, places: list[Place]) -> None:
        self.left = BRANCHES
        self.best: Seats | None = None
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
        #: only what costs less than this is looked for
        self._limit = 1 << 60
        self._fill(0, 0, 0, 0)

    def _fill(self, depth: int, cost: int, used: int, first: int) -> None:
        if depth == len(self._places):
            self._limit = cost
            self.best = (cost - self._rest[0], used)
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
