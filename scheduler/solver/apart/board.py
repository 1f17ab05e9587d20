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
        #: of each session with a single place on its panel, by start: who costs least there
        self.sole: list[dict[int, int]] = []
        self.cost: Floats = np.full((len(masks), self.rows, len(used)), NEVER)
        for s, here in enumerate(reach.sessions):
            column = np.searchsorted(used, days[s])
            costs, people = least_costs(reach, here, ticks[s])
            self.cost[s, after[s] - first, column] = costs
            self.sole.append(people)

    @property
    def possible(self) -> bool:
        """Every session has some start."""
        return bool(np.isfinite(self.cost).any(axis=(1, 2)).all()) if self.days else False

    def least_by_tick(self) -> list[dict[int, int]]:
        """The least cost of each session by the tick of the line it starts at."""
        found: list[dict[int, int]] = []
        for cost in self.cost:
            rows, columns = np.nonzero(np.isfinite(cost))
            ticks = (self.origins[columns] + rows).tolist()
            found.append(dict(zip(ticks, cost[rows, columns].astype(np.int64).tolist(), strict=True)))
        return found

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
    digits = np.frombuffer((bits & (1 << length) - 1).to_bytes(length // 8 + 1, "little"), dtype=np.uint8)
    return np.unpackbits(digits, bitorder="little")[:length]


def least_costs(reach: Reach, here: SessionStarts, ticks: npt.NDArray[Any]) -> tuple[Floats, dict[int, int]]:
    """`here.least_cost` of these ticks, worked out at once; and who it is, where one person is asked for."""
    length, weights = reach.line.length, reach.problem.weights
    total, sole = np.zeros(len(ticks)), dict[int, int]()
    for seat in here.required:
        pool = here.pools[seat]
        able = np.array([bits_of(here.people[p].able, length)[ticks] for p in pool], dtype=bool)
        prices = np.where(able, _seat_costs(reach, here, pool, ticks), NEVER)
        count = here.session.seats[seat].count
        if count == 1 and len(here.required) == 1:
            chosen = np.array(pool)[prices.argmin(axis=0)]
            sole = dict(zip(ticks.tolist(), chosen.tolist(), strict=True))
        if count > 1:
            prices = np.partition(prices, count - 1, axis=0)
        total += prices[:count].sum(axis=0) if count > 1 else prices.min(axis=0)
    for covered in here.cover if weights.no_cover else ():
        total += weights.no_cover * (1 - bits_of(covered, length)[ticks].astype(np.float64))
    return total, sole


def _seat_costs(reach: Reach, here: SessionStarts, pool: Sequence[int], ticks: npt.NDArray[Any]) -> Floats:
    """What `here.seat_cost` says of each person of a pool at these ticks."""
    weights, length = reach.problem.weights, reach.line.length
    costs = np.zeros((len(pool), len(ticks)))
    for row, p in enumerate(pool):
        costs[row] = weights.load * here.load[p]
        starts = here.people[p]
        if weights.preferred_hours and starts.preferred != reach.line.all:
            costs[row] += weights.preferred_hours * (1.0 - bits_of(starts.preferred, length)[ticks])
        if weights.overbooked and starts.overbooked:
            costs[row] += weights.overbooked * bits_of(starts.overbooked, length)[ticks].astype(np.float64)
    return costs
