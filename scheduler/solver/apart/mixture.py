# SPDX-License-Identifier: Apache-2.0
"""The linear relaxation of choosing options unlike each other: it tells what it costs to belong to a group.

    minimise    sum of cost(p) x(p)  +  sum over groups g, n >= 2 of  weight(g) (n - 1) y(g, n)
    such that   sum of x(p) = wanted
                for each group:   sum of x(p) over its plans  <=  sum over n of y(g, n),  y between 0 and 1

The n-th plan of a group pairs with n - 1 others, so for whole plans the cost is that of all pairs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ortools.linear_solver import pywraplp

from scheduler.solver.apart.columns import Column
from scheduler.solver.apart.groups import Groups
from scheduler.solver.apart.master import Unsolved


@dataclass(frozen=True, kw_only=True)
class Mixed:
    """The solution of the relaxation."""

    value: float
    #: a plan that is charged less than this makes the relaxation better
    worth: float
    #: of the groups that plans belong to
    prices: dict[int, float]


class Mixture:
    """The relaxation over the plans known so far."""

    def __init__(self, groups: Groups, wanted: int) -> None:
        self._groups, self._number = groups, wanted
        self._solver = pywraplp.Solver.CreateSolver("GLOP")
        self._objective = self._solver.Objective()
        self._objective.SetMinimization()
        self._wanted = self._solver.Constraint(wanted, wanted)
        self._rows: dict[int, pywraplp.Constraint] = {}

    def add(self, columns: Iterable[Column]) -> None:
        for column in columns:
            share = self._solver.NumVar(0, self._solver.infinity(), "")
            self._objective.SetCoefficient(share, column.cost)
            self._wanted.SetCoefficient(share, 1)
            for group in self._groups.of(column):
                self._row(group).SetCoefficient(share, 1)

    def _row(self, group: int) -> pywraplp.Constraint:
        if group not in self._rows:
            row = self._rows[group] = self._solver.Constraint(-self._solver.infinity(), 0)
            for nth in range(self._number):
                member = self._solver.NumVar(0, 1, "")
                row.SetCoefficient(member, -1)
                self._objective.SetCoefficient(member, float(self._groups.weights[group]) * nth)
        return self._rows[group]

    def solve(self) -> Mixed:
        """Raises Unsolved when there is no plan."""
        if self._solver.Solve() != pywraplp.Solver.OPTIMAL:
            raise Unsolved
        return Mixed(
            value=self._objective.Value(),
            worth=self._wanted.dual_value(),
            prices={group: -row.dual_value() for group, row in self._rows.items()},
        )
