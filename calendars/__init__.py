# SPDX-License-Identifier: Apache-2.0
"""
Calendar providers: read when people are busy, write interviews into their calendars.

Usable without the rest of Convene::

    from calendars import CalendarKey, IcsFolder

    folder = IcsFolder("calendars")
    readings = folder.read_busy([CalendarKey("ana@example.org", "Europe/Madrid")], start, end)
"""

from __future__ import annotations

from calendars.errors import CalendarError, Conflict, Gone, NotAllowed, NotConnected, NoTime, Outage, TryLater
from calendars.ics import IcsFolder
from calendars.memory import MemoryCalendars
from calendars.provider import Provider
from calendars.values import (
    Attendee,
    Blocks,
    Busy,
    CalendarKey,
    Changes,
    Channel,
    EventDraft,
    EventRef,
    FoundEvent,
    Hook,
    Reading,
    Unreadable,
)

__all__ = [
    "Attendee",
    "Blocks",
    "Busy",
    "CalendarError",
    "CalendarKey",
    "Changes",
    "Channel",
    "Conflict",
    "EventDraft",
    "EventRef",
    "FoundEvent",
    "Gone",
    "Hook",
    "IcsFolder",
    "MemoryCalendars",
    "NoTime",
    "NotAllowed",
    "NotConnected",
    "Outage",
    "Provider",
    "Reading",
    "TryLater",
    "Unreadable",
]
