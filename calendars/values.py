# SPDX-License-Identifier: Apache-2.0
"""What goes in and out of a calendar provider: frozen values, aware instants kept in UTC."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal, get_args
from zoneinfo import ZoneInfo

BusyKind = Literal["busy", "tentative", "out_of_office", "focus", "interview"]
AttendeeRole = Literal["required", "optional", "room", "candidate"]
AttendeeStatus = Literal["needs_action", "accepted", "declined", "tentative"]
EventStatus = Literal["confirmed", "tentative"]
FoundStatus = Literal["confirmed", "tentative", "cancelled"]
Detail = Literal["free_busy", "events"]
Conference = Literal["none", "google_meet", "teams"]
ConferenceState = Literal["none", "pending", "ready", "failed"]

_UID = re.compile(r"[!-~]{1,200}")
_PRIVATE_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


def in_utc(instant: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError for a naive datetime."""
    if instant.tzinfo is UTC:
        return instant
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise ValueError("A datetime with a time zone is required.")
    return instant.astimezone(UTC)


def _check(value: str, allowed: object, what: str) -> None:
    if value not in get_args(allowed):
        raise ValueError(f"{value!r} is not {what}.")


@dataclass(frozen=True)
class CalendarKey:
    """One calendar to read. Raises ValueError for an unknown IANA zone."""

    #: The calendar's address, usually its owner's mail address.
    address: str
    #: IANA zone of the owner: floating times and whole days are read in it when the calendar names no zone.
    time_zone: str
    #: "events" where free/busy says too little: it tells focus time, tentative and Convene's own events
    #: apart, and costs a call for each calendar. Providers that always see events ignore it.
    detail: Detail = "free_busy"

    def __post_init__(self) -> None:
        _check(self.detail, Detail, "a way to read")
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{self.time_zone!r} is not an IANA time zone.") from None


@dataclass(frozen=True)
class Busy:
    """Time that is taken, from ``start`` up to and not including ``end``. Nothing says what for."""

    start: datetime
    end: datetime
    kind: BusyKind = "busy"
    #: The uid Convene gave the event, when Convene wrote it (then ``kind`` is "interview").
    own: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", in_utc(self.start))
        object.__setattr__(self, "end", in_utc(self.end))
        _check(self.kind, BusyKind, "a kind of busy time")
        if self.end <= self.start:
            raise ValueError("Busy time must end after it starts.")
        if (self.own is not None) != (self.kind == "interview"):
            raise ValueError("Exactly the events Convene wrote are interviews.")


def busy_within(blocks: Iterable[Busy], start: datetime, end: datetime) -> tuple[Busy, ...]:
    """
    The blocks cut to the window, sorted, with overlapping and touching ones of one ``(kind, own)`` merged.

    Blocks outside the window disappear.
    """
    start, end = in_utc(start), in_utc(end)
    stretches: dict[tuple[BusyKind, str | None], list[list[datetime]]] = {}
    for block in sorted(blocks, key=lambda block: block.start):
        first, last = max(block.start, start), min(block.end, end)
        if first >= last:
            continue
        merged = stretches.setdefault((block.kind, block.own), [])
        if merged and first <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], last)
        else:
            merged.append([first, last])
    cut = [Busy(first, last, *label) for label, merged in stretches.items() for first, last in merged]
    return tuple(sorted(cut, key=lambda block: (block.start, block.end, block.kind, block.own or "")))


@dataclass(frozen=True)
class Blocks:
    """The busy time of one calendar in the asked window: cut to it, merged and sorted as by `busy_within`."""

    blocks: tuple[Busy, ...]
    read_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "read_at", in_utc(self.read_at))


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """It is not known when this calendar is busy. Unknown is never free."""

    #: A sentence the calendar's owner can act on. Never holds a title, an attendee or a description.
    reason: str
    #: Stable, lower snake case.
    code: str
    read_at: datetime
    #: True when nothing is wrong with the calendar: the provider is not answering, and will again.
    passing: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "read_at", in_utc(self.read_at))


Reading = Blocks | Unreadable


@dataclass(frozen=True, kw_only=True)
class Attendee:
    """A person or room on an event."""

    email: str
    name: str = ""
    role: AttendeeRole = "required"
    status: AttendeeStatus = "needs_action"

    def __post_init__(self) -> None:
        _check(self.role, AttendeeRole, "an attendee's role")
        _check(self.status, AttendeeStatus, "an attendee's answer")
        if not self.email or any(character <= " " or character in '<>"\x7f' for character in self.email):
            raise ValueError("An attendee needs a plain mail address.")


