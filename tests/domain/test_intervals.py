# SPDX-License-Identifier: Apache-2.0
"""Interval algebra, compared with sets of minutes."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.intervals import (
    Interval,
    aware,
    format_instant,
    intersect,
    merge,
    parse_instant,
    subtract,
)

ORIGIN = datetime(2026, 11, 30, tzinfo=UTC)


def span(start, end):
    return Interval(ORIGIN + timedelta(minutes=start), ORIGIN + timedelta(minutes=end))


spans = st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda pair: span(pair[0], pair[0] + pair[1]))
several = st.lists(spans, max_size=8)


def minutes(intervals):
    return {
        minute
        for interval in intervals
        for minute in range(100)
        if interval.start <= ORIGIN + timedelta(minutes=minute) < interval.end
    }


def apart(intervals):
    """Sorted, and no two overlap or touch."""
    return all(a.end < b.start for a, b in itertools.pairwise(intervals))


@given(several)
def test_merging_keeps_the_time_and_leaves_pieces_apart(intervals):
    merged = merge(intervals)
    assert minutes(merged) == minutes(intervals)
    assert apart(merged)
    assert merge(merged) == merged


@given(several, several)
def test_intersection_is_the_time_in_both(left, right):
    both = intersect(left, right)
    assert minutes(both) == minutes(left) & minutes(right)
    assert both == intersect(right, left)


@given(several, several)
def test_subtraction_leaves_the_time_that_is_not_taken(whole, taken):
    free = subtract(whole, taken)
    assert minutes(free) == minutes(whole) - minutes(taken)
    assert apart(free)


@given(spans, spans)
def test_overlap_containment_and_touch_agree_with_their_minutes(one, other):
    a, b = minutes([one]), minutes([other])
    assert one.overlaps(other) == bool(a & b)
    assert one.contains(other) == (b <= a)
    assert one.touches(other) == (bool(a & b) or one.end == other.start or other.end == one.start)
    assert (minutes([one.clipped(other)]) if one.clipped(other) else set()) == a & b


def test_intervals_that_touch_do_not_overlap():
    assert not span(0, 10).overlaps(span(10, 20))
    assert span(0, 10).touches(span(10, 20))
    assert span(0, 10).clipped(span(10, 20)) is None
    assert merge([span(0, 10), span(10, 20)]) == (span(0, 20),)


def test_padding_widens_on_both_sides():
    assert span(10, 20).padded(timedelta(minutes=5), timedelta(minutes=1)) == span(5, 21)
    assert span(10, 20).duration == timedelta(minutes=10)


@pytest.mark.parametrize(("start", "end"), [(10, 10), (10, 5)])
def test_empty_and_reversed_intervals_are_refused(start, end):
    with pytest.raises(ValueError, match="is not after the start"):
        span(start, end)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="has no time zone"):
        Interval(datetime(2026, 1, 1), ORIGIN)  # noqa: DTZ001
    with pytest.raises(ValueError, match="has no time zone"):
        parse_instant("2026-11-30T10:00:00")


def test_every_time_is_kept_in_utc():
    kolkata = timezone(timedelta(hours=5, minutes=30))
    assert aware(datetime(2026, 11, 30, 5, 30, tzinfo=kolkata)) == ORIGIN
    assert Interval(datetime(2026, 11, 30, 5, 30, tzinfo=kolkata), ORIGIN + timedelta(1)).start.tzinfo is UTC


@given(st.datetimes(timezones=st.timezones()))
def test_an_instant_survives_being_written_down(instant):
    assert parse_instant(format_instant(instant)) == instant.astimezone(UTC)


def test_instants_are_written_in_utc():
    assert format_instant(ORIGIN.replace(hour=11, minute=15)) == "2026-11-30T11:15:00Z"
