# SPDX-License-Identifier: Apache-2.0
"""From the link to a booking: choose, check, confirm."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from scheduler.pages.zones import COMMON
from tests.pages.conftest import Clock
from tests.pages.house import BELA, CHOSEN, LOOP, LOOPS, TALKS, TOKEN, Desk, booked, link, talk
from tests.pages.reading import Page, read

HERE = f"/c/{TOKEN}"


def check(client: FlaskClient, option_id: str = CHOSEN.id, **query: str) -> Page:
    response = client.get(f"{HERE}/check", query_string={"option": option_id, **query})
    assert response.status_code == 200
    return read(response)


def confirm(client: FlaskClient, clock: Clock, page: Page):
    clock.read()
    form = page.forms[0]
    return client.post(form.action, data=dict(form.fields))


def test_times_stand_under_their_day_in_the_candidates_zone(client: FlaskClient) -> None:
    page = read(client.get(HERE))
    assert page.headings == [
        "Hello Candy, when shall we talk?",
        "Tuesday 1 December · tomorrow",
        *("Morning", "Afternoon"),
        "Wednesday 2 December",
        *("Morning", "Afternoon"),
        "Friday 4 December",
    ]
    assert "Tuesday 1 December · tomorrow Morning 09:00 09:45 11:15 Afternoon 14:00 15:30" in page.words
    assert page.forms[0].values("option") == [option.id for option in TALKS]


def test_nothing_is_chosen_beforehand(client: FlaskClient) -> None:
    assert read(client.get(HERE)).forms[0].checked == []


def test_each_time_is_said_in_full_for_ears(client: FlaskClient) -> None:
    labels = [given["aria-label"] for given in read(client.get(HERE)).named("input")]
    assert labels[2] == "Tuesday 1 December, 11:15 to 12:30, London time (GMT)"
    assert len(set(labels)) == len(TALKS)


def test_the_facts_say_how_long_with_whom_where_and_how_to_prepare(client: FlaskClient) -> None:
    assert (
        "How long: 75 minutes in two parts Coding together, then a talk about design "
        "With whom: Ada Keller, then Hana Sato and Ivo Brandt "
        "Where: By video The link comes with the confirmation "
        "How to prepare: Bring your own editor No puzzles, no trick questions."
    ) in read(client.get(HERE)).words


def test_another_zone_moves_times_across_midnight(client: FlaskClient) -> None:
    page = read(client.get(f"{HERE}?zone=Pacific/Auckland"))
    assert "Tuesday 1 December · tomorrow 22:00 22:45 Wednesday 2 December" in page.words
    assert "Auckland (NZDT, now 22:41)" in page.words


def test_a_zone_changed_keeps_the_choice(client: FlaskClient) -> None:
    page = read(client.get(HERE, query_string={"zone": "Asia/Tokyo", "option": CHOSEN.id}))
    assert page.forms[0].checked == [CHOSEN.id]
    assert "Tuesday 1 December, 20:15–21:30 Nothing is booked until you confirm." in page.words


def test_a_chosen_zone_is_kept_through_every_step(client: FlaskClient, clock: Clock) -> None:
    page = check(client, zone="Asia/Tokyo")
    assert "20:15–21:30, Tokyo time (JST)" in page.words
    assert page.links["Choose another"] == f"{HERE}?option={CHOSEN.id}&zone=Asia%2FTokyo"
    answer = confirm(client, clock, page)
    assert (answer.status_code, answer.location) == (303, f"{HERE}?zone=Asia%2FTokyo")
    assert "20:15–21:30, Tokyo time (JST)" in read(client.get(answer.location)).words


@pytest.mark.parametrize(("zone", "kept"), [("Asia/Tokyo", [("zone", "Asia/Tokyo")]), ("Europe/Berlin", [])])
def test_who_has_named_no_zone_is_told_everything_in_the_one_they_chose(
    client: FlaskClient, desk: Desk, clock: Clock, zone: str, kept: list[tuple[str, str]]
) -> None:
    candidate = desk.link.candidate.__class__(id="cand_1", name="Candy Ortega", email="candy@example.net")
    desk.link = link(candidate=candidate, home_time_zone="Europe/Berlin")
    assert confirm(client, clock, check(client, zone=zone)).status_code == 303
    assert desk.done == [*kept, ("book", CHOSEN.id)]


def test_a_zone_that_was_known_is_left_as_it_is(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    confirm(client, clock, check(client, zone="Asia/Tokyo"))
    assert desk.done == [("book", CHOSEN.id)]


def test_a_form_that_has_waited_too_long_keeps_no_zone(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    candidate = desk.link.candidate.__class__(id="cand_1", name="Candy Ortega", email="candy@example.net")
    desk.link = link(candidate=candidate, home_time_zone="Europe/Berlin")
    page = check(client, zone="Asia/Tokyo")
    clock.read(minutes=31)
    assert confirm(client, clock, page).status_code == 409
    assert desk.done == []


def test_a_zone_nobody_knows_is_ignored(client: FlaskClient) -> None:
    assert "London (GMT, now 09:41)" in read(client.get(f"{HERE}?zone=Mars/Olympus")).words


def test_without_a_zone_of_their_own_the_page_says_whose_it_shows(client: FlaskClient, desk: Desk) -> None:
    candidate = desk.link.candidate.__class__(id="cand_1", name="Candy Ortega", email="candy@example.net")
    desk.link = link(candidate=candidate, home_time_zone="Europe/Berlin")
    page = read(client.get(HERE))
    assert "so this is Berlin, where the people you will meet are." in page.words
    assert "10:00 10:45" in page.words


def test_every_place_can_be_chosen_as_zone(client: FlaskClient) -> None:
    offered = {given["value"] for given in read(client.get(HERE)).named("option")}
    assert offered >= {*COMMON, "America/Argentina/Buenos_Aires", "Asia/Kathmandu", "Pacific/Chatham"}
    assert len(offered) > 400


def test_twelve_hours_where_people_count_twelve(client: FlaskClient, desk: Desk) -> None:
    american = desk.link.candidate.__class__(
        id="c", name="Candy", email="c@example.net", time_zone="America/New_York", locale="en-US"
    )
    desk.link = link(candidate=american)
    page = read(client.get(HERE))
    assert "Tuesday, December 1 · tomorrow Morning 4:00 am 4:45 am 6:15 am 9:00 am 10:30 am" not in page.words
    assert "Tuesday, December 1 · tomorrow 4:00 am 4:45 am 6:15 am 9:00 am 10:30 am" in page.words


def test_the_same_time_with_other_people_is_one_button(client: FlaskClient, desk: Desk) -> None:
    desk.link = link(options=[TALKS[0], talk("opt_other", "2026-12-01T09:00")])
    assert read(client.get(HERE)).forms[0].values("option") == [TALKS[0].id]


def test_a_loop_is_read_day_by_day_with_people_and_lunch(client: FlaskClient, desk: Desk) -> None:
    desk.link = link(LOOP, LOOPS)
    page = read(client.get(HERE))
    assert page.headings[0] == "Hello Candy, which day suits you?"
    assert "How long: Four conversations 4 hours in all" in page.words
    assert "in all, with lunch" not in page.words
    assert (
        "Wednesday 2 December 10:00–15:15 · one day, with lunch "
        "10:00–11:00 Coding together Ada Keller 11:00–12:00 System design Hana Sato and Ivo Brandt "
        "12:00–13:00 Lunch 13:00–14:00 How we work Mira Osei 14:15–15:15 Your questions Luis Prado"
    ) in page.words
    assert (
        "Thursday 3 and Friday 4 December two mornings "
        "Thursday 3 December 09:30–10:30 Coding together Bela Nagy "
        "10:30–11:30 System design Hana Sato and Ivo Brandt "
        "Friday 4 December 09:30–10:30 How we work Mira Osei 10:30–11:30 Your questions Luis Prado"
    ) in page.words


def test_check_repeats_the_choice_in_words(client: FlaskClient) -> None:
    page = check(client)
    assert (
        "Tuesday 1 December · tomorrow 11:15–12:30, London time (GMT) "
        "With Ada Keller, then Hana Sato and Ivo Brandt Where By video. The link comes with the confirmation "
        "Confirm this time Choose another "
        "If something comes up, you can change the time or cancel from this page."
    ) in page.words


def test_whoever_differs_between_times_is_named_once_a_time_is_checked(
    client: FlaskClient, desk: Desk
) -> None:
    coding, design = TALKS[0].sessions
    desk.link = link(
        options=[CHOSEN, TALKS[0].evolve(sessions=(replace(coding, interviewers=(BELA,)), design))]
    )
    assert "With whom: Three people from the team Named when you check a time" in read(client.get(HERE)).words
    checked = check(client, TALKS[0].id).words
    assert "With whom: Bela Nagy, then Hana Sato and Ivo Brandt" in checked


def test_confirming_books_once_and_shows_what_is_arranged(
    client: FlaskClient, clock: Clock, desk: Desk
) -> None:
    answer = confirm(client, clock, check(client))
    assert (answer.status_code, answer.location) == (303, HERE)
    assert desk.done == [("book", CHOSEN.id)]
    assert "It is arranged, Candy" in read(client.get(answer.location)).headings


def test_pressing_confirm_twice_books_once(client: FlaskClient, clock: Clock, desk: Desk) -> None:
    page = check(client)
    answers = [confirm(client, clock, page).status_code for _ in range(2)]
    assert (answers, desk.done) == ([303, 303], [("book", CHOSEN.id)])


def test_check_without_a_choice_asks_for_one(client: FlaskClient) -> None:
    answer = client.get(f"{HERE}/check")
    page = read(answer)
    assert answer.status_code == 422
    assert page.headings[1] == "Choose a time first, then check and confirm it."
    assert [given["role"] for given in page.named("div") if "role" in given] == ["alert"]
    assert page.forms[0].values("option") == [option.id for option in TALKS]


def test_a_time_taken_while_the_page_was_open_is_said_kindly(client: FlaskClient, desk: Desk) -> None:
    desk.take(CHOSEN)
    answer = client.get(f"{HERE}/check?option={CHOSEN.id}")
    page = read(answer)
    assert answer.status_code == 409
    assert "That time was taken a moment ago" in page.headings
    assert CHOSEN.id not in page.forms[0].values("option")


def test_a_time_taken_while_confirming_leads_to_the_nearest(
    client: FlaskClient, clock: Clock, desk: Desk
) -> None:
    page = check(client, zone="Asia/Tokyo")
    desk.take(CHOSEN)
    answer = confirm(client, clock, page)
    page = read(answer)
    assert (answer.status_code, desk.done) == (409, [])
    assert "these are still free, the nearest first." in page.words
    nearest = sorted(
        (TALKS[n] for n in (0, 1, 3, 4)), key=lambda option: option.start
    )  # the four around 11:15
    assert page.forms[0].values("option")[:4] == [option.id for option in nearest]
    assert len(page.forms[0].values("option")) == len(TALKS) - 1
    assert "Tokyo (JST" in page.words


def test_when_the_last_time_is_taken_somebody_looks_for_more(
    client: FlaskClient, clock: Clock, desk: Desk
) -> None:
    desk.link = link(options=[CHOSEN])
    page = check(client)
    desk.take(CHOSEN)
    answer = confirm(client, clock, page)
    assert answer.status_code == 409
    assert read(answer).headings[1:] == ["That time was taken a moment ago", "We are looking for times"]


def test_a_second_tab_cannot_book_another_time(client: FlaskClient, clock: Clock, desk: Desk) -> None:
    other = check(client, TALKS[0].id)
    desk.link = booked()
    answer = confirm(client, clock, other)
    assert (answer.status_code, desk.done) == (409, [])
    assert "You already have a time" in read(answer).headings


def test_an_offer_that_expires_while_confirming_says_so(
    client: FlaskClient, clock: Clock, desk: Desk
) -> None:
    page = check(client)
    desk.link = link(status="expired", options=())
    answer = confirm(client, clock, page)
    assert answer.status_code == 410
    assert "These times are no longer on offer" in read(answer).headings


@pytest.mark.parametrize("minutes", [31, -60])
def test_a_page_from_another_hour_is_checked_again(
    client: FlaskClient, clock: Clock, desk: Desk, minutes: int
) -> None:
    page = check(client)
    if minutes < 0:  # forged: the stamp of a time to come, with this time's signature
        stamp, _, signature = page.forms[0].value("nonce").partition(".")
        nonce = f"{int(stamp) + 3_600_000}.{signature}"
    else:
        nonce = page.forms[0].value("nonce")
        clock.read(minutes)
    answer = client.post(f"{HERE}/book", data={"option": CHOSEN.id, "nonce": nonce})
    again = read(answer)
    assert (answer.status_code, desk.done) == (409, [])
    assert "The page was open for a while; please confirm once more." in again.headings
    assert confirm(client, clock, again).status_code == 303


def test_a_confirmation_of_one_time_does_not_serve_for_another(
    client: FlaskClient, clock: Clock, desk: Desk
) -> None:
    nonce = check(client).forms[0].value("nonce")
    clock.read()
    answer = client.post(f"{HERE}/book", data={"option": TALKS[0].id, "nonce": nonce})
    assert (answer.status_code, desk.done) == (409, [])


@pytest.mark.parametrize("nonce", ["", "1.2", "x", "9" * 40 + ".a", "²³.a"])
def test_a_form_without_this_pages_signature_books_nothing(
    client: FlaskClient, desk: Desk, nonce: str
) -> None:
    answer = client.post(f"{HERE}/book", data={"option": CHOSEN.id, "nonce": nonce})
    assert (answer.status_code, desk.done) == (409, [])


def test_confirming_at_once_is_answered_all_the_same(client: FlaskClient, desk: Desk) -> None:
    form = check(client).forms[0]
    assert client.post(form.action, data=dict(form.fields)).status_code == 303
    assert desk.done == [("book", CHOSEN.id)]


def test_reloading_the_address_of_the_form_leads_back(client: FlaskClient) -> None:
    answer = client.get(f"{HERE}/book")
    assert (answer.status_code, answer.location) == (302, HERE)


def test_times_at_the_autumn_clock_change_name_their_side(client: FlaskClient, desk: Desk) -> None:
    first = datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    desk.link = link(
        options=[
            talk("opt_summer", f"{first:%Y-%m-%dT%H:%M}"),
            talk("opt_winter", f"{first + timedelta(hours=2):%Y-%m-%dT%H:%M}"),
        ]
    )
    labels = [given["aria-label"] for given in read(client.get(HERE)).named("input")]
    assert labels == [
        "Sunday 31 October 2027, 01:30 BST to 01:45 GMT, London time (BST)",
        "Sunday 31 October 2027, 02:30 to 03:45, London time (GMT)",
    ]
