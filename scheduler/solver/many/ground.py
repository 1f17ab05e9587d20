# SPDX-License-Identifier: Apache-2.0
"""What is free for a group of candidates: everything, or what an answer for all the others leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from scheduler.solver.many.board import Board, Flags, Whole
from scheduler.solver.many.columns import Column

#: what a row limits: ("time", person, tick), ("room", class, tick), (unit, person, number) of a day or week
Row = tuple[str, int, int]


@dataclass(frozen=True)
class Ground:
    """The matrices of the board with NEVER where somebody is taken, and what is left of limits and rooms."""

    board: Board
    #: by shape
    cost: Sequence[Whole]
    #: by (class of rooms, shape)
    rooms: Mapping[tuple[int, int], Flags]
    #: by person, the interviews the others hold with them
    held: Sequence[int]
    #: limits and rooms as far as the others use them
    used: Counter[Row] = field(default_factory=Counter)

    @classmethod
    def untouched(cls, board: Board) -> Ground:
        return cls(
            board=board,
            cost=[shape.cost for shape in board.shapes],
            rooms={asked: board.room_open(*asked) for asked in board.rooms_asked},
            held=[0] * len(board.people),
        )

    def capacity(self, row: Row) -> int:
        """How much of a row is left."""
        return self.board.capacity(row) - self.used[row]

    def step(self, person: int, nth: int) -> int:
        """What this person's n-th more interview counts."""
        return self.board.weights.load_step * (self.held[person] + nth)


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What is to be as little as possible: candidates left out, or changes and cost of the columns."""

    counting: bool = False
    #: whether what columns cost counts, and steps of load with it
    cost: bool = True
    #: whether changes count, in the booked answer that is repaired
    change: bool = False
    #: no more changes than this in all; None: any
    most_changes: int | None = None

    def of(self, cost: int, change: int) -> int:
        """What a column counts."""
        return 0 if self.counting else cost * self.cost + change * self.change


LEFT_OUT = Aim(counting=True, cost=False)
CHANGE = Aim(cost=False, change=True)
COST = Aim()


def uses(board: Board, column: Column) -> Counter[Row]:
    """The rows a column counts in, and how often."""
    return Counter(_uses(board, column))


def _uses(board: Board, column: Column) -> Iterator[Row]:
    ask = board.asks[column.ask]
    for number, start, person in column.everybody:
        shape = board.shapes[ask.sessions[number].shape]
        tick = board.ticks[start]
        first, last = tick - shape.before[person], tick + shape.length[person]
        for held in range(max(0, first), min(last, board.line.length)):
            yield "time", person, held
        for unit in board.left[person]:
            yield unit, person, int(board.units(person, unit)[start])
    for session, start, room in zip(ask.sessions, column.starts, column.rooms, strict=True):
        if room is not None:
            for held in range(board.ticks[start], board.ticks[start] + board.shapes[session.shape].ticks):
                yield "room", room, held
