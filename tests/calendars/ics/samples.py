# SPDX-License-Identifier: Apache-2.0
"""Small calendar files, and what is read from them."""

from __future__ import annotations

from datetime import UTC, datetime

from calendars import Busy, CalendarKey
from calendars.ics.reading import read_blocks
from calendars.ics.unclear import Budget, Unclear

OWNER = "ana@example.org"

#: A zone no database knows: an hour behind Madrid, with Madrid's summer time.
AZORES = """BEGIN:VTIMEZONE
TZID:Our Island
BEGIN:STANDARD
DTSTART:16010101T010000
TZOFFSETFROM:+0000
TZOFFSETTO:-0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T000000
TZOFFSETFROM:-0100
TZOFFSETTO:+0000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE
"""


def event(*lines: str) -> str:
    """A VEVENT with these lines."""
    return "\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT", ""])


def calendar(*parts: str) -> bytes:
    """A VCALENDAR with these components and lines, with LF line ends."""
    body = "".join(part if part.endswith("\n") else part + "\n" for part in parts)
    return f"BEGIN:VCALENDAR\n{body}END:VCALENDAR\n".encode()


def utc(text: str) -> datetime:
    """``2026-03-09 10:00`` in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def busy(start: str, end: str, kind: str = "busy") -> Busy:
    """Busy time; an end of five characters is on the day of the start."""
    return Busy(utc(start), utc(end if len(end) > 5 else f"{start[:10]} {end}"), kind)


def read(
    data: bytes,
    start: str = "2026-03-01",
    end: str = "2026-05-01",
    *,
    zone: str = "Europe/Madrid",
    budget: Budget | None = None,
) -> tuple[Busy, ...]:
    """The busy time of a file from one day to another, in UTC."""
    return read_blocks(data, CalendarKey(OWNER, zone), utc(start), utc(end), budget)


def refusal(data: bytes, **window: str) -> Unclear | None:
    """Why a file cannot be read; None when it can."""
    try:
        read(data, **window)
    except Unclear as unclear:
        return unclear
    return None
