# SPDX-License-Identifier: Apache-2.0
"""Believable calendars, written the way calendar programs export them.

What repeats goes on for ever; what does not is made week by week, always the same for one address and week.
So a demo that is started again after a month gets the weeks that have come into view, and nothing else of
its calendars is touched.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress

from calendars.ics.splice import put_event

WEEK = timedelta(weeks=1)
#: how long what repeats has been going on already
PAST = 12 * WEEK
#: how long the zone definitions in the files hold
ZONES_HOLD = timedelta(days=3660)
DAYS = ("mon", "tue", "wed", "thu", "fri")
CODES = ("MO", "TU", "WE", "TH", "FR")
#: nobody's working week is fuller or emptier than this
LEAST_BUSY, MOST_BUSY = 0.43, 0.57
#: every so many weeks the whole company has a Friday off
HOLIDAY_WEEKS = 6
#: tries at finding a free place for another meeting
TRIES = 300
#: a uid that no event has
NOBODYS = "-"
MEETINGS = (
    *("Roadmap review", "Incident follow-up", "Design critique", "Customer call", "Budget check"),
    *("Release planning", "Data model discussion", "Pairing", "Hiring sync", "Vendor demo"),
)
ROOM_MEETINGS = ("Workshop", "Board preparation", "Sales call", "Training", "All-hands rehearsal")
NOTES = ("Sprint ends", "Release freeze", "Birthday in the team", "Office closes at 16:00")


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Whose calendar it is."""

    address: str
    name: str
    time_zone: str
    #: working hours by weekday, Monday is 0
    hours: dict[int, tuple[time, time]]
    is_room: bool = False
    #: position in the organisation; says in which weeks they are away. None: never
    turn: int | None = None
    #: how many take turns in being away
    turns: int = 1


@dataclass(frozen=True, kw_only=True)
class Series:
    """A meeting that repeats: wall time in its owner's zone."""

    title: str
    days: tuple[int, ...]
    start: time
    minutes: int
    #: weeks from one to the next
    every: int = 1

    def meets_in(self, monday: date) -> bool:
        return _number(monday) % self.every == 0


def export(owner: Owner, this_monday: date, weeks: int) -> bytes:
    """A whole calendar, from what began months ago to `weeks` weeks from `this_monday` on."""
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Northwind Labs//Calendar export//EN")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("x-wr-calname", owner.name)
    calendar.add("x-wr-timezone", owner.time_zone)
    for event in _repeating(owner, this_monday):
        calendar.add_component(event)
    for number in range(weeks):
        for event in _week(owner, this_monday + number * WEEK):
            calendar.add_component(event)
    calendar.add_missing_timezones(this_monday - PAST, this_monday + ZONES_HOLD)
    exported: bytes = calendar.to_ical()
    return exported


def extend(data: bytes, owner: Owner, mondays: Iterable[date]) -> bytes:
    """The same calendar with what happens in these weeks; every other byte stays. Twice is once."""
    added = [
        event.to_ical().decode()
        for monday in mondays
        for event in _week(owner, monday)
        if f"UID:{event['UID']}".encode() not in data
    ]
    # One change for all of them: each looks through the whole file.
    return put_event(data, NOBODYS, "".join(added)) if added else data


def _chance(owner: Owner, what: object) -> random.Random:
    """The same sequence for one owner and thing, on every machine."""
    return random.Random(f"{owner.address}/{what}")  # noqa: S311  # invents meetings, guards nothing


def _series(owner: Owner) -> list[Series]:
    chance = _chance(owner, "series")
    every_day = tuple(owner.hours)
    if owner.is_room:
        return [
            Series(title="Operations meeting", days=(0,), start=time(10), minutes=90),
            Series(
                title="Lunch talk", days=(chance.choice((2, 3)),), start=time(12, 15), minutes=60, every=2
            ),
        ]
    first = min(start for start, _ in owner.hours.values())
    meetings = [
        Series(title="Stand-up", days=every_day, start=_later(first, 30), minutes=15),
        Series(title="Sprint planning", days=(0,), start=_later(first, 60), minutes=90, every=2),
        Series(title="Focus time", days=_some(chance, owner, 2), start=_later(first, 300), minutes=120),
        Series(title="1:1", days=_some(chance, owner, 1), start=_later(first, 240), minutes=30),
    ]
    if chance.random() < 0.5:
        meetings.append(
            Series(title="1:1", days=_some(chance, owner, 1), start=_later(first, 270), minutes=30, every=2)
        )
    if chance.random() < 0.4:
        meetings.append(Series(title="Lunch", days=every_day, start=_later(first, 180), minutes=45))
    return meetings


def _some(chance: random.Random, owner: Owner, count: int) -> tuple[int, ...]:
    return tuple(sorted(chance.sample(sorted(owner.hours), count)))


def _later(wall: time, minutes: int) -> time:
    return (datetime.combine(date.min, wall) + timedelta(minutes=minutes)).time()


def _repeating(owner: Owner, this_monday: date) -> Iterator[Event]:
    """The series, one with a day left out, and one with an instance moved and another cancelled."""
    for position, series in enumerate(_series(owner)):
        uid = f"series-{position}-{owner.address}"
        monday = next(m for m in _mondays(this_monday - PAST, series.every) if series.meets_in(m))
        first = monday + timedelta(days=series.days[0])
        event = _event(owner, uid, series.title, first, series.start, series.minutes)
        days = [CODES[day] for day in series.days]
        event.add("rrule", {"FREQ": ["WEEKLY"], "INTERVAL": [series.every], "BYDAY": days})
        if series.title == "Stand-up":
            left_out = this_monday + timedelta(days=series.days[-1])
            event.add("exdate", datetime.combine(left_out, series.start, ZoneInfo(owner.time_zone)))
        yield event
        if series.title == "1:1" and series.every == 1:
            yield _moved(owner, uid, series, this_monday + WEEK)
            yield _called_off(owner, uid, series, this_monday + 2 * WEEK)


