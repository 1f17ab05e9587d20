# SPDX-License-Identifier: Apache-2.0
"""A candidate says on the page when they could be there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from scheduler.domain.errors import Conflict, Unavailable
from scheduler.domain.intervals import Interval, parse_instant
from tests.pages.conftest import Clock
from tests.pages.house import NOW, TALKS, TOKEN, Desk, booked, link
from tests.pages.reading import Page, read

HERE = f"/c/{TOKEN}"
TUESDAY, WEDNESDAY = "2026-12-01", "2026-12-02"


def stretch(start: str, end: str) -> Interval:
    return Interval(parse_instant(start), parse_instant(end))


def send(
    client: FlaskClient, clock: Clock, *lines: tuple[str, str, str], zone: str | None = None
) -> TestResponse:
    form = read(client.get(f"{HERE}/times", query_string={"zone": zone} if zone else {})).forms[0]
    clock.read()
    fields = {name: value for name, value in form.fields if name in ("nonce", "zone")}
    filled = zip(("day", "start", "end"), zip(*lines, strict=True), strict=True)
    return client.post(form.action, data=fields | {name: list(texts) for name, texts in filled})


def chosen_days(page: Page) -> list[str]:
    return [given["value"] for given in page.named("option") if "selected" in given]


def test_times_that_suit_are_looked_for_and_shown(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    assert read(client.get(HERE)).links["Say when you could be there"] == f"{HERE}/times"

    answer = send(client, clock, (TUESDAY, "09:00", "12:30"), (WEDNESDAY, "", ""), (WEDNESDAY, "14:00", ""))

    assert desk.asked == [
        [
            stretch("2026-12-01T09:00:00Z", "2026-12-01T12:30:00Z"),
            stretch("2026-12-02T00:00:00Z", "2026-12-03T00:00:00Z"),
            stretch("2026-12-02T14:00:00Z", "2026-12-03T00:00:00Z"),
        ]
    ]
    assert (answer.status_code, answer.location) == (303, HERE)
    assert read(client.get(HERE)).forms[0].values("option") == [option.id for option in TALKS[5:]]


def test_days_are_those_on_which_times_are_looked_for(client: FlaskClient, desk: Desk) -> None:
    desk.link = link(window=Interval(NOW + timedelta(days=1), NOW + timedelta(days=3)))
    days = [given["value"] for given in read(client.get(f"{HERE}/times")).named("option")]
    assert days[:4] == ["", TUESDAY, WEDNESDAY, "2026-12-03"]
    assert days[4] == ""  # the next line of the form

    desk.link = link(window=Interval(NOW - timedelta(days=2), NOW - timedelta(days=1)))
    assert "Say when you could be there" not in read(client.get(HERE)).links
    assert "when shall we talk?" in read(client.get(f"{HERE}/times")).headings[0]


def test_days_beyond_the_plans_horizon_are_not_to_be_chosen(client: FlaskClient, desk: Desk) -> None:
    """Nothing would be found on them, however long the window is."""
    shorter = replace(link().plan, horizon_days=2)
    desk.link = replace(link(window=Interval(NOW, NOW + timedelta(days=30))), plan=shorter)
    days = [given["value"] for given in read(client.get(f"{HERE}/times")).named("option")]
    assert days[:4] == ["", TUESDAY, WEDNESDAY, ""]


def test_times_are_meant_in_the_zone_that_is_shown(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    page = read(client.get(f"{HERE}/times?zone=Asia/Tokyo"))
    assert "Times are Tokyo time" in page.words
    answer = send(client, clock, (WEDNESDAY, "09:00", "12:00"), zone="Asia/Tokyo")
    assert answer.location == f"{HERE}?zone=Asia%2FTokyo"
    assert desk.asked == [[stretch("2026-12-02T00:00:00Z", "2026-12-02T03:00:00Z")]]


def test_nobody_free_is_said_with_what_follows(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    desk.nothing_free = True

    answer = send(client, clock, (TUESDAY, "09:00", "12:30"))

    page = read(answer)
    assert (answer.status_code, chosen_days(page)) == (409, [TUESDAY])
    assert "Nobody is free at those times" in page.headings
    assert "They are noted for Rosa in recruiting, who hears that nothing fits yet." in page.words
    assert "What was on offer is still there; you can also name other times here." in page.words

    desk.link = replace(desk.link, contact=None)
    assert "They are noted. What was on offer" in read(send(client, clock, (TUESDAY, "", ""))).words


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("", "", ""), "Choose at least one day on which you could be there."),
        (("", "09:00", "12:00"), "Choose a day for each of the times you name."),
        (("2027-12-01", "09:00", "12:00"), "Choose a day for each of the times you name."),
        ((TUESDAY, "12:00", "09:00"), "On Tuesday 1 December the end is not after the beginning."),
        ((TUESDAY, "noon", ""), "Write times like 09:00 or 17:30."),
        ((TUESDAY, "09:00+01:00", ""), "Write times like 09:00 or 17:30."),
    ],
)
def test_what_makes_no_sense_is_said_and_kept(
    client: FlaskClient, desk: Desk, clock: Clock, line: tuple[str, str, str], said: str
) -> None:
    answer = send(client, clock, line)

    page = read(answer)
    assert (answer.status_code, desk.asked) == (422, [])
    assert said in page.headings
    assert next(given["value"] for given in page.named("input") if given["name"] == "start") == line[1]


def test_calendars_that_cannot_be_read_leave_the_form_as_it_is(
    client: FlaskClient, desk: Desk, clock: Clock
) -> None:
    def blind(*_: object) -> None:
        raise Unavailable("We cannot check the calendars just now.")

    desk.find_options = blind  # type: ignore[assignment, method-assign]
    answer = send(client, clock, (TUESDAY, "", ""))
    assert (answer.status_code, chosen_days(read(answer))) == (503, [TUESDAY])


def test_a_form_without_the_pages_signature_looks_for_nothing(client: FlaskClient, desk: Desk) -> None:
    answer = client.post(f"{HERE}/options", data={"day": TUESDAY, "start": "", "end": "", "nonce": "1.x"})
    assert (answer.status_code, desk.asked) == (409, [])
    assert chosen_days(read(answer)) == [TUESDAY]


def test_other_times_for_what_is_booked_can_be_named_too(
    client: FlaskClient, desk: Desk, clock: Clock
) -> None:
    desk.link = booked()
    answer = send(client, clock, (WEDNESDAY, "", ""))
    assert (answer.status_code, answer.location) == (303, f"{HERE}/options")

    desk.fresh = ()
    page = read(send(client, clock, (WEDNESDAY, "", "")))
    assert "They are noted. Your present time stays yours; you can also name other times here." in page.words


def test_who_finds_no_other_time_is_shown_where_to_name_some(client: FlaskClient, desk: Desk) -> None:
    """Times that were named once are those within which is looked for from then on."""
    desk.link = booked()
    page = read(client.get(f"{HERE}/options"))
    assert page.links["say when you could be there"] == f"{HERE}/times"
    assert "None of these work" not in page.words


def test_where_nothing_is_looked_for_no_times_are_taken(
    client: FlaskClient, desk: Desk, clock: Clock
) -> None:
    fields = {"day": TUESDAY, "start": "", "end": "", "nonce": ""}
    desk.link = booked(immovable=Conflict("It is too late to change it here.", code="reschedule_cutoff"))
    assert client.post(f"{HERE}/options", data=fields).status_code == 409
    desk.link = link(status="expired", options=())
    assert client.post(f"{HERE}/options", data=fields).status_code == 409
    assert desk.asked == []
