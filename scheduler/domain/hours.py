# SPDX-License-Identifier: Apache-2.0
"""Weekly hours: wall-clock rules, expanded day by day so that clock changes fall where people live them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.domain.intervals import Interval, merge

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class WeeklyHours:
    """The same hours on some days of the week. `end` of `00:00` means midnight at the end of the day."""

    days: tuple[str, ...]
    start: time
    end: time

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> WeeklyHours:
        return cls(tuple(data["days"]), time.fromisoformat(data["start"]), time.fromisoformat(data["end"]))

    def to_json(self) -> dict[str, Any]:
        return {"days": list(self.days), "start": format_wall(self.start), "end": format_wall(self.end)}

    def on(self, day: date, zone: ZoneInfo) -> Interval | None:
        """These hours on one local day, or nothing: another weekday, or swallowed by a clock change."""
        if WEEKDAYS[day.weekday()] not in self.days:
            return None
        return hours_on(day, self.start, self.end, zone)


def format_wall(wall: time) -> str:
    return wall.strftime("%H:%M")


def instant_of(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """When a wall clock in `zone` shows this, in UTC.

    A time that a spring change skips is read with the offset before the change (so it lands after the gap);
    a time that an autumn change repeats is its first occurrence (PEP 495, fold=0).
    """
    return datetime.combine(day, wall, zone).astimezone(UTC)


def hours_on(day: date, start: time, end: time, zone: ZoneInfo) -> Interval | None:
    """`start` to `end` on one local day as instants; `00:00` as end is the following midnight."""
    last_day = day + timedelta(days=1) if end == time(0) else day
    opening, closing = instant_of(day, start, zone), instant_of(last_day, end, zone)
    return Interval(opening, closing) if opening < closing else None


def local_days(window: Interval, zone: ZoneInfo) -> Iterator[date]:
    """Every calendar day of `zone` that the window touches."""
    day = window.start.astimezone(zone).date()
    last = (window.end - timedelta(microseconds=1)).astimezone(zone).date()
    while day <= last:
        yield day
        day += timedelta(days=1)


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day on which somebody in `zone` lives this instant."""
    return instant.astimezone(zone).date()


def week_of(instant: datetime, zone: ZoneInfo) -> tuple[int, int]:
    """The ISO year and week (Monday first) in which somebody in `zone` lives this instant."""
    year, week, _ = day_of(instant, zone).isocalendar()
    return year, week


def expand(rules: Iterable[WeeklyHours], zone: ZoneInfo, window: Interval) -> tuple[Interval, ...]:
    """All hours of the rules inside the window, merged."""
    rules = tuple(rules)
    pieces = (rule.on(day, zone) for day in local_days(window, zone) for rule in rules)
    clipped = (piece.clipped(window) for piece in pieces if piece)
    return merge(piece for piece in clipped if piece)