@dataclass(frozen=True, kw_only=True)
class EventDraft:
    """
    What an interview's event should look like.

    Raises ValueError for naive datetimes, an end that is not after the start, a uid that is not plain ASCII,
    a negative sequence, an unknown zone, or a private name that is not lower snake case.
    """

    #: Made by Convene, one for each session and calendar, and kept for the life of the event.
    uid: str
    start: datetime
    end: datetime
    #: IANA zone the event is shown in, where the provider keeps one.
    time_zone: str
    summary: str
    description: str = ""
    location: str = ""
    url: str = ""
    conference_url: str = ""
    organizer: Attendee | None = None
    attendees: tuple[Attendee, ...] = ()
    status: EventStatus = "confirmed"
    #: The video conference the provider should make; where it cannot, the event is written without.
    conference: Conference = "none"
    #: iCalendar SEQUENCE (RFC 5545, 3.8.7.4); rises with every change.
    sequence: int = 0
    #: Whether the time is the one of the last writing, wherever somebody has moved the event since.
    same_time: bool = False
    #: Names and values only Convene looks at, such as the booking's id.
    private: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", in_utc(self.start))
        object.__setattr__(self, "end", in_utc(self.end))
        object.__setattr__(self, "attendees", tuple(self.attendees))
        object.__setattr__(self, "private", MappingProxyType(dict(self.private)))
        CalendarKey(self.uid, self.time_zone)
        _check(self.status, EventStatus, "an event's status")
        _check(self.conference, Conference, "a kind of conference")
        if not _UID.fullmatch(self.uid):
            raise ValueError("An event needs a uid of printable ASCII.")
        if self.end <= self.start:
            raise ValueError("An event must end after it starts.")
        if self.sequence < 0:
            raise ValueError("A sequence starts at 0.")
        if not all(_PRIVATE_NAME.fullmatch(name) for name in self.private):
            raise ValueError("Private names are lower snake case.")

    def is_at(self, start: datetime, end: datetime) -> bool:
        """Whether the event is from and until these instants. Raises ValueError for naive ones."""
        return (in_utc(start), in_utc(end)) == (self.start, self.end)

    def keeping(self, answers: Mapping[str, AttendeeStatus], start: datetime, end: datetime) -> EventDraft:
        """The same with those of the answers to an event at these times that hold for the draft: all where it
        stays there; where it only goes back to the time that it was to have, that somebody declines.
        """
        if self.is_at(start, end):
            return self.answered(answers)
        declined = {who: answer for who, answer in answers.items() if answer == "declined"}
        return self.answered(declined) if self.same_time else self

    def answered(self, answers: Mapping[str, AttendeeStatus]) -> EventDraft:
        """The same with these answers, by casefolded address; whoever is not among them is as drafted."""
        attendees = tuple(
            replace(attendee, status=answers.get(attendee.email.casefold(), attendee.status))
            for attendee in self.attendees
        )
        return replace(self, attendees=attendees)


@dataclass(frozen=True, kw_only=True)
class EventRef:
    """Where a written event is."""

    provider: str
    calendar: str
    event_id: str
    #: The provider's version of the event as it was written; empty when there is none.
    etag: str = ""
    #: A page that shows the event; empty when there is none.
    url: str = ""
    #: Where to join the conference the provider made; empty until it is "ready".
    conference_url: str = ""
    #: "pending": being made, look again with `find_event`; "failed": there will be none.
    conference: ConferenceState = "none"

    def __post_init__(self) -> None:
        _check(self.conference, ConferenceState, "a conference's state")


@dataclass(frozen=True, kw_only=True)
class FoundEvent:
    """An event of ours as it is in the calendar now."""

    ref: EventRef
    start: datetime
    end: datetime
    status: FoundStatus
    #: Who is invited, with their answers; guests whom people added are among them. Empty where the provider
    #: invites nobody.
    attendees: tuple[Attendee, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", in_utc(self.start))
        object.__setattr__(self, "end", in_utc(self.end))
        _check(self.status, FoundStatus, "a found event's status")


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What happened to a calendar since a cursor: hints, to be looked at with `find_event`."""

    #: Where the next look goes on from. Only ever from a complete look.
    cursor: str
    #: The events that changed or went, as in `EventRef.event_id`; None: it is not known which.
    event_ids: frozenset[str] | None

    @property
    def any(self) -> bool:
        """Whether anything may have changed."""
        return self.event_ids is None or bool(self.event_ids)


@dataclass(frozen=True, kw_only=True)
class Hook:
    """Where a provider may tell us that a calendar changed."""

    #: Our address, HTTPS wherever the provider is a real one.
    url: str
    #: Comes back with each notice and proves it is theirs. Never logged.
    token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A promise of a provider to tell us about changes of one calendar until it expires."""

    provider: str
    calendar: str
    #: What notices name: the channel's id at Google, the subscription's at Microsoft.
    id: str
    #: The provider's name for the watched thing, where it has one.
    resource: str = ""
    expires_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "expires_at", in_utc(self.expires_at))
