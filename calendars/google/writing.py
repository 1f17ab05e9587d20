# SPDX-License-Identifier: Apache-2.0
"""Our drafts as Google's events, and Google's events as what we found (Events resource)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from calendars.google.ids import uid_of
from calendars.google.problems import BadAnswer
from calendars.values import (
    Attendee,
    AttendeeStatus,
    ConferenceState,
    EventDraft,
    EventRef,
    FoundEvent,
    FoundStatus,
)

UID = "conveneUid"
#: short hashes of the attendees we put, so that guests whom people added are known as theirs
INVITED = "conveneInvited"
ANSWERS: dict[str, AttendeeStatus] = {
    "needsAction": "needs_action",
    "accepted": "accepted",
    "declined": "declined",
    "tentative": "tentative",
}
STATUSES: dict[str, FoundStatus] = {
    "confirmed": "confirmed",
    "tentative": "tentative",
    "cancelled": "cancelled",
}


def body(draft: EventDraft, calendar: str) -> dict[str, Any]:
    """The event as it is sent; whoever else is on it already comes from `keep_guests`."""
    attendees = invited(draft, calendar)
    return {
        "summary": draft.summary,
        "description": draft.description,
        "location": draft.location,
        "start": _moment(draft.start, draft.time_zone),
        "end": _moment(draft.end, draft.time_zone),
        "status": draft.status,
        "transparency": "opaque",
        "attendees": attendees,
        "guestsCanInviteOthers": True,
        "guestsCanModify": False,
        "extendedProperties": {
            "private": {
                UID: draft.uid,
                INVITED: ",".join(sorted(_short(guest["email"]) for guest in attendees)),
                **draft.private,
            }
        },
        **({"source": {"title": "Convene", "url": draft.url}} if draft.url else {}),
    }


def _moment(instant: datetime, zone: str) -> dict[str, str]:
    return {"dateTime": instant.astimezone(ZoneInfo(zone)).isoformat(), "timeZone": zone}


def invited(draft: EventDraft, calendar: str) -> list[dict[str, Any]]:
    """The draft's attendees, without the calendar's own owner."""
    return [_guest(attendee) for attendee in draft.attendees if attendee.email.lower() != calendar.lower()]


def _guest(attendee: Attendee) -> dict[str, Any]:
    guest: dict[str, Any] = {"email": attendee.email}
    if attendee.name:
        guest["displayName"] = attendee.name
    if attendee.role == "optional":
        guest["optional"] = True
    if attendee.role == "room":
        guest["resource"] = True
    return guest


def conference(draft: EventDraft, event_id: str, event: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """
    The wish for a Meet link, unless `event` has or gets one; the same request id makes no second one.

    Where it failed, a later version of the draft asks again, with another request id.
    """
    if draft.conference != "google_meet":
        return {}
    id_ = f"{event_id[-50:]}-{draft.sequence}"
    there = (event or {}).get("conferenceData") or {}
    known = (there.get("createRequest") or {}).get("requestId")
    if there and (known == id_ or _conference_of(event or {})[0] != "failed"):
        return {}
    request = {"requestId": id_, "conferenceSolutionKey": {"type": "hangoutsMeet"}}
    return {"conferenceData": {"createRequest": request}}


def merged(event: Mapping[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """
    The change that makes `event` as wanted: attendees are replaced as a whole (Events: patch), so people's
    answers and the guests they added are carried over, and whom we had put and no longer want goes.

    An answer that is not sent again is lost (observed: nspady/google-calendar-mcp#148). At another time
    everybody is asked anew: nothing says that Google does so by itself.
    """
    ours = set(filter(None, str(_private(event).get(INVITED) or "").split(",")))
    now = {guest["email"].lower(): guest for guest in event.get("attendees") or () if guest.get("email")}
    wanted_by_email = {guest["email"].lower(): guest for guest in wanted["attendees"]}
    kept = [
        guest for email, guest in now.items() if email not in wanted_by_email and _short(email) not in ours
    ]
    attendees = [{**now.get(email, {}), **guest} for email, guest in wanted_by_email.items()] + kept
    if not _same_time(event, wanted):
        attendees = [guest | {"responseStatus": _unasked(guest)} for guest in attendees]
    return {**wanted, "attendees": attendees}


def _unasked(guest: Mapping[str, Any]) -> str:
    """What somebody answers who has not been asked yet; the organiser comes to an event of their own."""
    return "accepted" if guest.get("organizer") else "needsAction"


def same(event: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether nothing would change, so that nobody is told of a change that is none."""
    plain = ("summary", "description", "location", "status")
    if any((event.get(name) or "") != (wanted.get(name) or "") for name in plain):
        return False
    if not _same_time(event, wanted):
        return False
    if _private(event) != wanted["extendedProperties"]["private"]:
        return False
    return _guests(event) == _guests(wanted)


def _same_time(event: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(_read(event[name]) == _read(wanted[name]) for name in ("start", "end"))


def _guests(event: Mapping[str, Any]) -> set[tuple[str, bool]]:
    return {(g["email"].lower(), bool(g.get("optional"))) for g in event.get("attendees") or ()}


def _private(event: Mapping[str, Any]) -> Mapping[str, str]:
    private = (event.get("extendedProperties") or {}).get("private") or {}
    return private if isinstance(private, Mapping) else {}


def is_ours(event: Mapping[str, Any], uid: str) -> bool:
    """Whether this event is the one we made for the uid: the id is proof where private data is not shown."""
    return _private(event).get(UID, uid) == uid and uid_of(str(event.get("id") or "")) == uid


def _short(email: str) -> str:
    return hashlib.sha256(email.lower().encode()).hexdigest()[:12]


def reference(
    event: Mapping[str, Any], calendar: str, *, asked: bool = False, refused: bool = False
) -> EventRef:
    """Where the event is; `asked`: a conference was asked for, `refused`: the calendar cannot make one."""
    state, url = _conference_of(event)
    if state == "none" and asked:
        state = "failed" if refused else "pending"
    return EventRef(
        provider="google",
        calendar=calendar,
        event_id=str(event["id"]),
        etag=str(event.get("etag") or ""),
        url=str(event.get("htmlLink") or ""),
        conference=state,
        conference_url=url,
    )


def _conference_of(event: Mapping[str, Any]) -> tuple[ConferenceState, str]:
    data = event.get("conferenceData") or {}
    points = data.get("entryPoints") or ()
    url = next((p["uri"] for p in points if p.get("entryPointType") == "video" and p.get("uri")), "")
    if url:
        return "ready", str(url)
    code = ((data.get("createRequest") or {}).get("status") or {}).get("statusCode")
    return ("failed" if code == "failure" else "pending", "") if code else ("none", "")


def found(event: Mapping[str, Any], calendar: str) -> FoundEvent:
    """The event as it is now, with everybody's answers."""
    try:
        start, end = _read(event["start"]), _read(event["end"])
    except (KeyError, ValueError, TypeError):
        raise BadAnswer from None
    guests = (guest for guest in event.get("attendees") or () if guest.get("email"))
    return FoundEvent(
        ref=reference(event, calendar),
        start=start,
        end=max(start, end),
        status=STATUSES.get(str(event.get("status")), "confirmed"),
        attendees=tuple(_attendee(guest) for guest in guests),
    )


def _attendee(guest: Mapping[str, Any]) -> Attendee:
    role = "room" if guest.get("resource") else "optional" if guest.get("optional") else "required"
    return Attendee(
        email=str(guest["email"]),
        role=role,  # type: ignore[arg-type]  # one of the three above
        status=ANSWERS.get(str(guest.get("responseStatus")), "needs_action"),
    )


def _read(moment: Mapping[str, Any]) -> datetime:
    if "date" in moment:  # somebody made it a whole day; its zone is the calendar's, which is not told here
        return datetime.fromisoformat(moment["date"]).replace(tzinfo=UTC)
    instant = datetime.fromisoformat(moment["dateTime"])
    zone = ZoneInfo(moment["timeZone"]) if moment.get("timeZone") else UTC
    return (instant if instant.tzinfo else instant.replace(tzinfo=zone)).astimezone(UTC)
