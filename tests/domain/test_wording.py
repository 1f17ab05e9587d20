# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.domain.wording import (
    clock,
    count_words,
    day_words,
    days_words,
    duration_words,
    first_name,
    found_words,
    list_words,
    local_date,
    near_day,
    one_line,
    people_words,
    sentence_case,
    short_day,
    soon_words,
    span,
    when_words,
    zone_abbreviation,
    zone_city,
    zone_words,
)

MONDAY = date(2026, 11, 30)
TUESDAY = date(2026, 12, 1)
LONDON = "Europe/London"


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def test_a_day_has_its_weekday_and_no_year_this_year() -> None:
    assert day_words(TUESDAY, MONDAY) == "Tuesday 1 December"
    assert short_day(TUESDAY, MONDAY) == "Tue 1 Dec"


def test_a_day_of_another_year_names_it() -> None:
    assert day_words(date(2027, 1, 4), MONDAY) == "Monday 4 January 2027"
    assert short_day(date(2027, 1, 4), MONDAY) == "Mon 4 Jan 2027"


def test_americans_put_the_month_first() -> None:
    assert day_words(TUESDAY, MONDAY, "en-US") == "Tuesday, December 1"
    assert short_day(date(2027, 1, 4), MONDAY, "en-US") == "Mon, Jan 4, 2027"


def test_near_days_have_names() -> None:
    assert [near_day(MONDAY + timedelta(days=n), MONDAY) for n in (-1, 0, 1, 2)] == [
        "",
        "today",
        "tomorrow",
        "",
    ]


def test_days_of_one_month_share_its_name() -> None:
    days = [date(2026, 12, 4), date(2026, 12, 3), date(2026, 12, 4)]
    assert days_words(days, MONDAY) == "Thursday 3 and Friday 4 December"
    assert days_words(days, MONDAY, "en-US") == "Thursday, December 3 and Friday, December 4"
    assert days_words([MONDAY, TUESDAY], MONDAY) == "Monday 30 November and Tuesday 1 December"
    assert days_words([date(2027, 1, 4), date(2027, 1, 5)], MONDAY) == "Monday 4 and Tuesday 5 January 2027"


def test_the_clock_follows_the_zone_and_the_locale() -> None:
    instant = at("2026-12-01T11:15")
    assert clock(instant, LONDON) == "11:15"
    assert clock(instant, "Asia/Kathmandu") == "17:00"
    assert clock(instant, LONDON, "en-US") == "11:15 am"
    assert clock(at("2026-12-01T00:05"), LONDON, "en_us") == "12:05 am"
    assert clock(at("2026-12-01T12:00"), LONDON, "en-US") == "12:00 pm"


def test_other_locales_read_english_with_twenty_four_hours() -> None:
    assert clock(at("2026-12-01T15:00"), LONDON, "de-DE") == "15:00"
    assert day_words(TUESDAY, MONDAY, "ja") == "Tuesday 1 December"


def test_a_span_names_no_day_when_it_needs_none() -> None:
    assert span(at("2026-12-01T11:15"), at("2026-12-01T12:30"), LONDON) == "11:15–12:30"
    assert span(at("2026-12-01T11:15"), at("2026-12-01T12:30"), LONDON, "en-US") == "11:15 am–12:30 pm"


def test_a_span_that_ends_at_midnight_is_still_that_evening() -> None:
    assert span(at("2026-12-01T23:00"), at("2026-12-02T00:00"), LONDON) == "23:00–00:00"


def test_a_span_across_midnight_names_both_days() -> None:
    expected = "Tue 1 Dec 23:30 – Wed 2 Dec 00:30"
    assert span(at("2026-12-01T23:30"), at("2026-12-02T00:30"), LONDON) == expected


def test_a_span_over_a_clock_change_says_which_is_which() -> None:
    start = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert span(start, start + timedelta(hours=1), LONDON) == "01:30 BST–01:30 GMT"


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/London", "London time (GMT)"),
        ("America/Argentina/Buenos_Aires", "Buenos Aires time (UTC−3)"),
        ("Asia/Kathmandu", "Kathmandu time (UTC+5:45)"),
        ("America/North_Dakota/New_Salem", "New Salem time (CST)"),
        ("America/Port-au-Prince", "Port-au-Prince time (EST)"),
        ("UTC", "UTC"),
        ("Etc/UTC", "UTC"),
        ("Etc/GMT+5", "UTC−5"),
    ],
)
def test_a_zone_is_named_by_its_city(zone: str, words: str) -> None:
    assert zone_words(zone, at("2026-12-01T11:15")) == words


def test_a_zone_is_named_as_it_is_at_that_time() -> None:
    assert zone_words(LONDON, at("2026-07-01T11:15")) == "London time (BST)"
    assert zone_abbreviation("Australia/Lord_Howe", at("2026-07-01T11:15")) == "UTC+10:30"
    assert zone_city("America/Argentina/Buenos_Aires") == "Buenos Aires"


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "0 minutes"),
        (1, "1 minute"),
        (45, "45 minutes"),
        (60, "1 hour"),
        (75, "75 minutes"),
        (119, "119 minutes"),
        (120, "2 hours"),
        (121, "2 hours 1 minute"),
        (255, "4 hours 15 minutes"),
    ],
)
def test_lengths_use_hours_where_they_are_easier(minutes: int, words: str) -> None:
    assert duration_words(minutes) == words


def test_counts_are_words_up_to_twelve() -> None:
    assert count_words(1, "conversation") == "one conversation"
    assert sentence_case(count_words(4, "conversation")) == "Four conversations"
    assert count_words(5, "person", "people") == "five people"
    assert count_words(13, "time") == "13 times"
    assert count_words(0, "time") == "no times"


