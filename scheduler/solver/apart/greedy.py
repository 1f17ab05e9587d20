# SPDX-License-Identifier: Apache-2.0
"""A first set of plans: each time the cheapest that is left, its ticks taken from all others."""

from __future__ import annotations

import numpy as np

from scheduler.solver.apart.board import NEVER, Floats
from scheduler.solver.apart.columns import Column
from scheduler.solver.apart.work import Work


def greedy(work: Work, wanted: int, *, nodes: int) -> list[Column]:
    """At most so many plans that share no tick. Leaves the tables as they are for the ticks that are left."""
    chosen: list[Column] = []
    best: dict[int, Column | None] = {}
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


def _cheapest(work: Work, best: dict[int, Column | None], nodes: int) -> Column | None:
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
