# SPDX-License-Identifier: Apache-2.0
"""
What Graph's answers say about when somebody is busy (calendar: getSchedule; user: list calendarView).

getSchedule gives whole days as instants, calendarView as midnights without a zone whatever was asked for:
the latter are read in the owner's zone. The availability view of getSchedule is not used: it rounds to its
slots, and has no digit for working elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from calendars.ics.zones import iana_name
from calendars.microsoft.problems import BadAnswer
from calendars.pieces import Refusal, Told
from calendars.values import Busy, BusyKind, CalendarKey

#: calendars and days in one getSchedule
MOST_SCHEDULES = 20
LONGEST = timedelta(days=60)
#: a GUID of ours and the name under which an event keeps its uid (extended properties overview)
PROPERTY = "String {6f1f7c53-2f7e-4b0e-9c2a-5a3a9f0d7e41} Name ConveneUid"
#: of an event nothing else is fetched: no subject, no body, no attendees
EVENT_FIELDS = "id,iCalUId,start,end,showAs,isAllDay,isCancelled,responseStatus"

KINDS: dict[str, BusyKind | None] = {
    "free": None,
    "workingelsewhere": None,
    "tentative": "tentative",
    "busy": "busy",
    "oof": "out_of_office",
    "unknown": "busy",
}
UNRESOLVED = Refusal(
    "not_found", "Microsoft knows no such mailbox in this organisation, or shows nothing of it."
)
WITHHELD = Refusal(
    "not_shown",
    "Microsoft does not show when this mailbox is busy; when that lasts, an administrator has to look at it.",
)
MISSING = Refusal(
    "no_answer", "Microsoft said nothing of this calendar; check that its mailbox exists and has a licence."
)
#: what getSchedule says of an address that is nobody's (EWS ResponseCode ErrorMailRecipientNotFound)
NOBODY = ("5009", "errormailrecipientnotfound", "")
UNKNOWN_ZONE = Refusal(
    "unknown_time_zone", "The calendar uses a time zone that is not known; set one from the list in Outlook."
)


def schedule_body(addresses: Iterable[str], start: datetime, end: datetime) -> dict[str, Any]:
    return {
        "schedules": list(addresses),
        "startTime": _moment(start),
        "endTime": _moment(end),
        "availabilityViewInterval": 30,
    }


def _moment(instant: datetime) -> dict[str, str]:
    return {"dateTime": instant.astimezone(UTC).replace(tzinfo=None).isoformat(), "timeZone": "UTC"}


def schedules_of(answer: Mapping[str, Any]) -> dict[str, Told]:
    """What each schedule says, by address in lower case."""
    told = answer.get("value")
    if not isinstance(told, list) or not all(isinstance(item, Mapping) for item in told):
        raise BadAnswer
    return {str(item.get("scheduleId") or "").lower(): _schedule(item) for item in told}


def _schedule(item: Mapping[str, Any]) -> Told:
    error = item.get("error")
    if error is not None:
        code = str(error.get("responseCode") or "").lower() if isinstance(error, dict) else ""
        return UNRESOLVED if code in NOBODY else WITHHELD
    entries = item.get("scheduleItems")
    if not isinstance(entries, list):
        return MISSING
    try:
        return _blocks(
            (_kind(entry.get("status")), _instant(entry["start"]), _instant(entry["end"]), None)
            for entry in entries
        )
    except UnknownZone:
        return UNKNOWN_ZONE
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise BadAnswer from None


class Views:
    """
    The calendarViews of one question. Only the calendar an event of ours was written to shows our uid; the
    copies that guests have share its iCalUId (event resource type), and are known by that where both
    calendars were asked for.
    """

    def __init__(self) -> None:
        self._items: dict[CalendarKey, list[Mapping[str, Any]]] = {}
        self._ours: dict[str, str] = {}

    def add(self, key: CalendarKey, items: list[Mapping[str, Any]]) -> Told:
        """What this calendar says, seen by itself. Raises BadAnswer."""
        told = events_of(items, key.time_zone)
        self._ours.update({str(item.get("iCalUId")): uid for item in items if (uid := uid_of(item))})
        self._items[key] = items
        return told

    def named(self, told: Mapping[str, Told]) -> dict[str, Told]:
        """The same answers with guests' copies under our names."""
        more = {
            key.address: events_of(items, key.time_zone, self._ours)
            for key, items in list(self._items.items())
            if self._ours and not isinstance(told.get(key.address), Refusal)
        }
        return {**told, **more}


def events_of(
    items: Iterable[Mapping[str, Any]], owner_zone: str, ours: Mapping[str, str] = MappingProxyType({})
) -> Told:
    """What the events of a calendarView block; whole days count in the owner's zone. `ours`: uids by
    iCalUId.
    """
    try:
        return _blocks(
            (
                _kind_of_event(item),
                *_times(item, ZoneInfo(owner_zone)),
                uid_of(item) or ours.get(str(item.get("iCalUId") or "")),
            )
            for item in items
        )
    except UnknownZone:
        return UNKNOWN_ZONE
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise BadAnswer from None


def _blocks(
    times: Iterable[tuple[BusyKind | None, datetime, datetime, str | None]],
) -> tuple[Busy, ...]:
    return tuple(
        Busy(min(start, end), max(start, end), "interview" if uid else kind, uid)
        for kind, start, end, uid in times
        if kind is not None and start != end
    )


def _kind(status: Any) -> BusyKind | None:
    """How a status blocks; one that is not known does."""
    return KINDS.get(str(status or "unknown").lower(), "busy")


def _kind_of_event(item: Mapping[str, Any]) -> BusyKind | None:
    if item.get("isCancelled"):
        return None
    answer = str((item.get("responseStatus") or {}).get("response") or "").lower()
    if answer == "declined":
        return None
    kind = _kind(item.get("showAs"))
    unanswered = answer in ("notresponded", "tentativelyaccepted")
    return "tentative" if kind == "busy" and unanswered else kind


def _times(item: Mapping[str, Any], owner_zone: ZoneInfo) -> tuple[datetime, datetime]:
    if item.get("isAllDay"):
        days = (datetime.fromisoformat(item[name]["dateTime"]) for name in ("start", "end"))
        start, end = (day.replace(tzinfo=owner_zone).astimezone(UTC) for day in days)
        return start, end
    return _instant(item["start"]), _instant(item["end"])


class UnknownZone(Exception):
    """A name of a time zone that leads nowhere."""


def _instant(moment: Mapping[str, Any]) -> datetime:
    """A dateTimeTimeZone: seven digits of a second, no offset, and the zone's name beside it."""
    wall = datetime.fromisoformat(moment["dateTime"])
    if wall.tzinfo is not None:
        return wall.astimezone(UTC)
    zone = iana_name(str(moment.get("timeZone") or ""))
    if zone is None:
        raise UnknownZone
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def instant(moment: Mapping[str, Any]) -> datetime:
    """The same, for what was written. Raises BadAnswer."""
    try:
        return _instant(moment)
    except (UnknownZone, ValueError, KeyError, TypeError, OverflowError):
        raise BadAnswer from None


def uid_of(item: Mapping[str, Any]) -> str | None:
    """The uid of an event of ours, where it is shown: on the calendar we wrote it to."""
    return properties_of(item).get(PROPERTY)


def properties_of(item: Mapping[str, Any]) -> dict[str, str]:
    """The extended properties that came along, by their whole id in the case we write it in."""
    known = {PROPERTY.lower(): PROPERTY}
    found = item.get("singleValueExtendedProperties") or ()
    return {known.get(str(p["id"]).lower(), str(p["id"])): str(p["value"]) for p in found if "value" in p}
