# SPDX-License-Identifier: Apache-2.0
"""First sets of plans. The quickest: the best plan of each day. The better one: each time the cheapest that
is left, its ticks taken from all others.
"""

from __future__ import annotations

import numpy as np

from scheduler.solver.apart.board import NEVER, Floats
from scheduler.solver.apart.columns import Column
from scheduler.solver.apart.work import Work

#: the best plan of each chain looked at, by number; None: it has none
Best = dict[int, Column | None]


def one_a_day(work: Work, wanted: int, *, nodes: int) -> tuple[list[Column], Best]:
    """At most so many plans that share no tick, each the best of its days."""
    chosen: list[Column] = []
    best: Best = {}
    taken, busy = 0, set[int]()
    values = work.walk.values
    for n in np.argsort(values, kind="stable").tolist():
        if not values[n] < NEVER or len(chosen) == wanted:
            break
        if busy.intersection(work.chains.all[n].columns):
            continue
        listing = work.walk.plans(n, most=1, limit=NEVER, nodes=nodes)
        if listing.columns or listing.complete:
            best[n] = listing.columns[0] if listing.columns else None
        for column in listing.columns:
            if not column.slots & taken:
                chosen.append(column)
                taken |= column.slots
                busy.update(work.chains.all[n].columns)
    return chosen, best


def greedy(work: Work, wanted: int, best: Best, *, nodes: int) -> list[Column]:
    """At most so many plans that share no tick. Leaves the tables as they are for the ticks that are left."""
    chosen: list[Column] = []
    cost = work.cost.copy()
    while len(chosen) < wanted:
        column = _cheapest(work, best, nodes)
        if column is None:
            return chosen
        chosen.append(column)
        changed = _take(work, cost, column)
        work.blocks.refresh(cost, changed)
        work.walk.forget_days(changed)
        best = {n: plan for n, plan in best.items() if not set(changed) & set(work.chains.all[n].columns)}
    return chosen


def _cheapest(work: Work, best: Best, nodes: int) -> Column | None:
    """The cheapest plan of all chains; `best` remembers those of chains looked at before."""
    found: Column | None = None
    values = work.walk.values
    for n in np.argsort(values, kind="stable").tolist():
        if not values[n] < NEVER or (found and values[n] >= found.cost):
            break
        if n not in best:
            listing = work.walk.plans(n, most=1, limit=NEVER, nodes=nodes)
            best[n] = listing.columns[0] if listing.columns else None
        plan = best[n]
        if plan and (found is None or plan.cost < found.cost):
            found = plan
    return found


def _take(work: Work, cost: Floats, column: Column) -> list[int]:
    """Nothing may take these ticks any more; says on which days that changes anything."""
    board = work.board
    changed = set()
    for session, first in column.placed:
        over = first + board.lasts[session]
        for day, origin in enumerate(board.origins.tolist()):
            if first < origin + board.rows and over > origin:
                changed.add(day)
                for other, lasts in enumerate(board.lasts):
                    cost[other, max(0, first - lasts + 1 - origin) : max(0, over - origin), day] = NEVER
    return sorted(changed)
