# SPDX-License-Identifier: Apache-2.0
"""A *column* is one complete answer for one candidate: a pattern, and who sits in each required seat.

Finding the cheapest column under given prices of people's time is all that solving needs to know about a
candidate: the greedy way pays what seats cost now, column generation what they are worth to others. It is
exact: a pattern counts with the cheapest people of each seat until the cheapest patterns turn out to want
somebody twice; those are then seated by branch and bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scheduler.solver.many.board import NEVER, Whole
from scheduler.solver.many.patterns import Patterns

Numbers = npt.NDArray[np.int64] | npt.NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """One complete answer for one candidate, all by position."""

    ask: int
    pattern: int
    #: the start of each session, as a column of the board's matrices
    starts: tuple[int, ...]
    #: by session, the people of its required seats in the order of the seats
    people: tuple[tuple[int, ...], ...]
    #: the class of its room, for sessions that need one
    rooms: tuple[int | None, ...]

    @property
    def everybody(self) -> Iterator[tuple[int, int, int]]:
        """(session, start, person) of every required seat."""
        for session, (start, people) in enumerate(zip(self.starts, self.people, strict=True)):
            for person in people:
                yield session, start, person


@dataclass(frozen=True)
class Prices:
    """What time costs: people by starts for each shape, and for sessions with a room by class of rooms.

    `own` is 1 where what times and people cost the candidate counts beside that, and `change` the price of a
    change in what is booked for them.
    """

    people: Sequence[Numbers]
    #: (class, shape): by start
    rooms: Mapping[tuple[int, int], Numbers]
    own: int = 1
    change: float = 0


class Pricing:
    """The columns of one candidate under one set of prices."""

    def __init__(self, patterns: Patterns, prices: Prices) -> None:
        self.patterns, self.ask = patterns, patterns.ask
        self.seats: list[list[Numbers]] = []
        self.room_class: list[list[int] | None] = []
        total = _counted(prices, patterns.time, patterns.moves)
        for j, session in enumerate(self.ask.sessions if patterns.count else ()):
            columns = patterns.columns[j]
            matrices = [
                prices.people[session.shape][seat.pool[:, None], columns]
                + _counted(prices, seat.other, seat.newcomer)[:, None]
                for seat in session.seats
            ]
            self.seats.append(matrices)
            least = _least(matrices, [seat.count for seat in session.seats])
            if session.rooms is None:
                self.room_class.append(None)
            else:
                rooms = np.stack([prices.rooms[room, session.shape][columns] for room in session.rooms])
                least = least + rooms.min(axis=0)
                self.room_class.append([session.rooms[best] for best in rooms.argmin(axis=0)])
            total = total + least[patterns.rows[:, j]]
        #: no column with this pattern costs less
        self.floor: Numbers = total

    def cheapest(self, below: float = NEVER) -> tuple[float, Column] | None:
        """The cheapest column that costs less than this."""
        best: tuple[float, Column] | None = None
        floor = self.floor
        while len(floor):
            row = int(floor.argmin())
            least = float(floor[row])
            if least >= below:
                break
            found = self.seated(row, below)
            if found is not None and found[0] < below:
                best, below = found, found[0]
            if found is not None and found[0] <= least:
                break
            if floor is self.floor:
                floor = floor.copy()
            floor[row] = NEVER
        return best

    def seated(self, row: int, below: float) -> tuple[float, Column] | None:
        """The cheapest column with this pattern that costs less than this."""
        at = self.patterns.rows[row]
        first = [
            int(matrix[:, at[j]].argmin()) if seat.count == 1 else -1
            for j, session in enumerate(self.ask.sessions)
            for matrix, seat in zip(self.seats[j], session.seats, strict=True)
        ]
        pools = [seat.pool for session in self.ask.sessions for seat in session.seats]
        people = [int(pool[nth]) if nth >= 0 else -1 for pool, nth in zip(pools, first, strict=True)]
        if -1 not in people and len(set(people)) == len(people):
            return float(self.floor[row]), self._column(row, people)
        return next(iter(self.ways(row, below, best_only=True)), None)

    def ways(self, row: int, below: float, *, best_only: bool = False) -> list[tuple[float, Column]]:
        """Every column with this pattern that costs less than this, or the cheapest alone."""
        at = self.patterns.rows[row]
        places: list[list[tuple[float, int]]] = []
        same: list[bool] = []
        number = sum(seat.count for session in self.ask.sessions for seat in session.seats)
        for j, session in enumerate(self.ask.sessions):
            for matrix, seat in zip(self.seats[j], session.seats, strict=True):
                costs = matrix[:, at[j]]
                order = np.argsort(costs, kind="stable")
                if best_only:  # the others can take no more of somebody's favourites than there are places
                    order = order[:number]
                choices = [(float(costs[i]), int(seat.pool[i])) for i in order if costs[i] < NEVER]
                for nth in range(seat.count):
                    places.append(choices)
                    same.append(nth > 0)
        seating = _Seating(places, same, best_only=best_only)
        rest = float(self.floor[row]) - seating.relaxed
        found = seating.all_below(below - rest)
        return [(rest + cost, self._column(row, people)) for cost, people in found]

    def _column(self, row: int, people: Sequence[int]) -> Column:
        at = self.patterns.rows[row].tolist()
        seated, taken = [], 0
        for session in self.ask.sessions:
            count = sum(seat.count for seat in session.seats)
            seated.append(tuple(people[taken : taken + count]))
            taken += count
        return Column(
            ask=self.ask.index,
            pattern=row,
            starts=tuple(int(self.patterns.columns[j][place]) for j, place in enumerate(at)),
            people=tuple(seated),
            rooms=tuple(
                None if classes is None else classes[place]
                for classes, place in zip(self.room_class, at, strict=True)
            ),
        )


def _counted(prices: Prices, own: Whole, change: Whole) -> Numbers:
    if not prices.change:
        return own * prices.own
    return own * prices.own + change * prices.change


def _least(matrices: Sequence[Numbers], counts: Sequence[int]) -> Numbers:
    """By start, what the seats cost with the cheapest people of each."""
    least: Numbers | None = None
    for matrix, count in zip(matrices, counts, strict=True):
        if len(matrix) < count:
            part: Numbers = np.full(matrix.shape[1], NEVER)
        elif count == 1:
            part = matrix.min(axis=0)
        else:
            part = np.partition(matrix, count - 1, axis=0)[:count].sum(axis=0)
        least = part if least is None else least + part
    return np.zeros(0, np.int64) if least is None else least


class _Seating:
    """Different people for all places, cheapest or all below a limit. Places of one seat are alike: the
    second takes somebody after the first in the list.
    """

    def __init__(
        self, places: Sequence[list[tuple[float, int]]], same: Sequence[bool], *, best_only: bool
    ) -> None:
        self.places, self.same, self.best_only = places, same, best_only
        least, nth = [], 0
        for choices, alike in zip(places, same, strict=True):
            nth = nth + 1 if alike else 0
            least.append(choices[nth][0] if nth < len(choices) else float(NEVER))
        #: what the places cost if somebody could sit in several
        self.relaxed = sum(least)
        # a place alike the one before costs at least its own nth cheapest, whatever was taken before
        self.rest = [0.0]
        for cost in reversed(least):
            self.rest.append(self.rest[-1] + cost)
        self.rest.reverse()
        self.found: list[tuple[float, list[int]]] = []
        self.limit = 0.0

    def all_below(self, limit: float) -> list[tuple[float, list[int]]]:
        self.limit = limit
        self._place(0, 0.0, [], [])
        return self.found

    def _place(self, depth: int, cost: float, taken: list[int], nths: list[int]) -> None:
        if depth == len(self.places):
            if self.best_only:
                self.found, self.limit = [(cost, list(taken))], cost
            else:
                self.found.append((cost, list(taken)))
            return
        first = nths[-1] + 1 if self.same[depth] else 0
        choices = self.places[depth]
        for nth in range(first, len(choices)):
            price, person = choices[nth]
            if cost + price + self.rest[depth + 1] >= self.limit:
                return
            if person not in taken:
                taken.append(person)
                nths.append(nth)
                self._place(depth + 1, cost + price, taken, nths)
                taken.pop()
                nths.pop()
