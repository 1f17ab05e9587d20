# SPDX-License-Identifier: Apache-2.0
"""Calendars in a dict: for tests, demonstrations, and as the yardstick the other providers are held to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from calendars.errors import Gone, NotAllowed
from calendars.values import (
    AttendeeStatus,
    Blocks,
    Busy,
    BusyKind,
    CalendarKey,
    Changes,
    Channel,
    EventDraft,
    EventRef,
    FoundEvent,
    Hook,
    Reading,
    Unreadable,
    busy_within,
    in_utc,
)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class _Calendar:
    blocks: list[Busy] = field(default_factory=list)
    events: dict[str, EventDraft] = field(default_factory=dict)
    #: Code and reason, while it cannot be read.
    trouble: tuple[str, str] | None = None
    #: The event each change was of, in order; None: somebody else's.
    changes: list[str | None] = field(default_factory=list)


class MemoryCalendars:
    """A provider that forgets everything when the process ends. Safe to use from several threads."""

    name = "memory"

    def __init__(self, *, now: Callable[[], datetime] = _now) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._calendars: dict[str, _Calendar] = {}

    def add_calendar(self, address: str) -> None:
        """Make a calendar without events, unless it is there already."""
        with self._lock:
            self._calendar(address)

    def add_busy(self, address: str, start: datetime, end: datetime, kind: BusyKind = "busy") -> None:
        """Take time in a calendar that somebody else's event takes. Raises ValueError for naive datetimes."""
        with self._lock:
            self._calendar(address).blocks.append(Busy(start, end, kind))
            self._calendar(address).changes.append(None)

    def make_unreadable(self, address: str, reason: str, code: str = "not_permitted") -> None:
        """From now on this calendar can be neither read nor written."""
        with self._lock:
            self._calendar(address).trouble = (code, reason)

    def make_readable(self, address: str) -> None:
        """Undo `make_unreadable`."""
        with self._lock:
            self._calendar(address).trouble = None

    def answer(self, address: str, uid: str, email: str, status: AttendeeStatus) -> None:
        """Somebody on an event of ours answers in this calendar. Raises KeyError when it is not there."""
        with self._lock:
            events = self._calendar(address).events
            events[uid] = events[uid].answered({email.casefold(): status})
            self._calendar(address).changes.append(uid)

    def read_busy(
        self,
        calendars: Sequence[CalendarKey],
        start: datetime,
        end: datetime,
        *,
        deadline: float | None = None,
    ) -> dict[str, Reading]:
        """Look at each calendar between two instants; see `Provider.read_busy`."""
        start, end = in_utc(start), in_utc(end)
        if end <= start:
            raise ValueError("The window must end after it starts.")
        with self._lock:
            return {key.address: self._read(key.address, start, end, deadline) for key in calendars}

    def create_event(self, calendar: str, draft: EventDraft) -> EventRef:
        """Write the event, once; see `Provider.create_event`."""
        with self._lock:
            self._write(calendar, draft)
        return self._ref(calendar, draft)

    def update_event(self, ref: EventRef, draft: EventDraft) -> EventRef:
        """Make the event as the draft says; Gone when it was deleted. See `Provider.update_event`."""
        if ref.event_id != draft.uid:
            raise ValueError("The draft is of another event.")
        with self._lock:
            if draft.uid not in self._writable(ref.calendar).events:
                raise Gone
            self._write(ref.calendar, draft)
        return self._ref(ref.calendar, draft)

    def cancel_event(self, ref: EventRef) -> None:
        """Take the event out of the calendar; already gone is done."""
        with self._lock:
            if ref.calendar in self._calendars:
                self._writable(ref.calendar).events.pop(ref.event_id, None)
                self._calendar(ref.calendar).changes.append(ref.event_id)

    def find_event(self, calendar: str, uid: str) -> FoundEvent | None:
        """The event with this uid as it is now, or None."""
        with self._lock:
            if calendar not in self._calendars:
                return None
            draft = self._writable(calendar).events.get(uid)
        if draft is None:
            return None
        return FoundEvent(
            ref=self._ref(calendar, draft),
            start=draft.start,
            end=draft.end,
            status=draft.status,
            attendees=draft.attendees,
        )

    def changes_since(self, calendar: CalendarKey, cursor: str | None) -> Changes:
        """What happened since the cursor, which counts changes; see `Provider.changes_since`."""
        with self._lock:
            changes = self._writable(calendar.address).changes
            seen = int(cursor) if cursor and cursor.isdecimal() and int(cursor) <= len(changes) else None
            new = [None] if seen is None else changes[seen:]
            event_ids = None if None in new else frozenset(uid for uid in new if uid)
            return Changes(cursor=str(len(changes)), event_ids=event_ids)

    def watch(self, calendar: str, hook: Hook) -> Channel | None:  # noqa: ARG002  # the protocol's shape
        """None: nobody is ever told."""
        return None

    def renew(self, channel: Channel, hook: Hook) -> Channel:  # noqa: ARG002  # the protocol's shape
        """Raises NotAllowed: there are no channels."""
        raise NotAllowed("Calendars in memory tell nobody of changes.")

    def unwatch(self, channel: Channel) -> None:
        """Nothing to stop."""

    def probe(self, calendar: str | None = None) -> str:  # noqa: ARG002  # needs none
        """How many calendars there are."""
        with self._lock:
            return f"{len(self._calendars)} calendars in memory"

    def _read(self, address: str, start: datetime, end: datetime, deadline: float | None) -> Reading:
        calendar = self._calendars.get(address)
        trouble = calendar.trouble if calendar else ("missing", "There is no calendar with this address.")
        if deadline is not None and time.monotonic() > deadline:
            trouble = ("timed_out", "There was no time left to read the calendar; try again.")
        if calendar is None or trouble is not None:
            code, reason = trouble or ("missing", "")
            return Unreadable(reason=reason, code=code, read_at=self._now())
        interviews = [
            Busy(event.start, event.end, "interview", uid) for uid, event in calendar.events.items()
        ]
        return Blocks(busy_within([*calendar.blocks, *interviews], start, end), self._now())

    def _write(self, address: str, draft: EventDraft) -> None:
        events = self._writable(address).events
        there = events.get(draft.uid)
        if there is not None:
            said = {guest.email.casefold(): guest.status for guest in there.attendees}
            draft = draft.keeping(said, there.start, there.end)
        events[draft.uid] = draft
        self._calendar(address).changes.append(draft.uid)

    def _calendar(self, address: str) -> _Calendar:
        return self._calendars.setdefault(address, _Calendar())

    def _writable(self, address: str) -> _Calendar:
        calendar = self._calendar(address)
        if calendar.trouble is not None:
            raise NotAllowed(calendar.trouble[1])
        return calendar

    def _ref(self, calendar: str, draft: EventDraft) -> EventRef:
        return EventRef(provider=self.name, calendar=calendar, event_id=draft.uid, etag=f"{draft.sequence}")
