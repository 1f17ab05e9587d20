# SPDX-License-Identifier: Apache-2.0
"""Calendars and the events on them. Everything ever written stays, cancelled or not, as at Google."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from tests.fakes.google.times import Moment, as_instant, moment, stamp

Answers = Literal["accepted", "declined"]
Role = Literal["freeBusyReader", "reader", "writer", "owner"]
Fields = dict[str, Any]


@dataclass
class Entry:
    """An event as one calendar holds it: each guest's calendar has its own."""

    calendar: str
    #: vendor JSON without what depends on who looks: `self` flags, etag, kind
    fields: Fields
    #: of the whole store when this entry last changed
    version: int = 0
    #: how often the event was fetched since its conference was asked for
    fetched: int = 0
    #: start and end as they were when last reckoned as instants, and those
    reckoned: tuple[tuple[Fields, Fields], tuple[datetime, datetime]] | None = None

    @property
    def id(self) -> str:
        return str(self.fields["id"])

    @property
    def etag(self) -> str:
        return f'"{3500000000000000 + 2 * self.version}"'

    @property
    def start(self) -> Moment:
        return moment(self.fields["start"], "start")

    @property
    def end(self) -> Moment:
        return moment(self.fields["end"], "end")

    @property
    def cancelled(self) -> bool:
        return bool(self.fields["status"] == "cancelled")

    @property
    def organised_here(self) -> bool:
        return bool(self.fields["organizer"]["email"] == self.calendar)

    @property
    def attendees(self) -> list[Fields]:
        found: list[Fields] = self.fields.get("attendees", [])
        return found

    def attendee(self, address: str) -> Fields | None:
        return next((guest for guest in self.attendees if guest["email"].lower() == address), None)

    def own_answer(self) -> str | None:
        """What the calendar's owner answered; `None` when the owner is no guest."""
        guest = self.attendee(self.calendar)
        return None if guest is None else guest["responseStatus"]


@dataclass
class Calendar:
    """A person's or a room's primary calendar."""

    address: str
    time_zone: str = "UTC"
    #: what the owner keeps in Google's settings; no API tells it
    working_hours: Any = None
    is_room: bool = False
    #: what a room answers to invitations; `None`: nothing
    answers: Answers | None = None
    #: whether reading and writing are refused
    closed: bool = False
    #: who else may look, besides everybody's free/busy
    roles: dict[str, Role] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def span(self, entry: Entry) -> tuple[datetime, datetime]:
        """When the event is; whole days begin at midnight on this calendar's clock."""
        times = entry.fields["start"], entry.fields["end"]
        if entry.reckoned is None or entry.reckoned[0] != times:
            entry.reckoned = times, (as_instant(entry.start, self.zone), as_instant(entry.end, self.zone))
        return entry.reckoned[1]

    def live(self) -> Iterator[Entry]:
        return (entry for entry in self.entries.values() if not entry.cancelled)


class Store:
    """All calendars of the domain, with one version counter. Used with the fake's lock held."""

    def __init__(self, now: Callable[[], datetime], changed: Callable[[str], None]) -> None:
        """``changed`` is called with the address of each calendar on which something changes."""
        self.now = now
        self.version = 0
        self.calendars: dict[str, Calendar] = {}
        #: address of a group → addresses of its members
        self.groups: dict[str, list[str]] = {}
        self._changed = changed

    def add(self, calendar: Calendar) -> None:
        assert calendar.address == calendar.address.lower(), "Addresses are lower case here."
        self.calendars[calendar.address] = calendar

    def keep(self, entry: Entry) -> None:
        """Put an entry on its calendar, or note that it changed."""
        self.version += 1
        entry.version = self.version
        entry.fields["updated"] = stamp(self.now())
        self.calendars[entry.calendar].entries[entry.id] = entry
        self._changed(entry.calendar)

    def organisers(self, event_id: str) -> Entry:
        """The entry on the organiser's calendar. Raises LookupError."""
        for calendar in self.calendars.values():
            entry = calendar.entries.get(event_id)
            if entry is not None and entry.organised_here:
                return entry
        raise LookupError(f"Nobody organises {event_id}.")

    def new_entry(self, calendar: str, fields: Fields) -> Entry:
        """An entry with everything Google adds by itself. Not yet on the calendar."""
        event_id = fields.get("id") or secrets.token_hex(13)
        basis = {
            "id": event_id,
            "status": "confirmed",
            "created": stamp(self.now()),
            "creator": {"email": calendar},
            "organizer": {"email": calendar},
            "iCalUID": f"{event_id}@google.com",
            "sequence": 0,
            "eventType": "default",
            "reminders": {"useDefault": True},
        }
        return Entry(calendar, basis | fields)


def in_utc(found: datetime) -> datetime:
    """Refuses naive times, which a test should not hand in."""
    assert found.tzinfo is not None, "Times need a zone."
    return found.astimezone(UTC)
