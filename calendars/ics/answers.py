# SPDX-License-Identifier: Apache-2.0
"""
What people have answered to an event of ours, kept when the event is written again.

An event at another time asks everybody anew (rescheduling: RFC 5546, 3.2.2.1). One at the same time, with
another room or another guest, is an update, to which the answers go on to hold (3.2.2.2): PARTSTAT
(RFC 5545, 3.2.12) is the attendee's to say. One that goes back from where its owner had moved it is no other
appointment than before: who has declined it is not asked anew.
"""

from __future__ import annotations

from datetime import datetime

from calendars.ics.document import scan
from calendars.ics.event import answers_of
from calendars.ics.reading import read_event_times
from calendars.ics.splice import event_bytes
from calendars.ics.unclear import Unclear
from calendars.values import AttendeeStatus, CalendarKey, EventDraft


def answered(draft: EventDraft, data: bytes, calendar: str) -> EventDraft:
    """The draft with the answers that hold for it of whoever is on the event in the file of this calendar.
    They are its owner's to say, whose event it is: who has declined it and moved it has declined it.
    """
    times = _times(draft, data, calendar)
    return draft.keeping(_answers(data, draft.uid), *times) if times else draft


def stays(draft: EventDraft, data: bytes, calendar: str) -> bool:
    """Whether the file of this calendar has the event at the draft's time; one that is unclear is at none."""
    times = _times(draft, data, calendar)
    return times is not None and draft.is_at(*times)


def _times(draft: EventDraft, data: bytes, calendar: str) -> tuple[datetime, datetime] | None:
    try:
        found = read_event_times(data, CalendarKey(calendar, "UTC"), draft.uid)
    except Unclear:
        return None
    return found and (found[0], found[1])


def _answers(data: bytes, uid: str) -> dict[str, AttendeeStatus]:
    """What the first event with this uid says."""
    event = b"BEGIN:VCALENDAR\n" + event_bytes(data, uid) + b"\nEND:VCALENDAR\n"
    everybody = scan(event, "")
    return next((answers_of(component) for component in everybody if component.name == "VEVENT"), {})
