# SPDX-License-Identifier: Apache-2.0
"""The best answer so far, when it came, and what is proven: kept by whoever solves, whatever finds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter

from scheduler.solver.many.columns import Column
from scheduler.solver.outcome import Figures, Improvement, Stage

Value = tuple[int, int]


@dataclass
class Progress:
    """An answer counts by how many candidates it leaves out, then by what it costs."""

    deadline: float
    begun: float = field(default_factory=perf_counter)
    built: float = 0.0
    columns: dict[int, Column] = field(default_factory=dict)
    #: (left out, cost) of the best answer
    value: Value | None = None
    #: the candidates who can take place in some way, everybody else aside
    possible: tuple[int, ...] = ()
    #: no answer leaves out fewer, none that leaves out as few costs less
    least_left_out: int = 0
    least_cost: int = 0
    improvements: list[tuple[float, Value]] = field(default_factory=list)

    def offer(self, columns: Mapping[int, Column], value: Value) -> bool:
        """Keep an answer if it is the best so far."""
        if self.value is not None and value >= self.value:
            return False
        self.columns, self.value = dict(columns), value
        self.improvements.append((perf_counter() - self.begun, value))
        return True

    @property
    def over(self) -> bool:
        """The clock has come first."""
        return perf_counter() >= self.deadline

    @property
    def optimal(self) -> bool:
        return self.value == (self.least_left_out, self.least_cost)

    def figures(self, candidates: int) -> Figures:
        left_out, cost = self.value or (candidates, 0)
        most = next((at for at, value in self.improvements if value[0] == left_out), None)
        steps = tuple(
            Improvement(seconds=at, options=candidates - value[0], objective=value[1])
            for at, value in self.improvements
        )
        return Figures(
            build_seconds=self.built - self.begun,
            first_seconds=most,
            last_seconds=self.improvements[-1][0] if self.improvements else None,
            total_seconds=perf_counter() - self.begun,
            stages=(
                Stage(name="left out", objective=left_out, bound=self.least_left_out),
                Stage(name="cost", objective=cost, bound=self.least_cost, improvements=steps),
            ),
        )
