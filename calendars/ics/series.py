# SPDX-License-Identifier: Apache-2.0
"""
All components that share a UID, placed in time: masters, edited instances, exceptions (RFC 5545, 3.8.4.4
and 3.8.5).

Where files contradict themselves the reading that takes more time wins, because time that is wrongly free
gets booked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from calendars.ics.event import Event
from calendars.ics.recurrence import expand
from calendars.ics.times import Period, Stamp, later
from calendars.ics.unclear import Budget
from calendars.ics.zones import Zone, Zones
from calendars.values import BusyKind

_DAY = timedelta(days=1)
#: No two clocks are further apart than this.
_CLOCKS = timedelta(hours=30)


class Taken(NamedTuple):
    """A stretch of time an event takes."""

    start: datetime
    end: datetime
    kind: BusyKind
    own: str | None


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The question a file is read for."""

    #: Aware.
    first: datetime
    last: datetime
    zones: Zones
    budget: Budget

    def may_touch(self, event: Event) -> bool:
        """Whether an event that stands alone could lie in the window on any clock."""
        start, end = event.start.wall, event.wall_end
        return min(start, end) <= self.last_wall and max(start, end) >= self.first_wall

    @cached_property
    def first_wall(self) -> datetime:
        """What no clock shows any more when the window begins."""
        return later(self.first.replace(tzinfo=None), -_CLOCKS)

    @cached_property
    def last_wall(self) -> datetime:
        """What no clock shows yet when the window ends."""
        return later(self.last.replace(tzinfo=None), _CLOCKS)

    def instant(self, stamp: Stamp, calendar: int, floating: Zone | None = None) -> datetime:
        """The instant a stamp means; a floating one is in ``floating``, else in the calendar's own zone."""
        if stamp.zone is None and floating is not None:
            return floating.utc(stamp.wall)
        return self.zones.of(stamp.zone, calendar).utc(stamp.wall)


@dataclass(frozen=True, slots=True)
class _Length:
    """How long an instance is: as elapsed time and on the clock, which differ when the clocks change."""

    zone: Zone
    elapsed: timedelta
    on_clock: timedelta

    def span(self, wall: datetime) -> tuple[datetime, datetime]:
        """
        Start and end of the instance at this wall time; an end before the start is read as swapped.

        RFC 5545 (3.8.5.3) counts elapsed time, many programs show the same hours on the clock: both are
        taken.
        """
        start = self.zone.utc(wall)
        ends = [self.zone.utc(later(wall, self.on_clock))]
        if self.elapsed != self.on_clock or self.elapsed % _DAY:
            # Whole days have no length in hours: 23, 24 or 25 as the day has.
            ends.append(later(start, self.elapsed))
        if self.elapsed < timedelta(0):
            return min(start, *ends), start
        return start, max(start, *ends)

    @property
    def reach(self) -> timedelta:
        """How far from its start an instance can take time."""
        return max(abs(self.elapsed), abs(self.on_clock))


def _length(item: Event | Period, calendar: int, zone: Zone, frame: Frame) -> _Length:
    start, end = item.start, item.end
    if isinstance(end, timedelta):
        return _Length(zone, end, end)
    on_clock = end.wall - start.wall
    if start.is_day and end.is_day:
        return _Length(zone, on_clock, on_clock)
    elapsed = frame.instant(end, calendar, zone) - zone.utc(start.wall)
    return _Length(zone, elapsed, on_clock if end.zone in (start.zone, None) else elapsed)


def span_of(item: Event | Period, calendar: int, frame: Frame) -> tuple[datetime, datetime]:
    """Start and end of an event's first instance or of a period."""
    zone = frame.zones.of(item.start.zone, calendar)
    return _length(item, calendar, zone, frame).span(item.start.wall)


def placed(event: Event, frame: Frame) -> Iterator[Taken]:
    """The time of an event that stands alone."""
    if event.kind is not None:
        yield from _taken(event, span_of(event, event.calendar, frame))


def _taken(event: Event, span: tuple[datetime, datetime]) -> Iterator[Taken]:
    start, end = span
    if event.kind is not None and start < end:
        yield Taken(start, end, event.kind, event.own)


