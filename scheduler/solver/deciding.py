# SPDX-License-Identifier: Apache-2.0
"""Whether there is a plan at all, and from how many starts: the search's question without its costs.

Explanations ask it many times. Work is limited by counting, as in the search.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterator
from itertools import pairwise

from scheduler.solver.drafts import Placed, fit_for
from scheduler.solver.effort import PANELS, Effort
from scheduler.solver.panels import Anybody, Distinct, Slot, cheapest
from scheduler.solver.problem import Problem
from scheduler.solver.reach import Reach
from scheduler.solver.timeline import positions
from scheduler.solver.timing import Span, Timing

#: branches for all starts together, and the most for one start
BRANCHES = 12_000
MOST_BRANCHES = 1_500


def more_plans(problem: Problem, *, than: int, effort: Effort | None = None) -> bool | None:
    """Whether plans can begin at more times than that. None: the budget was over before that was known."""
    if problem.open_window is None:
        return False
    effort = effort or Effort()
    if effort.spent:
        return None
    deciding = Deciding(problem, effort)
    if deciding.count(than + 1) > than:
        return True
    return None if deciding.undecided else False


def count_starts(problem: Problem, effort: Effort | None = None) -> int:
    """How many options there are, counted up to the number wanted; what the budget cuts off is not
    counted.
    """
    effort = effort or Effort()
    if problem.open_window is None or effort.spent:
        return 0
    deciding = Deciding(problem, effort)
    if problem.options_apart:
        from scheduler.solver.apart.sets import count_apart  # noqa: PLC0415 (loads numpy, for those who need it)

        return count_apart(deciding.reach, deciding.timing)
    return deciding.count(problem.options)


class Deciding:
    """The starts from which a problem, whose window leaves some time, has a plan."""

    def __init__(self, problem: Problem, effort: Effort | None = None) -> None:
        self.problem, self.plan = problem, problem.plan
        self.effort = effort or Effort()
        self.effort.ask()
        self.reach = Reach(problem, problem.open_window or problem.window)
        self.timing = Timing(problem, self.reach.line)
        self.tick = self.reach.line.minutes
        self.minutes = [session.minutes for session in self.plan.sessions]
        self.starts = [[t * self.tick for t in positions(here.starts)] for here in self.reach.sessions]
        self.before = self.plan.predecessors
        self.everything = frozenset(range(len(self.minutes)))
        #: some start may have a plan that was not found
        self.undecided = False
        self._left = 0
        self._last_day = 0
        self._in_time: dict[Hashable, bool] = {}
        self._panels: dict[frozenset[Placed], bool] = {}
        self._enough: dict[int, bool] = {}
        self._closes: dict[int, int] = {}

    def count(self, most: int) -> int:
        """At how many times plans can begin, counted up to `most`."""
        found, left = 0, BRANCHES
        for minute, sessions in self._firsts().items():
            allowed = self._left = min(MOST_BRANCHES, left)
            found += self._from(minute, sessions)
            left -= allowed - self._left
            if found == most:
                break
        return found

    def _firsts(self) -> dict[int, list[int]]:
        """The sessions that could begin a plan, by the minute at which they could, in order."""
        at: dict[int, list[int]] = {}
        for session, starts in enumerate(self.starts if all(self.starts) else ()):
            if not self.before[session]:
                for minute in starts:
                    at.setdefault(minute, []).append(session)
        return dict(sorted(at.items()))

    def _from(self, minute: int, sessions: list[int]) -> bool:
        day = self.timing.day(minute)
        self._last_day = min(day + self.plan.max_days, len(self.timing.day_ends)) - 1
        if not self._enough_people(day):
            return False
        return any(
            self._grows(((session, minute),), (self._span(session, minute),), self.everything - {session})
            for session in sessions
        )

    def _span(self, session: int, minute: int) -> Span:
        return minute, minute + self.minutes[session]

    def _grows(self, placed: tuple[Placed, ...], today: tuple[Span, ...], left: frozenset[int]) -> bool:
        """The sessions left can follow those placed, with somebody in every seat."""
        if not self._fits(today, left) or not self._can_sit(placed):
            return False
        if not left:
            return True
        for minute, session, spans in self._next(today, left):
            if self._left <= 0 or self.effort.spent_on_this:
                self.undecided = True
                return False
            self._left -= 1
            self.effort.take()
            if self._grows((*placed, (session, minute)), spans, left - {session}):
                return True
        return False

    # when

    def _fits(self, today: tuple[Span, ...], left: frozenset[int]) -> bool:
        """The sessions left find times after those of today, whoever might sit in them."""
        day = self.timing.day(today[0][0])
        key = (left, day, self._last_day, today[-1][1], self._history(day, today))
        if key not in self._in_time:
            if self.effort.spent_on_this:
                self.undecided = True
                return False
            self.effort.take()
            if not left:
                self._in_time[key] = self.timing.waiting(day, today) is not None
            elif day == self._last_day and today[-1][1] + self._needed(left) > self._close(day):
                self._in_time[key] = False
            else:
                rest = self._next(today, left)
                self._in_time[key] = any(self._fits(spans, left - {session}) for _, session, spans in rest)
        return self._in_time[key]

    def _needed(self, left: frozenset[int]) -> int:
        """Minutes that these sessions take after another of the same day."""
        return sum(self.minutes[session] + self.timing.gap.min for session in left)

    def _close(self, day: int) -> int:
        """When the last session of the day ends at the latest."""
        if day not in self._closes:
            before = self.timing.day_ends[day]
            last = ((starts[bisect_left(starts, before) - 1], s) for s, starts in enumerate(self.starts))
            self._closes[day] = max(minute + self.minutes[session] for minute, session in last)
        return self._closes[day]

    def _history(self, day: int, today: tuple[Span, ...]) -> Hashable:
        """What of the day so far matters for the rest of it, its end aside: the gaps that are too long but
        for a break, and those that a break can be taken in.
        """
        breaks = [item for item in self.timing.breaks[day] if today[0][0] < item.earliest]
        most = self.timing.gap.max
        gaps = []
        for one, other in pairwise(today if self.timing.breaks[day] else ()):
            taken = tuple(item.fits((one[1], other[0])) for item in breaks)
            excess = 0 if most is None else max(0, other[0] - one[1] - most)
            if excess or any(taken):
                gaps.append((excess, taken))
        return len(breaks), tuple(sorted(set(gaps) if most is None else gaps))

    def _next(
        self, today: tuple[Span, ...], left: frozenset[int]
    ) -> Iterator[tuple[int, int, tuple[Span, ...]]]:
        """Each next session, when it starts, and the sessions of its day up to it: soonest first."""
        day, end = self.timing.day(today[0][0]), today[-1][1]
        ready = [session for session in sorted(left) if not self.before[session] & left]
        latest = min(self.timing.latest_after(day, end), self.timing.day_ends[day] - 1)
        soon = [
            (minute, session)
            for session in ready
            for minute in self._between(session, end + self.timing.gap.min, latest)
        ]
        for minute, session in sorted(soon):
            yield minute, session, (*today, self._span(session, minute))
        if day < self._last_day and self.timing.waiting(day, today) is not None:
            tomorrow, last = max(self.timing.day_ends[day], end), self.timing.day_ends[self._last_day] - 1
            later = [(minute, s) for s in ready for minute in self._between(s, tomorrow, last)]
            for minute, session in sorted(later):
                yield minute, session, (self._span(session, minute),)

    def _between(self, session: int, first: int, last: int) -> list[int]:
        starts = self.starts[session]
        return starts[bisect_left(starts, first) : bisect_left(starts, last + 1)]

    # who

    def _enough_people(self, day: int) -> bool:
        """On the days of a plan that begins on this one, the seats could be filled if every session were
        held at the best time for each of its people.
        """
        if day not in self._enough:
            first, last = self.timing.day_starts[day], self.timing.day_ends[self._last_day]
            days = (1 << last // self.tick) - (1 << first // self.tick)
            slots = self._slots([(session, days) for session in sorted(self.everything)])
            fit = Distinct({}) if self.plan.distinct_interviewers else Anybody()
            panels = cheapest(slots, fit)
            self._enough[day] = panels.people is not None or not panels.proven
        return self._enough[day]

    def _can_sit(self, placed: tuple[Placed, ...]) -> bool:
        """All required seats of sessions at these times can be filled at once."""
        if len(placed) == 1:
            return True  # a start is one at which this session alone can take place
        key = frozenset(placed)
        if key not in self._panels:
            self.effort.take(PANELS)
            slots = self._slots([(session, 1 << minute // self.tick) for session, minute in placed])
            panels = cheapest(slots, fit_for(self.reach, self.timing, placed))
            self._panels[key] = panels.people is not None
            self.undecided = self.undecided or not panels.proven
        return self._panels[key]

    def _slots(self, when: list[tuple[int, int]]) -> list[Slot]:
        """Every required place of the sessions with who can sit there at one of the session's ticks; all
        are equally dear, so that the first way to fill them ends the search for the cheapest.
        """
        found: list[Slot] = []
        for session, ticks in when:
            here = self.reach.sessions[session]
            possible = here.starts & ticks
            for seat in here.required:
                able = tuple((0, p) for p in here.pools[seat] if here.people[p].able & possible)
                found += [Slot(session, seat, able)] * here.session.seats[seat].count
        return found
