# SPDX-License-Identifier: Apache-2.0
"""The plans of a chain of days in order of their price, cheapest first, exactly.

A plan is walked backwards from its last session. What has been fixed carries its real panels; what is
still to come is bounded by the tables of `blocks`. The most promising walk goes on first (best-first
search), so plans come out in order, and everything that was not looked at costs no less than what came
out last.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from scheduler.solver.apart.blocks import Blocks
from scheduler.solver.apart.board import NEVER, Board, Floats, Whole
from scheduler.solver.apart.chains import Chain, Chains
from scheduler.solver.apart.columns import Closing, Column, Prices
from scheduler.solver.apart.panels import At, Tables
from scheduler.solver.apart.phases import FAR

Some = npt.NDArray[Any]

#: entries of a list made ready at a time
SOME = 24
#: whatever phase a day ends in
ANY = -1


#: a session that may come last: what all costs with it, what it costs itself, the session, the row it
#: starts in, the phase it finds, and the rows between which the next may start
Entry = tuple[float, float, int, int, int, int, int]


class Entries:
    """Entries by value, made from arrays a few at a time."""

    __slots__ = ("_arrays", "_order", "ready")

    def __init__(self, arrays: list[Some]) -> None:
        self._arrays = arrays
        self._order = np.argsort(arrays[0], kind="stable")
        self.ready: list[Entry] = []

    def more(self) -> bool:
        """Whether there were any more to make ready."""
        wanted = self._order[len(self.ready) : len(self.ready) + SOME]
        self.ready += zip(*(array[wanted].tolist() for array in self._arrays), strict=True)
        return bool(wanted.size)


class Node(NamedTuple):
    """A plan of which the last sessions are fixed."""

    #: everything fixed, panels included; what is left of earlier days is in it with its bound
    fixed: float
    #: what panels cost beyond each session's least, and the people (bits)
    extra: int
    people: int
    placed: tuple[At, ...]
    columns: tuple[int, ...]
    #: the day being filled, by position in the chain, and the sessions before it
    level: int
    earlier: int
    #: sessions of this day still to come (position of the set); -1: how to split has not been decided
    left: int
    phase: int
    #: the row before which they must end
    row: int


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Plans in order of price, and whether any other costs at most the limit."""

    columns: list[Column]
    complete: bool
    nodes: int


