# SPDX-License-Identifier: Apache-2.0
"""Our drafts as Graph's events, and Graph's events as what we found (event resource type)."""

from __future__ import annotations

import hashlib
import html
import json
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from calendars.microsoft.reading import PROPERTY, instant, properties_of
from calendars.values import (
    Attendee,
    AttendeeRole,
    AttendeeStatus,
    ConferenceState,
    EventDraft,
    EventRef,
    FoundEvent,
)

#: what else an event of ours keeps: the draft's private values, and short hashes of whom we invited
DETAILS = PROPERTY.replace("ConveneUid", "ConveneDetails")
EXPAND = f"singleValueExtendedProperties($filter=id eq '{PROPERTY}' or id eq '{DETAILS}')"
NAMESPACE = uuid.UUID("0c8c3b0e-6f1c-4d3d-9a53-5a5a3f4a8f52")
#: our part of the body, so that what Teams adds around it stays
OPEN, CLOSE = '<div id="convene">', "</div><!--convene-->"
_OURS = re.compile(r'<div id="?convene"?>.*?</div>(?:\s*<!--\s*convene\s*-->)?', re.DOTALL | re.IGNORECASE)
ROLES: dict[str, AttendeeRole] = {"required": "required", "optional": "optional", "resource": "room"}
ANSWERS: dict[str, AttendeeStatus] = {
    "accepted": "accepted",
    "organizer": "accepted",
    "declined": "declined",
    "tentativelyaccepted": "tentative",
}


def body(draft: EventDraft, calendar: str) -> dict[str, Any]:
    """The event as it should be. A hold has no attendees: Graph invites whoever is on an event at once."""
    hold = draft.status == "tentative"
    guests = [] if hold else [_guest(a) for a in draft.attendees if a.email.lower() != calendar.lower()]
    return {
        "subject": draft.summary,
        "body": {"contentType": "HTML", "content": content(draft)},
        "start": _moment(draft.start),
        "end": _moment(draft.end),
        "location": {"displayName": draft.location},
        "attendees": guests,
        "showAs": "tentative" if hold else "busy",
        "responseRequested": True,
        "allowNewTimeProposals": False,
        "hideAttendees": False,
        "singleValueExtendedProperties": [
            {"id": PROPERTY, "value": draft.uid},
            {"id": DETAILS, "value": _details(draft, guests)},
        ],
    }


def _moment(moment: datetime) -> dict[str, str]:
    # A single event needs no zone of its own: everybody sees it on their own clock.
    return {"dateTime": moment.astimezone(UTC).replace(tzinfo=None).isoformat(), "timeZone": "UTC"}


def _guest(attendee: Attendee) -> dict[str, Any]:
    kind = {"room": "resource", "optional": "optional"}.get(attendee.role, "required")
    address = {"address": attendee.email, **({"name": attendee.name} if attendee.name else {})}
    return {"type": kind, "emailAddress": address}


def _details(draft: EventDraft, guests: list[dict[str, Any]]) -> str:
    invited = sorted(_short(_email(guest)) for guest in guests)
    return json.dumps({"invited": invited, **draft.private}, sort_keys=True, separators=(",", ":"))


def content(draft: EventDraft) -> str:
    """Our part of the body, as HTML."""
    lines = "<br>".join(html.escape(line) for line in draft.description.splitlines())
    return f"{OPEN}{lines}{CLOSE}"


