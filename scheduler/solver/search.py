# SPDX-License-Identifier: Apache-2.0
"""All good plans: for every possible first start the cheapest complete plan, by branch and bound over the masks.

Exact unless the budget of branches runs out, and then it says so.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from scheduler.solver.drafts import Draft, Placed, Seated, best_rooms, fit_for, slots_for
from scheduler.solver.panels import cheapest
from scheduler.solver.starts import Reach
from scheduler.solver.timeline import positions
from scheduler.solver.timing import Span, Timing

#: branches tried for all first starts together; a count, so that the answer does not depend on the machine
BUDGET = 150_000
LEAST_PER_START = 300


@dataclass(frozen=True)
class Found:
    """The cheapest plan of each first start, in order of time, and whether nothing was cut off."""

    drafts: tuple[Draft, ...]
    complete: bool


@dataclass
class _Branch:
    """Sessions placed so far, in order of time."""

    placed: tuple[Placed, ...]
    #: spans of the sessions of the last day
    today: tuple[Span, ...]
    day: int
    #: days closed before the last one
    days: int
    #: waiting on closed days
    waited: int
    #: least cost of the panels placed so far
    panels: int
    open_sessions: frozenset[int] = field(default_factory=frozenset)


class Search:
    """Plans over the masks of one reach."""

    def __init__(self, reach: Reach, timing: Timing, budget: int = BUDGET) -> None:
        self.reach, self.timing = reach, timing
        self.weights = reach.problem.weights
        self.plan = reach.plan
        tick = reach.line.minutes
        self.starts = [[t * tick for t in positions(here.starts)] for here in reach.sessions]
        self.least = [
            {minute: here.least_cost(minute // tick) for minute in starts}
            for here, starts in zip(reach.sessions, self.starts, strict=True)
        ]
        self.floor = [min(costs.values(), default=0) for costs in self.least]
        self.before = self._precedence()
        self.budget = budget
        self.left = 0
        self.cut = False
        self.best: Draft | None = None
        self.limit = 0

    def _precedence(self) -> list[frozenset[int]]:
        """For each session, those that must come before."""
        position = {session.key: index for index, session in enumerate(self.plan.sessions)}
        return [
            frozenset(range(index))
            if self.plan.order == "fixed"
            else frozenset(position[key] for key in session.after)
            for index, session in enumerate(self.plan.sessions)
        ]

    def run(self, enough: int | None = None) -> Found:
        """The cheapest plan of every first start; stops early once there are `enough`."""
        if not all(self.starts):
            return Found((), complete=True)
        firsts = self._first_starts()
        share = max(LEAST_PER_START, self.budget // max(1, len(firsts)))
        drafts: list[Draft] = []
        for minute, sessions in firsts:
            draft = self._cheapest_from(minute, sessions, share)
            if draft:
                drafts.append(draft)
            if enough is not None and len(drafts) >= enough:
                break
        return Found(tuple(drafts), complete=not self.cut)

    def _first_starts(self) -> list[tuple[int, list[int]]]:
        at: dict[int, list[int]] = {}
        for session, starts in enumerate(self.starts):
            if not self.before[session]:
                for minute in starts:
                    at.setdefault(minute, []).append(session)
        return sorted(at.items())

    def _cheapest_from(self, minute: int, sessions: list[int], share: int) -> Draft | None:
        self.best, self.limit, self.left = None, 1 << 62, share
        everything = frozenset(range(len(self.plan.sessions)))
        day = self.timing.day(minute)
        for session in sessions:
            branch = _Branch(
                placed=((session, minute),),
                today=(self._span(session, minute),),
                day=day,
                days=0,
                waited=0,
                panels=self.least[session][minute],
                open_sessions=everything - {session},
            )
            self._grow(branch)
        return self.best

    def _span(self, session: int, minute: int) -> Span:
        return minute, minute + self.plan.sessions[session].minutes

    def _grow(self, branch: _Branch) -> None:
        if not branch.open_sessions:
            self._close(branch)
            return
        children = [
            (bound, child) for child in self._children(branch) if (bound := self._bound(child)) is not None
        ]
        children.sort(key=lambda pair: (pair[0], pair[1].placed[-1][1], pair[1].placed[-1][0]))
        for bound, child in children:
            if bound >= self.limit:
                return
            if self.left <= 0:
                self.cut = True
                return
            self.left -= 1
            self._grow(child)

    def _children(self, branch: _Branch) -> Iterator[_Branch]:
        end = branch.today[-1][1]
        last_day = self.timing.day(branch.placed[0][1]) + self.plan.max_days - 1
        tomorrow = self.timing.day_ends[branch.day]
        for session in sorted(branch.open_sessions):
            if self.before[session] & branch.open_sessions:
                continue
            latest = self.timing.latest_after(branch.day, end)
            for minute in self._starts_between(session, end + self.timing.gap.min, min(latest + 1, tomorrow)):
                yield self._child(branch, session, minute, same_day=True)
            closed = self.timing.waiting(branch.day, branch.today) if last_day > branch.day else None
            if closed is not None:
                final = self.timing.day_ends[min(last_day, len(self.timing.day_ends) - 1)]
                for minute in self._starts_between(session, max(tomorrow, end), final):
                    yield self._child(branch, session, minute, same_day=False, closed=closed)

    def _starts_between(self, session: int, first: int, after: int) -> list[int]:
        starts = self.starts[session]
        return starts[bisect_left(starts, first) : bisect_left(starts, after)]

    def _child(
        self, branch: _Branch, session: int, minute: int, *, same_day: bool, closed: int = 0
    ) -> _Branch:
        span = self._span(session, minute)
        return _Branch(
            placed=(*branch.placed, (session, minute)),
            today=(*branch.today, span) if same_day else (span,),
            day=branch.day if same_day else self.timing.day(minute),
            days=branch.days if same_day else branch.days + 1,
            waited=branch.waited + closed,
            panels=branch.panels + self.least[session][minute],
            open_sessions=branch.open_sessions - {session},
        )

    def _bound(self, branch: _Branch) -> int | None:
        """What every plan that continues like this costs at least; None when no plan does."""
        waiting = self.timing.could_still_wait(branch.day, branch.today)
        if waiting is None:
            return None
        rest = sum(self.floor[session] for session in branch.open_sessions)
        return self._time_cost(branch, waiting) + branch.panels + rest

    def _time_cost(self, branch: _Branch, waiting: int) -> int:
        late = max(0, branch.day - self.timing.first_day)
        return (
            self.weights.day * late
            + self.weights.extra_day * branch.days
            + self.weights.waiting_minute * (branch.waited + waiting)
        )

    def _close(self, branch: _Branch) -> None:
        """All sessions have a time: rooms and people, exactly."""
        waiting = self.timing.waiting(branch.day, branch.today)
        if waiting is None:
            return
        rooms = best_rooms(self.reach, self.timing, branch.placed)
        if rooms is None:
            return
        cost = self._time_cost(branch, waiting) + self.weights.room_change * rooms[0]
        tick = self.reach.line.minutes
        cost += sum(self.reach.sessions[s].cover_cost(minute // tick) for s, minute in branch.placed)
        slots = slots_for(self.reach, branch.placed)
        panels = cheapest(slots, fit_for(self.reach, self.timing, branch.placed), below=self.limit - cost)
        self.cut = self.cut or not panels.proven
        if panels.people is not None:
            self.limit = cost + panels.cost
            seated = tuple(
                Seated(session=slot.session, seat=slot.seat, person=person)
                for slot, person in zip(slots, panels.people, strict=True)
            )
            self.best = Draft(placed=branch.placed, seated=seated, cost=self.limit)
