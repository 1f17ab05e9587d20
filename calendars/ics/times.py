# SPDX-License-Identifier: Apache-2.0
"""Dates, times, durations and periods as iCalendar writes them (RFC 5545, 3.3.4 to 3.3.9)."""

# ruff: noqa: DTZ001, DTZ901 - a time on a wall is naive until somebody says on which wall
from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

_DATE_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:[Tt](\d\d)(\d\d)(\d\d)([Zz]?))?", re.ASCII)
_DURATION = re.compile(
    r"([+-]?)P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.ASCII
)
_PARAMETER = re.compile(r';\s*([A-Za-z0-9-]+)=("[^"]*"|[^";]*)')
_DAY = timedelta(days=1)


class Stamp(NamedTuple):
    """A moment as written: a wall-clock time and the name of the zone whose clock it is."""

    #: Naive; midnight for a whole day.
    wall: datetime
    #: The TZID as written, "UTC", or None for a floating time or a whole day.
    zone: str | None = None
    is_day: bool = False


class Period(NamedTuple):
    """A start with its own end or duration."""

    start: Stamp
    end: Stamp | timedelta


class Head(NamedTuple):
    """The parameters of a property that matter for its time."""

    zone: str | None = None
    value: str | None = None
    free_busy: str = "BUSY"
    this_and_future: bool = False


PLAIN = Head()


def parameters(head: str) -> dict[str, str]:
    """The parameters in ``NAME;A=1;B="2"`` with upper-case names. Raises ValueError for anything else."""
    _, semicolon, rest = head.partition(";")
    found = {}
    position, rest = 0, semicolon + rest
    while position < len(rest):
        match = _PARAMETER.match(rest, position)
        if match is None:
            raise ValueError("a parameter that cannot be read")
        found[match[1].upper()] = match[2].strip('"')
        position = match.end()
    return found


@lru_cache(maxsize=1024)
def parse_head(head: str) -> Head:
    """Everything of a property line before its value. Raises ValueError."""
    found = parameters(head)
    return Head(
        zone=found.get("TZID", "").strip() or None,
        value=found.get("VALUE", "").strip().upper() or None,
        free_busy=found.get("FBTYPE", "BUSY").strip().upper(),
        this_and_future=found.get("RANGE", "").strip().upper() == "THISANDFUTURE",
    )


def parse_stamp(text: str, head: Head = PLAIN) -> Stamp:
    """
    A date or date-time.

    The digits decide which of the two it is, whatever VALUE says, as programs forget it; only a time of day
    under ``VALUE=DATE`` is refused. 24:00 is the next midnight, a leap second the second before. Raises
    ValueError.
    """
    match = _DATE_TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError("a date or time that cannot be read")
    year, month, day, hour, minute, second, utc = match.groups()
    midnight = (int(year), int(month), int(day))
    if hour is None:
        return Stamp(datetime(*midnight), None, True)
    if head.value == "DATE":
        if int(hour + minute + second):
            raise ValueError("a time of day where a date belongs")
        return Stamp(datetime(*midnight), None, True)
    zone = "UTC" if utc else head.zone
    if (hour, minute, second) == ("24", "00", "00"):
        return Stamp(later(datetime(*midnight), _DAY), zone)
    leap = second == "60"
    return Stamp(datetime(*midnight, int(hour), int(minute), 59 if leap else int(second)), zone)


def parse_duration(text: str) -> timedelta:
    """A duration, possibly negative. Raises ValueError."""
    match = _DURATION.fullmatch(text.strip().upper())
    if match is None:
        raise ValueError("a duration that cannot be read")
    weeks, days, hours, minutes, seconds = (int(number or 0) for number in match.groups()[1:])
    try:
        length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        raise ValueError("an impossible duration") from None
    return -length if match[1] == "-" else length


def parse_period(text: str, head: Head = PLAIN) -> Period:
    """A start and an end or a duration. Raises ValueError."""
    start, slash, end = text.partition("/")
    if not slash:
        raise ValueError("a period that cannot be read")
    duration = end.strip()[:1].upper() in ("P", "+", "-")
    return Period(parse_stamp(start, head), parse_duration(end) if duration else parse_stamp(end, head))


def later(moment: datetime, length: timedelta) -> datetime:
    """``moment + length``, held at the ends of the calendar."""
    try:
        return moment + length
    except OverflowError:
        edge = datetime.max if length > timedelta(0) else datetime.min
        return edge.replace(microsecond=0, tzinfo=UTC if moment.tzinfo else None)
