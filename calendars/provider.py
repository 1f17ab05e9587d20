# SPDX-License-Identifier: Apache-2.0
"""The port every calendar provider implements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from calendars.values import CalendarKey, Changes, Channel, EventDraft, EventRef, FoundEvent, Hook, Reading


class Provider(Protocol):
    """
    Reads busy time from calendars and writes interviews into them.

    Implementations may be used from several threads at once.
    """

    name: str

    def read_busy(
        self,
        calendars: Sequence[CalendarKey],
        start: datetime,
        end: datetime,
        *,
        deadline: float | None = None,
    ) -> dict[str, Reading]:
        """
        Look at each calendar between two instants.

        Every asked address is a key of the answer; a calendar that cannot be read is `Unreadable`, the others
        are not affected. ``deadline`` is a value of `time.monotonic`: calendars not reached by then are
        `Unreadable` with code ``timed_out``. Raises ValueError for naive datetimes or an empty window.
        """
        ...

    def create_event(self, calendar: str, draft: EventDraft) -> EventRef:
        """
        Write the event, once: with a uid the calendar already has, that event is updated to the draft.

        Raises TryLater or NotAllowed.
        """
        ...

    def update_event(self, ref: EventRef, draft: EventDraft) -> EventRef:
        """
        Make the event as the draft says.

        Where it stays at its time, whoever stays on it keeps the answer that stands in the calendar; at
        another time everybody is asked anew, as whoever is new on it is (RFC 5546, 3.2.2.1 and 3.2.2.2).
        Where nobody is invited, to be asked anew is to answer as the draft says, and an event that goes back
        from where its owner had moved it (`same_time`) stays declined.
        Never brings back an event somebody deleted: that raises Gone, and a person decides. Raises TryLater,
        NotAllowed or Conflict too, and ValueError when draft and reference are of different events.
        """
        ...

    def cancel_event(self, ref: EventRef) -> None:
        """Take the event out of the calendar. Already gone is done. Raises TryLater or NotAllowed."""
        ...

    def find_event(self, calendar: str, uid: str) -> FoundEvent | None:
        """
        The event with this uid as it is now, or None.

        Raises TryLater, or NotAllowed when the calendar cannot be read.
        """
        ...

    def changes_since(self, calendar: CalendarKey, cursor: str | None) -> Changes:
        """
        What happened to the calendar since the cursor of an earlier answer; None: begin here.

        A cursor that is too old or not understood is answered like None: with a new cursor and ``event_ids``
        None. Raises TryLater or NotAllowed; the cursor of the last complete look then stays good.
        """
        ...

    def watch(self, calendar: str, hook: Hook) -> Channel | None:
        """
        Ask to be told when the calendar changes. None: this provider never tells.

        Raises TryLater or NotAllowed.
        """
        ...

    def renew(self, channel: Channel, hook: Hook) -> Channel:
        """
        Keep being told, before the channel expires; the answer may be another channel.

        One that is gone is replaced: what changed in between was not told. Raises TryLater or NotAllowed.
        """
        ...

    def unwatch(self, channel: Channel) -> None:
        """Stop being told. Already gone is done. Raises TryLater or NotAllowed."""
        ...

    def probe(self, calendar: str | None = None) -> str:
        """
        One line on the provider's state, tried on this calendar where the provider needs one.

        Raises CalendarError when it is out of order.
        """
        ...
