# SPDX-License-Identifier: Apache-2.0
"""Complete plans as columns of a packing problem: what each costs and which ticks it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from scheduler.solver.apart.board import Board, Floats
from scheduler.solver.drafts import best_rooms
from scheduler.solver.timing import Span


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One complete plan with its cheapest people."""

    cost: int
    #: (session, tick of the line), in order of time
    placed: tuple[tuple[int, int], ...]
    #: the ticks of the line that it takes: bits
    slots: int
    #: for each day used: its column of the board, and how many ticks of it are taken
    days: tuple[tuple[int, int], ...]
    #: who takes part: bits
    people: int

    @property
    def first(self) -> int:
        return self.placed[0][1]


@dataclass(frozen=True, eq=False)
class Shared:
    """What a plan is charged for the groups it belongs to: as tables of the board that add up to no more than
    that, and exactly.
    """

    #: by column of the board: when it is the first day of the plan
    first: Floats
    #: by row and column: when a day of the plan begins, and ends, there
    begin: Floats
    end: Floats
    exactly: Callable[[Column], float]


@dataclass(frozen=True, eq=False)
class Prices:
    """What a plan is charged beyond its cost: for each tick of the line it takes, and for each day by the
    number of its ticks taken there.
    """

    tick: Floats
    #: by column of the board and number of ticks
    day: Floats
    #: what it is charged for being one of a set, if that counts
    shared: Shared | None = None

    @classmethod
    def none(cls, board: Board) -> Prices:
        return cls(np.zeros(board.reach.line.length), np.zeros((len(board.days), sum(board.lasts) + 1)))

    def charged(self, board: Board) -> Floats:
        """Costs of the board with the ticks' prices added."""
        total = np.concatenate(([0.0], np.cumsum(self.tick)))
        at = board.origins[None, :] + np.arange(board.rows)[:, None]
        last = len(total) - 1
        found = np.empty_like(board.cost)
        for session, lasts in enumerate(board.lasts):
            span = total[np.clip(at + lasts, 0, last)] - total[np.clip(at, 0, last)]
            found[session] = board.cost[session] + span
        return found


class Closing:
    """What a plan whose sessions all have their time costs exactly."""

    def __init__(self, board: Board) -> None:
        self._board = board
        weights, timing = board.weights, board.timing
        #: for each column of the board: what lateness costs when a plan ends there
        self.late = [weights.day * max(0, day - timing.first_day) for day in board.days]

    def column(
        self, placed: tuple[tuple[int, int], ...], columns: Iterable[int], panels: int, people: int
    ) -> Column | None:
        """The plan with sessions at these ticks, in order of time; None when order, gaps, breaks or rooms
        forbid it.

        `columns` are those of the board, session by session; `panels` is what panels that agree cost more
        than each session's cheapest, and `people` are those who sit on them.
        """
        board = self._board
        weights, tick = board.weights, board.tick
        cost, slots = panels, 0
        by_day: dict[int, list[Span]] = {}
        for (session, at), column in zip(placed, columns, strict=True):
            lasts = board.lasts[session]
            slots |= ((1 << lasts) - 1) << at
            cost += board.least[session][at]
            by_day.setdefault(column, []).append((at * tick, (at + lasts) * tick))
        if not board.legal(placed):
            return None
        for column, spans in by_day.items():
            waited = board.timing.waiting(board.days[column], spans)
            if waited is None:
                return None
            cost += weights.waiting(waited)
        if weights.room_change and board.plan.needs_rooms:
            rooms = best_rooms(board.reach, board.timing, [(s, at * tick) for s, at in placed])
            if rooms is None:
                return None
            cost += weights.room_change * rooms[0]
        cost += self.late[max(by_day)] + weights.extra_day * (len(by_day) - 1)
        taken = tuple((c, sum(end - start for start, end in spans) // tick) for c, spans in by_day.items())
        cost -= board.charged(people)
        return Column(cost=cost, placed=placed, slots=slots, days=taken, people=people)
