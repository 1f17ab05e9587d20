# SPDX-License-Identifier: Apache-2.0
"""Rules and series against libraries that work in another way."""

# ruff: noqa: DTZ001 - rules are expanded on a wall clock
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from dateutil.rrule import rrulestr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from calendars import Busy, CalendarKey
from calendars.ics.reading import read_blocks
from calendars.ics.recurrence import expand, parse_rule
from calendars.ics.unclear import Budget
from calendars.values import busy_within
from tests.calendars.ics.samples import OWNER, calendar, event

FIRST, LAST = datetime(2026, 2, 1), datetime(2026, 11, 20)
WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
#: Weeks in which clocks change, somewhere.
DST_DAYS = [
    datetime(2026, month, day) for month, day in ((3, 5), (3, 26), (4, 2), (9, 24), (10, 22), (10, 29))
]


def numbers(low: int, high: int, *, both_ends: bool = False) -> st.SearchStrategy[str]:
    values = st.integers(low, high) | st.integers(-high, -low) if both_ends else st.integers(low, high)
    return st.lists(values, min_size=1, max_size=3, unique=True).map(lambda found: ",".join(map(str, found)))


@st.composite
def rules(draw) -> str:
    """A rule of RFC 5545 with parts that may stand together."""
    frequency = draw(st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY"]))
    # dateutil finds nothing for a rule that mixes plain and numbered weekdays; RFC 5545 means either.
    numbered = frequency in ("YEARLY", "MONTHLY") and draw(st.booleans())
    nth = st.sampled_from(["1", "2", "-1"]) if numbered else st.just("")
    days = st.lists(
        st.tuples(nth, st.sampled_from(WEEKDAYS)).map("".join), min_size=1, max_size=3, unique=True
    )
    parts = {
        "INTERVAL": st.integers(1, 4).map(str)
        if frequency != "MINUTELY"
        else st.sampled_from(["720", "4321"]),
        "BYMONTH": numbers(1, 12),
        "BYMONTHDAY": numbers(1, 31, both_ends=True),
        "BYDAY": days.map(",".join),
        "BYHOUR": numbers(0, 23),
        "BYMINUTE": numbers(0, 59),
        "WKST": st.sampled_from(WEEKDAYS),
    }
    if frequency == "YEARLY":
        parts["BYYEARDAY"] = numbers(1, 366, both_ends=True)
    chosen = draw(st.lists(st.sampled_from(sorted(parts)), max_size=4, unique=True))
    always = ["INTERVAL"] if frequency == "MINUTELY" else []
    rule = {name: draw(parts[name]) for name in dict.fromkeys(chosen + always)}
    if frequency == "YEARLY" and "BYDAY" in rule and draw(st.booleans()):
        rule["BYWEEKNO"] = draw(numbers(1, 53, both_ends=True))
    # dateutil counts positions from the start in a first week that is not whole, RFC 5545 in the whole week.
    if frequency != "WEEKLY" and rule.keys() & {"BYDAY", "BYMONTHDAY", "BYHOUR"} and draw(st.booleans()):
        rule["BYSETPOS"] = draw(st.sampled_from(["1", "2", "-1", "1,-1"]))
    return ";".join([f"FREQ={frequency}", *(f"{name}={value}" for name, value in rule.items())])


def whole_seconds(first: datetime, last: datetime) -> st.SearchStrategy[datetime]:
    return st.datetimes(first, last).map(lambda moment: moment.replace(microsecond=0))


@settings(max_examples=60)
@given(rules(), st.sampled_from(["", ";COUNT=1", ";COUNT=30"]), whole_seconds(datetime(2025, 2, 1), FIRST))
def test_rules_expand_as_dateutil_expands_them(rule, count, start):
    ample = Budget(instances=10**9, steps=10**9)
    # dateutil searches up to the year 9999 for the instance that ends its search.
    assume(any(expand(parse_rule(rule), start, LAST, datetime(2027, 6, 1), ample)))

    ours = list(expand(parse_rule(rule + count), start, FIRST, LAST, ample))

    assert ours == list(rrulestr(rule + count, dtstart=start).between(FIRST, LAST, inc=True))


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        # What dateutil leaves open or reads otherwise: the missing part comes from the start (a Friday).
        ("FREQ=YEARLY;BYWEEKNO=20", [datetime(2026, 5, 15, 9)]),
        ("FREQ=YEARLY;BYWEEKNO=-1;BYDAY=SU;WKST=SU", [datetime(2026, 12, 27, 9)]),
        ("FREQ=DAILY;BYSECOND=60;COUNT=1", [datetime(2026, 1, 2, 9, 0, 59)]),
        ("FREQ=MONTHLY;BYDAY=SA,1SU;COUNT=2", [datetime(2026, 1, 3, 9), datetime(2026, 1, 4, 9)]),
        ("RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=OMIT", [datetime(2026, 1, 2, 9)]),
        ("freq=monthly;byday=+1mo;count=1;", [datetime(2026, 1, 5, 9)]),
        ("FREQ=MONTHLY;BYMONTHDAY=30;BYMONTH=2", []),
        ("FREQ=SECONDLY;BYMONTHDAY=30;BYMONTH=2", []),
        ("FREQ=SECONDLY;INTERVAL=43200;COUNT=2", [datetime(2026, 1, 2, 9), datetime(2026, 1, 2, 21)]),
    ],
)
def test_a_rule_is_completed_from_its_start(rule, days):
    start = datetime(2026, 1, 2, 9)

    assert list(expand(parse_rule(rule), start, start, datetime(2026, 12, 31), Budget())) == days


