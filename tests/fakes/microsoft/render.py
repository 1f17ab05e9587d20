# SPDX-License-Identifier: Apache-2.0
"""Items as Graph shows them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.fakes.microsoft.bodies import as_html, as_text
from tests.fakes.microsoft.preferences import Preferences
from tests.fakes.microsoft.store import Item
from tests.fakes.microsoft.times import instant_text

OWNER_FIELDS = {
    "subject": "",
    "importance": "normal",
    "sensitivity": "normal",
    "showAs": "busy",
    "categories": [],
    "isReminderOn": True,
    "reminderMinutesBeforeStart": 15,
    "isOnlineMeeting": False,
    "onlineMeetingProvider": "unknown",
    "responseRequested": True,
    "allowNewTimeProposals": True,
    "hideAttendees": False,
    "location": {"displayName": "", "locationType": "default", "uniqueIdType": "unknown"},
    "locations": [],
}
"""What an event is when nobody says otherwise."""


def shown_id(item: Item, preferences: Preferences) -> str:
    return item.immutable_id if preferences.immutable_ids else item.default_id


def event(item: Item, preferences: Preferences, *, expand: Collection[str] = ()) -> dict[str, Any]:
    """``expand``: ids of the extended properties to show, in lower case."""
    start, end = item.when.documents(preferences.time_zone)
    page = as_html(item.fields.get("body"))
    kept = {name: value for name, value in item.fields.items() if name not in {"body", "transactionId"}}
    return {
        "@odata.etag": item.etag,
        "id": shown_id(item, preferences),
        "createdDateTime": instant_text(item.created),
        "lastModifiedDateTime": instant_text(item.modified),
        "changeKey": item.change_key,
        **kept,
        "originalStartTimeZone": item.when.zone,
        "originalEndTimeZone": item.when.zone,
        "iCalUId": item.ical_uid,
        "hasAttachments": False,
        "bodyPreview": as_text(page)[:255],
        "isAllDay": item.when.all_day,
        "isCancelled": item.cancelled,
        "isOrganizer": item.is_organizers,
        "isDraft": False,
        "type": item.kind,
        "webLink": f"https://outlook.office365.com/owa/?itemid={item.number}",
        "onlineMeetingUrl": None,
        "onlineMeeting": {"joinUrl": item.join_url} if item.join_url else None,
        "responseStatus": _response(item),
        "body": {"contentType": "text", "content": as_text(page)}
        if preferences.text_bodies
        else {"contentType": "html", "content": page},
        "start": start,
        "end": end,
        "attendees": _attendees(item),
        "organizer": {"emailAddress": _address(item.foreign or (item.original or item).mailbox.address)},
        **_series(item, preferences),
        **_transaction(item),
        **_extended(item, expand),
    }


def _response(item: Item) -> dict[str, str]:
    at = item.answered_at
    time = f"{at:%Y-%m-%dT%H:%M:%S}Z" if at else "0001-01-01T00:00:00Z"
    return {"response": item.response, "time": time}


def _address(address: str) -> dict[str, str]:
    return {"name": address.partition("@")[0], "address": address}


def _attendees(item: Item) -> list[dict[str, Any]]:
    if item.original is None:
        return [guest.document() for guest in item.guests]
    own = item.mailbox.address.lower()
    return [
        guest.document(private=guest.address.lower() != own)
        for guest in item.original.guests
        if guest.address.lower() == own or not item.fields.get("hideAttendees")
    ]


def _series(item: Item, preferences: Preferences) -> dict[str, Any]:
    if item.series is None or item.original_start is None:
        return {}
    return {
        "seriesMasterId": shown_id(item.series, preferences),
        "originalStart": instant_text(item.original_start),
    }


def _transaction(item: Item) -> dict[str, Any]:
    """Told only where one was given."""
    given = item.fields.get("transactionId")
    return {"transactionId": given} if given and item.is_organizers else {}


def _extended(item: Item, expand: Collection[str]) -> dict[str, Any]:
    shown = [{"id": name, "value": value} for name, value in item.extended.items() if name.lower() in expand]
    return {"singleValueExtendedProperties": shown} if shown else {}
