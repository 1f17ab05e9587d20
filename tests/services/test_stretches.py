# SPDX-License-Identifier: Apache-2.0
"""What is known of a calendar after many looks at it."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from calendars.values import Busy
from scheduler.domain.intervals import Interval
from scheduler.services import stretches
from scheduler.services.stretches import Stretch

START = datetime(2026, 11, 30, tzinfo=UTC)
LATER = START + timedelta(hours=2000)


def hour(number: int) -> datetime:
    return START + timedelta(hours=number)


def look(number: int, first: int, length: int, busy: set[int]) -> Stretch:
    """The look of that number: these hours from the first on, some of them busy."""
    during = Interval(hour(first), hour(first + length))
    blocks = tuple(Busy(hour(h), hour(h + 1)) for h in sorted(busy) if first <= h < first + length)
    return Stretch(during=during, read_at=hour(1000 + number), busy=blocks)


SPANS = st.tuples(st.integers(0, 11), st.integers(1, 8), st.sets(st.integers(0, 18)))


@given(st.data())
def test_every_hour_is_as_the_latest_look_at_it_found_it_whichever_was_kept_last(data):
    spans = data.draw(st.lists(SPANS, min_size=1, max_size=6))
    looks = [look(number, *span) for number, span in enumerate(spans)]
    known: tuple[Stretch, ...] = ()
    for one in data.draw(st.permutations(looks)):
        known = stretches.renewed(known, one, now=LATER)

    for number in range(20):
        this = Interval(hour(number), hour(number + 1))
        latest = next((one for one in reversed(looks) if one.during.contains(this)), None)
        found = stretches.within(known, this)
        assert found == (() if latest is None else (latest.within(this),))
        assert stretches.unknown(known, this) == ((this,) if latest is None else ())
    assert all(not a.during.overlaps(b.during) for a, b in itertools.combinations(known, 2))


def test_a_look_from_after_now_gives_way_because_its_clock_was_ahead():
    ahead, ours = look(9, 0, 2, {0}), look(1, 0, 1, set())

    known = stretches.renewed((ahead,), ours, now=ours.read_at)

    assert known == (ours, ahead.within(Interval(hour(1), hour(2))))


@given(SPANS)
def test_what_is_kept_is_what_was_read(span):
    one = look(0, *span)

    assert Stretch.from_json(one.to_json()) == one
