# SPDX-License-Identifier: Apache-2.0
"""All ways in which one candidate's sessions can lie in time, whoever holds them: a *pattern* is one start
for each session. Order, gaps, breaks and days are settled here, so that nothing after it needs to know them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise, permutations
from time import perf_counter

import numpy as np

from scheduler.domain.plans import Plan
from scheduler.solver.many.board import Ask, Board, Flags, NotExpressible, Whole
from scheduler.solver.timing import Timing

#: patterns of one candidate in one order, in all, and orders of their sessions, worth listing
MOST_PATTERNS = 30_000
MOST_IN_ALL = 100_000
MOST_ORDERS = 24


@dataclass
class Patterns:
    """The patterns of one candidate. `columns[j]` are the starts session j is ever given; `rows[i, j]` says
    which of them pattern i gives it; `time[i]` is what the times of pattern i cost, `moves[i]` how much they
    change.
    """

    ask: Ask
    columns: tuple[Whole, ...]
    rows: Whole
    time: Whole
    moves: Whole

    @cached_property
    def count(self) -> int:
        return len(self.time)


def patterns_of(board: Board, ask: Ask, timing: Timing, *, deadline: float) -> Patterns:
    """Every pattern of this candidate. Raises NotExpressible when there are too many, or no time is left."""
    if not ask.possible:
        none = np.zeros((0, len(ask.sessions)), np.int64)
        return Patterns(ask, tuple(none[:, 0] for _ in ask.sessions), none, none[:, 0], none[:, 0])
    lister = _Lister(board, ask, timing, deadline)
    ticks = lister.starts[0][:, None] if len(ask.sessions) == 1 else lister.in_all_orders()
    ticks, time = lister.costed(ticks)
    if len(ask.sessions) == 1:
        columns, rows = [ticks[:, 0]], np.arange(len(ticks))[:, None]
    else:
        used = [np.unique(ticks[:, j], return_inverse=True) for j in range(len(ask.sessions))]
        columns = [starts for starts, _ in used]
        rows = np.stack([inverse for _, inverse in used], axis=1)
    moved = np.zeros(len(ticks), np.int64)
    for j, tick in enumerate(ask.booked):
        moved += ticks[:, j] != tick if tick is not None else 0
    return Patterns(
        ask,
        tuple(np.searchsorted(board.starts, starts) for starts in columns),
        rows,
        time,
        moved * board.problem.move,
    )


def _orders(plan: Plan) -> Iterator[tuple[int, ...]]:
    """The orders in which the sessions may come."""
    sessions = plan.sessions
    if plan.order == "fixed":
        yield tuple(range(len(sessions)))
        return
    position = {session.key: index for index, session in enumerate(sessions)}
    before = [{position[key] for key in session.after} for session in sessions]
    found = 0
    for order in permutations(range(len(sessions))):
        if all(before[j] <= set(order[:place]) for place, j in enumerate(order)):
            found += 1
            if found > MOST_ORDERS:
                raise NotExpressible("the sessions can come in too many orders")
            yield order


class _Lister:
    def __init__(self, board: Board, ask: Ask, timing: Timing, deadline: float) -> None:
        self.deadline = deadline
        self.board, self.plan, self.timing = board, ask.plan, timing
        self.tick = board.line.minutes
        self.starts = [board.starts[board.columns_of(session.mask)] for session in ask.sessions]
        self.length = [board.shapes[session.shape].ticks for session in ask.sessions]
        self.day_starts = np.array(timing.day_starts) // self.tick
        self.day_ends = np.array(timing.day_ends) // self.tick
        longest = self.plan.gap.max
        breaks = sum(item.minutes for item in self.plan.breaks)
        self.most = None if longest is None else (longest + breaks) // self.tick

    def days(self, ticks: Whole) -> Whole:
        found: Whole = np.searchsorted(self.day_starts, ticks, "right") - 1
        return found

    def in_all_orders(self) -> Whole:
        """All ways to have the sessions, in every order there may be."""
        found: list[Whole] = []
        for order in _orders(self.plan):
            self._look_at_the_clock()
            found.append(self.in_order(order))
            if sum(map(len, found)) > MOST_IN_ALL:
                raise NotExpressible("the sessions can lie in too many ways")
        return np.concatenate(found)

    def _look_at_the_clock(self) -> None:
        if perf_counter() >= self.deadline:
            raise NotExpressible("there is no time to list the ways in which the sessions can lie")

    def in_order(self, order: tuple[int, ...]) -> Whole:
        """All ways to have the sessions one after the other in this order: ticks by position in the plan."""
        placed = self.starts[order[0]][:, None]
        for before, then in pairwise(order):
            placed = self._joined(placed, self.length[before], self.starts[then])
            if len(placed) > MOST_PATTERNS:
                raise NotExpressible("the sessions can lie in too many ways")
        return placed[:, np.argsort(order)]

    def _joined(self, placed: Whole, length: int, starts: Whole) -> Whole:
        end = placed[:, -1] + length
        day = self.days(placed[:, -1])
        least = end + self.plan.gap.min // self.tick
        latest = self.day_ends[day] - 1
        if self.most is not None:
            latest = np.minimum(latest, end + self.most)
        parts = [self._pairs(placed, starts, least, latest)]
        if self.plan.max_days > 1:
            last = np.minimum(self.days(placed[:, 0]) + self.plan.max_days - 1, len(self.day_ends) - 1)
            tomorrow = np.maximum(self.day_ends[day], end)
            parts.append(self._pairs(placed, starts, tomorrow, self.day_ends[last] - 1))
        return np.concatenate(parts)

    def _pairs(self, placed: Whole, starts: Whole, first: Whole, last: Whole) -> Whole:
        """Each way so far with each start between its first and its last."""
        low, high = np.searchsorted(starts, first), np.searchsorted(starts, last, "right")
        many = np.maximum(high - low, 0)
        if many.sum() > MOST_PATTERNS:
            raise NotExpressible("the sessions can lie in too many ways")
        row = np.repeat(np.arange(len(placed)), many)
        nth = np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many)
        return np.concatenate([placed[row], starts[low[row] + nth][:, None]], axis=1)

    def costed(self, ticks: Whole) -> tuple[Whole, Whole]:
        """The patterns whose gaps and breaks are right, and what their times cost."""
        weights = self.board.weights
        days = self.days(ticks)
        late = np.maximum(days - self.timing.first_day, 0)
        cost = weights.day * late.max(axis=1) + weights.session_day * late.sum(axis=1)
        if ticks.shape[1] == 1:
            return ticks, cost
        used = np.sort(days, axis=1)
        cost = cost + weights.extra_day * (np.diff(used, axis=1) > 0).sum(axis=1)
        if self.plan.breaks:
            right, waiting = self._waiting_with_breaks(ticks)
            return ticks[right], (cost + waiting)[right]
        return ticks, cost + self._waiting(ticks, days)

    def _waiting(self, ticks: Whole, days: Whole) -> Whole:
        """What waiting costs where no break is owed."""
        weights = self.board.weights
        order = np.argsort(ticks, axis=1)
        starts = np.take_along_axis(ticks, order, axis=1)
        day = np.take_along_axis(days, order, axis=1)
        ends = starts + np.array(self.length)[order]
        free = np.where(day[:, 1:] == day[:, :-1], starts[:, 1:] - ends[:, :-1], 0) * self.tick
        cost: Whole = np.zeros(len(ticks), np.int64)
        if weights.waiting_step == 1 or self.plan.max_days == 1:
            cost += weights.waiting_minute * (free.sum(axis=1) // weights.waiting_step)
            return cost
        for first in range(day.shape[1]):  # each day by itself, counted at its first session
            opens = np.ones(len(ticks), np.bool_) if first == 0 else day[:, first] != day[:, first - 1]
            same = (day[:, 1:] == day[:, [first]]) & (np.arange(1, day.shape[1]) > first)
            minutes = (free * same).sum(axis=1)
            cost += np.where(opens, weights.waiting_minute * (minutes // weights.waiting_step), 0)
        return cost

    def _waiting_with_breaks(self, ticks: Whole) -> tuple[Flags, Whole]:
        known: dict[tuple[int, tuple[tuple[int, int], ...]], int | None] = {}
        right, cost = np.ones(len(ticks), np.bool_), np.zeros(len(ticks), np.int64)
        for number, row in enumerate((ticks * self.tick).tolist()):
            minutes = [session.minutes for session in self.plan.sessions]
            spans = sorted((start, start + long) for start, long in zip(row, minutes, strict=True))
            for day, group in groupby(spans, key=lambda span: self.timing.day(span[0])):
                key = (day, tuple(group))
                if key not in known:
                    self._look_at_the_clock()
                    known[key] = self.timing.waiting(*key)
                minutes_waited = known[key]
                if minutes_waited is None:
                    right[number] = False
                else:
                    cost[number] += self.board.weights.waiting(minutes_waited)
        return right, cost
