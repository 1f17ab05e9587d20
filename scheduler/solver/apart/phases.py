# SPDX-License-Identifier: Apache-2.0
"""What has become of the breaks of a day, as far as its sessions have been placed; and what may lie
between one session and the next.

For each break a day is in one of three phases. LATE: it began too late for the break to be owed. EARLY:
it began early enough, the break has not been taken, so the day must be over before the break's window is.
TAKEN: it has been taken, and the day goes on beyond the window. Where taking a break changes no cost and
lengthens no gap, LATE and TAKEN are one. At most MOST_BREAKS are followed like this; of others it is
assumed that they suit us, so costs stay lower bounds, and whoever closes a plan looks at all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from scheduler.solver.apart.board import NEVER, Board, Floats, Whole
from scheduler.solver.timing import BreakTime

MOST_BREAKS = 2
LATE, EARLY, TAKEN = "late", "early", "taken"
#: rows beyond any day
FAR = 1 << 20

Phase = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Step:
    """From one session to the next of a day: phases before and after, and bounds for the time between, in
    ticks.

    `end` is the last row at which the one may end and `start` the first at which the other may start, day
    by day.
    """

    before: int
    after: int
    shortest: int
    longest: int
    end: Whole
    start: Whole


class Phases:
    """All phases of the days of a board, and the steps between them."""

    def __init__(self, board: Board) -> None:
        self._board = board
        plan, timing = board.plan, board.timing
        self._gap = plan.gap
        #: for each break followed, what it is on each day
        self._followed = [self._by_day(n) for n in range(min(MOST_BREAKS, len(plan.breaks)))]
        forgiven = timing.forgiving
        self._ignored = sum(item.minutes for item in plan.breaks[MOST_BREAKS:])
        merged = self._gap.max is None and not (forgiven and board.weights.waiting_minute)
        words = (LATE, EARLY) if merged else (LATE, EARLY, TAKEN)
        self.all: list[Phase] = list(product(words, repeat=len(self._followed)))
        self._taken = LATE if merged else TAKEN
        #: minutes of waiting that a day which ends in this phase is forgiven
        self.forgiven = [
            (self._ignored + sum(plan.breaks[n].minutes for n, word in enumerate(phase) if word == TAKEN))
            if forgiven
            else 0
            for phase in self.all
        ]
        self.steps = [step for number in range(len(self.all)) for step in self._steps(number)]
        #: rows at which a day may begin and end in each phase: 0, else infinite
        self.begin = self._allowed(self._beginnings)
        self.finish = self._allowed(self._endings)

    def _by_day(self, number: int) -> list[BreakTime | None]:
        """One break of the plan on each day of the board; None where a clock change swallows it."""
        return [self._board.timing.all_breaks[day][number] for day in self._board.days]

    def _row(self, column: int, minute: int) -> int:
        """The first row that is not before this minute."""
        tick = self._board.tick
        return -(-minute // tick) - int(self._board.origins[column])

    def _steps(self, number: int) -> Iterator[Step]:
        phase = self.all[number]
        early = [n for n, word in enumerate(phase) if word == EARLY]
        for size in range(len(early) + 1):
            for taken in combinations(early, size):
                after = tuple(self._taken if n in taken else word for n, word in enumerate(phase))
                yield self._step(number, self.all.index(after), taken)

    def _step(self, before: int, after: int, taken: tuple[int, ...]) -> Step:
        tick, breaks = self._board.tick, self._board.plan.breaks
        minutes = max([self._gap.min, *(breaks[n].minutes for n in taken)])
        longest = FAR
        if self._gap.max is not None:
            longest = (self._gap.max + self._ignored + sum(breaks[n].minutes for n in taken)) // tick
        columns = range(len(self._board.days))
        end = [min([FAR, *(self._last_end(n, d) for n in taken)]) for d in columns]
        start = [max([-FAR, *(self._first_start(n, d) for n in taken)]) for d in columns]
        whole = (np.array(rows, dtype=np.int64) for rows in (end, start))
        return Step(before, after, -(-minutes // tick), longest, *whole)

    def _last_end(self, number: int, column: int) -> int:
        item = self._followed[number][column]
        return -FAR if item is None else self._row(column, item.latest - item.minutes + 1) - 1

    def _first_start(self, number: int, column: int) -> int:
        item = self._followed[number][column]
        return FAR if item is None else self._row(column, item.earliest + item.minutes)

    def _allowed(self, rows: object) -> Floats:
        board = self._board
        found = np.full((len(self.all), board.rows, len(board.days)), NEVER)
        for number, phase in enumerate(self.all):
            for column in range(len(board.days)):
                first, after = rows(phase, column)  # type: ignore[operator]
                found[number, max(first, 0) : max(after, 0), column] = 0
        return found

    def _beginnings(self, phase: Phase, column: int) -> tuple[int, int]:
        """The first row at which a day may begin in this phase, and the first after those."""
        first, after = -FAR, FAR
        for number, word in enumerate(phase):
            item = self._followed[number][column]
            opening = -FAR if item is None else self._row(column, item.earliest)
            if word == EARLY:
                after = min(after, opening)
            elif word == LATE:
                first = max(first, opening)
            else:
                return 0, 0
        return first, after

    def _endings(self, phase: Phase, column: int) -> tuple[int, int]:
        """The first row at which a day may end in this phase, and the first after those."""
        first, after = -FAR, FAR
        for number, word in enumerate(phase):
            item = self._followed[number][column]
            beyond = -FAR if item is None else self._row(column, item.latest + 1)
            if word == EARLY:
                after = min(after, beyond)
            elif word == TAKEN:
                first = max(first, beyond)
        return first, after
