# SPDX-License-Identifier: Apache-2.0
"""What each session costs at each start at least, as arrays over the ticks of a day and the days.

Rows are ticks after the beginning of a day, columns are the days that hold any start. No start: infinite.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from scheduler.solver.reach import Reach, SessionStarts
from scheduler.solver.timeline import DAY_MINUTES
from scheduler.solver.timing import Timing

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

NEVER = np.inf


class Board:
    """The starts of every session, laid out by day."""

    def __init__(self, reach: Reach, timing: Timing) -> None:
        self.reach, self.timing = reach, timing
        self.plan, self.weights = reach.plan, reach.problem.weights
        self.tick = reach.line.minutes
        #: ticks that each session lasts
        self.lasts = [here.ticks for here in reach.sessions]
        self.before = precedence(reach)
        masks = [bits_of(here.starts, reach.line.length) for here in reach.sessions]
        ticks = [np.flatnonzero(mask) for mask in masks]
        beginnings = np.array(timing.day_starts, dtype=np.int64) // self.tick
        days = [np.searchsorted(beginnings, each, side="right") - 1 for each in ticks]
        used = np.array(sorted({day for each in days for day in each.tolist()}), dtype=np.int64)
        #: positions in the timing's days
        self.days: list[int] = [int(day) for day in used]
        beginnings[0] = timing.day_ends[0] // self.tick - DAY_MINUTES // self.tick  # the line may begin later
        after = [each - beginnings[day] for each, day in zip(ticks, days, strict=True)]
        first = min((int(rows.min()) for rows in after if rows.size), default=0)
        last = max(
            (int(rows.max()) + n for rows, n in zip(after, self.lasts, strict=True) if rows.size), default=0
        )
        self.rows = last - first + 1
        #: the tick of the whole line in row 0 of each day
        self.origins: Whole = beginnings[used] + first
        #: by session, the row and column of the board of each of its starts
        self._cells = [
            (rows - first, np.searchsorted(used, day)) for rows, day in zip(after, days, strict=True)
        ]
        self._seats = [
            SeatPrices(reach, here, each) for here, each in zip(reach.sessions, ticks, strict=True)
        ]
        #: what it costs beyond the weights that somebody takes part, by position; None: nothing
        self.charge: Whole | None = None
        self.cost: Floats = np.full((len(masks), self.rows, len(used)), NEVER)
        self._price()

    def charge_people(self, charge: Whole | None) -> None:
        """Work out the costs anew with so much for each person."""
        self.charge = charge
        self._price()

    def _price(self) -> None:
        #: by session and tick of the line: the least cost, and who that is where one person is asked for
        self.least: list[dict[int, int]] = []
        self.sole: list[dict[int, int]] = []
        for s, seats in enumerate(self._seats):
            rows, columns = self._cells[s]
            costs, people = seats.least(self.charge)
            self.cost[s, rows, columns] = costs
            self.least.append(dict(zip(seats.ticks, costs.astype(np.int64).tolist(), strict=True)))
            self.sole.append(people)

    def charged(self, people: int) -> int:
        """What these people (bits) are charged beyond the weights."""
        if self.charge is None:
            return 0
        return sum(int(amount) for p, amount in enumerate(self.charge) if people >> p & 1)

    @property
    def possible(self) -> bool:
        """Every session has some start."""
        return bool(np.isfinite(self.cost).any(axis=(1, 2)).all()) if self.days else False

    def legal(self, placed: Sequence[tuple[int, int]]) -> bool:
        """Sessions at these ticks, in order of time, do not overlap and follow each other as they must."""
        seen, over = 0, 0
        for session, tick in placed:
            if tick < over or self.before[session] & ~seen:
                return False
            seen |= 1 << session
            over = tick + self.lasts[session]
        return True

    def dearest(self) -> int:
        """No plan costs more than this."""
        problem, weights = self.reach.problem, self.weights
        load = max((problem.load_of(person) for person in problem.interviewers), default=0)
        seats = sum(seat.count for session in self.plan.sessions for seat in session.seats)
        each = weights.load * load + weights.preferred_hours + weights.no_cover + weights.overbooked
        days = len(self.timing.day_starts) + abs(self.timing.first_day)
        waiting = weights.waiting(self.rows * self.tick) * self.plan.max_days
        rooms = weights.room_change * len(self.lasts)
        return 1 + seats * each + waiting + rooms + (weights.day + weights.extra_day) * days

    def usable(self) -> npt.NDArray[np.int64]:
        """For each day, on how many ticks any session could be held."""
        found = np.zeros((self.rows + 1, len(self.days)), dtype=np.int64)
        for s, lasts in enumerate(self.lasts):
            there = np.isfinite(self.cost[s]).astype(np.int64)
            found[: self.rows] += there
            found[lasts : self.rows] -= there[: self.rows - lasts]
        covered: npt.NDArray[np.int64] = (np.cumsum(found, axis=0) > 0).sum(axis=0)
        return covered


def precedence(reach: Reach) -> list[int]:
    """For each session, those that must come before it: bits."""
    plan = reach.plan
    position = {session.key: index for index, session in enumerate(plan.sessions)}
    direct = [
        (1 << index) - 1 if plan.order == "fixed" else sum(1 << position[key] for key in set(session.after))
        for index, session in enumerate(plan.sessions)
    ]
    for _ in direct:  # what comes before those comes before as well
        for index, bits in enumerate(direct):
            for other, more in enumerate(direct):
                if bits >> other & 1:
                    direct[index] |= more
    return direct


def bits_of(bits: int, length: int) -> npt.NDArray[np.uint8]:
    """The lowest `length` bits, one number each."""
    found: npt.NDArray[np.uint8] = flags_of([bits], length)[0]
    return found


def flags_of(masks: Sequence[int], length: int) -> npt.NDArray[np.uint8]:
    """The same of several masks at once, a row each."""
    size, whole = length // 8 + 1, (1 << length) - 1
    digits = np.frombuffer(b"".join((bits & whole).to_bytes(size, "little") for bits in masks), np.uint8)
    return np.unpackbits(digits.reshape(-1, size), axis=1, bitorder="little")[:, :length]


class SeatPrices:
    """What each person costs in each required seat of one session, by start: what `seat_cost` of the
    session says, infinite for who cannot.
    """

    def __init__(self, reach: Reach, here: SessionStarts, ticks: npt.NDArray[Any]) -> None:
        self.ticks: list[int] = ticks.tolist()
        length, weights = reach.line.length, reach.problem.weights
        #: pool, prices and places of each seat
        self._seats: list[tuple[Whole, Floats, int]] = []
        for seat in here.required:
            pool = here.pools[seat]
            able = flags_of([here.people[p].able for p in pool], length)[:, ticks]
            prices = np.where(able, _seat_costs(reach, here, pool, ticks), NEVER)
            self._seats.append((np.array(pool), prices, here.session.seats[seat].count))
        self._cover = np.zeros(len(ticks))
        for covered in here.cover if weights.no_cover else ():
            self._cover += weights.no_cover * (1.0 - bits_of(covered, length)[ticks])

    def least(self, charge: Whole | None) -> tuple[Floats, dict[int, int]]:
        """The least cost of the panel at each start; and by tick who that is, if one person is asked for."""
        total, sole = self._cover.copy(), dict[int, int]()
        for pool, own, count in self._seats:
            prices = own if charge is None else own + charge[pool][:, None]
            if count > 1:
                total += np.partition(prices, count - 1, axis=0)[:count].sum(axis=0)
                continue
            total += prices.min(axis=0)
            if len(self._seats) == 1:
                sole = dict(zip(self.ticks, pool[prices.argmin(axis=0)].tolist(), strict=True))
        return total, sole


def _seat_costs(reach: Reach, here: SessionStarts, pool: Sequence[int], ticks: npt.NDArray[Any]) -> Floats:
    """What `here.seat_cost` says of each person of a pool at these ticks."""
    weights, length = reach.problem.weights, reach.line.length
    loads = np.array([float(weights.load * here.load[p]) for p in pool])
    costs = np.repeat(loads[:, None], len(ticks), axis=1)
    people = [here.people[p] for p in pool]
    if weights.preferred_hours and any(one.preferred != reach.line.all for one in people):
        costs += weights.preferred_hours * (
            1.0 - flags_of([one.preferred for one in people], length)[:, ticks]
        )
    if weights.overbooked and any(one.overbooked for one in people):
        costs += float(weights.overbooked) * flags_of([one.overbooked for one in people], length)[:, ticks]
    return costs
