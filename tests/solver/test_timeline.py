# SPDX-License-Identifier: Apache-2.0
"""Bits that stand for time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.intervals import Interval
from scheduler.solver.timeline import Minutes, Timeline, at_least, positions, run, tick_minutes
from tests.solver.builders import Buffer, at, person, problem, session, span

LINE = Timeline.over(span("09:00", "10:00"), 15)
masks = st.integers(0, 2**40 - 1)


def test_ticks_begin_on_multiples_after_midnight_and_cover_the_span():
    line = Timeline.over(Interval(at("09:07"), at("10:01")), 15)
    assert (line.instant(0), line.length) == (at("09:00"), 5)


def test_free_time_is_rounded_inwards_and_taken_time_outwards():
    odd = Interval(at("09:10"), at("09:50"))
    assert list(positions(LINE.inside([odd]))) == [1, 2]
    assert list(positions(LINE.touched([odd]))) == [0, 1, 2, 3]
    assert LINE.inside([span("08:00", "11:00")]) == LINE.touched([span("08:00", "11:00")]) == LINE.all
    assert LINE.touched([span("10:00", "11:00"), span("08:00", "09:00")]) == 0


@given(masks, st.integers(1, 12))
def test_a_run_starts_where_so_many_bits_follow_each_other(mask, length):
    expected = [i for i in range(40) if all(mask >> (i + k) & 1 for k in range(length))]
    assert list(positions(run(mask, length))) == expected


@given(st.lists(masks, max_size=6), st.integers(1, 4))
def test_at_least_counts_masks(several, count):
    expected = [i for i in range(40) if sum(mask >> i & 1 for mask in several) >= count]
    assert list(positions(at_least(several, count))) == expected


def test_the_grid_follows_the_wall_clock_through_a_clock_change_of_half_an_hour():
    zone = ZoneInfo("Australia/Lord_Howe")  # 02:00 becomes 01:30 on 5 April 2026
    line = Timeline.over(
        Interval(datetime(2026, 4, 4, 13, tzinfo=UTC), datetime(2026, 4, 4, 18, tzinfo=UTC)), 15
    )
    walls = [
        line.instant(tick).astimezone(zone).strftime("%H:%M") for tick in positions(line.on_grid(60, zone))
    ]
    assert walls == ["00:00", "01:00", "02:00", "03:00", "04:00"]


@given(
    st.sampled_from(
        [
            "Europe/London",
            "America/New_York",
            "Asia/Kolkata",
            "Africa/Cairo",
            "America/Havana",
            "Australia/Lord_Howe",
        ]
    ),
    st.integers(0, 364),
    st.sampled_from([15, 25, 45, 60, 90]),
)
def test_the_grid_is_what_the_clock_on_the_wall_says(name, day, grid):
    zone = ZoneInfo(name)
    first = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day, hours=3)
    line = Timeline.over(Interval(first, first + timedelta(days=2)), 5)
    expected = []
    for tick in range(line.length):
        wall = line.instant(tick).astimezone(zone)
        if (wall.hour * 60 + wall.minute) % grid == 0:
            expected.append(tick)
    assert list(positions(line.on_grid(grid, zone))) == expected


def test_the_tick_meets_every_length_and_buffer():
    quarter = problem(person("Ada", "coding"))
    assert tick_minutes(quarter, quarter.window) == 15
    assert tick_minutes(problem(person("Ada", "coding", buffer=Buffer(0, 5))), quarter.window) == 5
    assert (
        tick_minutes(
            problem(person("Ada", "coding"), sessions=[session("coding", minutes=47)]), quarter.window
        )
        == 1
    )


@given(
    st.lists(st.tuples(st.integers(-90, 300), st.integers(1, 120)), max_size=8),
    st.sampled_from([0, 5, 30]),
    st.sampled_from([0, 10, 45]),
)
def test_taken_time_may_overlap_be_out_of_order_and_reach_out_of_the_line(stretches, before, after):
    line = Timeline.over(span("09:00", "12:00"), 5)
    begin = [at("09:00") + timedelta(minutes=start) for start, _ in stretches]
    taken = [
        Interval(start, start + timedelta(minutes=minutes))
        for start, (_, minutes) in zip(begin, stretches, strict=True)
    ]
    padded = [item.padded(timedelta(minutes=before), timedelta(minutes=after)) for item in taken]
    ticks = [Interval(line.instant(tick), line.instant(tick + 1)) for tick in range(line.length)]
    expected = [n for n, tick in enumerate(ticks) if any(item.overlaps(tick) for item in padded)]
    assert list(positions(line.taken(Minutes.of(taken), before=before, after=after))) == expected


def test_taken_time_of_seconds_counts_with_the_minutes_it_touches():
    seconds = Interval(at("09:14") + timedelta(seconds=59), at("09:15") + timedelta(microseconds=1))
    assert list(positions(LINE.touched([seconds]))) == [0, 1]
