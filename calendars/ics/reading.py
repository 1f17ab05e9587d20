# SPDX-License-Identifier: Apache-2.0
"""What a calendar file says about its owner's time. Reads text, touches no disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from calendars.ics.document import Component, line_number, lines_of, scan
from calendars.ics.event import BrokenEvent, Event, read_event
from calendars.ics.series import Frame, Taken, placed, series, span_of
from calendars.ics.times import later, parse_head, parse_period
from calendars.ics.unclear import Budget, Unclear
from calendars.ics.zones import Zones
from calendars.values import AttendeeStatus, Busy, BusyKind, CalendarKey, FoundStatus, busy_within

_FREE_BUSY: dict[str, BusyKind | None] = {
    "FREE": None,
    "BUSY-TENTATIVE": "tentative",
    "BUSY-UNAVAILABLE": "out_of_office",
}


@dataclass(slots=True)
class _File:
    """What a calendar file says about time."""

    #: VCALENDARs and VTIMEZONEs.
    contexts: list[Component] = field(default_factory=list)
    free_busy: list[Component] = field(default_factory=list)
    events: list[Event | BrokenEvent] = field(default_factory=list)


def read_blocks(
    data: bytes, key: CalendarKey, start: datetime, end: datetime, budget: Budget | None = None
) -> tuple[Busy, ...]:
    """
    The busy time of a calendar file between two aware instants.

    Raises Unclear, with line numbers filled in, when anything that may take time cannot be understood.
    """
    try:
        file = _read(data, key.address)
        frame = _frame(file, key, start, end, budget or Budget())
        taken = [*_free_busy(file, frame), *_events(file, frame)]
    except Unclear as unclear:
        raise _with_line(unclear, data) from None
    return busy_within((Busy(*block) for block in taken), start, end)


def read_event_times(
    data: bytes, key: CalendarKey, uid: str
) -> tuple[datetime, datetime, FoundStatus, AttendeeStatus | None] | None:
    """
    Start, end and status of the event with this uid, of a series its first instance, and the answer of the
    calendar's owner, where they are on its list; None when there is no such event.

    Raises Unclear, with line numbers filled in.
    """
    try:
        file = _read(data, key.address)
        event = next((event for event in file.events if event.uid == uid), None)
        if event is None:
            return None
        if isinstance(event, BrokenEvent):
            raise event.problem
        day = datetime.combine(event.start.wall.date(), time())
        frame = _frame(file, key, day, later(day, timedelta(days=1)), Budget())
        start, end = span_of(event, event.calendar, frame)
    except Unclear as unclear:
        raise _with_line(unclear, data) from None
    return start, end, event.status, event.answer


def check_structure(data: bytes) -> None:
    """Raise Unclear, with line numbers filled in, when the file is not a whole calendar."""
    try:
        for _ in scan(data, ""):
            pass
    except Unclear as unclear:
        raise _with_line(unclear, data) from None


def _read(data: bytes, owner: str) -> _File:
    file = _File()
    for component in scan(data, owner):
        if component.name == "VEVENT":
            file.events.append(read_event(component, owner))
        elif component.name == "VFREEBUSY":
            file.free_busy.append(component)
        else:
            file.contexts.append(component)
    return file


def _with_line(unclear: Unclear, data: bytes) -> Unclear:
    number = line_number(data, unclear.row or 0)
    return Unclear(unclear.code, unclear.reason.replace("{line}", str(number)), row=unclear.row)


def _frame(file: _File, key: CalendarKey, start: datetime, end: datetime, budget: Budget) -> Frame:
    for component in file.contexts:
        if component.value("CALSCALE").upper() not in ("", "GREGORIAN"):
            reason = (
                "The calendar at line {line} does not count Gregorian dates; export it with Gregorian dates."
            )
            raise Unclear("unknown_calendar_scale", reason, row=component.row)
    zones = Zones(file.contexts, key.time_zone, start, end, budget)
    return Frame(first=start, last=end, zones=zones, budget=budget)


def _free_busy(file: _File, frame: Frame) -> Iterator[Taken]:
    for component in file.free_busy:
        for line in lines_of(component, "FREEBUSY"):
            head, value = line.split_last()
            try:
                kind = _FREE_BUSY.get(parse_head(head).free_busy, "busy")
                periods = [parse_period(item, parse_head(head)) for item in value.split(",") if item.strip()]
                spans = [span_of(period, component.calendar, frame) for period in periods]
            except (ValueError, OverflowError):
                reason = "The busy time at line {line} cannot be read; export the calendar again."
                raise Unclear("broken_event", reason, row=line.row) from None
            if kind is not None:
                yield from (Taken(start, end, kind, None) for start, end in spans if start < end)


def _events(file: _File, frame: Frame) -> Iterator[Taken]:
    groups: dict[str | int, list[Event | BrokenEvent]] = {}
    for number, event in enumerate(file.events):
        groups.setdefault(event.uid or number, []).append(event)
    for members in groups.values():
        if any(member.kind is not None for member in members):
            yield from _group(members, frame)


def _group(members: Sequence[Event | BrokenEvent], frame: Frame) -> Iterator[Taken]:
    events = []
    for member in members:
        if isinstance(member, BrokenEvent):
            raise member.problem
        events.append(member)
    first = events[0]
    try:
        if len(events) > 1 or first.recurs or first.replaces is not None:
            yield from series(events, frame)
        elif frame.may_touch(first):
            yield from placed(first, frame)
    except Unclear as unclear:
        raise Unclear(
            unclear.code, unclear.reason, row=first.row if unclear.row is None else unclear.row
        ) from None
    except (ValueError, OverflowError):
        reason = "The event at line {line} has an impossible date; open it and save it again."
        raise Unclear("broken_event", reason, row=first.row) from None
