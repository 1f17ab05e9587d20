# SPDX-License-Identifier: Apache-2.0
"""
The zone behind a TZID: an IANA zone wherever the name leads to one, else what the file's VTIMEZONE says.

Wall times that occur twice are the first, wall times that are skipped are read with the offset before the gap
(RFC 5545, 3.3.5); `zoneinfo` does the same with ``fold=0``.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Protocol
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from calendars.ics.document import Component, lines_of
from calendars.ics.recurrence import expand, parse_rule
from calendars.ics.times import later, parse_head, parse_stamp
from calendars.ics.unclear import Budget, Unclear

_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)(\d\d)?", re.ASCII)
_UTC_NAMES = frozenset({"utc", "gmt", "z", "zulu", "uct", "universal", "etc/utc", "etc/gmt"})
_YEAR = timedelta(days=366)


class Zone(Protocol):
    """A clock on a wall."""

    def utc(self, wall: datetime) -> datetime:
        """The instant a naive wall time means."""
        ...

    def wall(self, instant: datetime) -> datetime:
        """The naive wall time at an instant."""
        ...


class NamedZone:
    """A zone of the IANA database."""

    def __init__(self, key: str) -> None:
        self._zone = ZoneInfo(key)

    def utc(self, wall: datetime) -> datetime:
        """The instant a naive wall time means."""
        try:
            return wall.replace(tzinfo=self._zone).astimezone(UTC)
        except OverflowError:
            return wall.replace(tzinfo=UTC)

    def wall(self, instant: datetime) -> datetime:
        """The naive wall time at an instant."""
        try:
            return instant.astimezone(self._zone).replace(tzinfo=None)
        except OverflowError:
            return instant.replace(tzinfo=None)


class DefinedZone:
    """A zone as a VTIMEZONE defines it (RFC 5545, 3.6.5), exact for about two years around a window."""

    def __init__(self, component: Component, first: datetime, last: datetime, budget: Budget) -> None:
        onsets = sorted(
            onset
            for observance in component.children
            for onset in _onsets(observance, first - 2 * _YEAR, last + 2 * _YEAR, budget)
        )
        if not onsets:
            raise ValueError("a time zone without rules")
        self._before = onsets[0][1]
        self._offsets = [after for _, _, after in onsets]
        # A skipped hour still belongs to the offset before it.
        self._walls = [onset + max(after - before, timedelta(0)) for onset, before, after in onsets]
        self._instants = [later(onset, -before) for onset, before, _ in onsets]

    def utc(self, wall: datetime) -> datetime:
        """The instant a naive wall time means."""
        return later(wall, -self._offset(self._walls, wall)).replace(tzinfo=UTC)

    def wall(self, instant: datetime) -> datetime:
        """The naive wall time at an instant."""
        naive = instant.astimezone(UTC).replace(tzinfo=None)
        return later(naive, self._offset(self._instants, naive))

    def _offset(self, changes: list[datetime], moment: datetime) -> timedelta:
        index = bisect.bisect_right(changes, moment) - 1
        return self._offsets[index] if index >= 0 else self._before


def _onsets(
    observance: Component, first: datetime, last: datetime, budget: Budget
) -> list[tuple[datetime, timedelta, timedelta]]:
    """When an observance begins, in the range and for the first time, with the offsets before and after."""
    before, after = (_offset(observance.value(name)) for name in ("TZOFFSETFROM", "TZOFFSETTO"))
    start = parse_stamp(observance.value("DTSTART")).wall
    walls = {start}
    for line in lines_of(observance, "RDATE"):
        head, value = line.split_last()
        walls |= {parse_stamp(item, parse_head(head)).wall for item in value.split(",")}
    for line in lines_of(observance, "RRULE"):
        rule = parse_rule(line.value)
        until = later(rule.until.wall, before if rule.until.zone else timedelta(0)) if rule.until else last
        # A rule that has ended before the range still says which offset it left behind.
        end = min(last, until)
        walls.update(expand(rule, start, max(min(first, later(end, -2 * _YEAR)), start), end, budget))
    return [(wall, before, after) for wall in walls]


def _offset(text: str) -> timedelta:
    match = _OFFSET.fullmatch(text)
    if match is None:
        raise ValueError("an offset that cannot be read")
    length = timedelta(hours=int(match[2]), minutes=int(match[3]), seconds=int(match[4] or 0))
    if length >= timedelta(days=1):
        raise ValueError("an offset of a day or more")
    return -length if match[1] == "-" else length


@cache
def _iana_names() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}


@cache
def _windows_names() -> dict[str, str]:
    return {name.casefold(): name_of_iana for name, name_of_iana in WINDOWS_TO_OLSON.items()}


def iana_name(tzid: str) -> str | None:
    """
    The IANA zone a TZID means, or None.

    Knows IANA names in any case, the names Windows and Outlook use, and names with a maker's prefix such as
    ``/citadel.org/20210210_1/Europe/Berlin``.
    """
    name = tzid.strip().strip('"/').casefold()
    if name in _UTC_NAMES:
        return "UTC"
    parts = name.split("/")
    for suffix in ("/".join(parts[start:]) for start in range(len(parts))):
        if suffix in _iana_names():
            return _iana_names()[suffix]
    return _windows_names().get(name)


class Zones:
    """All zones one file speaks of, for one window and one owner."""

    def __init__(
        self, components: Iterable[Component], owner: str, first: datetime, last: datetime, budget: Budget
    ) -> None:
        """``components`` are the file's VCALENDARs and VTIMEZONEs, ``owner`` is the owner's IANA zone."""
        self._owner = owner
        self._range = (first.replace(tzinfo=None), last.replace(tzinfo=None))
        self._budget = budget
        self._names: dict[int, str] = {}
        # Calendars of one file may each define a name; one that does not borrows a neighbour's.
        self._defined: dict[tuple[str, int | None], Component] = {}
        for component in components:
            if component.name == "VCALENDAR":
                self._names[component.calendar] = component.value("X-WR-TIMEZONE")
            else:
                self._defined.setdefault((component.value("TZID"), None), component)
                self._defined[component.value("TZID"), component.calendar] = component
        self._known: dict[tuple[str, int], Zone] = {}

    def of(self, name: str | None, calendar: int) -> Zone:
        """
        The zone of this TZID, or the calendar's own when there is none. Raises Unclear when nobody knows it.

        The calendar's own is its X-WR-TIMEZONE, else the owner's.
        """
        name = name or self.own_name(calendar) or self._owner
        known = self._known.get((name, calendar))
        if known is None:
            known = self._known[name, calendar] = self._find(name, calendar)
        return known

    def own_name(self, calendar: int) -> str | None:
        """The zone this calendar says it is kept in, if it says so."""
        return self._names.get(calendar) or None

    def _find(self, name: str, calendar: int) -> Zone:
        component = self._defined.get((name, calendar)) or self._defined.get((name, None))
        iana = iana_name(name)
        # Bare abbreviations such as EST mean a fixed offset at IANA and a zone with summer time in offices.
        abbreviation = component is not None and "/" not in name and name.casefold() not in _windows_names()
        if iana is not None and (iana == "UTC" or not abbreviation):
            return NamedZone(iana)
        shown = "".join(filter(str.isprintable, name))[:60]
        if component is None:
            raise Unclear(
                "unknown_time_zone",
                f"The event at line {{line}} uses the time zone “{shown}”, which is not known and not "
                "defined in the file; choose an ordinary time zone for it.",
            )
        try:
            return DefinedZone(component, *self._range, self._budget)
        except (ValueError, OverflowError):
            raise Unclear(
                "unknown_time_zone",
                f"The time zone “{shown}”, defined at line {{line}}, cannot be understood; choose an "
                "ordinary time zone for its events.",
                row=component.row,
            ) from None
