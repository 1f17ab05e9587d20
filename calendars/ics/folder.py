# SPDX-License-Identifier: Apache-2.0
"""The provider over a folder of calendar files."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from calendars.errors import Gone, NotAllowed
from calendars.ics.answers import answered
from calendars.ics.files import CalendarFiles
from calendars.ics.reading import check_structure, read_blocks, read_event_times
from calendars.ics.splice import cut_event, event_bytes, put_event
from calendars.ics.unclear import Unclear
from calendars.ics.writing import calendar_text, event_text
from calendars.values import (
    Attendee,
    Blocks,
    CalendarKey,
    Changes,
    Channel,
    EventDraft,
    EventRef,
    FoundEvent,
    Hook,
    Reading,
    Unreadable,
    in_utc,
)


def _now() -> datetime:
    return datetime.now(UTC)


class IcsFolder:
    """
    A folder of ``<address>.ics`` files, one calendar a file, as any calendar program exports or keeps them.

    Interviews are written into the same files. Other programs may rewrite a file at any time; each change is
    applied to what the file holds at that moment.
    """

    name = "ics"

    def __init__(self, folder: str | os.PathLike[str], *, now: Callable[[], datetime] = _now) -> None:
        self._files = CalendarFiles(Path(folder))
        self._now = now

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
        return {key.address: self._read(key, start, end, deadline) for key in calendars}

    def create_event(self, calendar: str, draft: EventDraft) -> EventRef:
        """Write the event, once; a calendar without a file gets one. See `Provider.create_event`."""
        return self._put(calendar, draft, must_exist=False)

    def update_event(self, ref: EventRef, draft: EventDraft) -> EventRef:
        """Make the event as the draft says; Gone when it was deleted. See `Provider.update_event`."""
        if ref.event_id != draft.uid:
            raise ValueError("The draft is of another event.")
        return self._put(ref.calendar, draft, must_exist=True)

    def cancel_event(self, ref: EventRef) -> None:
        """Take the event out of the file; already gone is done."""
        with self._files.changing(ref.calendar):
            data = self._content(ref.calendar)
            if data is None:
                return
            remaining = cut_event(data, ref.event_id)
            if remaining != data:
                self._files.write(ref.calendar, remaining)

    def find_event(self, calendar: str, uid: str) -> FoundEvent | None:
        """The event with this uid as it is now, or None."""
        data = self._content(calendar)
        if data is None:
            return None
        try:
            found = read_event_times(data, CalendarKey(calendar, "UTC"), uid)
        except Unclear as unclear:
            raise NotAllowed(unclear.reason) from None
        if found is None:
            return None
        start, end, status, answer = found
        return FoundEvent(
            ref=self._ref(calendar, uid, data),
            start=start,
            end=end,
            status=status,
            # What others answer stands in their own calendars: nobody brings it here.
            attendees=(Attendee(email=calendar, status=answer),) if answer else (),
        )

    def changes_since(self, calendar: CalendarKey, cursor: str | None) -> Changes:
        """Whether the file has another content than at the cursor; see `Provider.changes_since`."""
        data = self._content(calendar.address)
        now = hashlib.sha256(data or b"").hexdigest()
        return Changes(cursor=now, event_ids=frozenset() if cursor == now else None)

    def watch(self, calendar: str, hook: Hook) -> Channel | None:  # noqa: ARG002  # the protocol's shape
        """None: files tell nobody that they changed."""
        return None

    def renew(self, channel: Channel, hook: Hook) -> Channel:  # noqa: ARG002  # the protocol's shape
        """Raises NotAllowed: there are no channels."""
        raise NotAllowed("Calendar files tell nobody of changes.")

    def unwatch(self, channel: Channel) -> None:
        """Nothing to stop."""

    def probe(self, calendar: str | None = None) -> str:  # noqa: ARG002  # needs none
        """How many calendars the folder holds. Raises NotAllowed when it cannot be used."""
        folder = self._files.folder
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise NotAllowed(f"The calendar folder {folder} cannot be read and written.")
        return f"{sum(1 for _ in folder.glob('*.ics'))} calendars in {folder}"

    def _read(self, key: CalendarKey, start: datetime, end: datetime, deadline: float | None) -> Reading:
        read_at = self._now()
        if deadline is not None and time.monotonic() > deadline:
            reason = "There was no time left to read the calendar; try again."
            return Unreadable(reason=reason, code="timed_out", read_at=read_at)
        try:
            data = self._files.read(key.address)
            if data is not None:
                return Blocks(read_blocks(data, key, start, end), read_at)
        except Unclear as unclear:
            return Unreadable(reason=unclear.reason, code=unclear.code, read_at=read_at)
        reason = "There is no calendar file for this address; put an .ics export there."
        return Unreadable(reason=reason, code="missing", read_at=read_at)

    def _put(self, calendar: str, draft: EventDraft, *, must_exist: bool) -> EventRef:
        with self._files.changing(calendar):
            data = self._content(calendar)
            present = event_bytes(data, draft.uid) if data is not None else b""
            if must_exist and not present:
                raise Gone
            if data is not None:
                draft = answered(draft, data, calendar)
            event = event_text(draft, self._now())
            try:
                changed = calendar_text(event).encode() if data is None else put_event(data, draft.uid, event)
            except ValueError:
                raise NotAllowed(
                    "The calendar file does not end as a calendar does; export it again."
                ) from None
            self._files.write(calendar, changed)
            return self._ref(calendar, draft.uid, changed)

    def _content(self, calendar: str) -> bytes | None:
        """What the file holds now. Raises NotAllowed when that is no calendar."""
        try:
            data = self._files.read(calendar)
            if data is not None:
                check_structure(data)
        except Unclear as unclear:
            raise NotAllowed(unclear.reason) from None
        return data

    def _ref(self, calendar: str, uid: str, data: bytes) -> EventRef:
        etag = hashlib.sha256(event_bytes(data, uid)).hexdigest()
        return EventRef(provider=self.name, calendar=calendar, event_id=uid, etag=etag)
