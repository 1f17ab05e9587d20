# SPDX-License-Identifier: Apache-2.0
"""Graph's times: a wall clock with seven digits of a second, and the name of a zone beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from tzlocal.windows_tz import tz_win, win_tz

from tests.fakes.microsoft.errors import invalid

_WALL = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d)?(\.\d{1,7})?")


def zone_named(name: str) -> ZoneInfo:
    """The zone with this Windows or IANA name. Raises GraphError for any other."""
    if name in win_tz:
        return ZoneInfo(win_tz[name])
    if name == "tzone://Microsoft/Utc":
        return ZoneInfo("UTC")
    if name not in available_timezones():
        raise invalid(f"The time zone {name!r} is not supported.", "TimeZoneNotSupportedException")
    return ZoneInfo(name)


def windows_name(zone: str) -> str:
    """What Windows calls an IANA zone."""
    return "UTC" if zone in {"UTC", "Etc/UTC"} else tz_win.get(zone, zone)


def written(wall: datetime, zone: str) -> dict[str, str]:
    """A `dateTimeTimeZone`. ``wall``: what the clock in ``zone`` shows; its tzinfo is not looked at."""
    return {"dateTime": f"{wall:%Y-%m-%dT%H:%M:%S}.{wall.microsecond:06}0", "timeZone": zone}


def instant_text(instant: datetime) -> str:
    """A `DateTimeOffset` in UTC, such as ``createdDateTime``."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z"


def read_instant(text: str | None, what: str) -> datetime:
    """A query parameter or expiry: its own offset counts, without one it is UTC."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        raise invalid(f"The {what} {text!r} is not a date and time.", "ErrorInvalidParameter") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def read_wall(document: Any, what: str) -> tuple[datetime, str]:
    """The naive wall time of a `dateTimeTimeZone`, and its zone's name. Raises GraphError."""
    if not isinstance(document, dict) or document.keys() - {"dateTime", "timeZone", "@odata.type"}:
        raise invalid(f"{what} is no dateTimeTimeZone.", "RequestBodyRead")
    text, zone = document.get("dateTime"), document.get("timeZone")
    if not isinstance(text, str) or not _WALL.fullmatch(text):
        raise invalid(f"{what}: {text!r} is no date and time without an offset.", "ErrorInvalidParameter")
    if not isinstance(zone, str):
        raise invalid(f"{what} names no time zone.", "ErrorInvalidParameter")
    zone_named(zone)
    return datetime.fromisoformat(text), zone


@dataclass(frozen=True, kw_only=True)
class When:
    """The time of an event: instants in UTC, or naive midnights of days that belong to no zone."""

    start: datetime
    end: datetime
    #: as it was named when it was written
    zone: str
    all_day: bool = False

    @classmethod
    def given(cls, start: datetime | date, end: datetime | date, zone: str) -> When:
        """Two aware instants, or two days of which the second is no longer part."""
        if isinstance(start, datetime) and isinstance(end, datetime):
            assert None not in {start.tzinfo, end.tzinfo}, "Times need a zone."
            return cls(start=start.astimezone(UTC), end=end.astimezone(UTC), zone=zone)
        return cls(
            start=datetime.combine(start, time()),
            end=datetime.combine(end, time()),
            zone=zone,
            all_day=True,
        )

    @classmethod
    def read(cls, start: Any, end: Any, *, all_day: bool) -> When:
        """Two `dateTimeTimeZone`s. Raises GraphError."""
        (first, zone), (last, last_zone) = read_wall(start, "start"), read_wall(end, "end")
        if all_day:
            if {first.time(), last.time()} != {time()} or zone != last_zone or first >= last:
                raise invalid("An all-day event runs from midnight to a later midnight in one zone.")
            return cls(start=first, end=last, zone=zone, all_day=True)
        begins = first.replace(tzinfo=zone_named(zone)).astimezone(UTC)
        ends = last.replace(tzinfo=zone_named(last_zone)).astimezone(UTC)
        if ends < begins:
            raise invalid("The end time must not be before the start.", "ErrorPropertyValidationFailure")
        return cls(start=begins, end=ends, zone=zone)

    def instants(self) -> tuple[datetime, datetime]:
        """When it is, whole days being days of their own zone."""
        if not self.all_day:
            return self.start, self.end
        zone = zone_named(self.zone)
        return (
            self.start.replace(tzinfo=zone).astimezone(UTC),
            self.end.replace(tzinfo=zone).astimezone(UTC),
        )

    def within(self, start: datetime, end: datetime) -> bool:
        begins, ends = self.instants()
        return begins < end and (ends > start or begins == ends == start)

    def documents(self, zone: str) -> tuple[dict[str, str], dict[str, str]]:
        """Start and end as an event shows them in a zone: whole days are not converted."""
        if self.all_day:
            return written(self.start, zone), written(self.end, zone)
        return shown(self.start, zone), shown(self.end, zone)

    def moved(self, by: timedelta) -> When:
        """The same wall time some days later."""
        if self.all_day:
            return When(start=self.start + by, end=self.end + by, zone=self.zone, all_day=True)
        zone = zone_named(self.zone)
        start = (self.start.astimezone(zone) + by).astimezone(UTC)
        return When(start=start, end=start + (self.end - self.start), zone=self.zone)


def shown(instant: datetime, zone: str) -> dict[str, str]:
    """An instant on the clock of a zone."""
    return written(instant.astimezone(zone_named(zone)), zone)
