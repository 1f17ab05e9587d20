# SPDX-License-Identifier: Apache-2.0
"""The best answer so far, when it came, and what is proven: kept by whoever solves, whatever finds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter

from scheduler.solver.many.answer import Value
from scheduler.solver.many.columns import Column
from scheduler.solver.many.problem import REPAIR, AssignProblem
from scheduler.solver.outcome import Figures, Improvement, Stage


@dataclass
class Progress:
    """An answer counts by how many candidates it leaves out, then by what it changes, then by its cost."""

    deadline: float
    begun: float = field(default_factory=perf_counter)
    built: float = 0.0
    columns: dict[int, Column] = field(default_factory=dict)
    value: Value | None = None
    #: the clock came before the work was done
    stopped: bool = False
    #: what each candidate costs at least who can take place in some way, everybody else aside
    alone: dict[int, int] = field(default_factory=dict)
    #: no answer leaves out fewer; none that leaves out as few changes less; none of those costs less
    bound: Value = (0, 0, 0)
    improvements: list[tuple[float, Value]] = field(default_factory=list)
    #: what the changes of room in the answer cost, of which neither the value nor the bound knows
    room_changes: int = 0

    def offer(self, columns: Mapping[int, Column], value: Value) -> bool:
        """Keep an answer if it is the best so far."""
        if self.value is not None and value >= self.value:
            return False
        self.columns, self.value = dict(columns), value
        self.improvements.append((perf_counter() - self.begun, value))
        return True

    @property
    def halfway(self) -> float:
        return (self.begun + self.deadline) / 2

    @property
    def over(self) -> bool:
        """The clock has come first."""
        return perf_counter() >= self.deadline

    @property
    def optimal(self) -> bool:
        return self.value == self.bound and not self.room_changes

    def figures(self, problem: AssignProblem) -> Figures:
        """How it went, stage by stage."""
        candidates = len(problem.candidates)
        left_out, change, cost = self.value or (sum(problem.leaving_out), 0, 0)
        steps = tuple(
            Improvement(seconds=at, options=candidates - _number(problem, value[0]), objective=value[2])
            for at, value in self.improvements
        )
        lost, least_lost = left_out // problem.booking_lost, self.bound[0] // problem.booking_lost
        stages = []
        if problem.booking_lost > 1:
            stages.append(Stage(name="bookings lost", objective=lost, bound=least_lost))
        number, least = _number(problem, left_out), _number(problem, self.bound[0])
        stages.append(
            Stage(name="left out", objective=number, bound=least if lost == least_lost else least_lost)
        )
        if problem.ask == REPAIR:
            moved, changed = divmod(change, problem.move)
            least_moved, least_changed = divmod(self.bound[1], problem.move)
            stages.append(Stage(name="sessions moved", objective=moved, bound=least_moved))
            proven = least_changed if moved == least_moved else 0
            stages.append(Stage(name="people changed", objective=changed, bound=proven))
        cost += self.room_changes
        stages.append(Stage(name="cost", objective=cost, bound=self.bound[2], improvements=steps))
        return self.figures_of(*stages)

    def figures_of(self, *stages: Stage) -> Figures:
        """The seconds, with these stages."""
        left_out = self.value[0] if self.value else None
        return Figures(
            build_seconds=max(0.0, self.built - self.begun),
            first_seconds=next((at for at, value in self.improvements if value[0] == left_out), None),
            last_seconds=self.improvements[-1][0] if self.improvements else None,
            total_seconds=perf_counter() - self.begun,
            stages=stages,
        )


def _number(problem: AssignProblem, counted: int) -> int:
    """How many candidates it is that count so much when they are left out."""
    lost, new = divmod(counted, problem.booking_lost)
    return lost + new
