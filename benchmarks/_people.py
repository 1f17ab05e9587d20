# SPDX-License-Identifier: Apache-2.0
"""Made-up people with calendars like real ones: lunch, stand-ups, one-to-ones, focus blocks, days off, and as
many other meetings as it takes until 40 to 70 % of the working time is gone.

Times are whole minutes after `BASE`. What recurs stands on the clock its people live by, so the clock changes
of March 2026 move it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from scheduler.domain.hours import format_wall, instant_of

Thing = TypeVar("Thing")
#: [start, end]
Stretch = list[int]

#: a Monday; the clocks of America change six days later, Europe's after four weeks
BASE = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

#: who lives where, and who works when: the numbers are shares
WORLD = {
    "America/New_York": 6,
    "Europe/London": 5,
    "Europe/Berlin": 5,
    "Europe/Madrid": 3,
    "America/Los_Angeles": 3,
    "Asia/Kolkata": 2,
}
OFFICE_HOURS = {
    (time(9), time(17)): 4,
    (time(8, 30), time(17, 30)): 2,
    (time(9), time(18)): 2,
    (time(10), time(18)): 2,
}
PART_TIME = 0.1
DAY_OFF = 0.03
#: after so many tries a day is as full as it gets
MOST_TRIES = 40


@dataclass(frozen=True, kw_only=True)
class Habits:
    """What every week of somebody looks like."""

    zone: str
    opens: time
    closes: time
    weekdays: tuple[int, ...]
    #: (weekday, wall time, minutes)
    recurring: tuple[tuple[int, time, int], ...]
    #: part of the working time that is taken in the end
    fullness: float

    @classmethod
    def drawn(cls, draw: Random, zones: Mapping[str, int]) -> Habits:
        opens, closes = weighted(draw, OFFICE_HOURS)
        weekdays = list(range(5))
        if draw.random() < PART_TIME:
            weekdays.remove(draw.choice(weekdays))
        return cls(
            zone=weighted(draw, zones),
            opens=opens,
            closes=closes,
            weekdays=tuple(weekdays),
            recurring=tuple(_recurring(draw, weekdays)),
            fullness=draw.uniform(0.4, 0.7),
        )

    def working_time(self, day: int) -> Stretch | None:
        if day % 7 not in self.weekdays:
            return None
        return [minute_of(day, self.opens, self.zone), minute_of(day, self.closes, self.zone)]

    def busy_time(self, draw: Random, day: int, work: Stretch) -> list[Stretch]:
        """One working day's meetings."""
        if draw.random() < DAY_OFF:
            return [work]
        opens, closes = work
        meetings = [
            [start, start + minutes]
            for weekday, wall, minutes in self.recurring
            if weekday == day % 7
            for start in [minute_of(day, wall, self.zone)]
        ]
        for _ in range(MOST_TRIES):
            if _minutes_within(work, meetings) >= self.fullness * (closes - opens):
                break
            start = draw.randrange(opens, closes, 30)
            meetings.append([start, start + draw.choice([30, 30, 60, 60, 90])])
        return meetings


def _recurring(draw: Random, weekdays: Sequence[int]) -> Iterable[tuple[int, time, int]]:
    lunch, lunch_minutes = draw.choice([time(12), time(12, 30), time(13)]), draw.choice([30, 60])
    stand_up, stand_up_minutes = draw.choice([None, time(9, 30), time(10), time(11)]), draw.choice([15, 30])
    for weekday in weekdays:
        yield weekday, lunch, lunch_minutes
        if stand_up:
            yield weekday, stand_up, stand_up_minutes
    for _ in range(draw.randint(2, 5)):  # one-to-ones
        wall = time(draw.randrange(10, 17), draw.choice([0, 30]))
        yield draw.choice(weekdays), wall, draw.choice([30, 60, 60])
    for _ in range(draw.randint(0, 2)):  # focus
        yield draw.choice(weekdays), draw.choice([time(9), time(14), time(15)]), 120


def person(
    draw: Random, number: int, *, days: int, skills: Sequence[str], zones: Mapping[str, int]
) -> dict[str, Any]:
    """An interviewer in the benchmark's form."""
    habits = Habits.drawn(draw, zones)
    work, busy = [], []
    for day in range(days):
        hours = habits.working_time(day)
        if hours:
            work.append(hours)
            busy += habits.busy_time(draw, day, hours)
    opens, closes = format_wall(habits.opens), format_wall(habits.closes)
    return {
        "id": number,
        "tz": habits.zone,
        "hours": [[weekday, opens, closes] for weekday in habits.weekdays],
        "work": merged(work),
        "busy": merged(busy),
        "skills": list(skills),
        "load": draw.randint(0, 5),
        "max_per_day": draw.choice([2, 2, 3]),
    }


def candidate_windows(draw: Random, *, days: int, zone: str, share: float, whole: float) -> list[Stretch]:
    """When a candidate can: on this share of the weekdays, this part of them whole days."""
    windows = []
    for day in range(days):
        if day % 7 < 5 and draw.random() < share:
            halves = [(time(9), time(13)), (time(13), time(18)), (time(10), time(16))]
            opens, closes = (time(9), time(18)) if draw.random() < whole else draw.choice(halves)
            windows.append([minute_of(day, opens, zone), minute_of(day, closes, zone)])
    return merged(windows)


def room(draw: Random, number: int, *, days: int) -> dict[str, Any]:
    """Five one-hour meetings every day, between 8:00 and 19:00 UTC."""
    starts = (day * 1440 + 480 + 30 * half for day in range(days) for half in draw.sample(range(20), 5))
    return {"id": number, "busy": merged([start, start + 60] for start in starts)}


def minute_of(day: int, wall: time, zone: str) -> int:
    """When a clock in the zone shows this on the day with this number (0: BASE's)."""
    return (instant_of(_date(day), wall, ZoneInfo(zone)) - BASE) // MINUTE


def _date(day: int) -> date:
    return BASE.date() + timedelta(days=day)


def weighted(draw: Random, things: Mapping[Thing, int]) -> Thing:
    return draw.choices(list(things), list(things.values()))[0]


def merged(stretches: Iterable[Sequence[int]]) -> list[Stretch]:
    """The same time, sorted, neither overlapping nor touching."""
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1][1] = max(end, found[-1][1])
        else:
            found.append([start, end])
    return found


def _minutes_within(work: Stretch, meetings: Iterable[Sequence[int]]) -> int:
    opens, closes = work
    return sum(max(0, min(end, closes) - max(start, opens)) for start, end in merged(meetings))
