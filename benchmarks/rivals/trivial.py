# SPDX-License-Identifier: Apache-2.0
"""TC: the trivial CP-SAT call that other times are told in. One Boolean, one worker; built, solved, read."""

from __future__ import annotations

import time
from statistics import median
from typing import Any

from ortools.sat.python import cp_model

from benchmarks.rivals._telling import compete

TIMES = 50


def solve(_instance: dict[str, Any], _seconds: float, _repeats: int) -> dict[str, Any]:
    call()
    seconds = []
    for _ in range(TIMES):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return {"seconds": median(seconds)}


def call() -> bool:
    model = cp_model.CpModel()
    yes = model.new_bool_var("yes")
    model.maximize(yes)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.solve(model)
    return bool(solver.boolean_value(yes))


if __name__ == "__main__":
    compete(solve)
