# SPDX-License-Identifier: Apache-2.0
"""
What people have answered to an event of ours, kept when the event is written again.

An event at another time asks everybody anew (rescheduling: RFC 5546, 3.2.2.1). One at the same time, with
another room or another guest, is an update, to which the answers go on to hold (3.2.2.2): PARTSTAT
(RFC 5545, 3.2.12) is the attendee's to say.
"""

from __future__ import annotations

from calendars.ics.document import scan
from calendars.ics.event import answers_of
from calendars.ics.reading import read_event_times
from calendars.ics.splice import event_bytes
from calendars.ics.unclear import Unclear
from calendars.values import AttendeeStatus, CalendarKey, EventDraft


def stays(draft: EventDraft, data: bytes, calendar: str) -> bool:
    """Whether the file of this calendar has the event at the draft's time; one that is unclear is at none."""
    try:
        found = read_event_times(data, CalendarKey(calendar, "UTC"), draft.uid)
    except Unclear:
        return False
    return found is not None and draft.is_at(found[0], found[1])


def answered(draft: EventDraft, data: bytes) -> EventDraft:
    """The draft with the answers of whoever is on the file's event and stays on it."""
    return draft.answered(_answers(data, draft.uid))


def _answers(data: bytes, uid: str) -> dict[str, AttendeeStatus]:
    """What the first event with this uid says."""
    event = b"BEGIN:VCALENDAR\n" + event_bytes(data, uid) + b"\nEND:VCALENDAR\n"
    everybody = scan(event, "")
    return next((answers_of(component) for component in everybody if component.name == "VEVENT"), {})
