# SPDX-License-Identifier: Apache-2.0
"""Choosing among given columns: the best that go together, by the constraint solver. Who calls knows what the
columns given prove.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ortools.sat.python import cp_model

from scheduler.solver.many.columns import Column
from scheduler.solver.many.ground import Aim, Ground, Row, uses


@dataclass(frozen=True)
class Packed:
    """The best columns (None: there are none that cost less than the limit), and whether that is certain."""

    columns: dict[int, Column] | None
    cost: int
    certain: bool
    #: the clock came before the work was done
    hurried: bool = False


def pack(
    ground: Ground,
    choices: Mapping[Column, tuple[int, int]],
    group: Sequence[int],
    aim: Aim,
    *,
    spared: int,
    below: int,
    work: float,
    seconds: float,
    found: Callable[[dict[int, Column]], None],
) -> Packed:
    """One column for each candidate of the group but those who count `spared`, for less than `below`.

    `choices` are the columns with their cost and changes; `work` is OR-Tools' own measure, about seconds;
    `found` is told of each answer on the way.
    """
    model = cp_model.CpModel()
    chosen = {column: model.new_bool_var("") for column in choices}
    weights, literals = [], []
    by_candidate: dict[int, list[cp_model.IntVar]] = {index: [] for index in group}
    for column, literal in chosen.items():
        by_candidate[column.ask].append(literal)
    left_out, counted = [], []
    for index in group:
        if aim.counting or spared:
            out = model.new_bool_var("")
            left_out.append(out)
            counted.append(ground.board.problem.leaving_out[index])
            model.add_exactly_one([*by_candidate[index], out])
        else:
            model.add_exactly_one(by_candidate[index])
    if aim.counting:
        literals, weights = list(left_out), counted
    else:
        if left_out:
            model.add(cp_model.LinearExpr.weighted_sum(left_out, counted) <= spared)
        literals = list(chosen.values())
        weights = [aim.of(cost, change) for cost, change in choices.values()]
        for person, steps in _load_steps(model, ground, chosen) if aim.cost else ():
            literals += steps
            weights += [ground.step(person, nth) for nth in range(1, len(steps) + 1)]
    if aim.most_changes is not None:
        changes = [change for _, change in choices.values()]
        model.add(cp_model.LinearExpr.weighted_sum(list(chosen.values()), changes) <= aim.most_changes)
    limit(model, ground, chosen)
    cost = cp_model.LinearExpr.weighted_sum(literals, weights)
    model.add(cost < below)
    model.minimize(cost)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2
    solver.parameters.random_seed = ground.board.problem.seed
    solver.parameters.max_deterministic_time = work
    solver.parameters.max_time_in_seconds = max(0.01, seconds)
    status = solver.solve(model, _Found(chosen, found))
    final = status in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
    hurried = not final and solver.response_proto.deterministic_time < work
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        best = {column.ask: column for column, literal in chosen.items() if solver.boolean_value(literal)}
        return Packed(best, round(solver.objective_value), final, hurried)
    return Packed(None, below, final, hurried)


class _Found(cp_model.CpSolverSolutionCallback):
    """Hands each answer on."""

    def __init__(
        self, chosen: Mapping[Column, cp_model.IntVar], found: Callable[[dict[int, Column]], None]
    ) -> None:
        super().__init__()
        self._chosen, self._found = chosen, found

    def on_solution_callback(self) -> None:
        self._found({c.ask: c for c, literal in self._chosen.items() if self.boolean_value(literal)})


def _load_steps(
    model: cp_model.CpModel, ground: Ground, chosen: Mapping[Column, cp_model.IntVar]
) -> list[tuple[int, list[cp_model.IntVar]]]:
    """For each person as many literals as interviews they could hold; the n-th is true when there are n."""
    if not ground.board.weights.load_step:
        return []
    held: dict[int, list[tuple[cp_model.IntVar, int]]] = defaultdict(list)
    asked: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for column, literal in chosen.items():
        for person, count in Counter(person for _, _, person in column.everybody).items():
            held[person].append((literal, count))
            asked[person].update((column.ask, nth) for nth in range(count))
    found = []
    for person, terms in held.items():
        steps = [model.new_bool_var("") for _ in asked[person]]
        expression = cp_model.LinearExpr.weighted_sum([x for x, _ in terms], [n for _, n in terms])
        model.add(expression == cp_model.LinearExpr.sum(steps))
        for before, after in pairwise(steps):
            model.add_implication(after, before)
        found.append((person, steps))
    return found


def limit(
    model: cp_model.CpModel, ground: Ground, chosen: Mapping[Column, cp_model.IntVar], *, alike: bool = False
) -> None:
    """Nobody two interviews at once, no limit and no room overrun; rows that say the same are said once.

    A candidate has one column, and cannot overrun a row alone, unless they stand for many `alike`.
    """
    rows: dict[Row, list[tuple[int, int]]] = defaultdict(list)
    literals = list(chosen.values())
    asks = [column.ask for column in chosen]
    for number, column in enumerate(chosen):
        for row, count in uses(ground.board, column).items():
            rows[row].append((number, count))
    said = set()
    for row, terms in rows.items():
        capacity = ground.capacity(row)
        most: dict[int, int] = {}
        for number, count in terms:
            whose = number if alike else asks[number]
            most[whose] = max(most.get(whose, 0), count)
        if sum(most.values()) <= capacity or (tuple(terms), capacity) in said:
            continue
        said.add((tuple(terms), capacity))
        if capacity == 1:
            model.add_at_most_one([literals[number] for number, _ in terms])
        else:
            numbers, counts = zip(*terms, strict=True)
            model.add(cp_model.LinearExpr.weighted_sum([literals[n] for n in numbers], counts) <= capacity)
