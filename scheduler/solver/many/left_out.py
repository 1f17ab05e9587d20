# SPDX-License-Identifier: Apache-2.0
"""Why candidates are left out: what stands in the way of one who is asked about after everybody else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import replace

from scheduler.domain.options import Explanation, Option
from scheduler.solver.deciding import more_plans
from scheduler.solver.effort import Effort, never
from scheduler.solver.explain import explain_none, not_found
from scheduler.solver.many.diary import Diary
from scheduler.solver.many.problem import AssignProblem

#: explanations that may each take the whole effort of one; more of them share that of so many
WHOLE = 4


class LeftOut:
    """Explains an answer, as far as that is found before it is `over`. `possible` are the candidates who
    could take place if they were alone.
    """

    def __init__(
        self,
        problem: AssignProblem,
        options: Mapping[int, Option],
        possible: Collection[int],
        over: Callable[[], bool] = never,
    ) -> None:
        self.problem, self.possible, self._over = problem, possible, over
        self.diary = Diary(problem, options)
        self._known: dict[Hashable, Explanation] = {}
        asked = {self._key(index) for index in range(len(problem.candidates)) if index not in options}
        self._sharing = -(-max(1, len(asked)) // WHOLE)

    def explanation(self, index: int) -> Explanation:
        """What stands in this candidate's way; the same question is asked once."""
        key = self._key(index)
        if key not in self._known:
            self._known[key] = self._explanation(index)
        return self._known[key]

    def _explanation(self, index: int) -> Explanation:
        own = self.problem.problem(index, self.diary)
        if more_plans(own, than=0, effort=Effort(self._over, sharing=self._sharing)):
            return not_found(own)  # the answer was cut short: there is room for them beside the others
        why = explain_none(own, self._over, sharing=self._sharing)
        crowded = index in self.possible
        return replace(why, summary=_crowded(own.plan.name, why)) if crowded else why

    def _key(self, index: int) -> Hashable:
        item = self.problem.candidates[index]
        return (item.plan, replace(item.candidate, id=""), item.met, index in self.possible)


def _crowded(plan: str, why: Explanation) -> str:
    """It is the other candidates who are in the way, and no rule by itself."""
    return f"There are more candidates than times for “{plan}”. Beside the others: {why.summary}"
