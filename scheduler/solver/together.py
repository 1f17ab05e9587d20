# SPDX-License-Identifier: Apache-2.0
"""Options that keep apart, all of them in one constraint model: one copy of the plan for each, and no two
sessions at once. It states every rule, so it is the reference; it is for small questions only.
"""

from __future__ import annotations

from itertools import pairwise
from time import perf_counter

from ortools.sat.python import cp_model

from scheduler.solver.reach import Reach
from scheduler.solver.timing import Timing
from scheduler.solver.variables import Literal, Modelled, Variables, solver_for

#: starts of all sessions of all copies: beyond, the model is too slow to be of use
MOST_STARTS = 3_000


def small_enough(reach: Reach) -> bool:
    starts = sum(here.starts.bit_count() for here in reach.sessions)
    return starts * reach.problem.options <= MOST_STARTS


def solve_together(reach: Reach, timing: Timing, *, seconds: float, workers: int = 1) -> Modelled:
    """As many options as possible up to those wanted, then the cheapest; complete and optimal when proven."""
    until, certain = perf_counter() + seconds, True
    if not all(here.starts for here in reach.sessions):
        return Modelled(drafts=(), complete=True, objective=None, bound=None)
    for count in range(reach.problem.options, 0, -1):
        model = cp_model.CpModel()
        copies = [Variables(reach, timing, model) for _ in range(count)]
        _keep_apart(model, copies)
        model.minimize(sum(copy.cost for copy in copies))
        solver = solver_for(reach.problem, seconds=until - perf_counter(), workers=workers)
        status = solver.solve(model)
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            drafts = tuple(copy.draft(solver) for copy in copies)
            return Modelled(
                drafts=drafts,
                complete=certain,
                objective=sum(draft.cost for draft in drafts),
                bound=int(solver.best_objective_bound),
                optimal=certain and status == cp_model.OPTIMAL,
            )
        certain = certain and status == cp_model.INFEASIBLE
    return Modelled(drafts=(), complete=certain, objective=None, bound=None)


def _keep_apart(model: cp_model.CpModel, copies: list[Variables]) -> None:
    """At each tick at most one session of all copies is held; copies are in order of time."""
    held: dict[int, list[Literal]] = {}
    for copy in copies:
        for session in copy.sessions:
            for tick in copy.ticks(session):
                for taken in range(tick, tick + copy.reach.sessions[session].ticks):
                    held.setdefault(taken, []).append(copy.at(session, tick))
    for literals in held.values():
        model.add_at_most_one(literals)
    for before, after in pairwise(copies):
        model.add(before.first < after.first)