def conference(draft: EventDraft, event: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The wish for a Teams meeting, unless `event` has one; it cannot be taken back later."""
    if draft.conference != "teams" or (event or {}).get("isOnlineMeeting"):
        return {}
    return {"isOnlineMeeting": True, "onlineMeetingProvider": "teamsForBusiness"}


def transaction_id(draft: EventDraft) -> str:
    """The same for the same draft, so that Graph drops a second create of it."""
    return str(uuid.uuid5(NAMESPACE, f"{draft.uid}#{draft.sequence}"))


def merged(event: Mapping[str, Any], draft: EventDraft, calendar: str) -> dict[str, Any]:
    """
    The change that makes `event` as the draft says, its conference apart; empty when nothing would change.

    Guests whom people added stay, whom we had put and no longer want goes, and what stands in the body around
    our own part stays: the Teams meeting lives there.

    Answers are not sent: Exchange keeps them by the attendees' addresses, and only those who changed are
    written to (Update event); it asks everybody anew where the time is another.
    """
    wanted = body(draft, calendar)
    ours = set(_known(event).get("invited") or ())
    names = {_email(guest) for guest in wanted["attendees"]}
    now = {_email(guest): guest for guest in event.get("attendees") or ()}
    kept = [_plain(guest) for email, guest in now.items() if email not in names and _short(email) not in ours]
    wanted["attendees"] = [*wanted["attendees"], *kept]
    wanted["body"] = {"contentType": "HTML", "content": _around(event, wanted["body"]["content"])}
    return {name: value for name, value in wanted.items() if not _same(event, name, value)}


def _known(event: Mapping[str, Any]) -> dict[str, Any]:
    try:
        known = json.loads(properties_of(event).get(DETAILS, "{}"))
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def _plain(guest: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": guest.get("type") or "required", "emailAddress": guest["emailAddress"]}


def _around(event: Mapping[str, Any], ours: str) -> str:
    there = str((event.get("body") or {}).get("content") or "")
    if _OURS.search(there):
        return _OURS.sub(lambda _: ours, there, count=1)
    if not there.strip() or not event.get("isOnlineMeeting"):
        return ours
    opening = re.search(r"<body[^>]*>", there, re.IGNORECASE)
    at = opening.end() if opening else 0
    return there[:at] + ours + there[at:]


def _text_of_ours(body: str) -> str | None:
    """What our part of a body says. Exchange writes HTML in its own way, so that more is not comparable."""
    found = _OURS.search(body)
    if found is None:
        return None
    return "".join(html.unescape(re.sub("<[^>]*>", "", found[0])).split())


def _same(event: Mapping[str, Any], name: str, value: Any) -> bool:
    there = event.get(name)
    if name in ("start", "end"):
        return bool(there) and instant(there or {}) == instant(value)
    if name == "location":
        return str((there or {}).get("displayName") or "") == str(value["displayName"])
    if name == "body":
        return _text_of_ours(str((there or {}).get("content") or "")) == _text_of_ours(value["content"])
    if name == "attendees":
        return _roles(there or ()) == _roles(value)
    if name == "singleValueExtendedProperties":
        kept = properties_of(event)
        return all(kept.get(item["id"]) == item["value"] for item in value)
    return bool(there == value)


def _roles(guests: Any) -> set[tuple[str, str]]:
    return {(_email(guest), str(guest.get("type") or "required").lower()) for guest in guests}


def _email(guest: Mapping[str, Any]) -> str:
    return str((guest.get("emailAddress") or {}).get("address") or "").lower()


def _short(email: str) -> str:
    return hashlib.sha256(email.lower().encode()).hexdigest()[:12]


def reference(event: Mapping[str, Any], calendar: str, *, asked: bool = False) -> EventRef:
    """Where the event is; `asked`: a Teams meeting was asked for."""
    state, url = _conference_of(event)
    if asked and not event.get("isOnlineMeeting"):
        state = "failed"
    return EventRef(
        provider="microsoft",
        calendar=calendar,
        event_id=str(event["id"]),
        etag=str(event.get("@odata.etag") or ""),
        url=str(event.get("webLink") or ""),
        conference=state,
        conference_url=url,
    )


def _conference_of(event: Mapping[str, Any]) -> tuple[ConferenceState, str]:
    if not event.get("isOnlineMeeting"):
        return "none", ""
    url = str((event.get("onlineMeeting") or {}).get("joinUrl") or "")
    return ("ready", url) if url else ("pending", "")


def found(event: Mapping[str, Any], calendar: str) -> FoundEvent:
    """The event as it is now, with everybody's answers."""
    start, end = instant(event.get("start") or {}), instant(event.get("end") or {})
    guests = (guest for guest in event.get("attendees") or () if _email(guest))
    status = "cancelled" if event.get("isCancelled") else "confirmed"
    if status == "confirmed" and str(event.get("showAs")).lower() == "tentative":
        status = "tentative"
    return FoundEvent(
        ref=reference(event, calendar),
        start=start,
        end=end,
        status=status,  # type: ignore[arg-type]  # one of the three above
        attendees=tuple(_attendee(guest) for guest in guests),
    )


def _attendee(guest: Mapping[str, Any]) -> Attendee:
    answer = str((guest.get("status") or {}).get("response") or "").lower()
    return Attendee(
        email=str(guest["emailAddress"]["address"]),
        role=ROLES.get(str(guest.get("type") or "").lower(), "required"),
        status=ANSWERS.get(answer, "needs_action"),
    )