ZONES = st.sampled_from(
    [
        "Europe/Madrid",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Santiago",
        "Africa/Casablanca",
        "UTC",
    ]
)
#: Days around which clocks change, somewhere.
CHANGES = st.sampled_from(
    [datetime(2026, *day) for day in ((3, 5), (3, 26), (4, 2), (9, 24), (10, 22), (10, 29))]
)


@settings(max_examples=60)
@given(ZONES, CHANGES, st.integers(0, 24 * 60 * 6), st.sampled_from(["DAILY", "WEEKLY"]), st.integers(1, 9))
def test_instances_keep_their_wall_clock_over_a_change_of_clocks(zone, day, minutes, frequency, count):
    start = day + timedelta(minutes=minutes)
    walls = rrulestr(f"FREQ={frequency};COUNT={count}", dtstart=start)
    begins = [wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for wall in walls]
    lines = (
        f"DTSTART;TZID={zone}:{start:%Y%m%dT%H%M%S}",
        "DURATION:PT1M",
        f"RRULE:FREQ={frequency};COUNT={count}",
    )

    blocks = read_blocks(calendar(event(*lines)), CalendarKey(OWNER, "UTC"), *WINDOW)

    assert blocks == tuple(Busy(begin, begin + timedelta(minutes=1)) for begin in sorted(set(begins)))


WINDOW = datetime(2026, 2, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)


@st.composite
def edited_series(draw) -> bytes:
    """A daily series in a zone, with exceptions, extra dates and edited instances, all well-formed."""
    zone = draw(ZONES.filter(lambda name: name != "UTC"))
    # By day, so that no event lasts over a change of clocks, where that library knows only one reading.
    start = draw(CHANGES) + timedelta(hours=draw(st.integers(6, 16)))
    days = st.lists(st.integers(0, 15), max_size=3, unique=True)
    away, extra, edited = draw(days), draw(days), draw(days)

    def local(day: int, **change: int) -> str:
        return f"TZID={zone}:{start + timedelta(days=day, **change):%Y%m%dT%H%M%S}"

    lines = ["UID:s", f"DTSTART;{local(0)}", f"DTEND;{local(0, minutes=50)}", "RRULE:FREQ=DAILY;COUNT=14"]
    lines += [f"EXDATE;{local(day)}" for day in away]
    # Not by whole hours: that library takes 7:00 here and 5:00 in UTC for the same instance.
    lines += [f"RDATE;{local(day, minutes=77)}" for day in extra]
    parts = [event(*lines)]
    for day in set(edited) - set(away):
        by = draw(st.sampled_from([-25, -24, -2, 0, 1, 3, 24, 26]))
        later = draw(st.sampled_from(["", "", ";RANGE=THISANDFUTURE"]))
        length = draw(st.sampled_from(["PT20M", "PT3H"]))
        moved = f"DTSTART;{local(day, hours=by)}"
        parts.append(
            event("UID:s", "SEQUENCE:1", f"RECURRENCE-ID{later};{local(day)}", moved, f"DURATION:{length}")
        )
    return calendar("VERSION:2.0", "PRODID:-//a//b//EN", *parts)


@settings(max_examples=100)
@given(edited_series())
def test_series_come_out_as_in_recurring_ical_events(data):
    events = recurring_ical_events.of(icalendar.Calendar.from_ical(data)).between(*WINDOW)
    theirs = [Busy(one["DTSTART"].dt, one["DTEND"].dt) for one in events]

    assert read_blocks(data, CalendarKey(OWNER, "UTC"), *WINDOW) == busy_within(theirs, *WINDOW)
