# SPDX-License-Identifier: Apache-2.0
"""The cheapest way to hold any set of sessions within one day, for all days at once, by dynamic
programming.

Let `ended[S, p, t, d]` be the least cost of holding exactly the sessions S on day d, the last of them
ending at row t in phase p, and `ready[S, p, t, d]` that of a day on which S is over and the next session
may start at row t. Then

    ended[S, p, t + length(j), d] = min over j in S of  ready[S - j, p, t, d] + cost(j, t, d)
    ready[S, p, t, d]             = min over steps p' -> p and rows e that allow t of  ended[S, p', e, d]

Both are stored less what waiting until t would cost, so time between sessions is free and `ready` is a
running minimum. That people are distinct and rooms change is left out: all values are lower bounds, exact
for many plans.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np
import numpy.typing as npt

from scheduler.solver.apart.board import NEVER, Board, Floats, Whole
from scheduler.solver.apart.columns import Shared
from scheduler.solver.apart.phases import Phases, Step

#: columns of a board
Where = slice | list[int]

#: all costs are whole multiples of 1 / UNIT, so that sums are exact and equal ones compare as equal
UNIT = 65536.0


@dataclass(frozen=True)
class Append:
    """All sets of one size (a slice) that `session` may end, and the sets without it, by position."""

    session: int
    into: Whole
    out_of: Whole


class Sets:
    """The sets of sessions that may share a day, smallest first, and how each comes from smaller ones."""

    def __init__(self, board: Board) -> None:
        count = len(board.lasts)
        self.everything = (1 << count) - 1
        several_days = board.plan.max_days > 1 and count > 1
        after = [sum(1 << k for k in range(count) if board.before[k] >> j & 1) for j in range(count)]
        allowed = [
            bits
            for bits in range(1 << count)
            if self._hang_together(bits, board.before, after, several_days=several_days)
        ]
        allowed.sort(key=lambda bits: (bits.bit_count(), bits))
        self.bits = allowed
        self.position = {bits: n for n, bits in enumerate(allowed)}
        self.lasts = [sum(board.lasts[j] for j in range(count) if bits >> j & 1) for bits in allowed]
        #: for each set, the sessions that may come last and the sets before them, by position
        self.endings: list[tuple[list[int], list[int]]] = []
        for bits in allowed:
            last = [j for j in range(count) if bits >> j & 1 and not after[j] & bits]
            last = [j for j in last if bits ^ 1 << j in self.position]
            self.endings.append((last, [self.position[bits ^ 1 << j] for j in last]))
        self.sizes = [
            [n for n, bits in enumerate(allowed) if bits.bit_count() == size] for size in range(count + 1)
        ]
        self.appends = [self._appends(members) for members in self.sizes]

    @staticmethod
    def _hang_together(bits: int, before: Sequence[int], after: Sequence[int], *, several_days: bool) -> bool:
        """Nothing that is not in the set has to come between two of its sessions; on a single day, nor before
        them.
        """
        members = [j for j in range(len(before)) if bits >> j & 1]
        for j in members:
            missing = before[j] & ~bits
            if missing and not several_days:
                return False
            if any(missing & after[i] for i in members):
                return False
        return True

    def _appends(self, members: Sequence[int]) -> list[Append]:
        pairs: dict[int, list[tuple[int, int]]] = {}
        for n in members:
            for j, without in zip(*self.endings[n], strict=True):
                pairs.setdefault(j, []).append((n, without))
        return [
            Append(j, np.array([n for n, _ in found]), np.array([w for _, w in found]))
            for j, found in sorted(pairs.items())
        ]


class Blocks:
    """Lower bounds under one set of prices, for all days of a board or some of its columns."""

    def __init__(self, board: Board, phases: Phases, sets: Sets) -> None:
        self.board, self.phases, self.sets = board, phases, sets
        weights = board.weights
        exact = weights.waiting_minute * board.tick / weights.waiting_step
        #: what waiting for one tick costs, rounded down
        self.waiting = np.floor(exact * UNIT) / UNIT
        rows = np.arange(board.rows, dtype=np.float64)[:, None]
        self._begin: Floats = phases.begin - self.waiting * rows
        self._finish: Floats = phases.finish + self.waiting * rows - self._forgiven()[:, None, None]
        #: what a day costs by where it begins, and by where it ends
        self._opening, self.finish = self._begin, self._finish
        self._length = np.array([self.waiting * n for n in board.lasts])[:, None, None]
        shape = (len(sets.bits), len(phases.all), board.rows, len(board.days))
        self.ready: Floats = np.empty(0)
        row = np.arange(board.rows)[:, None]
        #: by step: infinite where a session ends too late for it, and where the next starts too early
        self._too_late = [_infinite(row > step.end) for step in phases.steps]
        self._too_early = [_infinite(row < step.start) for step in phases.steps]
        self.price: Floats = np.empty_like(board.cost)
        #: no block of these sessions costs less: by set and column
        self.least: Floats = np.full((shape[0], shape[3]), NEVER)

    def share(self, shared: Shared) -> None:
        """From now on, days are charged for where they begin and end."""
        self._opening = self._begin + shared.begin
        self.finish = self._finish + shared.end

    def _forgiven(self) -> Floats:
        """What the end of a day gives back in each phase, and what rounding to whole steps may hide."""
        weights, phases = self.board.weights, self.phases
        step = weights.waiting_step
        common = gcd(step, self.board.tick, *phases.forgiven)
        back = [weights.waiting_minute * (minutes + step - common) / step for minutes in phases.forgiven]
        return np.ceil(np.array(back) * UNIT) / UNIT

    def refresh(self, cost: Floats, columns: Sequence[int] | None = None) -> None:
        """Work out everything anew under these costs, for the columns whose costs have changed."""
        if columns is None:
            self.price = cost - self._length
            self.ready, self.least = self._ready(self.price, slice(None))
            return
        where = list(columns)
        self.price[:, :, where] = cost[:, :, where] - self._length
        self.ready[..., where], self.least[:, where] = self._ready(self.price[:, :, where], where)

    def _ready(self, price: Floats, where: Where) -> tuple[Floats, Floats]:
        sets, rows = self.sets, self.board.rows
        finish = self.finish[:, :, where]
        shape = (len(sets.bits), len(self.phases.all), rows, price.shape[2])
        ready = np.full(shape, NEVER)
        least = np.full((shape[0], shape[3]), NEVER)
        ready[0] = self._opening[:, :, where]
        for members, appends in zip(sets.sizes[1:], sets.appends[1:], strict=True):
            if not members:
                continue
            low, high = members[0], members[-1] + 1
            ended = np.full((high - low, *shape[1:]), NEVER)
            for append in appends:
                lasts = self.board.lasts[append.session]
                reached = ready[append.out_of, :, : rows - lasts] + price[append.session, : rows - lasts]
                np.minimum(ended[append.into - low, :, lasts:], reached, out=reached)
                ended[append.into - low, :, lasts:] = reached
            least[low:high] = (ended + finish).min(axis=(1, 2))
            if high < shape[0]:
                self._advance(ended, ready[low:high], where)
        return ready, least

    def _advance(self, ended: Floats, ready: Floats, where: Where) -> None:
        """From having ended to being ready for the next session."""
        for step, late, early in zip(self.phases.steps, self._too_late, self._too_early, strict=True):
            source = ended[:, step.before]
            found = _within(source if late is None else source + late[:, where], step)
            if early is not None:
                found += early[:, where]
            np.minimum(ready[:, step.after], found, out=ready[:, step.after])


def _infinite(forbidden: npt.NDArray[np.bool_]) -> Floats | None:
    """Nothing where allowed; None when nothing is forbidden."""
    return np.where(forbidden, NEVER, 0.0) if forbidden.any() else None


def _within(source: Floats, step: Step) -> Floats:
    """For each row, the least value from `step.shortest` to `step.longest` rows before."""
    rows, shortest = source.shape[1], step.shortest
    found = np.empty_like(source)
    found[:, :shortest] = NEVER
    if shortest >= rows:
        return found
    width = step.longest - shortest + 1
    if width >= rows:
        np.minimum.accumulate(source[:, : rows - shortest], axis=1, out=found[:, shortest:])
        return found
    have = 1
    window = source.copy()
    while have < width:
        shift = min(have, width - have)
        window[:, shift:] = np.minimum(window[:, shift:], window[:, : rows - shift])
        have += shift
    found[:, shortest:] = window[:, : rows - shortest]
    return found
