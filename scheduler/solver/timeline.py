# SPDX-License-Identifier: Apache-2.0
"""Time as bits: a window cut into equal ticks, bit `t` of a Python int standing for tick `t`.

The tick is the longest step (at most 15 minutes) that meets every start, end and buffer a plan can have, so
rounding busy time outwards and free time inwards to whole ticks loses nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import compress, count, groupby, pairwise
from math import gcd
from operator import ge
from zoneinfo import ZoneInfo

from scheduler.domain.hours import instant_of, local_days
from scheduler.domain.intervals import Interval
from scheduler.domain.plans import Plan
from scheduler.solver.problem import InterviewerFacts, Problem

MINUTE = timedelta(minutes=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MINUTES = 1440
ONE = ord("1")
AS_TRUTH = bytes.maketrans(b"01", b"\0\1")


@dataclass(frozen=True)
class Timeline:
    """`length` ticks of `minutes` each from `origin` (UTC) on."""

    origin: datetime
    minutes: int
    length: int

    @classmethod
    def over(cls, span: Interval, minutes: int) -> Timeline:
        """All of the span, starting on a multiple of the tick after midnight UTC."""
        midnight = span.start.replace(hour=0, minute=0, second=0, microsecond=0)
        tick = timedelta(minutes=minutes)
        origin = midnight + (span.start - midnight) // tick * tick
        return cls(origin, minutes, -((origin - span.end) // tick))

    @cached_property
    def tick(self) -> timedelta:
        return timedelta(minutes=self.minutes)

    @cached_property
    def key(self) -> str:
        """Equal for equal timelines, and quicker to look things up by."""
        return f"{self.origin} {self.minutes} {self.length}"

    @cached_property
    def all(self) -> int:
        return (1 << self.length) - 1

    def instant(self, tick: int) -> datetime:
        return self.origin + tick * self.tick

    def index(self, instant: datetime) -> int:
        """The tick in which the instant lies; may be outside."""
        return (instant - self.origin) // self.tick

    def ticks(self, minutes: int) -> int:
        """That many minutes in whole ticks, rounded up."""
        return -(-minutes // self.minutes)

    def inside(self, intervals: Iterable[Interval]) -> int:
        """Ticks that lie wholly in one of the (merged) intervals."""
        bits = 0
        for interval in intervals:
            first, last = -((self.origin - interval.start) // self.tick), self.index(interval.end)
            bits |= self._stretch(first, last)
        return bits

    def touched(self, intervals: Iterable[Interval]) -> int:
        """Ticks that share any time with one of the intervals."""
        return self.taken(Minutes.of(intervals))

    def taken(self, minutes: Minutes, before: int = 0, after: int = 0) -> int:
        """Ticks that share any time with one of the stretches, each made longer by so many minutes."""
        tick, first_minute = self.minutes, (self.origin - EPOCH) // MINUTE
        opening, closing = first_minute + before, first_minute - after - tick + 1
        firsts = [(minute - opening) // tick for minute in minutes.starts]
        lasts = [(minute - closing) // tick for minute in minutes.ends]
        if any(map(ge, lasts, firsts[1:])):
            firsts, lasts = _apart(zip(firsts, lasts, strict=True))
        here = slice(bisect_right(lasts, 0), bisect_left(firsts, self.length))
        firsts, lasts = firsts[here], lasts[here]
        if firsts:  # now only these two can reach out of the line
            firsts[0], lasts[-1] = max(firsts[0], 0), min(lasts[-1], self.length)
        return self._between(firsts, lasts)

    def _between(self, firsts: Iterable[int], lasts: Iterable[int]) -> int:
        """Bits from each first to the one before its last; no two of all these may be equal."""
        # digits first, one number in the end: long numbers are slow to change bit by bit
        digits = bytearray(b"0") * (self.length + 1)
        for tick in firsts:
            digits[~tick] = ONE
        for tick in lasts:
            digits[~tick] = ONE
        bits, step = int(digits, 2), 1
        while step <= self.length:  # each bit becomes the parity of all up to itself, by doubling
            bits ^= bits << step
            step *= 2
        return bits & self.all

    def _stretch(self, first: int, last: int) -> int:
        """Bits `first` to `last - 1`, as far as they are on the line."""
        first, last = max(first, 0), min(last, self.length)
        return ((1 << last) - (1 << first)) if first < last else 0

    @cached_property
    def _days(self) -> dict[str, list[tuple[date, int, int]]]:
        return {}

    def days(self, zone: ZoneInfo) -> list[tuple[date, int, int]]:
        """Every local day with its first tick and the one after its last (a tick belongs to the day it
        starts in).
        """
        if zone.key not in self._days:
            self._days[zone.key] = self._days_in(zone)
        return self._days[zone.key]

    def _days_in(self, zone: ZoneInfo) -> list[tuple[date, int, int]]:
        midnights = self._midnights(zone)
        ticks = [-((self.origin - midnight) // self.tick) for _, midnight in midnights]
        return [
            (day, max(first, 0), min(last, self.length))
            for (day, _), (first, last) in zip(midnights[:-1], pairwise(ticks), strict=True)
        ]

    @cached_property
    def _kept_midnights(self) -> dict[str, list[tuple[date, datetime]]]:
        return {}

    def _midnights(self, zone: ZoneInfo) -> list[tuple[date, datetime]]:
        """When every local day begins, and the one after the last."""
        if zone.key not in self._kept_midnights:
            days = list(local_days(Interval(self.origin, self.instant(self.length)), zone))
            days.append(days[-1] + timedelta(days=1))
            self._kept_midnights[zone.key] = [(day, _midnight(day, zone)) for day in days]
        return self._kept_midnights[zone.key]

    def on_grid(self, grid: int, zone: ZoneInfo) -> int:
        """Ticks whose wall-clock time in the zone is a multiple of `grid` minutes after midnight."""
        midnights = [midnight for _, midnight in self._midnights(zone)]
        days = zip(self.days(zone), pairwise(midnights), strict=True)
        bits = 0
        for plain, group in groupby(days, key=lambda day: self._is_plain(*day[1])):
            stretch = list(group)
            first, last = stretch[0][0][1], stretch[-1][0][2]
            if plain:
                pattern, shift = self._pattern(grid, len(stretch)), self.index(stretch[0][1][0])
                shifted = pattern << shift if shift >= 0 else pattern >> -shift
                bits |= shifted & self._stretch(first, last)
            else:  # a clock change: ask the clock
                bits |= sum(1 << t for t in range(first, last) if self._wall_minute(t, zone) % grid == 0)
        return bits

    def _is_plain(self, opening: datetime, closing: datetime) -> bool:
        """A day of 24 hours that begins with a tick."""
        return closing - opening == timedelta(days=1) and self.instant(self.index(opening)) == opening

    def _pattern(self, grid: int, days: int) -> int:
        """The ticks on the grid of so many days of 24 hours, found by doubling."""
        bits, have, ticks = self._day_pattern(grid), 1, DAY_MINUTES // self.minutes
        while have < days:
            more = min(have, days - have)
            bits |= bits << more * ticks
            have += more
        return bits

    def _day_pattern(self, grid: int) -> int:
        return sum(
            1 << minute // self.minutes
            for minute in range(0, DAY_MINUTES, grid)
            if minute % self.minutes == 0
        )

    def _wall_minute(self, tick: int, zone: ZoneInfo) -> int:
        wall = self.instant(tick).astimezone(zone)
        return wall.hour * 60 + wall.minute


@dataclass(frozen=True)
class Minutes:
    """Stretches of time in whole minutes after the epoch, rounded outwards: the first of each, and the one
    after its last.
    """

    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, intervals: Iterable[Interval]) -> Minutes:
        # the parts of a difference are several times faster than dividing it
        intervals = list(intervals)
        since = [interval.start - EPOCH for interval in intervals]
        until = [EPOCH - interval.end for interval in intervals]
        return cls(
            [delta.days * DAY_MINUTES + delta.seconds // 60 for delta in since],
            [-(delta.days * DAY_MINUTES + delta.seconds // 60) for delta in until],
        )


def _apart(stretches: Iterable[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """First ticks, and ticks after the last, of the same time, in order and with time between them."""
    firsts: list[int] = []
    lasts: list[int] = []
    for first, last in sorted(stretches):
        if not lasts or first > lasts[-1]:
            firsts.append(first)
            lasts.append(last)
        elif last > lasts[-1]:
            lasts[-1] = last
    return firsts, lasts


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day in UTC (a midnight that a clock change skips: when the day begins)."""
    return instant_of(day, time(0), zone)


