# SPDX-License-Identifier: Apache-2.0
"""What the sessions of one plan ask of each other in time: gaps, breaks, days.

Times here are whole minutes after the origin of a timeline; days are the candidate's, counted from 0.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise, product

from scheduler.domain.hours import hours_on
from scheduler.domain.plans import Gap
from scheduler.solver.problem import Problem
from scheduler.solver.timeline import MINUTE, Timeline

Span = tuple[int, int]


@dataclass(frozen=True)
class BreakTime:
    """A break on one day: free minutes owed between two times."""

    earliest: int
    latest: int
    minutes: int

    def owed(self, first_start: int, last_end: int) -> bool:
        """The day starts before the break's window and ends after it."""
        return first_start < self.earliest and last_end > self.latest

    def fits(self, free: Span) -> bool:
        return min(free[1], self.latest) - max(free[0], self.earliest) >= self.minutes


class Timing:
    """The days and breaks of a problem on a timeline."""

    def __init__(self, problem: Problem, line: Timeline) -> None:
        self.gap: Gap = problem.plan.gap
        #: breaks that are owed are not waiting
        self.forgiving = not problem.weights.breaks_are_waiting
        self.origin: datetime = line.origin
        days = line.days(problem.days_in)
        #: the minute each day begins
        self.day_starts = [first * line.minutes for _, first, _ in days]
        self.day_ends = [after * line.minutes for _, _, after in days]
        #: of each day, the plan's breaks in their order; None where a clock change swallows one
        self.all_breaks = [self._breaks_on(problem, day) for day, _, _ in days]
        self.breaks = [tuple(item for item in items if item) for items in self.all_breaks]
        opening = problem.open_window
        #: the day from which lateness counts; may lie before the timeline
        self.first_day = self._first_day(
            problem, opening.start if opening else line.origin, days[0][0].toordinal()
        )

    def _breaks_on(self, problem: Problem, day: date) -> tuple[BreakTime | None, ...]:
        windows = (
            (item.minutes, hours_on(day, item.earliest, item.latest, problem.days_in))
            for item in problem.plan.breaks
        )
        return tuple(
            BreakTime(self.minute(window.start), self.minute(window.end), minutes) if window else None
            for minutes, window in windows
        )

    def _first_day(self, problem: Problem, opening: datetime, day_zero: int) -> int:
        return opening.astimezone(problem.days_in).date().toordinal() - day_zero

    def minute(self, instant: datetime) -> int:
        return (instant - self.origin) // MINUTE

    def instant(self, minute: int) -> datetime:
        return self.origin + timedelta(minutes=minute)

    def day(self, minute: int) -> int:
        return bisect_right(self.day_starts, minute) - 1

    def waiting(self, day: int, placed: Sequence[Span]) -> int | None:
        """Minutes of waiting on a day with these sessions, in order of time; None when gaps or breaks
        forbid it.
        """
        frees = [(before[1], after[0]) for before, after in pairwise(placed)]
        if any(end - start < self.gap.min for start, end in frees):
            return None
        owed = [item for item in self.breaks[day] if item.owed(placed[0][0], placed[-1][1])]
        if not self._breaks_fit(frees, owed):
            return None
        return max(0, sum(end - start for start, end in frees) - self.forgiven(owed))

    def forgiven(self, breaks: Sequence[BreakTime]) -> int:
        """Minutes of these breaks that are not waiting."""
        return sum(item.minutes for item in breaks) if self.forgiving else 0

    def _breaks_fit(self, frees: Sequence[Span], owed: Sequence[BreakTime]) -> bool:
        """Each owed break has a gap to be taken in, and no gap is too long without the breaks taken in it."""
        places = [[i for i, free in enumerate(frees) if item.fits(free)] for item in owed]
        if self.gap.max is None:
            return all(places)
        lengths = [end - start for start, end in frees]
        return any(self._short_enough(lengths, owed, taken) for taken in product(*places))

    def _short_enough(self, lengths: Sequence[int], owed: Sequence[BreakTime], taken: Sequence[int]) -> bool:
        most = [self.gap.max or 0] * len(lengths)
        for item, place in zip(owed, taken, strict=True):
            most[place] += item.minutes
        return all(length <= allowed for length, allowed in zip(lengths, most, strict=True))

    def latest_after(self, day: int, end: int) -> int:
        """The last minute of the day at which the next session could start, whatever breaks are taken
        before it.
        """
        if self.gap.max is None:
            return self.day_ends[day]
        longest = self.gap.max + sum(item.minutes for item in self.breaks[day])
        return min(self.day_ends[day], end + longest)
