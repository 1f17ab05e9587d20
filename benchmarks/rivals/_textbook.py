# SPDX-License-Identifier: Apache-2.0
"""What both textbook models need."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ortools.sat.python import cp_model

from benchmarks._costs import better, worth

DAY = 1440
WORKERS = 2


def starts_of(windows: list[list[int]], minutes: int, grid: int) -> list[int]:
    """Every start on the grid that leaves a session inside one of the windows."""
    return [
        start
        for opens, closes in windows
        for start in range(-(-opens // grid) * grid, closes - minutes + 1, grid)
    ]


def not_free(person: dict[str, Any], horizon: int) -> list[list[int]]:
    """Busy time inside the working hours, and all the time outside them."""
    taken, last = [], 0
    for start, end in person["work"]:
        if start > last:
            taken.append([last, start])
        taken += [[max(a, start), min(b, end)] for a, b in person["busy"] if a < end and start < b]
        last = end
    return [*taken, [last, max(horizon, last + 1)]]


class Watch(cp_model.CpSolverSolutionCallback):
    """Notes every solution, when it came and what it is worth."""

    def __init__(
        self, instance: dict[str, Any], answer: Callable[[Callable[[Any], int]], dict[str, Any]], began: float
    ) -> None:
        super().__init__()
        self._instance, self._read, self._began = instance, answer, began
        self.improvements: list[tuple[float, int, int]] = []
        self.answer: dict[str, Any] | None = None
        self.built = began

    def on_solution_callback(self) -> None:
        self.answer = self._read(self.value)
        count, cost = worth(self._instance, self.answer)
        if not self.improvements or better((count, cost), self.improvements[-1][1:]):
            self.improvements.append((time.perf_counter() - self._began, count, cost))

    def solve(self, model: cp_model.CpModel, seconds: float) -> tuple[cp_model.CpSolver, Any]:
        """Solve until this many seconds after the beginning, building included."""
        self.built = time.perf_counter()
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = WORKERS
        solver.parameters.max_time_in_seconds = max(1.0, seconds - (self.built - self._began))
        return solver, solver.solve(model, self)
