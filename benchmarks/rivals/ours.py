# SPDX-License-Identifier: Apache-2.0
"""Convene itself: python -m benchmarks.rivals.ours INSTANCE

A warm process: another instance is solved first. Every repeat begins with a Problem made afresh, so that no
mask is left over.
"""

from __future__ import annotations

from typing import Any

from benchmarks.from_bench import problem_of
from benchmarks.instances import made
from benchmarks.rivals._telling import compete
from benchmarks.to_bench import solution
from scheduler.solver.many.outcome import Assigned
from scheduler.solver.outcome import Outcome

WORKERS = 2
WARM_UP = {"propose": "a1x5d5", "batch": "b10x10"}


def solve(instance: dict[str, Any], seconds: float, repeats: int) -> dict[str, Any]:
    _solved(made(WARM_UP[instance["kind"]], seed=0), seconds)
    outcomes = [_solved(instance, seconds) for _ in range(repeats)]
    answer = solution(instance, outcomes[-1].to_json())
    return {"answer": answer, "runs": [_run(outcome) for outcome in outcomes]}


def _solved(instance: dict[str, Any], seconds: float) -> Outcome | Assigned:
    problem = problem_of(instance)
    if instance["kind"] == "batch":
        from scheduler.solver.many.assign import assign  # noqa: PLC0415 (numpy only where it is needed)

        return assign(problem, seconds=seconds, workers=WORKERS)
    from scheduler.solver.model import propose  # noqa: PLC0415 (as above)

    return propose(problem, seconds=seconds)


def _run(outcome: Outcome | Assigned) -> dict[str, Any]:
    figures = outcome.figures
    stage = figures.stages[-1]
    return {
        "improvements": [(item.seconds, item.options, item.objective) for item in stage.improvements],
        "build": figures.build_seconds,
        "first": figures.first_seconds,
        "total": figures.total_seconds,
        "proof": getattr(outcome, "proof", outcome.status),
        "bound": stage.bound,
    }


if __name__ == "__main__":
    compete(solve)
