# SPDX-License-Identifier: Apache-2.0
"""Why candidates are left out: what stands in the way of one who is asked about after everybody else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from scheduler.domain.options import Explanation, Option
from scheduler.solver.explain import explain_none
from scheduler.solver.many.diary import Diary
from scheduler.solver.many.problem import AssignProblem


class LeftOut:
    """Explains an answer. `possible` are the candidates who could take place if they were alone."""

    def __init__(
        self, problem: AssignProblem, options: Mapping[int, Option], possible: Collection[int]
    ) -> None:
        self.problem, self.possible = problem, possible
        self.diary = Diary(problem, options)
        self._known: dict[tuple[object, ...], Explanation] = {}

    def explanation(self, index: int) -> Explanation:
        """What stands in this candidate's way; the same question is asked once."""
        item = self.problem.candidates[index]
        crowded = index in self.possible
        key = (item.plan, replace(item.candidate, id=""), item.met, crowded)
        if key not in self._known:
            why = explain_none(self.problem.problem(index, self.diary))
            self._known[key] = replace(why, summary=_crowded(item.plan.name, why)) if crowded else why
        return self._known[key]


def _crowded(plan: str, why: Explanation) -> str:
    """It is the other candidates who are in the way, and no rule by itself."""
    return f"There are more candidates than times for “{plan}”. Beside the others: {why.summary}"
