# SPDX-License-Identifier: Apache-2.0
"""An answer in the making: a column for some of the candidates, and what time costs everybody else now."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from scheduler.solver.many.board import NEVER, Board, Whole
from scheduler.solver.many.columns import Column, Prices, Pricing
from scheduler.solver.many.ground import Ground, Row, uses
from scheduler.solver.many.patterns import Patterns
from scheduler.solver.many.problem import REPAIR

#: candidates left out (as `AssignProblem.leaving_out` counts them), changes, cost
Value = tuple[int, int, int]


#: the price of a change, beyond every cost
CHANGE = 1 << 22


class Answer:
    """Columns that go together. Prices hold what a seat costs with the next step of its person's load, and
    NEVER where somebody is taken.
    """

    def __init__(self, board: Board, patterns: Mapping[int, Patterns]) -> None:
        self.board, self.patterns = board, patterns
        self.columns: dict[int, Column] = {}
        #: by person: (candidate, shape, start as a column of the matrices)
        self._held: list[list[tuple[int, int, int]]] = [[] for _ in board.people]
        step = board.weights.load_step
        self._cost = [np.where(shape.cost < NEVER, shape.cost + step, NEVER) for shape in board.shapes]
        self._used = [np.zeros(board.line.length, np.int64) for _ in board.room_classes]
        self._rooms = {asked: np.zeros(len(board.ticks), np.int64) for asked in board.rooms_asked}
        for room, shape in self._rooms:
            self._refresh_room(room, shape)
        self.prices = Prices(self._cost, self._rooms, change=CHANGE if board.problem.ask == REPAIR else 0)

    def cheapest(self, index: int, below: float = NEVER) -> tuple[float, Column] | None:
        """The cheapest column of a candidate who has none yet, at the prices of now."""
        return Pricing(self.patterns[index], self.prices).cheapest(below)

    def take(self, column: Column) -> None:
        self.columns[column.ask] = column
        ask = self.board.asks[column.ask]
        people = set()
        for session, start, person in column.everybody:
            self._held[person].append((column.ask, ask.sessions[session].shape, start))
            people.add(person)
        for person in people:
            self._refresh(person)
        self._use_rooms(column, +1)

    def drop(self, index: int) -> Column:
        column = self.columns.pop(index)
        people = {person for _, _, person in column.everybody}
        for person in people:
            self._held[person] = [item for item in self._held[person] if item[0] != index]
            self._refresh(person)
        self._use_rooms(column, -1)
        return column

    def interviews(self, person: int) -> int:
        """How many this person holds in the answer."""
        return len(self._held[person])

    @property
    def value(self) -> Value:
        """How many are left out, what is changed, and what it costs."""
        return value_of(self.board, self.patterns, self.columns, range(len(self.board.asks)))

    def ground(self) -> Ground:
        """What the answer leaves."""
        board = self.board
        used: Counter[Row] = Counter()
        for column in self.columns.values():
            used += uses(board, column)
        return Ground(
            board=board,
            cost=[
                np.where(now < NEVER, shape.cost, NEVER)
                for shape, now in zip(board.shapes, self._cost, strict=True)
            ],
            rooms={asked: now < NEVER for asked, now in self._rooms.items()},
            held=[len(held) for held in self._held],
            used=used,
        )

    def _refresh(self, person: int) -> None:
        board, held = self.board, self._held[person]
        step = board.weights.load_step * (len(held) + 1)
        full = self._full(person)
        taken = [
            (
                board.ticks[start] - board.shapes[shape].before[person],
                board.ticks[start] + board.shapes[shape].length[person],
            )
            for _, shape, start in held
        ]
        for shape, cost in zip(board.shapes, self._cost, strict=True):
            row = shape.cost[person] + step
            np.minimum(row, NEVER, out=row)
            for low, high in taken:
                first = bisect_right(board.ticks, low - shape.length[person])
                row[first : bisect_left(board.ticks, high + shape.before[person])] = NEVER
            if full is not None:
                row[full] = NEVER
            cost[person] = row

    def _full(self, person: int) -> Whole | None:
        """Starts in days or weeks whose limit is reached; None: nothing is."""
        board, held, flags = self.board, self._held[person], None
        for unit, left in board.left[person].items():
            units = board.units(person, unit)
            counts = Counter(int(units[start]) for _, _, start in held)
            for number, count in counts.items():
                if count >= left.get(number, left[None]):
                    here = units == number
                    flags = here if flags is None else flags | here
        return flags

    def _use_rooms(self, column: Column, change: int) -> None:
        ask = self.board.asks[column.ask]
        changed = set()
        for session, start, room in zip(ask.sessions, column.starts, column.rooms, strict=True):
            if room is not None:
                tick = self.board.ticks[start]
                self._used[room][tick : tick + self.board.shapes[session.shape].ticks] += change
                changed.add(room)
        for room, shape in self._rooms:
            if room in changed:
                self._refresh_room(room, shape)

    def _refresh_room(self, room: int, shape: int) -> None:
        """NEVER where no room of the class is left for a session that starts then."""
        board, ticks = self.board, self.board.shapes[shape].ticks
        full = self._used[room] >= len(board.room_classes[room].rooms)
        taken = np.concatenate([[0], np.cumsum(full)])
        ends = np.minimum(board.starts + ticks, board.line.length)
        open_now = board.room_open(room, shape)
        self._rooms[room, shape][:] = np.where((taken[ends] - taken[board.starts] > 0) | ~open_now, NEVER, 0)


def measure(board: Board, patterns: Patterns, column: Column) -> tuple[int, int]:
    """What a column costs by itself, steps of load aside, and what it changes in what is booked."""
    cost, change = int(patterns.time[column.pattern]), int(patterns.moves[column.pattern])
    for session, start, people in zip(patterns.ask.sessions, column.starts, column.people, strict=True):
        nth = 0
        for seat in session.seats:
            for person in people[nth : nth + seat.count]:
                at = int(np.flatnonzero(seat.pool == person)[0])
                cost += int(board.shapes[session.shape].cost[person, start]) + int(seat.other[at])
                change += int(seat.newcomer[at])
            nth += seat.count
    return cost, change


def value_of(
    board: Board, patterns: Mapping[int, Patterns], columns: Mapping[int, Column], members: Iterable[int]
) -> Value:
    """What leaving out the members without a column counts, what is changed, and what the columns cost."""
    held = Counter(person for column in columns.values() for _, _, person in column.everybody)
    measured = [measure(board, patterns[index], column) for index, column in columns.items()]
    steps = sum(count * (count + 1) // 2 for count in held.values())
    cost = board.weights.load_step * steps + sum(cost for cost, _ in measured)
    left_out = sum(board.problem.leaving_out[index] for index in members if index not in columns)
    return left_out, sum(change for _, change in measured), cost
