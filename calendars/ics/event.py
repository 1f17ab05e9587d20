# SPDX-License-Identifier: Apache-2.0
"""One VEVENT as far as it takes time (RFC 5545, 3.6.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from calendars.ics.document import Component, Line, lines_of
from calendars.ics.recurrence import Rule, parse_rule
from calendars.ics.times import (
    Period,
    Stamp,
    later,
    parameters,
    parse_duration,
    parse_head,
    parse_period,
    parse_stamp,
)
from calendars.ics.unclear import Unclear
from calendars.values import AttendeeStatus, BusyKind, FoundStatus

_DAY = timedelta(days=1)
_RECURRENCE = {"RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"}
_MOST_RULES = 20
_MAILTO = re.compile(r":mailto$", re.IGNORECASE)
#: What Outlook calls the owner's time; names that are not here are decided by the other properties.
_OUTLOOK: dict[str, BusyKind | None] = {
    "FREE": None,
    "WORKINGELSEWHERE": None,
    "TENTATIVE": "tentative",
    "OOF": "out_of_office",
}
_STATUSES: dict[str, FoundStatus] = {"CANCELLED": "cancelled", "TENTATIVE": "tentative"}
#: PARTSTAT (RFC 5545, 3.2.12)
ANSWERS: dict[str, AttendeeStatus] = {
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "tentative",
    "NEEDS-ACTION": "needs_action",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event or one edited instance of it, read but not yet placed on any clock."""

    row: int
    calendar: int
    #: Empty when the event has none.
    uid: str
    sequence: int
    #: None when the event takes no time.
    kind: BusyKind | None
    own: str | None
    status: FoundStatus
    #: What the owner of the calendar says; None when they are not on the list, or say what we do not know.
    answer: AttendeeStatus | None
    start: Stamp
    #: A moment, or a length from the start on.
    end: Stamp | timedelta
    #: The instance of a series this event replaces (RFC 5545, 3.8.4.4), and whether later ones change too.
    replaces: Stamp | None = None
    and_later: bool = False
    rules: tuple[Rule, ...] = ()
    extra: tuple[Stamp | Period, ...] = ()
    without: tuple[Stamp, ...] = ()

    @property
    def wall_end(self) -> datetime:
        """The end as its own clock shows it."""
        return self.end.wall if isinstance(self.end, Stamp) else later(self.start.wall, self.end)

    @property
    def recurs(self) -> bool:
        """Whether the event lists or generates further instances."""
        return bool(self.rules or self.extra)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenEvent:
    """An event that could not be read: harmless as long as nothing of its series takes time."""

    uid: str
    kind: BusyKind | None
    problem: Unclear


def read_event(component: Component, owner: str) -> Event | BrokenEvent:
    """Read a VEVENT on the calendar of ``owner``, an address."""
    uid = component.plain_text("UID")
    kind = _kind(component, owner)
    own = uid if uid and component.plain_text("X-CONVENE") == uid else None
    if own is not None and kind is not None:
        kind = "interview"
    try:
        start = _start(component)
        event = Event(
            row=component.row,
            calendar=component.calendar,
            uid=uid,
            sequence=_sequence(component),
            kind=kind,
            own=own,
            status=_STATUSES.get(component.value("STATUS").upper(), "confirmed"),
            answer=ANSWERS.get(_answer(component, owner)),
            start=start,
            end=_end(component, start),
        )
        return _with_recurrence(event, component) if _RECURRENCE & component.lines.keys() else event
    except ValueError as problem:
        reason = f"The event at line {{line}}{_day(component)} has {problem}; open it and save it again."
        return BrokenEvent(uid=uid, kind=kind, problem=Unclear("broken_event", reason, row=component.row))


def _with_recurrence(event: Event, component: Component) -> Event:
    if len(component.lines.get("RRULE", ())) > _MOST_RULES:
        raise ValueError("too many repetition rules")
    replaces = next(lines_of(component, "RECURRENCE-ID"), None)
    head, value = replaces.split_last() if replaces else ("", "")
    return replace(
        event,
        replaces=parse_stamp(value, parse_head(head)) if value else None,
        and_later=bool(value) and parse_head(head).this_and_future,
        rules=tuple(parse_rule(line.value) for line in lines_of(component, "RRULE")),
        extra=tuple(_items(component, "RDATE")),
        without=tuple(item for item in _items(component, "EXDATE") if isinstance(item, Stamp)),
    )


def _items(component: Component, name: str) -> Iterator[Stamp | Period]:
    for line in lines_of(component, name):
        head, value = line.split_last()
        for item in filter(None, map(str.strip, value.split(","))):
            yield parse_period(item, parse_head(head)) if "/" in item else parse_stamp(item, parse_head(head))


def _start(component: Component) -> Stamp:
    starts = {_stamp(line) for line in component.lines.get("DTSTART", ())}
    if len(starts) != 1:
        raise ValueError("two different starts" if starts else "no start")
    return starts.pop()


def _stamp(line: Line) -> Stamp:
    head, value = line.split_last()
    return parse_stamp(value, parse_head(head))


def _end(component: Component, start: Stamp) -> Stamp | timedelta:
    line = component.last("DTEND")
    if line is not None:
        end = _stamp(line)
        # Programs that count the last day in write a one-day event with equal dates.
        return _DAY if start.is_day and end == start else end
    if (duration := component.last("DURATION")) is not None:
        return parse_duration(duration.split_last()[1])
    return _DAY if start.is_day else timedelta(0)


def _sequence(component: Component) -> int:
    value = component.value("SEQUENCE")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 12 else 0


def _kind(component: Component, owner: str) -> BusyKind | None:
    status = component.value("STATUS").upper()
    answer = _answer(component, owner)
    if status == "CANCELLED" or answer == "DECLINED" or component.value("TRANSP").upper() == "TRANSPARENT":
        return None
    outlook = component.value("X-MICROSOFT-CDO-BUSYSTATUS").upper()
    if outlook in _OUTLOOK:
        return _OUTLOOK[outlook]
    return "tentative" if "TENTATIVE" in (status, answer) else "busy"


def answers_of(component: Component) -> dict[str, AttendeeStatus]:
    """What everybody on the list says, by casefolded address; without those who say what we do not know."""
    found: dict[str, AttendeeStatus] = {}
    for addresses, answer in _answers(component):
        if answer in ANSWERS:
            found |= {address: ANSWERS[answer] for address in addresses if address not in found}
    return found


def _answer(component: Component, owner: str) -> str:
    """The owner's own PARTSTAT; empty when the owner is not on the list."""
    name = owner.casefold()
    return next((answer for addresses, answer in _answers(component) if name in addresses), "")


def _answers(component: Component) -> Iterator[tuple[tuple[str, str], str]]:
    """The addresses, casefolded, and the PARTSTAT of each attendee whose line was kept."""
    for line in component.lines.get("ATTENDEE", ()):
        head, address = line.split_last()
        try:
            found = parameters(_MAILTO.sub("", head))
        except ValueError:
            # Whoever that is, nobody is known to have declined.
            continue
        addresses = (address.casefold(), found.get("EMAIL", "").casefold())
        yield addresses, found.get("PARTSTAT", "").strip().upper()


def _day(component: Component) -> str:
    try:
        return f" (starting {_start(component).wall:%Y-%m-%d})"
    except ValueError:
        return ""
