# SPDX-License-Identifier: Apache-2.0
"""What happens when, in lines a person can read: sessions, with the breaks between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from scheduler.domain.hours import instant_of
from scheduler.domain.intervals import Interval
from scheduler.domain.options import OptionSession
from scheduler.domain.plans import Break, Plan
from scheduler.domain.wording import (
    count_words,
    day_words,
    days_words,
    list_words,
    local_date,
    near_day,
    span,
    zone_words,
)
from scheduler.pages import facts

NOON, EVENING = 12, 18


@dataclass(frozen=True, kw_only=True)
class Reader:
    """For whom times are written: the zone they are read in, how, and the present."""

    zone: str
    #: the zone the plan's breaks are meant in: the candidate's own
    home: str
    locale: str
    now: datetime

    @property
    def today(self) -> date:
        return local_date(self.now, self.zone)

    def day(self, instant: datetime) -> date:
        return local_date(instant, self.zone)

    def hour(self, instant: datetime) -> int:
        return instant.astimezone(ZoneInfo(self.zone)).hour


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a programme: a session, or a break (which has no people)."""

    day: str
    time: str
    title: str
    people: str = ""
    place: str = ""


@dataclass(frozen=True, kw_only=True)
class When:
    """A time in words: `Tuesday 1 December` · `tomorrow`, `11:15–12:30`, `London time (GMT)`."""

    day: str
    near: str
    time: str
    zone: str


def when(sessions: Sequence[OptionSession], reader: Reader) -> When:
    """Several days are named, and the time is then what it comes to: `two mornings`."""
    start, end = min(s.start for s in sessions), max(s.end for s in sessions)
    days = sorted({reader.day(session.start) for session in sessions})
    zone = zone_words(reader.zone, start, reader.locale)
    if len(days) > 1:
        spoken = days_words(days, reader.today, reader.locale)
        return When(day=spoken, near="", time=_mornings(sessions, reader), zone=zone)
    return When(
        day=day_words(days[0], reader.today, reader.locale),
        near=near_day(days[0], reader.today, reader.locale),
        time=span(start, end, reader.zone, reader.locale),
        zone=zone,
    )


def lines(plan: Plan, sessions: Sequence[OptionSession], reader: Reader) -> list[Line]:
    """Every session and break in order; days and places are named where there is more than one."""
    places = {session.key: _place(plan, session) for session in sessions}
    one_place = len(set(places.values())) == 1
    entries = [
        (
            s.interval,
            s.title,
            list_words(facts.names(s.interviewers), reader.locale),
            "" if one_place else places[s.key],
        )
        for s in sessions
    ]
    entries += [(pause, item.name, "", "") for item, pause in breaks(plan, sessions, reader.home)]
    entries.sort(key=lambda entry: entry[0])
    several_days = len({reader.day(session.start) for session in sessions}) > 1
    last = None if several_days else reader.day(entries[0][0].start)
    found: list[Line] = []
    for during, title, people, place in entries:
        day = reader.day(during.start)
        heading = "" if day == last else day_words(day, reader.today, reader.locale)
        time = span(during.start, during.end, reader.zone, reader.locale)
        found.append(Line(day=heading, time=time, title=title, people=people, place=place))
        last = day
    return found


def _place(plan: Plan, session: OptionSession) -> str:
    place = facts.place_of(plan.session(session.key), session.room.name if session.room else None)
    return (place.detail or place.main) if place and place.icon == "place" else ""


def breaks(plan: Plan, sessions: Sequence[OptionSession], home: str) -> Iterator[tuple[Break, Interval]]:
    """The plan's breaks that fall between these sessions, at the earliest time they fit."""
    ordered = facts.in_order(sessions)
    for before, after in pairwise(ordered):
        if before.end >= after.start or local_date(before.end, home) != local_date(after.start, home):
            continue
        pause = Interval(before.end, after.start)
        for item in plan.breaks:
            fitted = _fitted(item, pause, home)
            if fitted:
                yield item, fitted


def _fitted(item: Break, pause: Interval, home: str) -> Interval | None:
    zone = ZoneInfo(home)
    day = local_date(pause.start, home)
    earliest, latest = instant_of(day, item.earliest, zone), instant_of(day, item.latest, zone)
    start = max(pause.start, earliest)
    end = start + timedelta(minutes=item.minutes)
    return Interval(start, end) if end <= min(pause.end, latest) else None


def summary(plan: Plan, sessions: Sequence[OptionSession], reader: Reader) -> str:
    """`one day, with lunch`: what makes one option feel different from another."""
    days = {reader.day(session.start) for session in sessions}
    pauses = pauses_of(plan, sessions, reader.home)
    said = ["one day"] if len(days) == 1 and plan.max_days > 1 else []
    if pauses:
        said.append(f"with {list_words(pauses, reader.locale)}")
    return ", ".join(said)


def pauses_of(plan: Plan, sessions: Sequence[OptionSession], home: str) -> list[str]:
    """What the breaks between these sessions are called, each once."""
    names = (item.name for item, _ in breaks(plan, sessions, home))
    return list(dict.fromkeys(name[:1].lower() + name[1:] for name in names))


def shared_pauses(plan: Plan, proposals: Sequence[Sequence[OptionSession]], home: str) -> list[str]:
    """The breaks that every one of the proposals has."""
    each = [pauses_of(plan, sessions, home) for sessions in proposals]
    return [name for name in each[0] if all(name in pauses for pauses in each)] if each else []


def _mornings(sessions: Sequence[OptionSession], reader: Reader) -> str:
    count = len({reader.day(session.start) for session in sessions})
    parts = {part_of_day(reader.hour(session.start)) for session in sessions}
    word = parts.pop().lower() if len(parts) == 1 else "day"
    return count_words(count, word, locale=reader.locale)


def part_of_day(hour: int) -> str:
    """Morning until noon, Afternoon until six, Evening after."""
    if hour < NOON:
        return "Morning"
    return "Afternoon" if hour < EVENING else "Evening"
