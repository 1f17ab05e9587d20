# SPDX-License-Identifier: Apache-2.0
"""Who sits on the panels of some sessions at given times, and what it costs that they must agree."""

from __future__ import annotations

from scheduler.solver.apart.board import Board
from scheduler.solver.drafts import fit_for, slots_for
from scheduler.solver.panels import cheapest

#: a session and the tick it starts at
At = tuple[int, int]
#: what panels cost beyond each session's least, and who sits there (bits)
Seats = tuple[int, int]


class Tables:
    """The cheapest panels for sets of sessions with their times, remembered."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._alone: dict[At, Seats | None] = {}
        self._together: dict[frozenset[At], Seats | None] = {}
        #: some panels may be cheaper, or possible at all, than was found
        self.unproven = False

    def beyond(self, placed: frozenset[At]) -> int | None:
        """What panels for all of these cost beyond each session's least; None when there are none."""
        seats = self.together(placed)
        return None if seats is None else seats[0]

    def alone(self, at: At) -> Seats | None:
        if at not in self._alone:
            self._alone[at] = self._solve(frozenset((at,)))
        return self._alone[at]

    def together(self, placed: frozenset[At]) -> Seats | None:
        if placed not in self._together:
            self._together[placed] = self._solve(placed)
        return self._together[placed]

    def _solve(self, placed: frozenset[At]) -> Seats | None:
        board = self._board
        order = sorted(placed, key=lambda at: at[1])
        minutes = [(session, tick * board.tick) for session, tick in order]
        slots = slots_for(board.reach, minutes)
        panels = cheapest(slots, fit_for(board.reach, board.timing, minutes))
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
