# SPDX-License-Identifier: Apache-2.0
"""An interview as a VEVENT (RFC 5545, 3.6.1)."""

from __future__ import annotations

import re
from datetime import datetime

from icalendar import Event, vCalAddress, vText

from calendars.values import Attendee, EventDraft

#: Marks an event as Convene's. It holds the event's uid: a copy with another uid is not taken for ours.
MARK = "X-CONVENE"

_ROLES = {"required": "REQ-PARTICIPANT", "optional": "OPT-PARTICIPANT", "room": "NON-PARTICIPANT"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
_NEW_CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Convene//Interviews//EN\r\n{event}END:VCALENDAR\r\n"
)


def event_text(draft: EventDraft, now: datetime) -> str:
    """
    The VEVENT of a draft, folded and escaped, with CRLF line ends.

    Times are in UTC, so that the event means the same whatever zones the file defines. ``now`` becomes
    DTSTAMP.
    """
    event = Event()
    event.add("uid", draft.uid)
    event.add("dtstamp", now)
    event.add("dtstart", draft.start)
    event.add("dtend", draft.end)
    event.add("sequence", draft.sequence)
    event.add("status", draft.status.upper())
    event.add("transp", "OPAQUE")
    for name, text in (
        ("summary", draft.summary),
        ("description", draft.description),
        ("location", draft.location),
    ):
        if text:
            event.add(name, _clean(text))
    if draft.url:
        event.add("url", _one_line(draft.url))
    if draft.conference_url:
        event.add(
            "conference", _one_line(draft.conference_url), parameters={"VALUE": "URI", "FEATURE": "VIDEO"}
        )
    if draft.organizer:
        event.add("organizer", _address(draft.organizer))
    for attendee in draft.attendees:
        event.add("attendee", _attendee(attendee))
    event.add(MARK, vText(draft.uid))
    for name, value in draft.private.items():
        event.add(f"{MARK}-{name.upper().replace('_', '-')}", vText(_clean(value)))
    folded: bytes = event.to_ical()
    return folded.decode()


def calendar_text(event: str) -> str:
    """A new calendar with this one event."""
    return _NEW_CALENDAR.format(event=event)


def _attendee(attendee: Attendee) -> vCalAddress:
    address = _address(attendee)
    address.params["CUTYPE"] = "ROOM" if attendee.role == "room" else "INDIVIDUAL"
    address.params["ROLE"] = _ROLES.get(attendee.role, "REQ-PARTICIPANT")
    address.params["PARTSTAT"] = attendee.status.upper().replace("_", "-")
    return address


def _address(person: Attendee) -> vCalAddress:
    address = vCalAddress(f"mailto:{_one_line(person.email)}")
    if person.name:
        address.params["CN"] = _one_line(person.name).replace('"', "'")
    return address


def _clean(text: str) -> str:
    """The text without characters no calendar may hold; line breaks become plain ones."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _one_line(text: str) -> str:
    return " ".join(_clean(text).split())
