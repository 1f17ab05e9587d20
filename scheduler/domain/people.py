# SPDX-License-Identifier: Apache-2.0
"""The people and rooms of an interview."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.domain.hours import WeeklyHours
from scheduler.domain.intervals import Interval, format_instant, parse_instant

LEVELS = ("qualified", "reverse_shadow", "shadow")


@dataclass(frozen=True)
class CalendarAddress:
    """Where a calendar lives: which provider, under which address."""

    provider: str
    address: str

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> CalendarAddress:
        return cls(data["provider"], data["address"])

    def to_json(self) -> dict[str, Any]:
        return {"provider": self.provider, "address": self.address}


@dataclass(frozen=True)
class Qualification:
    """Somebody may hold interviews of this skill, alone (`qualified`) or in training."""

    skill: str
    level: str = "qualified"


@dataclass(frozen=True)
class Limits:
    """The most interviews in a day or an ISO week of the person's own zone; None: no limit."""

    per_day: int | None = None
    per_week: int | None = None


@dataclass(frozen=True)
class Buffer:
    """Minutes kept free before and after an interview."""

    before: int = 0
    after: int = 0

    @property
    def before_delta(self) -> timedelta:
        return timedelta(minutes=self.before)

    @property
    def after_delta(self) -> timedelta:
        return timedelta(minutes=self.after)

    def around(self, core: Interval) -> Interval:
        return core.padded(self.before_delta, self.after_delta)

    def to_json(self) -> dict[str, int]:
        return {"before": self.before, "after": self.after}


@dataclass(frozen=True, kw_only=True)
class Interviewer:
    """Somebody who holds interviews."""

    id: str
    name: str
    email: str
    #: IANA zone: working hours, limits and grids are read on this person's clock
    time_zone: str
    calendar: CalendarAddress
    busy_calendars: tuple[CalendarAddress, ...] = ()
    working_hours: tuple[WeeklyHours, ...] = ()
    preferred_hours: tuple[WeeklyHours, ...] = ()
    qualifications: tuple[Qualification, ...] = ()
    limits: Limits = field(default_factory=Limits)
    buffer: Buffer = field(default_factory=Buffer)
    active: bool = True
    locale: str | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def may_hold(self, skill: str, level: str) -> bool:
        return Qualification(skill, level) in self.qualifications


@dataclass(frozen=True, kw_only=True)
class Room:
    """A place that people can be put into, with a calendar of its own."""

    id: str
    name: str
    capacity: int
    time_zone: str
    calendar: CalendarAddress
    location: str | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


#: whoever has a calendar that an interview is written into
Owner = Interviewer | Room


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """The person the interview is for. No field ranks or scores them, and none will."""

    id: str
    name: str
    email: str
    time_zone: str | None = None
    locale: str | None = None
    #: when they said they can; empty: they have not said
    availability: tuple[Interval, ...] = ()

    @property
    def first_name(self) -> str:
        return self.name.split()[0] if self.name.split() else self.name


def intervals_to_json(intervals: tuple[Interval, ...]) -> list[dict[str, str]]:
    return [{"start": format_instant(i.start), "end": format_instant(i.end)} for i in intervals]


def intervals_from_json(data: list[dict[str, str]]) -> tuple[Interval, ...]:
    return tuple(Interval(parse_instant(i["start"]), parse_instant(i["end"])) for i in data)
