# SPDX-License-Identifier: Apache-2.0
"""All good plans: for every possible first start a cheap complete plan, by branch and bound over the masks.

Work is limited by counting branches, never by a clock, so that equal questions get equal answers. What was
cut
off is said.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from scheduler.solver.drafts import Draft, Placed, Seated, best_rooms, fit_for, slots_for
from scheduler.solver.panels import Anybody, Distinct, Slot, cheapest
from scheduler.solver.reach import Reach
from scheduler.solver.timeline import positions
from scheduler.solver.timing import BreakTime, Span, Timing

NOTHING_YET = 1 << 62


@dataclass(frozen=True, kw_only=True)
class FirstStart:
    """A time at which plans can begin, with which sessions, and what each of them costs at least."""

    minute: int
    sessions: tuple[int, ...]
    bound: int


@dataclass(frozen=True, kw_only=True)
class _Branch:
    """Sessions placed so far, in order of time; the last day is still open."""

    placed: tuple[Placed, ...]
    today: tuple[Span, ...]
    day: int
    #: days before the last one, and what waiting on them costs
    days: int
    waited: int
    #: least cost of the panels, people counted once
    panels: int
    #: the cheapest people, as long as no two sessions want the same
    wanted: frozenset[int] | None

    def idle(self) -> int:
        """Minutes between the sessions of the last day."""
        return self.today[-1][1] - self.today[0][0] - sum(end - start for start, end in self.today)


class Search:
    """Plans over the masks of one reach."""

    def __init__(self, reach: Reach, timing: Timing) -> None:
        self.reach, self.timing, self.plan = reach, timing, reach.plan
        self.weights = reach.problem.weights
        self.tick = reach.line.minutes
        self.minutes = [session.minutes for session in self.plan.sessions]
        self.starts = [[t * self.tick for t in positions(here.starts)] for here in reach.sessions]
        self.least = [
            {minute: here.least_cost(minute // self.tick) for minute in starts}
            for here, starts in zip(reach.sessions, self.starts, strict=True)
        ]
        self._floors: dict[int, list[int] | None] = {}
        self._panel_floors: dict[int, int | None] = {}
        self.before = self._precedence()
        self._panels: dict[frozenset[Placed], int | None] = {}
        self._best: Draft | None = None
        self._limit = NOTHING_YET
        self._left = self._improving = 0
        #: some start may have a plan that was not found
        self.undecided = False
        #: some start may have a cheaper plan than the one found
        self.unproven = False

    def _precedence(self) -> list[frozenset[int]]:
        """For each session, those that must come before."""
        position = {session.key: index for index, session in enumerate(self.plan.sessions)}
        return [
            frozenset(range(index))
            if self.plan.order == "fixed"
            else frozenset(position[key] for key in session.after)
            for index, session in enumerate(self.plan.sessions)
        ]

    def first_starts(self) -> tuple[FirstStart, ...]:
        """Every time at which a plan could begin, in order."""
        at: dict[int, list[int]] = {}
        for session, starts in enumerate(self.starts if all(self.starts) else ()):
            if not self.before[session]:
                for minute in starts:
                    at.setdefault(minute, []).append(session)
        bounds = ((minute, tuple(s), self._least_from(minute, s)) for minute, s in sorted(at.items()))
        return tuple(
            FirstStart(minute=minute, sessions=sessions, bound=bound)
            for minute, sessions, bound in bounds
            if bound is not None
        )

    def _least_from(self, minute: int, sessions: list[int]) -> int | None:
        """What a plan that begins then costs at least; None when its days cannot hold one."""
        day = self.timing.day(minute)
        floors = self._floor(day)
        panels = self._people_floor(day)
        if floors is None or panels is None:
            return None
        by_session = sum(floors) + min(self.least[s][minute] - floors[s] for s in sessions)
        return self._time_cost(day, 0, 0) + max(by_session, panels)

    def _floor(self, day: int) -> list[int] | None:
        """The least each session costs on the days a plan beginning then can use; None when one has no
        start.
        """
        if day not in self._floors:
            costs = [[self.least[s][m] for m in starts] for s, starts in enumerate(self._within(day))]
            self._floors[day] = [min(each) for each in costs] if all(costs) else None
        return self._floors[day]

    def _within(self, day: int) -> list[list[int]]:
        """Each session's starts on the days a plan beginning on this day can use."""
        last = min(day + self.plan.max_days, len(self.timing.day_ends)) - 1
        first, end = self.timing.day_starts[day], self.timing.day_ends[last]
        return [self._between(session, first, end - 1) for session in range(len(self.minutes))]

    def _people_floor(self, day: int) -> int | None:
        """What the panels cost at least on those days if everybody could sit at any time they can at all."""
        if day not in self._panel_floors:
            fit = Distinct({}) if self.plan.distinct_interviewers else Anybody()
            panels = cheapest(self._ever_able(day), fit)
            self._panel_floors[day] = (
                0 if not panels.proven else None if panels.people is None else panels.cost
            )
        return self._panel_floors[day]

    def _ever_able(self, day: int) -> list[Slot]:
        found: list[Slot] = []
        for session, starts in enumerate(self._within(day)):
            ticks = [minute // self.tick for minute in starts]
            least: dict[int, dict[int, int]] = {}
            for tick in ticks:
                for seat, choices in self.reach.sessions[session].slots(tick):
                    known = least.setdefault(seat, {})
                    for cost, person in choices:
                        known[person] = min(cost, known.get(person, cost))
            for seat in self.reach.sessions[session].required:
                choices = tuple(sorted((cost, person) for person, cost in least.get(seat, {}).items()))
                found += [Slot(session, seat, choices)] * self.plan.sessions[session].seats[seat].count
        return found

    def from_start(
        self, first: FirstStart, *, deciding: int, improving: int, below: int | None = None
    ) -> Draft | None:
        """The cheapest plan that begins then; with `below`, only one that costs less.

        `deciding` branches are tried to find one at all, then at most `improving` to better it;
        `undecided` and
        `unproven` remember whether these were ever too few.
        """
        self._best, self._limit = None, NOTHING_YET if below is None else below
        self._left, self._improving = deciding, improving
        everything = frozenset(range(len(self.plan.sessions)))
        branches = [(self._first(session, first.minute), session) for session in first.sessions]
        branches.sort(key=lambda pair: (pair[0].panels, pair[1]))
        cut = False
        for branch, session in branches:
            cut = self._grow(branch, everything - {session}) or cut
        self.unproven = self.unproven or cut
        self.undecided = self.undecided or (below is None and cut and self._best is None)
        return self._best

    def _first(self, session: int, minute: int) -> _Branch:
        return _Branch(
            placed=((session, minute),),
            today=((minute, minute + self.minutes[session]),),
            day=self.timing.day(minute),
            days=0,
            waited=0,
            panels=self.least[session][minute],
            wanted=frozenset(self._cheapest_people(session, minute)),
        )

    def _cheapest_people(self, session: int, minute: int) -> Iterator[int]:
        nth: dict[int, int] = {}
        for seat, choices in self.reach.sessions[session].slots(minute // self.tick):
            yield choices[nth.setdefault(seat, 0)][1]
            nth[seat] += 1

    def _grow(self, branch: _Branch, left: frozenset[int]) -> bool:
        """Try every continuation, the most promising first; says whether any was cut off."""
        if not left:
            return self._close(branch)
        cut = False
        for bound, minute, session in sorted(self._children(branch, left)):
            if bound >= self._limit:
                break
            if self._left <= 0:
                return True
            self._left -= 1
            child = self._child(branch, session, minute)
            if child and bound + child.panels - branch.panels - self.least[session][minute] < self._limit:
                cut = self._grow(child, left - {session}) or cut
        return cut

    def _children(self, branch: _Branch, left: frozenset[int]) -> list[tuple[int, int, int]]:
        """Each next session and its start, with what every plan that continues like this costs at least."""
        floors = self._floor(self.timing.day(branch.placed[0][1])) or []
        rest = sum(floors[session] for session in left)
        next_ones = [session for session in sorted(left) if not self.before[session] & left]
        found: list[tuple[int, int, int]] = []
        for session in next_ones:
            found += self._same_day(branch, session, left, rest - floors[session])
        if self.timing.day(branch.placed[0][1]) + self.plan.max_days - 1 > branch.day:
            waiting = self.timing.waiting(branch.day, branch.today)
            if waiting is not None:
                for session in next_ones:
                    found += self._later_days(branch, session, rest - floors[session], waiting)
        return found

    def _same_day(
        self, branch: _Branch, session: int, left: frozenset[int], rest: int
    ) -> list[tuple[int, int, int]]:
        day, first, end = branch.day, branch.today[0][0], branch.today[-1][1]
        breaks = [item for item in self.timing.breaks[day] if first < item.earliest]
        unmet = [item for item in breaks if not self._taken(item, branch.today)]
        already = branch.idle() - self.timing.forgiven(breaks)
        base = self._time_cost(day, branch.days, branch.waited) + branch.panels + rest
        least, minutes = self.least[session], self.minutes[session]
        found = []
        latest = min(self.timing.latest_after(day, end), self._latest(branch, left))
        for minute in self._between(session, end + self.timing.gap.min, latest):
            bound = base + self.weights.waiting(max(0, already + minute - end))
            if bound >= self._limit:
                break  # waiting only grows
            if not any(minute + minutes > b.latest and not b.fits((end, minute)) for b in unmet):
                found.append((bound + least[minute], minute, session))
        return found

    def _latest(self, branch: _Branch, left: frozenset[int]) -> int:
        """The last minute at which this session leaves the others their time, if this is the last day
        there is.
        """
        if branch.day < self.timing.day(branch.placed[0][1]) + self.plan.max_days - 1:
            return self.timing.day_ends[branch.day]
        needed = sum(self.minutes[s] + self.timing.gap.min for s in left) - self.timing.gap.min
        ends = (
            starts[bisect_left(starts, self.timing.day_ends[branch.day]) - 1] + self.minutes[s]
            for s, starts in enumerate(self.starts)
            if s in left
        )
        return max(ends) - needed

    def _taken(self, item: BreakTime, today: tuple[Span, ...]) -> bool:
        return any(item.fits((today[i][1], today[i + 1][0])) for i in range(len(today) - 1))

    def _later_days(
        self, branch: _Branch, session: int, rest: int, waiting: int
    ) -> list[tuple[int, int, int]]:
        last = min(self.timing.day(branch.placed[0][1]) + self.plan.max_days, len(self.timing.day_ends)) - 1
        tomorrow = max(self.timing.day_ends[branch.day], branch.today[-1][1])
        found = []
        for minute in self._between(session, tomorrow, self.timing.day_ends[last] - 1):
            waited = branch.waited + self.weights.waiting(waiting)
            bound = self._time_cost(self.timing.day(minute), branch.days + 1, waited)
            found.append((bound + branch.panels + rest + self.least[session][minute], minute, session))
        return found

    def _between(self, session: int, first: int, last: int) -> list[int]:
        starts = self.starts[session]
        return starts[bisect_left(starts, first) : bisect_left(starts, last + 1)]

    def _child(self, branch: _Branch, session: int, minute: int) -> _Branch | None:
        """The branch with one session more; None when no panels can sit in all of its sessions."""
        placed, span = (*branch.placed, (session, minute)), (minute, minute + self.minutes[session])
        wanted = None
        panels: int | None = branch.panels + self.least[session][minute]
        if self.plan.distinct_interviewers:
            people = frozenset(self._cheapest_people(session, minute))
            if branch.wanted is not None and not branch.wanted & people:
                wanted = branch.wanted | people
            else:
                panels = self._panel_floor(placed)
        if panels is None:
            return None
        day = self.timing.day(minute)
        waited = branch.waited
        if day != branch.day:
            waited += self.weights.waiting(self.timing.waiting(branch.day, branch.today) or 0)
        return _Branch(
            placed=placed,
            today=(*branch.today, span) if day == branch.day else (span,),
            day=day,
            days=branch.days + (day != branch.day),
            waited=waited,
            panels=panels,
            wanted=wanted,
        )

    def _panel_floor(self, placed: tuple[Placed, ...]) -> int | None:
        """The cheapest panels of sessions at these times, nobody in two of them; None when there are none."""
        key = frozenset(placed)
        if key not in self._panels:
            panels = cheapest(slots_for(self.reach, placed), fit_for(self.reach, self.timing, placed))
            if panels.proven:
                self._panels[key] = None if panels.people is None else panels.cost + self._cover(placed)
            else:
                self._panels[key] = sum(self.least[session][minute] for session, minute in placed)
        return self._panels[key]

    def _cover(self, placed: tuple[Placed, ...]) -> int:
        return sum(self.reach.sessions[s].cover_cost(minute // self.tick) for s, minute in placed)

    def _time_cost(self, day: int, earlier_days: int, waited: int) -> int:
        late = max(0, day - self.timing.first_day)
        return self.weights.day * late + self.weights.extra_day * earlier_days + waited

    def _close(self, branch: _Branch) -> bool:
        """All sessions have a time: rooms and people, exactly. Says whether the panels were cut off."""
        waiting = self.timing.waiting(branch.day, branch.today)
        rooms = best_rooms(self.reach, self.timing, branch.placed)
        if waiting is None or rooms is None:
            return False
        waited = branch.waited + self.weights.waiting(waiting)
        cost = self._time_cost(branch.day, branch.days, waited)
        cost += self.weights.room_change * rooms[0] + self._cover(branch.placed)
        slots = slots_for(self.reach, branch.placed)
        panels = cheapest(slots, fit_for(self.reach, self.timing, branch.placed), below=self._limit - cost)
        if panels.people is not None:
            self._limit = cost + panels.cost
            self._left = min(self._left, self._improving)
            seated = tuple(
                Seated(session=slot.session, seat=slot.seat, person=person)
                for slot, person in zip(slots, panels.people, strict=True)
            )
            self._best = Draft(placed=branch.placed, seated=seated, cost=self._limit, end=branch.today[-1][1])
        return not panels.proven
