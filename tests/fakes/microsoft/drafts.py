# SPDX-License-Identifier: Apache-2.0
"""What a client may write into an event, and what not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.microsoft.errors import GraphError, invalid
from tests.fakes.microsoft.store import Guest
from tests.fakes.microsoft.times import When

PROPERTY_ID = re.compile(
    r"(?:String|Integer|Boolean|SystemTime|Double|CLSID|Binary)"
    r" \{[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\} (?:Name [^']+|Id 0x[0-9A-Fa-f]+)"
)
MOST_ATTENDEES = 500
READ_ONLY = {
    *("id", "changeKey", "createdDateTime", "lastModifiedDateTime", "iCalUId", "isCancelled", "isDraft"),
    *("isOrganizer", "onlineMeeting", "onlineMeetingUrl", "organizer", "originalStart", "responseStatus"),
    *("seriesMasterId", "type", "webLink", "hasAttachments", "bodyPreview", "@odata.etag"),
}


def _one_of(*words: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in words


def _is(kind: type) -> Callable[[Any], bool]:
    return lambda value: type(value) is kind


def _is_body(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and not value.keys() - {"contentType", "content"}
        and str(value.get("contentType", "")).lower() in {"html", "text"}
        and isinstance(value.get("content"), str)
    )


def _is_location(value: Any) -> bool:
    known = {"displayName", "locationType", "locationUri", "locationEmailAddress", "address", "uniqueId"}
    known |= {"uniqueIdType", "coordinates"}
    return isinstance(value, dict) and not value.keys() - known


def _are_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


#: what is kept as it is given
SIMPLE: dict[str, Callable[[Any], bool]] = {
    "subject": _is(str),
    "body": _is_body,
    "location": _is_location,
    "locations": lambda value: isinstance(value, list) and all(map(_is_location, value)),
    "showAs": _one_of("free", "tentative", "busy", "oof", "workingElsewhere", "unknown"),
    "sensitivity": _one_of("normal", "personal", "private", "confidential"),
    "importance": _one_of("low", "normal", "high"),
    "isOnlineMeeting": _is(bool),
    "onlineMeetingProvider": _one_of("unknown", "teamsForBusiness", "skypeForBusiness", "skypeForConsumer"),
    "responseRequested": _is(bool),
    "hideAttendees": _is(bool),
    "allowNewTimeProposals": _is(bool),
    "isReminderOn": _is(bool),
    "reminderMinutesBeforeStart": lambda value: type(value) is int and value >= 0,
    "categories": _are_words,
}
OWN = {"showAs", "isReminderOn", "reminderMinutesBeforeStart", "categories", "sensitivity"}
"""What an attendee may change in a copy; no mail goes out for it."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A body that was sent, checked. What was not given is `None` or absent."""

    fields: dict[str, Any] = field(default_factory=dict)
    when: When | None = None
    guests: list[Guest] | None = None
    extended: dict[str, str] = field(default_factory=dict)
    transaction: str | None = None

    @classmethod
    def read(cls, document: dict[str, Any], *, present: When | None = None) -> Draft:
        """``present``: the time so far, for changes of only one end. Raises GraphError."""
        special = {"start", "end", "isAllDay", "attendees", "singleValueExtendedProperties", "transactionId"}
        for name, value in document.items():
            if name in READ_ONLY:
                raise invalid(f"The property {name!r} is read-only.", "ErrorInvalidPropertySet")
            if name not in SIMPLE and name not in special:
                raise invalid(f"The property '{name}' does not exist on type 'event'.", "RequestBodyRead")
            if name in SIMPLE and not SIMPLE[name](value):
                raise invalid(f"The property {name!r} cannot be {value!r}.", "RequestBodyRead")
        attendees = document.get("attendees")
        return cls(
            fields={name: value for name, value in document.items() if name in SIMPLE},
            when=_when(document, present),
            guests=None if attendees is None else read_guests(attendees),
            extended=_extended(document.get("singleValueExtendedProperties", [])),
            transaction=_transaction(document.get("transactionId")),
        )


def _when(document: dict[str, Any], present: When | None) -> When | None:
    if not document.keys() & {"start", "end", "isAllDay"}:
        if present is None:
            raise invalid("An event needs a start and an end.", "ErrorPropertyValidationFailure")
        return None
    start, end = present.documents(present.zone) if present else (None, None)
    all_day = document.get("isAllDay", present.all_day if present else False)
    if type(all_day) is not bool:
        raise invalid("isAllDay is true or false.", "RequestBodyRead")
    return When.read(document.get("start", start), document.get("end", end), all_day=all_day)


def read_guests(attendees: Any) -> list[Guest]:
    if not isinstance(attendees, list):
        raise invalid("attendees is a list.", "RequestBodyRead")
    if len(attendees) > MOST_ATTENDEES:
        raise invalid(f"At most {MOST_ATTENDEES} attendees.", "ErrorExceededMaxRecipientLimit")
    guests: dict[str, Guest] = {}
    for attendee in attendees:
        try:
            mail = attendee["emailAddress"]
            guest = Guest(
                address=mail["address"],
                name=mail.get("name") or mail["address"],
                type=attendee.get("type", "required"),
            )
        except (KeyError, TypeError, AttributeError):
            raise invalid(f"{attendee!r} is no attendee.", "RequestBodyRead") from None
        if "@" not in guest.address or guest.type not in {"required", "optional", "resource"}:
            raise invalid(f"{attendee!r} is no attendee.", "ErrorInvalidRecipients")
        guests.setdefault(guest.address.lower(), guest)
    return list(guests.values())


def _extended(properties: Any) -> dict[str, str]:
    values = {}
    for given in properties:
        if not isinstance(given, dict) or given.keys() != {"id", "value"}:
            raise invalid(f"{given!r} is no extended property.", "RequestBodyRead")
        if not PROPERTY_ID.fullmatch(given["id"]) or not isinstance(given["value"], str):
            raise GraphError(
                400,
                "ErrorInvalidProperty",
                f"PropertyId values may only be in one of the known formats: {given!r}",
                wrong=True,
            )
        values[given["id"]] = given["value"]
    return values


def _transaction(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise invalid("A transactionId is a string.", "RequestBodyRead")
    return value
