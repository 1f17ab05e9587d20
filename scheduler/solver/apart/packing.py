# SPDX-License-Identifier: Apache-2.0
"""The cheapest so many plans out of a pool that share no tick.

Under any prices of ticks, `wanted` plans cost

    bound + sum over plans (price - least price) + sum over ticks nobody takes (price of the tick)

if bound = wanted * least price - all ticks' prices, and both sums are never negative. So we walk through
time: at each tick that is still free either one of the plans that begin there is taken, or the tick's
price is paid. Ways that have paid more than the best set known leaves are dropped; of ways that have
taken the same ticks ahead and as many plans, the cheaper stays. When too many are left, the cheapest are
kept, and the answer is not proven.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.solver.apart.columns import Column

LITTLE = 1e-6

#: one way through time: paid so far, cost so far, plans so far (linked, the last first)
Plans = tuple["Column", "Plans"] | tuple[()]
Way = tuple[float, int, Plans]


@dataclass(frozen=True, kw_only=True)
class Packed:
    """The best set found (None: none below the limit) and whether no set in the pool is better."""

    columns: tuple[Column, ...] | None
    cost: int
    proven: bool


def pack(
    pool: Sequence[Column],
    price: Sequence[float],
    tick_prices: Sequence[float],
    *,
    wanted: int,
    bound: float,
    below: float,
    width: int,
) -> Packed:
    """The cheapest `wanted` plans that cost less than `below`. `price` is what each plan is charged
    beyond the least, `bound` what any set costs at least; at most `width` ways are followed.
    """
    return _Walk(pool, price, tick_prices, wanted, bound, below, width).best()


class _Walk:
    def __init__(
        self,
        pool: Sequence[Column],
        price: Sequence[float],
        tick_prices: Sequence[float],
        wanted: int,
        bound: float,
        below: float,
        width: int,
    ) -> None:
        self._wanted, self._width = wanted, width
        self._bound, self._below = bound, below
        self._tick_prices = tick_prices
        self._starts: dict[int, list[tuple[float, Column]]] = {}
        for amount, column in zip(price, pool, strict=True):
            if amount <= self._slack():
                self._starts.setdefault(column.first, []).append((max(0.0, amount), column))
        for plans in self._starts.values():
            plans.sort(key=lambda pair: (pair[0], pair[1].cost, pair[1].slots))
        self._proven = True
        self._best: tuple[Column, ...] | None = None

    def _slack(self) -> float:
        """What may be paid by a way that saves a whole point."""
        return self._below - 1 - self._bound + LITTLE

    def best(self) -> Packed:
        ways: dict[tuple[int, int], Way] = {(0, 0): (0.0, 0, ())}
        priced = [tick for tick, price in enumerate(self._tick_prices) if price > 0]
        events = sorted({*self._starts, *priced})
        for tick in events:
            ways = self._step(ways, tick)
            if not ways:
                break
        cost = int(self._below) if self._best is not None else 0
        return Packed(columns=self._best, cost=cost, proven=self._proven)

    def _step(self, ways: dict[tuple[int, int], Way], tick: int) -> dict[tuple[int, int], Way]:
        here, ahead = 1 << tick, -1 << tick + 1
        starting = self._starts.get(tick, ())
        empty = self._tick_prices[tick]
        slack = self._slack()
        following: dict[tuple[int, int], Way] = {}
        for (taken, count), (paid, cost, plans) in ways.items():
            if taken & here:
                _keep(following, (taken & ahead, count), (paid, cost, plans))
                continue
            if paid + empty <= slack:
                _keep(following, (taken, count), (paid + empty, cost, plans))
            for amount, column in starting:
                if paid + amount > slack:
                    break
                if column.slots & taken:
                    continue
                total = cost + column.cost
                if count + 1 == self._wanted:
                    if total < self._below:
                        self._below, self._best = total, _unrolled((column, plans))
                        slack = self._slack()
                    continue
                key = ((taken | column.slots) & ahead, count + 1)
                _keep(following, key, (paid + amount, total, (column, plans)))
        if len(following) > self._width:
            self._proven = False
            kept = sorted(following.items(), key=lambda item: (item[1][0], item[0]))[: self._width]
            following = dict(kept)
        return following


def _keep(ways: dict[tuple[int, int], Way], key: tuple[int, int], way: Way) -> None:
    known = ways.get(key)
    if known is None or way[1] < known[1]:
        ways[key] = way


def _unrolled(plans: Plans) -> tuple[Column, ...]:
    found: list[Column] = []
    while plans:
        column, plans = plans
        found.append(column)
    return tuple(reversed(found))
