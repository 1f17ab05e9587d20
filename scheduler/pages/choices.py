# SPDX-License-Identifier: Apache-2.0
"""What there is to choose from: times by day, or whole days with their programme."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from scheduler.domain.options import Option
from scheduler.domain.plans import Plan
from scheduler.domain.wording import clock, day_words, near_day, span, zone_words
from scheduler.pages import facts, programme
from scheduler.pages.programme import Line, Reader, When

#: after a time was taken, this many of the nearest come first
NEAREST = 4


@dataclass(frozen=True, kw_only=True)
class Time:
    """One button of the page. `label` is for ears: everything, in the order it matters."""

    id: str
    clock: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class Part:
    """Times of one part of a day; unnamed where the day has only one."""

    name: str
    times: tuple[Time, ...]


@dataclass(frozen=True, kw_only=True)
class Day:
    heading: str
    near: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A loop's option: a day, or a few, readable as a programme."""

    id: str
    when: When
    summary: str
    lines: tuple[Line, ...]
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Everything on offer, as times by day or as proposals. `nearest` come first where a time was taken."""

    days: tuple[Day, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    nearest: tuple[Day, ...] = ()


def of_options(
    plan: Plan, options: Sequence[Option], reader: Reader, *, chosen: str = "", near: datetime | None = None
) -> Choices:
    """Lay out the options; `near`: the start of a time that has just gone, so that the closest come first."""
    if not facts.in_one_sitting(plan, [option.sessions for option in options]):
        ordered = _by_distance(options, near) if near else sorted(options, key=lambda option: option.start)
        return Choices(proposals=tuple(_proposal(plan, option, reader, chosen) for option in ordered))
    times = _one_a_time(options, chosen)
    closest = _by_distance(times, near)[:NEAREST] if near else []
    rest = [option for option in times if option not in closest]
    return Choices(days=_days(rest, reader, chosen), nearest=_days(closest, reader, chosen))


def _by_distance(options: Iterable[Option], near: datetime) -> list[Option]:
    return sorted(options, key=lambda option: (abs(option.start - near), option.start))


def _one_a_time(options: Sequence[Option], chosen: str) -> list[Option]:
    """The same time with other people looks the same on a button: the first of them stands for all."""
    by_start = {option.start: option for option in reversed(options)}
    by_start.update({option.start: option for option in options if option.id == chosen})
    return list(by_start.values())


def _days(options: Iterable[Option], reader: Reader, chosen: str) -> tuple[Day, ...]:
    ordered = sorted(options, key=lambda option: option.start)
    by_day = groupby(ordered, key=lambda option: reader.day(option.start))
    return tuple(_day(day, list(group), reader, chosen) for day, group in by_day)


def _day(day: date, options: list[Option], reader: Reader, chosen: str) -> Day:
    by_part = groupby(options, key=lambda option: programme.part_of_day(reader.hour(option.start)))
    parts = [Part(name, tuple(_time(option, reader, chosen) for option in group)) for name, group in by_part]
    return Day(
        heading=day_words(day, reader.today, reader.locale),
        near=near_day(day, reader.today, reader.locale),
        parts=tuple(parts) if len(parts) > 1 else (Part("", parts[0].times),),
    )


def _time(option: Option, reader: Reader, chosen: str) -> Time:
    day = day_words(reader.day(option.start), reader.today, reader.locale)
    during = span(option.start, option.end, reader.zone, reader.locale)
    zone = zone_words(reader.zone, option.start, reader.locale)
    return Time(
        id=option.id,
        clock=clock(option.start, reader.zone, reader.locale),
        label=f"{day}, {during.replace('–', ' to ')}, {zone}",
        chosen=option.id == chosen,
    )


def _proposal(plan: Plan, option: Option, reader: Reader, chosen: str) -> Proposal:
    return Proposal(
        id=option.id,
        when=programme.when(option.sessions, reader),
        summary=programme.summary(plan, option.sessions, reader),
        lines=tuple(programme.lines(plan, option.sessions, reader)),
        chosen=option.id == chosen,
    )