def series(events: Iterable[Event], frame: Frame) -> Iterator[Taken]:
    """The time taken by all events that share a UID, or by one that recurs."""
    members = list(events)
    masters = _newest([event for event in members if event.replaces is None])
    edits = [event for event in members if event.replaces is not None]
    edits = list(_current(edits, frame))
    # Every version of the series is held against every edit.
    frame.budget.examine(10 * len(masters) * (1 + len(edits)))
    versions = [_Master(master, edits, frame) for master in masters]
    for version in versions:
        yield from version.taken()
    for edit in edits:
        if not any(version.has_outlived(edit) for version in versions):
            yield from placed(edit, frame)


def _newest(events: list[Event]) -> list[Event]:
    """Those with the highest SEQUENCE; several when programs reuse a UID, and then all of them count."""
    highest = max((event.sequence for event in events), default=0)
    return [event for event in events if event.sequence == highest]


def _current(edits: list[Event], frame: Frame) -> Iterator[Event]:
    by_instance: dict[datetime, list[Event]] = {}
    for edit in edits:
        if edit.replaces is not None:
            by_instance.setdefault(frame.instant(edit.replaces, edit.calendar), []).append(edit)
    for same in by_instance.values():
        yield from _newest(same)


class _Instances:
    """A set of instances named by EXDATE or RECURRENCE-ID, in whatever way the file names them."""

    def __init__(self, master: Event, zone: Zone, stamps: Iterable[Stamp], frame: Frame) -> None:
        self._zone = zone
        self._walls = set()
        self._days = set()
        self._instants = set()
        for stamp in stamps:
            if stamp.is_day and not master.start.is_day:
                self._days.add(stamp.wall.date())
                continue
            self._walls.add(_as_wall(stamp, master, zone, frame))
            if not master.start.is_day:
                self._instants.add(frame.instant(stamp, master.calendar, zone))

    def __contains__(self, wall: datetime) -> bool:
        if wall in self._walls or wall.date() in self._days:
            return True
        return bool(self._instants) and self._zone.utc(wall) in self._instants


def _as_wall(stamp: Stamp, master: Event, zone: Zone, frame: Frame) -> datetime:
    """The stamp on the master's clock; midnight when the master is a whole day."""
    wall = stamp.wall
    midnight = wall.replace(hour=0, minute=0, second=0)
    if (
        stamp.zone is not None
        and stamp.zone != master.start.zone
        and not (master.start.is_day and wall == midnight)
    ):
        wall = zone.wall(frame.instant(stamp, master.calendar))
    return wall.replace(hour=0, minute=0, second=0) if master.start.is_day else wall


class _Shift(NamedTuple):
    """How an edit changes the instances from one on (RANGE=THISANDFUTURE)."""

    since: datetime
    by: timedelta
    edit: Event
    length: _Length