def _mondays(first: date, count: int) -> list[date]:
    return [first + number * WEEK for number in range(count)]


def _moved(owner: Owner, uid: str, series: Series, monday: date) -> Event:
    """This week's instance, an hour later."""
    day = monday + timedelta(days=series.days[0])
    event = _event(owner, uid, series.title, day, _later(series.start, 60), series.minutes)
    event.add("recurrence-id", datetime.combine(day, series.start, ZoneInfo(owner.time_zone)))
    event["SEQUENCE"] = 1
    return event


def _called_off(owner: Owner, uid: str, series: Series, monday: date) -> Event:
    day = monday + timedelta(days=series.days[0])
    event = _event(owner, uid, series.title, day, series.start, series.minutes)
    event.add("recurrence-id", datetime.combine(day, series.start, ZoneInfo(owner.time_zone)))
    event["STATUS"] = "CANCELLED"
    return event


def _week(owner: Owner, monday: date) -> Iterator[Event]:
    """What happens in one week alone."""
    number = _number(monday)
    if owner.turn is not None and number % (2 * owner.turns) == 2 * owner.turn:
        yield _away(owner, monday)
        return
    if number % HOLIDAY_WEEKS == HOLIDAY_WEEKS // 2 and not owner.is_room:
        yield _whole_day(owner, monday + timedelta(days=4), "Company day off")
    chance = _chance(owner, number)
    for position, (day, start, minutes) in enumerate(_meetings(owner, monday, chance)):
        title = chance.choice(ROOM_MEETINGS if owner.is_room else MEETINGS)
        uid = f"week-{number}-{position}-{owner.address}"
        yield _event(owner, uid, title, monday + timedelta(days=day), start, minutes)
    yield from _free_entries(owner, monday, chance)


def _meetings(owner: Owner, monday: date, chance: random.Random) -> Iterator[tuple[int, time, int]]:
    """Meetings between those that repeat, until the week is as full as weeks are."""
    taken = [
        (day, _minutes(series.start), _minutes(series.start) + series.minutes)
        for series in _series(owner)
        if series.meets_in(monday)
        for day in series.days
    ]
    hours = {day: (_minutes(start), _minutes(end)) for day, (start, end) in owner.hours.items()}
    whole = sum(end - start for start, end in hours.values())
    wanted = whole * chance.uniform(LEAST_BUSY, MOST_BUSY)
    for _ in range(TRIES):
        if sum(end - start for _, start, end in taken) >= wanted:
            return
        day, minutes = chance.choice(sorted(hours)), chance.choice((30, 30, 45, 60, 60, 90))
        start = chance.randrange(hours[day][0], hours[day][1] - minutes + 1, 15)
        if all(day != other or start >= end or start + minutes <= begin for other, begin, end in taken):
            taken.append((day, start, start + minutes))
            yield day, time(start // 60, start % 60), minutes


def _free_entries(owner: Owner, monday: date, chance: random.Random) -> Iterator[Event]:
    """What stands in a calendar and takes no time: notes, what was called off, what was declined."""
    number = _number(monday)
    if owner.is_room:
        return
    day = monday + timedelta(days=chance.choice(sorted(owner.hours)))
    note = _whole_day(owner, day, chance.choice(NOTES))
    note["TRANSP"] = "TRANSPARENT"
    note["X-MICROSOFT-CDO-BUSYSTATUS"] = "FREE"
    yield note
    called_off = _event(owner, f"off-{number}-{owner.address}", "Cancelled: Status", day, time(11), 60)
    called_off["STATUS"] = "CANCELLED"
    yield called_off
    declined = _event(owner, f"no-{number}-{owner.address}", "Lunch and learn", day, time(13), 60)
    declined.add("attendee", _attendee(owner, "DECLINED"))
    yield declined


def _away(owner: Owner, monday: date) -> Event:
    event = _whole_day(owner, monday, "Out of office", days=5)
    event["X-MICROSOFT-CDO-BUSYSTATUS"] = "OOF"
    return event


def _event(owner: Owner, uid: str, title: str, day: date, start: time, minutes: int) -> Event:
    begins = datetime.combine(day, start, ZoneInfo(owner.time_zone))
    event = _bare(uid, title, day)
    event.add("dtstart", begins)
    event.add("dtend", begins + timedelta(minutes=minutes))  # wall time: the zone is the same at both ends
    event.add("transp", "OPAQUE")
    return event


def _whole_day(owner: Owner, day: date, title: str, days: int = 1) -> Event:
    event = _bare(f"day-{day:%Y%m%d}-{title.split(maxsplit=1)[0].lower()}-{owner.address}", title, day)
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=days))
    event.add("transp", "OPAQUE")
    return event


def _bare(uid: str, title: str, day: date) -> Event:
    event = Event()
    event.add("uid", uid)
    made = datetime.combine(day - timedelta(days=20), time(9), UTC)
    event.add("dtstamp", made)
    event.add("created", made)
    event.add("summary", title)
    event.add("status", "CONFIRMED")
    event.add("sequence", 0)
    return event


def _attendee(owner: Owner, answer: str) -> vCalAddress:
    attendee = vCalAddress(f"mailto:{owner.address}")
    attendee.params["CN"] = owner.name
    attendee.params["PARTSTAT"] = answer
    return attendee


def _number(monday: date) -> int:
    """Counts weeks, so that what comes every few weeks comes in the same ones on every machine."""
    return monday.toordinal() // 7


def _minutes(wall: time) -> int:
    return wall.hour * 60 + wall.minute
