# SPDX-License-Identifier: Apache-2.0
"""
What Google's answers say about when somebody is busy (Freebusy: query; Events: list).

Free/busy knows blocks and nothing else. Events say more: what was declined, what is tentative, focus time,
being out of office, and which events are ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from calendars.google.ids import uid_of
from calendars.google.problems import BadAnswer
from calendars.pieces import Refusal, Told
from calendars.values import Busy, BusyKind

#: calendars and days in one freeBusy query
MOST_CALENDARS = 50
LONGEST = timedelta(days=60)
#: of an event nothing else is fetched: no title, no description, nobody's address but the owner's own answer
EVENT_FIELDS = (
    "kind,nextPageToken,timeZone,items(id,status,transparency,eventType,start,end,attendeesOmitted,"
    "attendees(self,responseStatus))"
)
REASONS = {
    "notFound": Refusal(
        "not_found",
        "Google knows no such calendar, or its owner shares no free/busy time with the organisation.",
    ),
    "groupTooBig": Refusal("group_too_big", "This address is a group with too many members to read."),
    "tooManyCalendarsRequested": Refusal("too_many", "Google was asked for too much at once.", passing=True),
    "internalError": Refusal("provider_down", "Google could not read this calendar just now.", passing=True),
}
UNKNOWN = Refusal("refused", "Google could not read this calendar and gave no reason that is known.")
MISSING = Refusal("no_answer", "Google gave no answer about this calendar.")
UNKNOWN_ZONE = Refusal(
    "unknown_time_zone", "The calendar uses a time zone that is not known; set another in its settings."
)
NEVER_BLOCKS = frozenset({"workingLocation", "birthday"})


def free_busy_body(addresses: Iterable[str], start: datetime, end: datetime) -> dict[str, Any]:
    return {
        "timeMin": start.isoformat(),
        "timeMax": end.isoformat(),
        "timeZone": "UTC",
        "items": [{"id": address} for address in addresses],
    }


def free_busy_of(answer: Mapping[str, Any], address: str) -> Told:
    """The blocks of one calendar, or why they are not known. Nothing missing is ever free."""
    told, group = (_of(answer.get(kind), address) for kind in ("calendars", "groups"))
    if not isinstance(told, Mapping):
        errors = group.get("errors") if isinstance(group, Mapping) else None
        return _reason(errors) if errors else MISSING
    if told.get("errors"):
        return _reason(told["errors"])
    if not isinstance(told.get("busy"), list):
        return MISSING
    try:
        return tuple(
            Busy(datetime.fromisoformat(block["start"]), datetime.fromisoformat(block["end"]))
            for block in told["busy"]
            if block["start"] != block["end"]
        )
    except (ValueError, KeyError, TypeError, OverflowError):
        raise BadAnswer from None


def _of(found: Any, address: str) -> Any:
    return found.get(address) if isinstance(found, Mapping) else None


def _reason(errors: Any) -> Refusal:
    try:
        return REASONS.get(errors[0]["reason"], UNKNOWN)
    except (IndexError, KeyError, TypeError):
        return UNKNOWN


def blocks_of(items: Iterable[Mapping[str, Any]], zone: str) -> Told:
    """What these events block; whole days count in the calendar's zone."""
    try:
        calendars_own = ZoneInfo(zone)
    except (KeyError, ValueError, OSError, TypeError, AttributeError):
        return UNKNOWN_ZONE
    try:
        return tuple(block for item in items if (block := _block(item, calendars_own)) is not None)
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError):
        raise BadAnswer from None


def _block(item: Mapping[str, Any], zone: ZoneInfo) -> Busy | None:
    if item.get("status") == "cancelled" or item.get("eventType") in NEVER_BLOCKS:
        return None  # what remains of a cancelled instance has no times
    kind = _kind(item)
    if kind is None:
        return None
    start, end = _instant(item["start"], zone), _instant(item["end"], zone)
    if start == end:
        return None
    uid = uid_of(str(item.get("id") or ""))
    start, end = min(start, end), max(start, end)
    return Busy(start, end, "interview", uid) if uid else Busy(start, end, kind)


def _kind(item: Mapping[str, Any]) -> BusyKind | None:
    """How an event blocks; None: it does not. Being out of office blocks however it is shown."""
    answer = _own_answer(item)
    if answer == "declined":
        return None
    if item.get("eventType") == "outOfOffice":
        return "out_of_office"
    if item.get("transparency") == "transparent":
        return None
    if item.get("eventType") == "focusTime":
        return "focus"
    unanswered = answer in ("tentative", "needsAction") or item.get("status") == "tentative"
    return "tentative" if unanswered else "busy"


def _own_answer(item: Mapping[str, Any]) -> str | None:
    """The owner's own answer to an invitation; None where it is not known, which counts as attending."""
    own = (guest for guest in item.get("attendees") or () if guest.get("self"))
    return next((guest.get("responseStatus") for guest in own), None)


def _instant(moment: Mapping[str, Any], zone: ZoneInfo) -> datetime:
    if "dateTime" in moment:
        instant = datetime.fromisoformat(moment["dateTime"])
        return instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(moment["timeZone"]))
    return datetime.combine(date.fromisoformat(moment["date"]), time(), tzinfo=zone)
