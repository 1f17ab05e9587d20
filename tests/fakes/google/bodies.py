# SPDX-License-Identifier: Apache-2.0
"""What Google makes of an event's body: refused, ignored, merged or taken over."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tests.fakes.google.problems import wrong
from tests.fakes.google.store import Calendar, Entry, Fields
from tests.fakes.google.times import moment, written, zone

_ID = re.compile(r"[0-9a-v]{5,1024}")
_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+")
#: taken from nobody; a client that sends back what it read may contain them
READ_ONLY = frozenset(
    {
        *("kind", "etag", "htmlLink", "created", "updated", "creator", "organizer", "hangoutLink", "locked"),
        *("originalStartTime", "recurringEventId", "privateCopy", "attendeesOmitted", "id", "iCalUID"),
        "eventType",
    }
)
CHOICES = {
    "status": {"confirmed", "tentative", "cancelled"},
    "transparency": {"opaque", "transparent"},
    "visibility": {"default", "public", "private", "confidential"},
    "eventType": {"default", "focusTime", "outOfOffice", "workingLocation", "birthday", "fromGmail"},
}
ANSWERS = {"needsAction", "declined", "tentative", "accepted"}
#: with these a sequence goes up (RFC 5545, 3.8.7.4)
SEQUENCED = ("start", "end", "recurrence", "location", "status")


def check_new_id(body: Fields) -> None:
    """A client may bring an id of its own, or an iCalendar UID, and not both."""
    if "id" in body and "iCalUID" in body:
        raise wrong("invalid", "Only one of id and iCalUID may be given.")
    if "id" in body and not _ID.fullmatch(body["id"]):
        raise wrong("invalid", "Invalid resource id value.")


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}
    return value


def merged(before: Fields, body: Fields) -> Fields:
    """As PATCH does: objects are merged, null deletes, lists and the conference are replaced whole."""
    result = dict(before)
    for name, sent in body.items():
        if sent is None:
            result.pop(name, None)
        elif isinstance(sent, dict) and name != "conferenceData":
            earlier = result.get(name)
            result[name] = merged(earlier if isinstance(earlier, dict) else {}, sent)
        else:
            result[name] = sent
    return result


def settled(fields: Fields, calendar: Calendar, before: Entry | None) -> Fields:
    """The body as it is kept: checked, times in one form, guests with the answers they gave."""
    for name, choices in CHOICES.items():
        if fields.get(name) not in {*choices, None}:
            raise wrong("invalid", f"Invalid value for: {name}")
    _settle_times(fields, calendar)
    _check_reminders(fields.get("reminders", {}))
    if "attendees" in fields:
        known = before.attendees if before is not None else ()
        fields["attendees"] = list(_guests(fields["attendees"], known, calendar.address))
    if before is not None:
        fields["sequence"] = _sequence(fields, before.fields)
    return fields


def _settle_times(fields: Fields, calendar: Calendar) -> None:
    for name in ("start", "end"):
        if name not in fields:
            raise wrong("required", name)
    start, end = moment(fields["start"], "start"), moment(fields["end"], "end")
    if isinstance(start, datetime) != isinstance(end, datetime):
        raise wrong("invalid", "Start and end times must either both be date or both be dateTime.")
    if end < start or (end == start and not isinstance(start, datetime)):
        raise wrong("timeRangeEmpty")
    if fields.get("recurrence") and isinstance(start, datetime) and "timeZone" not in fields["start"]:
        raise wrong("required", "Missing time zone definition for start time.")
    for name, found in (("start", start), ("end", end)):
        own = fields[name].get("timeZone", calendar.time_zone)
        if isinstance(found, datetime):
            fields[name] = written(found.astimezone(zone(own)), own)
        else:
            fields[name] = written(found, None)


def _check_reminders(reminders: Fields) -> None:
    overrides = reminders.get("overrides", [])
    if overrides and reminders.get("useDefault"):
        raise wrong("invalid", "Cannot specify both default reminders and overrides at the same time.")
    if len(overrides) > 5 or any(
        override.get("method") not in {"email", "popup"} or not 0 <= override.get("minutes", -1) <= 40320
        for override in overrides
    ):
        raise wrong("invalid", "Invalid reminders.")


def _guests(sent: Iterable[Fields], known: Iterable[Fields], owner: str) -> Iterable[Fields]:
    """
    Only guests answer for themselves: nobody else's answer is taken from a body. One that is left out, or
    that takes theirs back, asks them again (observed: nspady/google-calendar-mcp#148).
    """
    answers = {guest["email"].lower(): guest["responseStatus"] for guest in known}
    seen = set()
    for guest in sent:
        address = guest.get("email", "").lower()
        if not _ADDRESS.fullmatch(address):
            raise wrong("invalid", "Invalid attendee email.")
        if address in seen:
            raise wrong("invalid", "An attendee is listed twice.")
        if guest.get("responseStatus", "needsAction") not in ANSWERS:
            raise wrong("invalid", "Invalid value for: responseStatus")
        seen.add(address)
        answer = guest.get("responseStatus", "needsAction")
        if address != owner and answer != "needsAction":
            answer = answers.get(address, "needsAction")
        kept = {name: value for name, value in guest.items() if name not in {"self", "organizer"}}
        yield kept | {"responseStatus": answer}


def _sequence(fields: Fields, before: Fields) -> int:
    current = int(before["sequence"])
    sent = int(fields.get("sequence", current))
    if sent < current:
        raise wrong(
            "invalid",
            "Invalid sequence value. The specified sequence number is below the current sequence number "
            "of the resource.",
        )
    changed = any(fields.get(name) != before.get(name) for name in SEQUENCED)
    return max(sent, current + changed)
