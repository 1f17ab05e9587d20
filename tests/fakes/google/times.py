# SPDX-License-Identifier: Apache-2.0
"""Google's ways of writing a time: `{"dateTime", "timeZone"}` or `{"date"}`, and RFC 3339 in parameters."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from tests.fakes.google.problems import wrong

Moment = datetime | date
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def zone(name: str) -> ZoneInfo:
    """Refuses what is no IANA zone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise wrong("invalid", f"Invalid time zone definition for {name}.") from None


def instant(text: str, name: str) -> datetime:
    """A parameter's time, to the second. Refuses one without an offset."""
    if not _RFC3339.fullmatch(text):
        raise wrong("invalid", f"Invalid value for: {name}: {text} has no offset or is no time")
    try:
        return datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0)
    except ValueError:
        raise wrong("invalid", f"Invalid value for: {name}: {text}") from None


def moment(given: Any, name: str) -> Moment:
    """An event's start or end as an aware datetime in its own zone, or as a date."""
    if not isinstance(given, dict) or len({"date", "dateTime"} & given.keys()) != 1:
        raise wrong("invalid", f"Invalid {name} time.")
    if "date" in given:
        return _date(given["date"])
    return _datetime(given["dateTime"], given.get("timeZone"))


@lru_cache(65536)
def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise wrong("invalid", f"Invalid date: {text}") from None


@lru_cache(65536)
def _datetime(text: str, zone_name: str | None) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise wrong("invalid", f"Invalid time: {text}") from None
    own = zone(zone_name) if zone_name is not None else None
    if found.tzinfo is None and own is None:
        raise wrong("required", "Missing time zone definition for start time.")
    return found.replace(tzinfo=own) if found.tzinfo is None else found.astimezone(own or found.tzinfo)


def as_instant(found: Moment, calendar_zone: tzinfo) -> datetime:
    """The instant; a date begins at midnight on the calendar's clock."""
    if isinstance(found, datetime):
        return found.astimezone(UTC)
    return datetime.combine(found, time(), calendar_zone).astimezone(UTC)


def rfc3339(found: datetime, where: tzinfo) -> str:
    return found.astimezone(where).isoformat(timespec="seconds").replace("+00:00", "Z")


def stamp(found: datetime) -> str:
    """As in `updated`: UTC with milliseconds."""
    return found.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def written(found: Moment, zone_name: str | None) -> dict[str, str]:
    """As an event holds it."""
    if not isinstance(found, datetime):
        return {"date": found.isoformat()}
    assert found.tzinfo is not None, "Times need a zone."
    return {"dateTime": found.isoformat(timespec="seconds"), **({"timeZone": zone_name} if zone_name else {})}
