# SPDX-License-Identifier: Apache-2.0
"""Our events as CalDAV calendar objects: one event an object, known by its name (RFC 4791, 4.1)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from datetime import datetime

from icalendar import Calendar, Component, Event
from icalendar.prop import vCalAddress, vText

from calendars.ics.answers import answered, stays
from calendars.ics.writing import MARK, calendar_text, event_text
from calendars.values import EventDraft

_NAME = re.compile(r"convene-([0-9a-v]+)\.ics")
_INVITED = f"{MARK}-INVITED"
#: what we write; everything else on an event is the owner's
OURS = frozenset(
    {
        *("UID", "DTSTAMP", "DTSTART", "DTEND", "DURATION", "SEQUENCE", "STATUS", "TRANSP", "SUMMARY"),
        *("DESCRIPTION", "LOCATION", "URL", "CONFERENCE", "ORGANIZER", "ATTENDEE"),
    }
)


def name_of(uid: str) -> str:
    """The object's name: made of the uid, and of letters that every server takes."""
    coded = base64.b32hexencode(uid.encode("ascii")).decode("ascii").lower().rstrip("=")
    return f"convene-{coded}.ics"


def uid_of(name: str) -> str | None:
    """The uid behind a name; None for an object that is not ours."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    coded = match.group(1).upper()
    try:
        return base64.b32hexdecode(coded + "=" * (-len(coded) % 8)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None


def written(draft: EventDraft, now: datetime) -> str:
    """A new object. The server invites nobody: who hears what is decided here (RFC 6638, 7.1)."""
    return _object(_event(draft, now))


def merged(there: bytes, draft: EventDraft, calendar: str, now: datetime) -> str:
    """
    The object as the draft says, with what its owner added: alarms, categories, guests; and with the answers
    that hold: everybody's, unless the event is at another time now.
    """
    event = _event(answered(draft, there, calendar), now)
    ask_again = not stays(draft, there, calendar)
    for old in Calendar.from_ical(there).walk("VEVENT"):
        if str(old.get("UID")) != draft.uid:
            continue
        for part in old.subcomponents:
            event.add_component(part)
        for name, value in old.property_items(recursive=False):
            foreign = name not in OURS and not name.startswith(MARK) and name not in ("BEGIN", "END")
            if foreign and name not in event:
                event.add(name, value)
        _keep_guests(old, event, ask_again=ask_again)
    return _object(event)


def _event(draft: EventDraft, now: datetime) -> Component:
    event = Event.from_ical(event_text(draft, now))
    for name in ("ORGANIZER", "ATTENDEE"):
        for person in _people(event, name):
            person.params["SCHEDULE-AGENT"] = "CLIENT"
    invited = sorted(_short(person) for person in _people(event, "ATTENDEE"))
    event.add(_INVITED, vText(" ".join(invited)))
    return event


def _keep_guests(old: Component, event: Component, *, ask_again: bool) -> None:
    ours = set(str(old.get(_INVITED, "")).split())
    now = {_short(person) for person in _people(event, "ATTENDEE")}
    for person in _people(old, "ATTENDEE"):
        if _short(person) not in ours | now:
            if ask_again:
                person.params["PARTSTAT"] = "NEEDS-ACTION"
            event.add("ATTENDEE", person)


def _people(event: Component, name: str) -> list[vCalAddress]:
    found = event.get(name, [])
    return found if isinstance(found, list) else [found]


def _short(person: vCalAddress) -> str:
    return hashlib.sha256(str(person).lower().encode()).hexdigest()[:12]


def _object(event: Component) -> str:
    text: bytes = event.to_ical()
    return calendar_text(text.decode())
