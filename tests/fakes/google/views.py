# SPDX-License-Identifier: Apache-2.0
"""An event as somebody gets to see it: flags of the one who looks, no defaults, nothing hidden."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any

from tests.fakes.google.store import Entry, Fields, Role
from tests.fakes.google.times import moment, rfc3339

#: what Google leaves out
DEFAULTS = {
    "transparency": "opaque",
    "visibility": "default",
    "guestsCanInviteOthers": True,
    "guestsCanModify": False,
    "guestsCanSeeOtherGuests": True,
    "attendees": [],
}
HIDDEN = frozenset({"private", "confidential"})
#: what is left of an event whose details are nobody's business
SKELETON = (
    *("id", "status", "start", "end", "created", "updated", "creator", "organizer", "iCalUID", "sequence"),
    *("eventType", "transparency", "recurringEventId", "originalStartTime", "recurrence"),
)


def event(entry: Entry, role: Role, zone: tzinfo, *, most_guests: int | None = None) -> Fields:
    """The resource, with times in ``zone``; ``most_guests``: leave out the others beyond that number."""
    seen = {name: value for name, value in entry.fields.items() if DEFAULTS.get(name) != value}
    if role == "freeBusyReader" or (role == "reader" and seen.get("visibility") in HIDDEN):
        seen = {name: seen[name] for name in SKELETON if name in seen} | {"visibility": "private"}
    for name in ("start", "end", "originalStartTime"):
        if name in seen:
            seen[name] = _time(seen[name], zone)
    for name in ("organizer", "creator"):
        seen[name] = _marked(seen[name], entry.calendar)
    if "attendees" in seen:
        _show_guests(seen, entry, most_guests)
    return {
        "kind": "calendar#event",
        "etag": entry.etag,
        "htmlLink": f"https://www.google.com/calendar/event?eid={entry.id}",
        **seen,
    }


def cancelled(entry: Entry) -> Fields:
    """All a list is sure to tell about a cancelled event."""
    seen = {"kind": "calendar#event", "etag": entry.etag, "id": entry.id, "status": "cancelled"}
    for name in ("recurringEventId", "originalStartTime"):
        if name in entry.fields:
            seen[name] = entry.fields[name]
    return seen


def _show_guests(seen: Fields, entry: Entry, most: int | None) -> None:
    organizer = entry.fields["organizer"]["email"]
    guests = [
        _marked(guest, entry.calendar) | ({"organizer": True} if guest["email"] == organizer else {})
        for guest in seen["attendees"]
    ]
    hidden = entry.fields.get("guestsCanSeeOtherGuests") is False and not entry.organised_here
    if hidden or (most is not None and len(guests) > most):
        guests = [guest for guest in guests if guest.get("self")]
        seen["attendeesOmitted"] = True
    seen["attendees"] = guests
    if not guests:
        del seen["attendees"]


def _marked(person: Fields, viewer: str) -> Fields:
    return person | ({"self": True} if person["email"].lower() == viewer else {})


def _time(given: Fields, zone: tzinfo) -> Any:
    if "date" in given:
        return given
    found = moment(given, "start")
    assert isinstance(found, datetime)
    return given | {"dateTime": rfc3339(found, zone)}
