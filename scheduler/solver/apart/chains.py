# SPDX-License-Identifier: Apache-2.0
"""The days a plan may use, and the cheapest way to split its sessions over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scheduler.solver.apart.blocks import Sets
from scheduler.solver.apart.board import NEVER, Board, Floats, Whole


@dataclass(frozen=True, slots=True)
class Chain:
    """Some days, all of them used: columns of the board in order."""

    columns: tuple[int, ...]
    #: what lateness and further days cost
    cost: int


@dataclass(frozen=True)
class Splits:
    """Ways to hold a set of sessions over several days: what comes on the days before, and on the last."""

    earlier: Whole
    last: Whole


def days_together(board: Board) -> list[tuple[int, ...]]:
    """Every choice of days that one plan may use, a day at a time first."""
    most = min(board.plan.max_days, len(board.lasts))
    found: list[tuple[int, ...]] = [(column,) for column in range(len(board.days))]
    newest = found
    for _ in range(most - 1):
        newest = [
            (*columns, later)
            for columns in newest
            for later in range(columns[-1] + 1, len(board.days))
            if board.days[later] - board.days[columns[0]] < board.plan.max_days
        ]
        found = found + newest
    return found


class Chains:
    """All chains of a board, and least costs of holding sets of sessions on their first days."""

    def __init__(self, board: Board, sets: Sets) -> None:
        self._board, self._sets = board, sets
        weights, timing = board.weights, board.timing
        self.all = [
            Chain(
                columns,
                weights.day * max(0, board.days[columns[-1]] - timing.first_day)
                + weights.extra_day * (len(columns) - 1),
            )
            for columns in days_together(board)
        ]
        self._cost = np.array([chain.cost for chain in self.all], dtype=np.float64)
        self._number = {chain.columns: n for n, chain in enumerate(self.all)}
        self._splits: dict[int, Splits] = {}

    @cached_property
    def _opening(self) -> list[int]:
        """Sets that may be all there is so far: whatever must come before is there too. By position."""
        before = self._board.before
        return [
            n
            for n, bits in enumerate(self._sets.bits)
            if bits and not any(bits >> j & 1 and before[j] & ~bits for j in range(len(before)))
        ]

    def splits(self, bits: int) -> Splits:
        """How a set may be split into what comes on earlier days and what comes on the last."""
        if bits not in self._splits:
            position = self._sets.position
            pairs = [
                (n, position[bits ^ self._sets.bits[n]])
                for n in self._opening
                if (part := self._sets.bits[n]) != bits and part & bits == part and bits ^ part in position
            ]
            columns = np.array(pairs, dtype=np.int64).reshape(-1, 2)
            self._splits[bits] = Splits(columns[:, 0], columns[:, 1])
        return self._splits[bits]

    def least(self, by_day: Floats, opening: Floats) -> tuple[Floats, dict[tuple[int, ...], Floats]]:
        """No plan of each chain costs less; and for the beginnings of chains, by set, what these days cost at
        least. `opening` is what the first day of a chain costs.
        """
        everything = self._sets.everything
        tables: dict[tuple[int, ...], Floats] = {}
        values = np.full(len(self.all), NEVER)
        whole = opening[self._sets.position[everything]]
        singles = len(self._board.days)
        values[:singles] = whole
        if len(self.all) > singles:
            for column in range(singles):
                tables[column,] = opening[:, column]
            self._pairs(values, by_day, opening)
            self._longer(values, by_day, tables)
        return values + self._cost, tables

    @cached_property
    def _two_days(self) -> tuple[Whole, Whole, Whole]:
        chosen = [(n, *chain.columns) for n, chain in enumerate(self.all) if len(chain.columns) == 2]
        numbers, first, second = np.array(chosen, dtype=np.int64).reshape(-1, 3).T
        return numbers, first, second

    def _pairs(self, values: Floats, by_day: Floats, opening: Floats) -> None:
        splits = self.splits(self._sets.everything)
        numbers, first, second = self._two_days
        if len(numbers) and len(splits.earlier):
            both = opening[splits.earlier][:, first] + by_day[splits.last][:, second]
            values[numbers] = both.min(axis=0)

    def _longer(self, values: Floats, by_day: Floats, tables: dict[tuple[int, ...], Floats]) -> None:
        """Chains of three days and more, each from the one without its last day."""
        for chain in self.all:
            if len(chain.columns) < 3:
                continue
            values[self._number[chain.columns]] = self._joined(
                self._sets.everything,
                self._beginning(chain.columns[:-1], by_day, tables),
                by_day,
                chain.columns[-1],
            )

    def _beginning(
        self, columns: tuple[int, ...], by_day: Floats, tables: dict[tuple[int, ...], Floats]
    ) -> Floats:
        if columns not in tables:
            before = self._beginning(columns[:-1], by_day, tables)
            table = np.full(len(self._sets.bits), NEVER)
            for n in self._opening:
                table[n] = self._joined(self._sets.bits[n], before, by_day, columns[-1])
            tables[columns] = table
        return tables[columns]

    def _joined(self, bits: int, before: Floats, by_day: Floats, column: int) -> float:
        splits = self.splits(bits)
        if not len(splits.earlier):
            return float(NEVER)
        return float((before[splits.earlier] + by_day[splits.last, column]).min())

    def take(self, numbers: Sequence[int]) -> list[Chain]:
        return [self.all[n] for n in numbers]