class _Master:
    """An event with the instances its rules and lists give it."""

    def __init__(self, master: Event, edits: list[Event], frame: Frame) -> None:
        self._frame = frame
        self._event = _on_its_own_clock(master, frame)
        self._zone = frame.zones.of(self._event.start.zone, master.calendar)
        self._length = _length(self._event, master.calendar, self._zone, frame)
        self._without = self._named(master.without)
        self._edited = self._named(edit.replaces for edit in edits if edit.replaces)
        shifts = [self._shift(edit, edit.replaces) for edit in edits if edit.and_later and edit.replaces]
        self._shifts = sorted(shifts, key=lambda shift: shift.since, reverse=True)

    def _named(self, stamps: Iterable[Stamp]) -> _Instances:
        return _Instances(self._event, self._zone, stamps, self._frame)

    def _shift(self, edit: Event, replaces: Stamp) -> _Shift:
        since, start = (
            _as_wall(stamp, self._event, self._zone, self._frame) for stamp in (replaces, edit.start)
        )
        zone = self._frame.zones.of(edit.start.zone, edit.calendar)
        length = _length(edit, edit.calendar, zone, self._frame)
        return _Shift(since, start - since, edit, _Length(self._zone, length.elapsed, length.on_clock))

    def taken(self) -> Iterator[Taken]:
        """The time of all instances no edit replaces."""
        walls = self._walls()
        self._frame.budget.examine(len(walls) * len(self._shifts))
        for wall in walls:
            if wall in self._without or wall in self._edited:
                continue
            shift = next((shift for shift in self._shifts if shift.since <= wall), None)
            if shift is None:
                yield from _taken(self._event, self._length.span(wall))
            else:
                yield from _taken(shift.edit, shift.length.span(later(wall, shift.by)))
        yield from self._periods()

    def has_outlived(self, edit: Event) -> bool:
        """
        Whether the edit belongs to an older version of the series that has lost that instance.

        An older edit that says how to recur is itself a leftover of a whole older version.
        """
        if edit.sequence >= self._event.sequence or edit.replaces is None:
            return False
        wall = _as_wall(edit.replaces, self._event, self._zone, self._frame)
        if wall in self._without:
            return True
        return (edit.recurs or bool(edit.without)) and wall not in set(self._walls_between(wall, wall))

    def _walls(self) -> set[datetime]:
        reach = max([self._length.reach, *(shift.length.reach + abs(shift.by) for shift in self._shifts)])
        first, last = later(self._frame.first_wall, -reach), later(self._frame.last_wall, reach)
        return set(self._walls_between(first, last))

    def _walls_between(self, first: datetime, last: datetime) -> Iterator[datetime]:
        event = self._event
        self._frame.budget.examine(len(event.extra))
        start = event.start.wall
        # Some programs delete a series by ending it before it starts.
        deleted = event.rules and not any(self._is_in_time(start, rule.until) for rule in event.rules)
        if first <= start <= last and not deleted:
            yield start
        for rule in event.rules:
            for wall in expand(rule, start, first, last, self._frame.budget):
                if not self._is_in_time(wall, rule.until):
                    break
                yield wall
        for item in event.extra:
            if isinstance(item, Stamp) and not self._is_vague(item):
                wall = _as_wall(item, event, self._zone, self._frame)
                if first <= wall <= last:
                    yield wall

    def _is_in_time(self, wall: datetime, until: Stamp | None) -> bool:
        """Whether UNTIL, which is often not of the type of DTSTART, lets this instance be in any reading."""
        if until is None:
            return True
        start = self._event.start
        by_days = until.is_day or start.is_day
        on_clock = wall.date() <= until.wall.date() if by_days else wall <= until.wall
        if until.is_day:
            return on_clock
        elapsed = self._zone.utc(wall).replace(tzinfo=None) <= until.wall
        if until.zone is not None and start.zone is not None:
            return elapsed
        return on_clock or elapsed

    def _is_vague(self, item: Stamp) -> bool:
        """Whether an extra date of a timed event says the day but not the time."""
        return item.is_day and not self._event.start.is_day

    def _periods(self) -> Iterator[Taken]:
        """Extra instances with a length of their own; an extra day without a time takes that whole day."""
        for extra in self._event.extra:
            if isinstance(extra, Stamp) and not self._is_vague(extra):
                continue
            item = extra if isinstance(extra, Period) else Period(extra, max(_DAY, self._length.reach))
            wall = _as_wall(item.start, self._event, self._zone, self._frame)
            if wall in self._without or wall in self._edited:
                continue
            zone = (
                self._frame.zones.of(item.start.zone, self._event.calendar) if item.start.zone else self._zone
            )
            length = _length(item, self._event.calendar, zone, self._frame)
            yield from _taken(self._event, length.span(item.start.wall))


def _on_its_own_clock(master: Event, frame: Frame) -> Event:
    """
    The event on the clock it recurs by.

    A calendar that names its zone (X-WR-TIMEZONE) but writes a series in UTC means the clock of that zone.
    """
    name = frame.zones.own_name(master.calendar)
    if not master.rules or master.start.zone != "UTC" or name is None:
        return master
    zone = frame.zones.of(name, master.calendar)
    start = Stamp(zone.wall(frame.instant(master.start, master.calendar)), name)
    end = master.end
    if isinstance(end, Stamp) and end.zone == "UTC":
        end = Stamp(zone.wall(frame.instant(end, master.calendar)), name)
    return replace(master, start=start, end=end)
