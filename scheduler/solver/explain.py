# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations
from scheduler.domain.options import Explanation
from scheduler.solver.problem import Problem


def explain(problem: Problem) -> Explanation:
    return Explanation(summary="")
