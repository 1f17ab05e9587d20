# SPDX-License-Identifier: Apache-2.0
"""The most candidates alike that go together: one linear program in which they all are one candidate."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np
from ortools.sat.python import cp_model

from scheduler.solver.many.board import Board
from scheduler.solver.many.columns import Column, Pricing
from scheduler.solver.many.ground import LEFT_OUT, Ground
from scheduler.solver.many.master import EPSILON, Master
from scheduler.solver.many.pack import limit
from scheduler.solver.many.patterns import Patterns

#: rounds of column generation, columns that enter in one, and OR-Tools' measure of work for the choice
ROUNDS = 300
ENTERING = 60
WORK = 20.0


@dataclass(frozen=True)
class Together:
    """Columns that go together, and how many there can be at most."""

    columns: list[Column]
    bound: float


def most_alike(
    board: Board, patterns: Patterns, first: list[Column], most: int, *, deadline: float
) -> Together:
    """As many columns of one candidate as go together, at least the first and at most so many."""
    index, ground = patterns.ask.index, Ground.untouched(board)
    known = [Column(index, c.pattern, c.starts, c.people, c.rooms) for c in first]
    master = Master(ground, [index], LEFT_OUT, spared=0, steps=0, alike=most)
    for column in known:
        master.add(column, 0, 0)
    bound = float(most)
    for _ in range(ROUNDS):
        if master.solve(deadline) is None:
            break
        worth = master.worth()
        pricing = Pricing(patterns, worth.prices)
        found = pricing.cheapest(worth.leaving_out)
        cheapest = found[0] if found else worth.leaving_out
        bound = min(bound, most - (most * cheapest + worth.constant) + EPSILON)
        if found is None or found[0] >= master.worth_of(index) - EPSILON or bound < len(known) + 1:
            break
        for row in np.argsort(pricing.floor, kind="stable")[:ENTERING].tolist():
            seated = pricing.seated(row, worth.leaving_out)
            if seated is not None and seated[0] < master.worth_of(index) - EPSILON:
                master.add(seated[1], 0, 0)
        master.add(found[1], 0, 0)
    if bound >= len(known) + 1:
        known = _chosen(ground, master.columns, known, int(bound), deadline)
    return Together(known, bound)


def _chosen(
    ground: Ground, columns: list[Column], known: list[Column], most: int, deadline: float
) -> list[Column]:
    """The most of these columns that go together."""
    model = cp_model.CpModel()
    chosen = {column: model.new_bool_var("") for column in columns}
    limit(model, ground, chosen, alike=True)
    total = cp_model.LinearExpr.sum(list(chosen.values()))
    model.add(total >= len(known) + 1)
    model.add(total <= most)
    model.maximize(total)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2
    solver.parameters.random_seed = ground.board.problem.seed
    solver.parameters.max_deterministic_time = WORK
    solver.parameters.max_time_in_seconds = max(0.01, deadline - perf_counter())
    if solver.solve(model) in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return [column for column, literal in chosen.items() if solver.boolean_value(literal)]
    return known