def run(free: int, ticks: int) -> int:
    """Bits from which `ticks` bits in a row are set, found by doubling."""
    have = 1
    while have < ticks and free:
        step = min(have, ticks - have)
        free &= free >> step
        have += step
    return free


def positions(bits: int) -> Iterator[int]:
    """The set bits, lowest first."""
    return compress(count(), bin(bits)[:1:-1].encode().translate(AS_TRUTH))


def tick_minutes(problem: Problem, span: Interval) -> int:
    """The longest tick that meets every start, end and buffer: a divisor of 15 minutes."""
    zones = {person.zone for person in problem.interviewers} | {problem.candidate_zone, problem.days_in}
    return common_tick((problem.plan,), problem.interviewers, zones, span)


def common_tick(
    plans: Iterable[Plan], people: Iterable[InterviewerFacts], zones: Iterable[ZoneInfo], span: Interval
) -> int:
    """The same for several plans, whose candidates and interviewers live in these zones."""
    numbers = {15}
    for plan in plans:
        numbers |= {plan.grid, plan.gap.min, plan.gap.max or 0}
        numbers |= {session.minutes for session in plan.sessions}
        numbers |= {n for s in plan.sessions if s.buffer for n in (s.buffer.before, s.buffer.after)}
    numbers |= {n for person in people for n in (person.buffer.before, person.buffer.after)}
    numbers |= {_offset(instant, zone) for zone in zones for instant in (span.start, span.end)}
    return gcd(*numbers)


def _offset(instant: datetime, zone: ZoneInfo) -> int:
    return (instant.astimezone(zone).utcoffset() or timedelta()) // MINUTE


def at_least(masks: Iterable[int], count: int) -> int:
    """Bits set in at least `count` of the masks."""
    reached = [0] * (count + 1)
    reached[0] = -1
    for mask in masks:
        for k in range(count, 0, -1):
            reached[k] |= reached[k - 1] & mask
    return reached[count]
