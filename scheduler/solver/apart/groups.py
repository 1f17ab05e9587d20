# SPDX-License-Identifier: Apache-2.0
"""What counts against having two options in one set, as groups that options belong to.

Two options of one group cost its weight, so n of them cost weight * n (n - 1) / 2. There is a group for each
day on which options begin, each half of the day, each person, and one moment of each day, to which belong the
options that have begun by then and are not over; plans over several days may share several moments, which
count so much less. That is never more than what pairs cost, and mostly as much: options that overlap at other
moments only, and those that share a later day, count for nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from scheduler.solver.apart.blocks import UNIT
from scheduler.solver.apart.board import Board, Floats, Whole
from scheduler.solver.apart.columns import Column, Shared
from scheduler.solver.timeline import DAY_MINUTES

NOON = 12


class Groups:
    """The groups of one board."""

    def __init__(self, board: Board, wanted: int) -> None:
        self._board, self._wanted = board, wanted
        #: the tick of the line that stands for each column of the board
        self.moments: Sequence[int] = busiest(board, ())
        days, weights = len(board.days), board.weights
        most_days = min(board.plan.max_days, len(board.lasts))
        #: of plans over several days only one day is their first, which tables of single days cannot tell
        self._by_half = most_days == 1
        #: nobody sits in two sessions of a plan
        self._by_person = board.plan.distinct_interviewers
        people = len(board.reach.problem.interviewers)
        self._halves, self._people = 2 * days, 2 * days + 2
        self.weights: Floats = np.array(
            [weights.same_day] * days
            + [weights.overlapping / most_days] * days
            + [weights.same_half if self._by_half else 0] * 2
            + [weights.same_person if self._by_person else 0] * people,
            dtype=np.float64,
        )
        #: what halves cost in any set where they are not charged
        self.uncharged = 0 if self._by_half else weights.same_half * _pairs_in_two(wanted)
        self._half_of: dict[int, int] = {}

    def half(self, tick: int) -> int:
        """0 before noon on the candidate's clock, else 1."""
        if tick not in self._half_of:
            problem, line = self._board.reach.problem, self._board.reach.line
            wall = line.instant(tick).astimezone(problem.candidate_zone)
            self._half_of[tick] = int(wall.hour >= NOON)
        return self._half_of[tick]

    def of(self, column: Column) -> list[int]:
        """The groups a plan belongs to."""
        days = len(self._board.days)
        found = [column.days[0][0], self._halves + self.half(column.first)]
        over = self.over(column)
        found += [days + n for n, moment in enumerate(self.moments) if column.first <= moment < over]
        found += [self._people + person for person in self.people(column)]
        return [group for group in found if self.weights[group]]

    def people(self, column: Column) -> list[int]:
        """Who takes part, by position."""
        return [p for p in range(column.people.bit_length()) if column.people >> p & 1]

    def over(self, column: Column) -> int:
        """The tick after the last one that a plan takes."""
        session, tick = column.placed[-1]
        return tick + self._board.lasts[session]

    def people_charged(self, prices: Floats) -> Whole:
        """Prices of persons, as whole numbers."""
        return np.floor(prices[self._people :]).astype(np.int64)

    def shared(self, prices: Floats) -> Shared:
        """What plans are charged under these prices of groups."""
        board, days = self._board, len(self._board.days)
        rows = np.arange(board.rows)[:, None]
        moment = np.array(self.moments, dtype=np.int64) - board.origins
        begun = (rows <= moment) * prices[days : 2 * days]
        begin = begun.copy()
        if self._by_half:
            late = np.zeros((board.rows, days), dtype=np.int64)
            for row, column in self._firsts():
                late[row, column] = self.half(int(board.origins[column]) + row)
            begin += prices[self._halves : self._people][late]
        listed = prices.tolist()
        return Shared(prices[:days], begin, -begun, lambda plan: sum(listed[g] for g in self.of(plan)))

    def _firsts(self) -> list[tuple[int, int]]:
        """Rows and columns at which a plan could begin."""
        board = self._board
        first = [s for s, before in enumerate(board.before) if not before]
        there = np.isfinite(board.cost[first]).any(axis=0)
        return [(int(row), int(column)) for row, column in np.argwhere(there)]

    def least(self, prices: Floats) -> float:
        """What the groups of any set cost at least beyond what its plans are charged for them."""
        n = np.arange(self._wanted + 1)
        beyond = self.weights[:, None] * (n * (n - 1) / 2) - prices[:, None] * n
        return float(beyond.min(axis=1).sum()) + self.uncharged

    def beyond(self, prices: Floats) -> Floats:
        """By group and how many plans belong to it: what that costs beyond what they are charged, above the
        least.
        """
        n = np.arange(self._wanted + 1)
        costs = self.weights[:, None] * (n * (n - 1) / 2) - prices[:, None] * n
        above: Floats = costs - costs.min(axis=1, keepdims=True)
        return above


def _pairs_in_two(number: int) -> int:
    """The fewest pairs of one kind among so many things of two kinds."""
    more, fewer = (number + 1) // 2, number // 2
    return (more * (more - 1) + fewer * (fewer - 1)) // 2


def rounded(prices: Mapping[int, float], groups: Groups) -> Floats:
    """Prices by group as multiples of 1 / UNIT, those of persons whole: any prices give a true bound."""
    found = np.zeros(len(groups.weights))
    for group, price in prices.items():
        found[group] = max(0.0, price)
    found = np.floor(found * UNIT) / UNIT
    people = len(found) - len(groups.people_charged(found))
    found[people:] = np.floor(found[people:])
    return found


def busiest(board: Board, columns: Sequence[Column]) -> list[int]:
    """For each day, the moment at which most of these plans have begun and are not over; noon without any."""
    noon = NOON * 60 // board.tick
    found = [int(origin) + min(noon, board.rows - 1) for origin in board.origins]
    for n, origin in enumerate(board.origins.tolist()):
        count = np.zeros(DAY_MINUTES * 2 // board.tick + board.rows + 1, dtype=np.int64)
        for column in columns:
            session, tick = column.placed[-1]
            if column.days[0][0] == n == column.days[-1][0]:
                count[column.first - origin] += 1
                count[tick + board.lasts[session] - origin] -= 1
        if count.any():
            found[n] = origin + int(np.cumsum(count).argmax())
    return found
