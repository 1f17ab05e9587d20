# SPDX-License-Identifier: Apache-2.0
"""
Recurrence rules (RFC 5545, 3.3.10) on the wall clock, in bounded work.

Libraries expand a rule from its first instance on and cannot be stopped while they search; here a rule is
entered at the window, every day or time looked at is counted, and a budget ends the search.
"""

from __future__ import annotations

import calendar
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from calendars.ics.times import Stamp, parse_stamp
from calendars.ics.unclear import Budget

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
_SUB_DAILY = {
    "HOURLY": timedelta(hours=1),
    "MINUTELY": timedelta(minutes=1),
    "SECONDLY": timedelta(seconds=1),
}
_WEEKDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
#: Name of each list of numbers: smallest and largest value, and whether it may count from the end.
_NUMBERS = {
    "BYMONTH": (1, 12, False),
    "BYWEEKNO": (1, 53, True),
    "BYYEARDAY": (1, 366, True),
    "BYMONTHDAY": (1, 31, True),
    "BYHOUR": (0, 23, False),
    "BYMINUTE": (0, 59, False),
    "BYSECOND": (0, 60, False),
    "BYSETPOS": (1, 366, True),
}
#: RFC 7529 parts that change nothing.
_NEUTRAL = {("RSCALE", "GREGORIAN"), ("SKIP", "OMIT")}
#: How many days or times can be looked at in the time that turning to a new period takes.
_PERIOD_COST = 8

Numbers = frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A recurrence rule as written; empty sets are parts that are not there."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: Stamp | None = None
    months: Numbers = frozenset()
    weeks: Numbers = frozenset()
    year_days: Numbers = frozenset()
    month_days: Numbers = frozenset()
    #: (0 or the how-manieth, Monday=0).
    weekdays: frozenset[tuple[int, int]] = frozenset()
    hours: Numbers = frozenset()
    minutes: Numbers = frozenset()
    seconds: Numbers = frozenset()
    positions: Numbers = frozenset()
    week_start: int = 0


def parse_rule(text: str) -> Rule:
    """
    Read the value of an RRULE. Raises ValueError for anything that is not understood to the letter.

    A COUNT below 1 means nothing and is dropped, as some programs write -1 for "no count".
    """
    parts = _split(text)
    if parts.get("FREQ") not in _FREQUENCIES:
        raise ValueError("a repetition rule without a known frequency")
    count = int(parts.pop("COUNT", "0"))
    rule = Rule(
        frequency=parts.pop("FREQ"),
        interval=int(parts.pop("INTERVAL", "1")),
        count=count if count > 0 else None,
        until=parse_stamp(parts.pop("UNTIL")) if "UNTIL" in parts else None,
        week_start=_DAYS.index(parts.pop("WKST", "MO")),
        weekdays=frozenset(map(_weekday, _listed(parts.pop("BYDAY", "")))),
        months=_numbers(parts, "BYMONTH"),
        weeks=_numbers(parts, "BYWEEKNO"),
        year_days=_numbers(parts, "BYYEARDAY"),
        month_days=_numbers(parts, "BYMONTHDAY"),
        hours=_numbers(parts, "BYHOUR"),
        minutes=_numbers(parts, "BYMINUTE"),
        seconds=frozenset(min(second, 59) for second in _numbers(parts, "BYSECOND")),
        positions=_numbers(parts, "BYSETPOS"),
    )
    if rule.interval < 1 or not parts.items() <= _NEUTRAL:
        raise ValueError("a repetition rule with a part that is not known")
    return rule