def test_people_are_named_panel_by_panel() -> None:
    assert (
        people_words([["Ada Keller"], ["Hana Sato", "Ivo Brandt"]])
        == "Ada Keller, then Hana Sato and Ivo Brandt"
    )
    assert people_words([["Ada Keller"], ["Ada Keller"], []]) == "Ada Keller"
    assert people_words([]) == ""
    assert list_words(["Ada", "Ben", "Cy"]) == "Ada, Ben and Cy"


def test_many_panels_become_a_list_of_who_is_there() -> None:
    assert people_words([["Ada"], ["Ben"], ["Ada"], ["Cy", "Ben"]]) == "Ada, Ben and Cy"


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ("2026-11-30T10:00", "tomorrow at 10:00"),
        ("2026-11-29T23:59", "on Tuesday 1 December at 10:00"),
        ("2026-12-01T00:01", "today at 10:00"),
        ("2026-12-01T08:00", "today at 10:00"),
        ("2026-12-01T08:30", "in 90 minutes"),
        ("2026-12-01T09:00:20", "in 1 hour"),
        ("2026-12-01T09:10", "in 50 minutes"),
        ("2026-12-01T09:53", "in 7 minutes"),
        ("2026-12-01T09:59:30", "now"),
        ("2026-12-01T10:30", "now"),
    ],
)
def test_what_is_near_is_said_from_the_time_really_left(now: str, words: str) -> None:
    assert soon_words(at("2026-12-01T10:00"), at(now), LONDON) == words


def test_a_time_in_full_has_its_day_and_its_zone() -> None:
    start, end = at("2026-12-01T23:30"), at("2026-12-02T00:30")
    berlin = when_words(start, end, "Europe/Berlin", today=MONDAY)
    assert berlin == ("Wednesday 2 December", "00:30–01:30, Berlin time (CET)")
    next_year = when_words(start, end, "UTC", today=date(2027, 1, 4), locale="en-US")
    assert next_year == ("Tuesday, December 1, 2026", "Tue, Dec 1 11:30 pm – Wed, Dec 2 12:30 am, UTC")


def test_an_event_with_times_of_people_is_put_into_words_whatever_they_are():
    noon = at("2026-12-01T12:00")
    midnight = at("2026-12-01T00:00")

    def found(start, end, zone="Europe/Berlin", locale="en-GB"):
        return found_words(start, end, zone, today=MONDAY, locale=locale)

    assert found(noon, at("2026-12-01T12:30")) == "Tuesday 1 December, 13:00–13:30, Berlin time (CET)"
    assert found(noon, noon) == "Tuesday 1 December, 13:00, Berlin time (CET), without any length"
    assert found(midnight, midnight, "UTC") == "Tuesday 1 December, 00:00, UTC, without any length"
    assert found(midnight, at("2026-12-02T00:00"), "America/New_York") == "Tuesday 1 December, the whole day"
    assert (
        found(midnight, at("2027-01-02T00:00"), locale="en-US")
        == "Tuesday, December 1 to Friday, January 1, 2027, whole days"
    )


def test_tomorrow_is_tomorrow_in_that_zone_only() -> None:
    start, now = at("2026-12-01T10:00"), at("2026-11-30T10:00")
    assert soon_words(start, now, "Pacific/Auckland") == "tomorrow at 23:00"
    assert soon_words(at("2026-12-01T12:00"), now, "Pacific/Auckland") == "on Wednesday 2 December at 01:00"


def test_a_day_before_across_a_clock_change_is_still_tomorrow() -> None:
    spring = at("2027-03-28T10:00", LONDON)
    assert soon_words(spring, spring.astimezone(UTC) - timedelta(hours=24), LONDON) == "tomorrow at 10:00"
    # In autumn the day has 25 hours: 24 hours before half past midnight on Monday is half past one on Sunday.
    autumn = datetime(2026, 10, 26, 0, 30, tzinfo=UTC)
    assert soon_words(autumn, autumn - timedelta(hours=24), LONDON) == "tomorrow at 00:30"


def test_a_day_is_the_one_on_the_wall() -> None:
    assert local_date(at("2026-11-30T23:00"), "Asia/Tokyo") == TUESDAY


def test_times_without_a_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        clock(datetime(2026, 12, 1, 11, 15), LONDON)  # noqa: DTZ001


def test_the_first_name_is_the_first_word() -> None:
    assert first_name("Candy Date") == "Candy"
    assert first_name("佐藤花") == "佐藤花"
    assert first_name("") == ""


def test_one_line_keeps_words_and_drops_tricks() -> None:
    assert one_line("Ada\r\nBcc: x\u2028y\t\x00z") == "Ada Bcc: x y z"
    assert one_line("a\u202eb\ud800") == "ab"


@settings(max_examples=200)
@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    line = one_line(text)
    assert line.splitlines() == ([line] if line else [])
    assert line == one_line(line)
    assert line.isprintable() or not line.isascii()


@settings(max_examples=200)
@given(
    st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham", "UTC"]),
    st.sampled_from(["en-GB", "en-US", "fr"]),
)
def test_every_zone_word_holds_at_every_time(instant: datetime, zone: str, locale: str) -> None:
    local = instant.astimezone(ZoneInfo(zone))
    assert clock(instant, zone, locale).split(":")[1].startswith(f"{local:%M}")
    assert str(local.day) in day_words(local_date(instant, zone), MONDAY, locale)
