# SPDX-License-Identifier: Apache-2.0
"""The best set of options that keep apart: as many as possible, then the cheapest. `takes` says for which
questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, comb, inf
from typing import TypeVar

from scheduler.solver.apart.board import Board
from scheduler.solver.apart.columns import Column
from scheduler.solver.apart.greedy import greedy, one_a_day
from scheduler.solver.apart.phases import MOST_BREAKS
from scheduler.solver.apart.stages import LITTLE, Counting, Pool, Report, Stage, Stop
from scheduler.solver.apart.work import Work
from scheduler.solver.drafts import Draft, Seated, fit_for, slots_for
from scheduler.solver.panels import cheapest
from scheduler.solver.problem import Problem
from scheduler.solver.reach import Reach
from scheduler.solver.timeline import DAY_MINUTES
from scheduler.solver.timing import Timing

#: choices of days, and cells of a table (8 bytes each, about half of them never made)
MOST_CHAINS = 1_000
MOST_CELLS = 12_000_000
#: nodes for the first plan of a chain, at first and then
QUICK_NODES, GREEDY_NODES = 100, 2_000

S = TypeVar("S", bound=Stage)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The best set found, and what is known of it."""

    columns: tuple[Column, ...]
    #: there is no set of more plans
    most: bool
    #: no set of as many plans costs less; None: nothing is known
    bound: int | None
    #: the set is proven: the most plans, and no other set of as many costs less
    optimal: bool


def takes(problem: Problem, reach: Reach) -> bool:
    """Every rule and weight can be said here; what is too large for its tables is for the constraint
    model.

    A plan's sessions on one day are placed by tables over all sets of sessions, phases of its breaks and
    ticks of a day, for each day; on several days by every choice of days. Both have to stay small.
    """
    plan = problem.plan
    days = reach.line.length // (DAY_MINUTES // reach.line.minutes) + 2
    together = sum(comb(plan.max_days - 1, more) for more in range(min(plan.max_days, len(plan.sessions))))
    phases = 3 ** min(len(plan.breaks), MOST_BREAKS)
    cells = 2 ** len(plan.sessions) * phases * DAY_MINUTES // reach.line.minutes * days
    return days * together <= MOST_CHAINS and cells <= MOST_CELLS


def count_apart(reach: Reach, timing: Timing) -> int:
    """So many options, up to the number wanted, certainly keep apart; there may be more."""
    if not takes(reach.problem, reach) or not all(here.starts for here in reach.sessions):
        return 0
    return len(greedy(Work(Board(reach, timing)), reach.problem.options, {}, nodes=GREEDY_NODES))


class Search:
    """The best set of plans on one board: as many as possible, then the cheapest."""

    def __init__(self, reach: Reach, timing: Timing, *, report: Report, stop: Stop) -> None:
        self._reach, self._timing = reach, timing
        #: None: some session has no start at all
        self._work = Work(Board(reach, timing)) if all(here.starts for here in reach.sessions) else None
        self._wanted = reach.problem.options
        self._report, self._stop = report, stop
        self._pool = Pool()
        self._best: tuple[Column, ...] = ()

    def run(self) -> Answer:
        if self._work is None:
            return Answer(columns=(), most=True, bound=None, optimal=False)
        return self._solved(self._work)

    def _solved(self, work: Work) -> Answer:
        self._begin(work)
        certain = True
        for wanted in range(self._upper(work), max(0, len(self._best) - 1), -1):
            stage = self._part(Stage, work, wanted)
            stage.solve()
            if stage.best:
                return self._answer(work, stage, most=certain)
            certain = certain and stage.proven
        return Answer(columns=self._best, most=certain and not work.seats.unproven, bound=None, optimal=False)

    def _begin(self, work: Work) -> None:
        """First sets. Where there are at least as many days as options, a set is there at once."""
        first, known = one_a_day(work, self._wanted, nodes=QUICK_NODES)
        self._better(first)
        second = greedy(work, self._wanted, known, nodes=GREEDY_NODES)
        if _worth(second) < _worth(first):
            self._better(second)
        for column in (*first, *second):
            self._pool.add(column)

    def _answer(self, work: Work, stage: Stage, *, most: bool) -> Answer:
        exact = not work.seats.unproven
        known = exact and stage.known.bound > -inf
        return Answer(
            columns=stage.best,
            most=exact and most,
            # no plan costs less than nothing, whatever early prices say
            bound=max(0, ceil(min(stage.known.bound, stage.cost) - LITTLE)) if known else None,
            optimal=exact and most and stage.proven,
        )

    def _upper(self, work: Work) -> int:
        """No set has more plans."""
        if len(self._best) == self._wanted:
            return self._wanted
        counting = self._part(Counting, work, self._wanted)
        counting.generate()
        return counting.most(counting.known.bound)

    def _part(self, kind: type[S], work: Work, wanted: int) -> S:
        return kind(work, self._pool, wanted, best=self._best, report=self._better, stop=self._stop)

    def _better(self, columns: Sequence[Column]) -> None:
        self._best = tuple(columns)
        if columns:
            self._report(columns)


def _worth(columns: Sequence[Column]) -> tuple[int, int]:
    """The less the better: more plans first, then what they cost."""
    return -len(columns), sum(column.cost for column in columns)


def drafts_of(reach: Reach, timing: Timing, columns: Sequence[Column]) -> tuple[Draft, ...]:
    """The plans with the people in their seats, in order of time."""
    return tuple(_draft(reach, timing, column) for column in sorted(columns, key=lambda column: column.first))


def _draft(reach: Reach, timing: Timing, column: Column) -> Draft:
    tick = reach.line.minutes
    placed = tuple((session, at * tick) for session, at in column.placed)
    slots = slots_for(reach, placed)
    panels = cheapest(slots, fit_for(reach, timing, placed))
    seated = tuple(
        Seated(session=slot.session, seat=slot.seat, person=person)
        for slot, person in zip(slots, panels.people or (), strict=True)
    )
    last, start = placed[-1]
    return Draft(
        placed=placed, seated=seated, cost=column.cost, end=start + reach.plan.sessions[last].minutes
    )
