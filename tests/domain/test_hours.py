# SPDX-License-Identifier: Apache-2.0
"""Weekly hours on the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.hours import (
    WEEKDAYS,
    WeeklyHours,
    day_of,
    expand,
    hours_on,
    instant_of,
    local_days,
    week_of,
)
from scheduler.domain.intervals import Interval

EVERY_DAY = WeeklyHours(WEEKDAYS, time(9), time(17))
ZONES = [
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "America/St_Johns",
]


def utc(*fields):
    return datetime(*fields, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "opening", "closing"),
    [
        ("Europe/London", date(2026, 3, 28), utc(2026, 3, 28, 9), utc(2026, 3, 28, 17)),
        ("Europe/London", date(2026, 3, 29), utc(2026, 3, 29, 8), utc(2026, 3, 29, 16)),
        ("Europe/Berlin", date(2026, 10, 25), utc(2026, 10, 25, 8), utc(2026, 10, 25, 16)),
        ("America/New_York", date(2026, 3, 8), utc(2026, 3, 8, 13), utc(2026, 3, 8, 21)),
        ("America/New_York", date(2026, 11, 1), utc(2026, 11, 1, 14), utc(2026, 11, 1, 22)),
        ("America/St_Johns", date(2026, 3, 8), utc(2026, 3, 8, 11, 30), utc(2026, 3, 8, 19, 30)),
        ("Pacific/Auckland", date(2026, 9, 27), utc(2026, 9, 26, 20), utc(2026, 9, 27, 4)),
        # Lord Howe moves by half an hour: +11 in summer, +10:30 in winter
        ("Australia/Lord_Howe", date(2026, 4, 4), utc(2026, 4, 3, 22), utc(2026, 4, 4, 6)),
        ("Australia/Lord_Howe", date(2026, 4, 5), utc(2026, 4, 4, 22, 30), utc(2026, 4, 5, 6, 30)),
        ("Asia/Kolkata", date(2026, 3, 29), utc(2026, 3, 29, 3, 30), utc(2026, 3, 29, 11, 30)),
    ],
)
def test_nine_to_five_is_nine_to_five_on_the_wall(zone, day, opening, closing):
    assert EVERY_DAY.on(day, ZoneInfo(zone)) == Interval(opening, closing)


@pytest.mark.parametrize(
    ("zone", "day", "start", "end", "length"),
    [
        ("Europe/Berlin", date(2026, 3, 29), time(0), time(6), 5.0),
        ("Europe/Berlin", date(2026, 10, 25), time(0), time(6), 7.0),
        ("Australia/Lord_Howe", date(2026, 4, 5), time(0), time(6), 6.5),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(0), time(6), 5.5),
        ("Africa/Cairo", date(2026, 4, 24), time(0), time(0), 23.0),  # there the clocks skip midnight itself
        ("Europe/Berlin", date(2026, 10, 25), time(0), time(0), 25.0),
    ],
)
def test_hours_across_a_change_are_longer_or_shorter(zone, day, start, end, length):
    assert hours_on(day, start, end, ZoneInfo(zone)).duration == timedelta(hours=length)


def test_hours_that_the_clocks_skip_are_gone():
    """Case 25 of calendars: a time that does not exist is never offered."""
    assert hours_on(date(2026, 3, 29), time(2), time(3), ZoneInfo("Europe/Berlin")) is None


def test_a_skipped_time_lands_after_the_gap_and_a_repeated_one_is_its_first():
    berlin = ZoneInfo("Europe/Berlin")
    assert instant_of(date(2026, 3, 29), time(2, 30), berlin) == utc(2026, 3, 29, 1, 30)
    assert instant_of(date(2026, 10, 25), time(2, 30), berlin) == utc(2026, 10, 25, 0, 30)


def test_other_weekdays_have_no_hours():
    weekdays = WeeklyHours(WEEKDAYS[:5], time(9), time(17))
    assert weekdays.on(date(2026, 11, 28), ZoneInfo("Europe/London")) is None


def test_midnight_as_an_end_is_that_of_the_next_day():
    late = WeeklyHours(("mon", "tue"), time(22), time(0))
    early = WeeklyHours(("tue",), time(0), time(1))
    window = Interval(utc(2026, 11, 30), utc(2026, 12, 3))
    assert expand([late, early], ZoneInfo("Europe/London"), window) == (
        Interval(utc(2026, 11, 30, 22), utc(2026, 12, 1, 1)),
        Interval(utc(2026, 12, 1, 22), utc(2026, 12, 2)),
    )


def test_hours_are_clipped_to_the_window():
    window = Interval(utc(2026, 11, 30, 12), utc(2026, 12, 1, 10))
    assert expand([EVERY_DAY], ZoneInfo("Europe/London"), window) == (
        Interval(utc(2026, 11, 30, 12), utc(2026, 11, 30, 17)),
        Interval(utc(2026, 12, 1, 9), utc(2026, 12, 1, 10)),
    )


@given(
    st.sampled_from(ZONES),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.integers(1, 12),
    st.tuples(st.integers(0, 23), st.integers(0, 23)).filter(lambda pair: pair[0] < pair[1]),
)
def test_expanded_hours_are_exactly_the_quarters_the_wall_clock_calls_so(name, first, days, hours):
    zone = ZoneInfo(name)
    start = datetime.combine(first, time(0), UTC)
    window = Interval(start, start + timedelta(days=days))
    rule = WeeklyHours(("mon", "wed", "sun"), time(hours[0]), time(hours[1]))
    expanded = expand([rule], zone, window)
    quarter, instant = timedelta(minutes=15), start
    while instant < window.end:
        wall = instant.astimezone(zone)
        repeated = wall.replace(fold=0).utcoffset() != wall.replace(fold=1).utcoffset()
        if not repeated:  # a wall time that comes twice belongs to hours by their ends, not by its reading
            inside = WEEKDAYS[wall.weekday()] in rule.days and hours[0] <= wall.hour < hours[1]
            assert any(p.start <= instant < p.end for p in expanded) == inside
        instant += quarter


def test_days_and_weeks_are_those_of_the_zone():
    instant = utc(2027, 1, 3, 23, 30)
    assert (day_of(instant, ZoneInfo("Europe/London")), week_of(instant, ZoneInfo("Europe/London"))) == (
        date(2027, 1, 3),
        (2026, 53),
    )
    assert (day_of(instant, ZoneInfo("Europe/Berlin")), week_of(instant, ZoneInfo("Europe/Berlin"))) == (
        date(2027, 1, 4),
        (2027, 1),
    )


def test_local_days_leave_out_a_day_only_touched_at_its_first_instant():
    window = Interval(utc(2026, 11, 30, 5), utc(2026, 12, 2))
    assert list(local_days(window, ZoneInfo("UTC"))) == [date(2026, 11, 30), date(2026, 12, 1)]
    assert len(list(local_days(window, ZoneInfo("America/Los_Angeles")))) == 3


def test_hours_survive_json():
    assert WeeklyHours.from_json(EVERY_DAY.to_json()) == EVERY_DAY
    assert EVERY_DAY.to_json() == {"days": list(WEEKDAYS), "start": "09:00", "end": "17:00"}