def _split(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.strip().upper().rstrip(";").split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value or name in parts:
            raise ValueError("a repetition rule that cannot be read")
        parts[name.strip()] = value.strip()
    return parts


def _listed(value: str) -> list[str]:
    return [item.strip() for item in value.split(",")] if value else []


def _numbers(parts: dict[str, str], name: str) -> Numbers:
    low, high, negative = _NUMBERS[name]
    found = frozenset(int(item) for item in _listed(parts.pop(name, "")))
    if not all(low <= (abs(number) if negative else number) <= high for number in found):
        raise ValueError(f"a repetition rule whose {name} is out of range")
    return found


def _weekday(item: str) -> tuple[int, int]:
    match = _WEEKDAY.fullmatch(item)
    if match is None:
        raise ValueError("a repetition rule with an unknown weekday")
    return int(match[1] or 0), _DAYS.index(match[2])


def expand(
    rule: Rule, start: datetime, first: datetime, last: datetime, budget: Budget
) -> Iterator[datetime]:
    """
    The rule's wall-clock instances between ``first`` and ``last``, both included, in order.

    All times are naive and on the clock of ``start``. UNTIL is the caller's to compare, as it may be on
    another clock. Raises Unclear when the budget is spent.
    """
    rule = _completed(rule, start)
    # Only COUNT has to know what came before the window.
    entry = start if rule.count else max(start, first)
    periods = (
        _times(rule, start, entry, last, budget)
        if rule.frequency in _SUB_DAILY
        else (_days(rule, start, entry, last, budget))
    )
    found = (wall for period in periods for wall in _picked(period, rule.positions) if wall >= start)
    for wall in itertools.islice(found, rule.count):
        if wall > last:
            return
        if wall >= first:
            budget.find()
            yield wall


def _completed(rule: Rule, start: datetime) -> Rule:
    """What the rule leaves out comes from its start."""
    changes: dict[str, object] = {}
    order = _FREQUENCIES.index(rule.frequency)
    for unit, name, value in (
        (4, "hours", start.hour),
        (5, "minutes", start.minute),
        (6, "seconds", start.second),
    ):
        if order < unit and not getattr(rule, name):
            changes[name] = frozenset({value})
    if not (rule.year_days or rule.month_days or rule.weekdays):
        if rule.weeks or rule.frequency == "WEEKLY":
            changes["weekdays"] = frozenset({(0, start.weekday())})
        elif rule.frequency in ("YEARLY", "MONTHLY"):
            changes["month_days"] = frozenset({start.day})
            if rule.frequency == "YEARLY" and not rule.months:
                changes["months"] = frozenset({start.month})
    return Rule(**{**rule.__dict__, **changes})


def _picked(period: list[datetime], positions: Numbers) -> Iterable[datetime]:
    if not positions:
        return period
    indexes = {position - 1 if position > 0 else len(period) + position for position in positions}
    return [period[index] for index in sorted(indexes) if 0 <= index < len(period)]


def _days(
    rule: Rule, start: datetime, entry: datetime, last: datetime, budget: Budget
) -> Iterator[list[datetime]]:
    """The times of each period of a day or longer, from the one holding ``entry`` on."""
    times = [
        time(hour, minute, second)
        for hour in sorted(rule.hours)
        for minute in sorted(rule.minutes)
        for second in sorted(rule.seconds)
    ]
    for days in _periods(rule, start.date(), entry.date(), last.date()):
        budget.examine(_PERIOD_COST + len(days))
        matching = [day for day in days if _matches(rule, day)]
        budget.examine(len(matching) * len(times))
        yield [datetime.combine(day, moment) for day in matching for moment in times]


def _periods(rule: Rule, start: date, entry: date, last: date) -> Iterator[list[date]]:
    """The days of each period, from the one holding ``entry`` on to the one holding ``last``."""
    if rule.frequency in ("YEARLY", "MONTHLY"):
        step = rule.interval * (12 if rule.frequency == "YEARLY" else 1)
        origin = start.year * 12 + (start.month - 1 if rule.frequency == "MONTHLY" else 0)
        month = origin + (entry.year * 12 + entry.month - 1 - origin) // step * step
        while month <= last.year * 12 + last.month - 1:
            yield _year(rule, month // 12) if rule.frequency == "YEARLY" else _month(rule, *divmod(month, 12))
            month += step
        return
    length = 7 if rule.frequency == "WEEKLY" else 1
    step = rule.interval * length
    first = start.toordinal() - ((start.weekday() - rule.week_start) % 7 if length == 7 else 0)
    day = first + (entry.toordinal() - first) // step * step
    while day <= last.toordinal():
        yield [
            date.fromordinal(number) for number in range(max(day, 1), min(day + length, date.max.toordinal()))
        ]
        day += step


def _year(rule: Rule, year: int) -> list[date]:
    months = sorted(rule.months) or range(1, 13)
    return [day for month in months for day in _month(rule, year, month - 1)]


def _month(rule: Rule, year: int, month: int) -> list[date]:
    """Days of a month (0 is January) that its rule's month days allow."""
    length = calendar.monthrange(year, month + 1)[1]
    days: Iterable[int] = range(1, length + 1)
    if rule.month_days:
        days = sorted({day if day > 0 else length + 1 + day for day in rule.month_days} & set(days))
    return [date(year, month + 1, day) for day in days]


def _times(
    rule: Rule, start: datetime, entry: datetime, last: datetime, budget: Budget
) -> Iterator[list[datetime]]:
    """The times of each period shorter than a day, from ``entry`` on."""
    unit = _SUB_DAILY[rule.frequency]
    origin = start.replace(
        minute=0 if rule.frequency == "HOURLY" else start.minute,
        second=start.second if rule.frequency == "SECONDLY" else 0,
    )
    step = unit * rule.interval
    moment = origin + (entry - origin) // step * step
    while moment <= last:
        budget.examine(_PERIOD_COST)
        if not _matches(rule, moment.date()):
            midnight = datetime.combine(moment.date(), time()) + timedelta(days=1)
            moment += max(-((moment - midnight) // step), 1) * step
            continue
        times = _within(rule, moment)
        budget.examine(len(times))
        yield times
        moment += step


def _within(rule: Rule, moment: datetime) -> list[datetime]:
    """The times inside one period shorter than a day."""
    if rule.hours and moment.hour not in rule.hours:
        return []
    if rule.frequency != "HOURLY" and rule.minutes and moment.minute not in rule.minutes:
        return []
    if rule.frequency == "SECONDLY":
        return [moment] if not rule.seconds or moment.second in rule.seconds else []
    minutes = sorted(rule.minutes) if rule.frequency == "HOURLY" else [moment.minute]
    return [
        moment.replace(minute=minute, second=second) for minute in minutes for second in sorted(rule.seconds)
    ]


def _matches(rule: Rule, day: date) -> bool:
    if rule.months and day.month not in rule.months:
        return False
    if rule.month_days:
        length = calendar.monthrange(day.year, day.month)[1]
        if not {day.day, day.day - length - 1} & rule.month_days:
            return False
    if rule.year_days:
        number = day.timetuple().tm_yday
        if not {number, number - (366 if calendar.isleap(day.year) else 365) - 1} & rule.year_days:
            return False
    if rule.weeks and not _week_numbers(day, rule.week_start) & rule.weeks:
        return False
    return not rule.weekdays or _on_weekday(rule, day)


def _on_weekday(rule: Rule, day: date) -> bool:
    weekday = day.weekday()
    if (0, weekday) in rule.weekdays:
        return True
    if rule.frequency not in ("YEARLY", "MONTHLY"):
        # "The 2nd Monday" of a week or a day is just Monday.
        return any(weekday == other for _, other in rule.weekdays)
    if rule.frequency == "YEARLY" and not rule.months:
        index, length = day.timetuple().tm_yday, 366 if calendar.isleap(day.year) else 365
    else:
        index, length = day.day, calendar.monthrange(day.year, day.month)[1]
    return bool({((index - 1) // 7 + 1, weekday), (-((length - index) // 7 + 1), weekday)} & rule.weekdays)


def _week_numbers(day: date, week_start: int) -> set[int]:
    """The number of the day's week, counted from both ends of the year that holds most of the week."""
    middle = _middle_of_week(day, week_start)
    number = (middle.timetuple().tm_yday - 1) // 7 + 1
    # The 28th of December is always in the last week of its year.
    last = _middle_of_week(date(middle.year, 12, 28), week_start)
    return {number, number - ((last.timetuple().tm_yday - 1) // 7 + 1) - 1}


def _middle_of_week(day: date, week_start: int) -> date:
    return day + timedelta(days=3 - (day.weekday() - week_start) % 7)
