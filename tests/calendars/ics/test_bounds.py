# SPDX-License-Identifier: Apache-2.0
"""Somebody else's file may be huge or hostile: the work it makes is counted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calendars import Busy
from calendars.ics.unclear import Budget
from tests.calendars.ics.samples import AZORES, calendar, event, read, refusal, utc

START = utc("2026-03-01")


def spent(data: bytes) -> tuple[int, int, int]:
    """Blocks found, days or times looked at, and instances found, over 200 days."""
    ample = Budget()
    budget = Budget()
    found = read(data, "2026-01-01", "2026-07-20", budget=budget)
    return len(found), ample.steps - budget.steps, ample.instances - budget.instances


def recurring(rule: str, start: str) -> bytes:
    return calendar(event(f"DTSTART:{start}", "DURATION:PT1S", f"RRULE:{rule}"))


@pytest.mark.parametrize(
    ("rule", "start", "instances"),
    [
        ("FREQ=DAILY", "00010101T100000Z", 200),
        ("FREQ=YEARLY", "16010401T100000Z", 1),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "00010101T100000Z", 142),
        ("FREQ=SECONDLY;INTERVAL=86400", "00010101T100000Z", 200),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "20200101T100000Z", 0),
        ("FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "20200101T100000Z", 0),
        ("FREQ=YEARLY;COUNT=1000", "16010401T100000Z", 1),
    ],
)
def test_a_rule_costs_what_its_window_costs_however_long_it_has_run(rule, start, instances):
    found, steps, _ = spent(recurring(rule, start))

    assert found == instances
    assert steps < 10_000


@pytest.mark.parametrize(
    ("rule", "start"),
    [
        ("FREQ=SECONDLY", "20200101T000000Z"),
        ("FREQ=SECONDLY;BYHOUR=9;BYMINUTE=0;BYSECOND=0", "20200101T090000Z"),
        ("FREQ=MINUTELY", "20200101T000000Z"),
        ("FREQ=SECONDLY;COUNT=2000000000", "20200101T000000Z"),
        ("FREQ=DAILY;COUNT=4000000", "00010101T000000Z"),
        (f"FREQ=HOURLY;BYMINUTE={','.join(map(str, range(60)))}", "20200101T000000Z"),
    ],
)
def test_a_recurrence_beyond_the_budget_is_unreadable(rule, start):
    assert refusal(recurring(rule, start), start="2026-01-01", end="2026-07-20").code == "recurs_too_often"


def test_many_harmless_recurrences_share_one_budget():
    data = calendar(
        *(event(f"DTSTART:2026{m:02}01T{h:02}0000Z", "RRULE:FREQ=HOURLY") for m in (1, 2) for h in range(24))
    )

    assert refusal(data, start="2026-01-01", end="2026-07-20").code == "recurs_too_often"


def test_a_zone_that_changes_every_second_is_not_worked_out():
    zone = AZORES.replace("FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "FREQ=SECONDLY")

    assert (
        refusal(calendar(zone, event("DTSTART;TZID=Our Island:20260310T100000"))).code == "recurs_too_often"
    )


def test_edits_of_a_thousand_versions_of_one_series_are_not_all_compared():
    masters = [event("UID:1", f"DTSTART:20260310T{n // 60 % 24:02}{n % 60:02}00Z") for n in range(800)]
    edits = [
        event("UID:1", "DTSTART:20260310T100000Z", f"RECURRENCE-ID:{1000 + n}0101T000000Z")
        for n in range(800)
    ]

    assert refusal(calendar(*masters, *edits)).code == "recurs_too_often"


@pytest.mark.parametrize(
    "data",
    [
        b"BEGIN:VCALENDAR\n" * 30,
        b"BEGIN:VCALENDAR\n" + b"BEGIN:X\n" * 30,
        calendar(event("DTSTART:20260310T100000Z", *["EXDATE:20260310T100000Z"] * 20_001)),
        calendar("BEGIN:X\nEND:X\n" * 120_001),
    ],
    ids=["calendars in calendars", "deep", "many lines", "many components"],
)
def test_files_out_of_all_proportion_are_refused(data):
    assert refusal(data).code == "too_large"


def test_fifty_thousand_events_are_read():
    times = [START + timedelta(minutes=2 * number) for number in range(50_000)]
    data = calendar(
        *(event(f"UID:{time:%s}", f"DTSTART:{time:%Y%m%dT%H%M%SZ}", "DURATION:PT1M") for time in times)
    )

    found = read(data, "2026-03-01", "2026-03-02")

    assert found == tuple(Busy(time, time + timedelta(minutes=1)) for time in times[:720])


@pytest.mark.parametrize("filler", ["x" * 10_000_000, "x\n " * 3_000_000], ids=["one line", "folds"])
def test_ten_megabytes_of_description_are_passed_over(filler):
    data = calendar(event("DTSTART:20260310T100000Z", f"DESCRIPTION:{filler}", "DURATION:PT1H"))

    assert read(data) == (Busy(utc("2026-03-10 10:00"), utc("2026-03-10 11:00")),)