class Walk:
    """Walks over the tables of one set of prices."""

    def __init__(
        self,
        board: Board,
        blocks: Blocks,
        chains: Chains,
        tables: Tables,
        closing: Closing,
        *,
        by_session: bool = False,
    ) -> None:
        """`by_session`: it matters which session takes which ticks."""
        self._by_session = by_session
        self._board, self._blocks, self._chains = board, blocks, chains
        self._tables, self._closing = tables, closing
        self._sets = blocks.sets
        self._lasts = np.array(board.lasts)
        self._set_lasts = np.array(self._sets.lasts)
        self._endings = [(np.array(last), np.array(before)) for last, before in self._sets.endings]
        self._without = {
            (n, j): before
            for n, (last, rest) in enumerate(self._sets.endings)
            for j, before in zip(last, rest, strict=True)
        }
        self._origins: list[int] = board.origins.tolist()
        steps = blocks.phases.steps
        self._from, self._to = (
            np.array([getattr(step, end) for step in steps]) for end in ("before", "after")
        )
        self._shortest, self._longest = np.array([(step.shortest, step.longest) for step in steps]).T
        self._start = np.array([step.start for step in steps])
        self._kept_closings: dict[int, tuple[Whole, Whole, Whole]] = {}
        self._kept_leads: dict[tuple[int, int], tuple[Whole, Whole, Whole]] = {}
        #: by step, session and the row it starts in: whether it ends too late for the step
        self._too_late = np.zeros((len(steps), *board.cost.shape))
        rows = np.arange(board.rows)[:, None]
        for session, lasts in enumerate(board.lasts):
            for number, step in enumerate(steps):
                self._too_late[number, session][rows + lasts > step.end] = NEVER
        self.reprice(Prices.none(board))

    def reprice(self, prices: Prices) -> None:
        """Forget what was worked out: the tables have changed."""
        self.prices = prices
        self._before: dict[tuple[int, int, int], Entries] = {}
        self._last: dict[tuple[int, int], Entries] = {}
        self._total: list[float] = [0.0, *np.cumsum(prices.tick).tolist()]
        self._days: list[list[float]] = prices.day.tolist()
        self._end_with()
        self._sum_up()

    def _end_with(self) -> None:
        """By session and the row it starts in, what ending the day with it costs."""
        board, finish = self._board, self._blocks.finish
        self._finish = np.full((len(board.lasts), *finish.shape), NEVER)
        for session, lasts in enumerate(board.lasts):
            self._finish[session, :, : board.rows - lasts] = finish[:, lasts:]

    def forget_days(self, columns: Sequence[int]) -> None:
        """The tables of these days have changed, prices have not."""
        gone = set(columns)
        self._before = {key: value for key, value in self._before.items() if key[0] not in gone}
        self._last = {key: value for key, value in self._last.items() if key[0] not in gone}
        self._sum_up()

    def _sum_up(self) -> None:
        self._by_day: Floats = self._blocks.least + self.prices.day.T[self._set_lasts]
        shared = self.prices.shared
        self._opening = self._by_day + shared.first if shared else self._by_day
        self.values, self._beginnings = self._chains.least(self._by_day, self._opening)

    def price(self, column: Column) -> float:
        """The cost of a plan with everything it is charged."""
        total, lasts, price = self._total, self._board.lasts, float(column.cost)
        for session, tick in column.placed:
            price += total[tick + lasts[session]] - total[tick]
        for day, taken in column.days:
            price += self._days[day][taken]
        shared = self.prices.shared
        return price + shared.exactly(column) if shared else price

    def plans(self, number: int, *, most: int, limit: float, nodes: int) -> Listing:
        """At most so many plans of a chain that are charged at most `limit`; one of those that take the same
        ticks, or hold the same sessions at the same times. Gives up after so many nodes.
        """
        chain = self._chains.all[number]
        found: dict[Hashable, Column] = {}
        queue = _Queue(limit)
        root = Node(float(chain.cost), 0, 0, (), (), len(chain.columns), self._sets.everything, 0, ANY, FAR)
        self._split_off(queue, root, chain)
        looked = 0
        while queue.heap:
            bound, _, _, item, entries, index = heappop(queue.heap)
            if isinstance(item, Column):
                key = item.placed if self._by_session else item.slots
                if key not in found:
                    found[key] = item
                    if len(found) == most:
                        return Listing(columns=list(found.values()), complete=False, nodes=looked)
                continue
            looked += 1
            if looked > nodes:
                return Listing(columns=list(found.values()), complete=False, nodes=looked)
            node = item
            if entries is not None:
                self._push(queue, node, entries, index + 1)
                child = self._placed(node, entries.ready[index], chain)
                if child is None:
                    continue
                if child.extra > node.extra:
                    queue.push(bound + child.extra - node.extra, child)
                    continue
                node = child
            self._expand(queue, node, chain)
        return Listing(columns=list(found.values()), complete=True, nodes=looked)

    def _push(self, queue: _Queue, node: Node, entries: Entries, index: int) -> None:
        """The first continuation from `index` on that ends in time."""
        row, ready = node.row, entries.ready
        while True:
            if index == len(ready) and not entries.more():
                return
            entry = ready[index]
            if entry[5] <= row <= entry[6]:
                queue.push(node.fixed + entry[0], node, entries, index)
                return
            index += 1

    def _placed(self, node: Node, entry: Entry, chain: Chain) -> Node | None:
        """The node with one session more; None when no panels can sit in all of its sessions."""
        column = chain.columns[node.level]
        _, own, session, row, phase, _, _ = entry
        at = (session, self._origins[column] + row)
        placed = (at, *node.placed)
        seats = self._tables.alone(at)
        if seats is None:
            return None
        if seats[1] & node.people:
            seats = self._tables.together(frozenset(placed))
            if seats is None:
                return None
            extra, people = seats
        else:
            extra, people = node.extra + seats[0], node.people | seats[1]
        return Node(
            node.fixed + own + extra - node.extra,
            extra,
            people,
            placed,
            (column, *node.columns),
            node.level,
            node.earlier,
            self._without[node.left, session],
            phase,
            row,
        )

    def _expand(self, queue: _Queue, node: Node, chain: Chain) -> None:
        if node.left:
            column = chain.columns[node.level]
            if node.phase == ANY:
                entries = self._ending(column, node.left)
            else:
                entries = self._leading_to(column, node.left, node.phase)
            self._push(queue, node, entries, 0)
            return
        fixed = node.fixed - self._blocks.waiting * node.row
        if shared := self.prices.shared:
            fixed += float(shared.begin[node.row, chain.columns[node.level]])
        if node.level:
            before = self._beginnings[chain.columns[: node.level]]
            fixed -= before[self._sets.position[node.earlier]]
            self._split_off(queue, node._replace(fixed=fixed), chain)
            return
        plan = self._closing.column(node.placed, node.columns, node.extra, node.people)
        if plan is not None:
            queue.push(self.price(plan), plan)

    def _split_off(self, queue: _Queue, node: Node, chain: Chain) -> None:
        """Every choice of which of the earlier sessions come on the day before."""
        level = node.level - 1
        column, position = chain.columns[level], self._sets.position
        row = FAR
        if node.placed:
            row = node.placed[0][1] - self._origins[column]
        day = self.prices.day[column]
        if level == 0:
            whole = position.get(node.earlier)
            if whole is not None:
                fixed = node.fixed + day[self._sets.lasts[whole]]
                if shared := self.prices.shared:
                    fixed += float(shared.first[column])
                opened = node._replace(fixed=fixed, level=0, earlier=0, left=whole, phase=ANY, row=row)
                queue.push(node.fixed + self._opening[whole, column], opened)
            return
        splits = self._chains.splits(node.earlier)
        before = self._beginnings[chain.columns[:level]][splits.earlier]
        bounds = node.fixed + before + self._by_day[splits.last, column]
        for n in np.flatnonzero(bounds <= queue.limit).tolist():
            part = int(splits.last[n])
            opened = node._replace(
                fixed=float(node.fixed + before[n] + day[self._sets.lasts[part]]),
                level=level,
                earlier=self._sets.bits[int(splits.earlier[n])],
                left=part,
                phase=ANY,
                row=row,
            )
            queue.push(float(bounds[n]), opened)

    def _ending(self, column: int, left: int) -> Entries:
        """What may be the last session of a day."""
        key = (column, left)
        if key not in self._last:
            blocks = self._blocks
            sessions, without, phases = self._closings(left)
            own = blocks.price[sessions, :, column] + self._finish[sessions, phases, :, column]
            value = blocks.ready[without, phases, :, column] + own
            which, row = np.nonzero(value < NEVER)
            over = row + self._lasts[sessions[which]]
            arrays = [
                value[which, row],
                own[which, row],
                sessions[which],
                row,
                phases[which],
                over,
                over + 3 * FAR,
            ]
            self._last[key] = Entries(arrays)
        return self._last[key]

    def _leading_to(self, column: int, left: int, phase: int) -> Entries:
        """What may come directly before a session that finds the day in this phase."""
        key = (column, left, phase)
        if key not in self._before:
            blocks = self._blocks
            sessions, without, steps = self._leads(left, phase)
            phases = self._from[steps]
            own = blocks.price[sessions, :, column]
            value = (
                blocks.ready[without, phases, :, column] + own + self._too_late[steps, sessions, :, column]
            )
            which, row = np.nonzero(value < NEVER)
            over, step = row + self._lasts[sessions[which]], steps[which]
            low = np.maximum(over + self._shortest[step], self._start[step, column])
            high = over + self._longest[step]
            arrays = [value[which, row], own[which, row], sessions[which], row, phases[which], low, high]
            self._before[key] = Entries(arrays)
        return self._before[key]

    def _closings(self, left: int) -> tuple[Whole, Whole, Whole]:
        """Every last session of a set and phase of the day: sessions, sets without them, phases."""
        if left not in self._kept_closings:
            sessions, without = self._endings[left]
            count = len(self._blocks.phases.all)
            phases = np.repeat(np.arange(count), len(sessions))
            self._kept_closings[left] = (np.tile(sessions, count), np.tile(without, count), phases)
        return self._kept_closings[left]

    def _leads(self, left: int, phase: int) -> tuple[Whole, Whole, Whole]:
        """Every last session of a set and step into a phase: sessions, sets without them, steps."""
        key = (left, phase)
        if key not in self._kept_leads:
            sessions, without = self._endings[left]
            into = np.flatnonzero(self._to == phase)
            steps = np.repeat(into, len(sessions))
            self._kept_leads[key] = (np.tile(sessions, len(into)), np.tile(without, len(into)), steps)
        return self._kept_leads[key]


class _Queue:
    """Walks by what they come to at least, the longer of equal ones first; those above the limit are
    dropped.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.heap: list[tuple[float, int, int, Node | Column, Entries | None, int]] = []
        self._order = 0

    def push(
        self, value: float, item: Node | Column, entries: Entries | None = None, index: int = -1
    ) -> None:
        if value <= self.limit and value < NEVER:
            self._order += 1
            heappush(self.heap, (value, -len(item.placed), self._order, item, entries, index))
