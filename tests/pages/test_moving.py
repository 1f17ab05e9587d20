# SPDX-License-Identifier: Apache-2.0
"""From a booked interview to another time: look, choose, check, confirm."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from scheduler.domain.errors import Conflict, Unavailable
from scheduler.domain.intervals import Interval
from tests.pages.conftest import Clock
from tests.pages.house import CHOSEN, LOOP, LOOPS, NOW, TALK, TALKS, TOKEN, Desk, booked, link
from tests.pages.reading import Form, Page, read

HERE = f"/c/{TOKEN}"
NEW = TALKS[6]


@pytest.fixture(autouse=True)
def arranged(desk: Desk) -> None:
    desk.link = booked()


def form_for(page: Page, step: str) -> Form:
    return next(form for form in page.forms if form.action.startswith(f"{HERE}/{step}"))


def send(client: FlaskClient, clock: Clock, form: Form):
    clock.read()
    return client.post(form.action, data=dict(form.fields))


def look(client: FlaskClient, clock: Clock) -> Page:
    """Ask for other times, and read what there is."""
    answer = send(client, clock, form_for(read(client.get(HERE)), "options"))
    assert (answer.status_code, answer.location) == (303, f"{HERE}/options")
    return read(client.get(answer.location))


def check(client: FlaskClient, option_id: str = NEW.id) -> Page:
    return read(client.get(f"{HERE}/check", query_string={"option": option_id}))


def test_the_time_is_changed_in_three_steps(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    page = look(client, clock)
    assert page.headings[0] == "Which other time suits you, Candy?"
    assert "Your present time: Tuesday 1 December, 11:15–12:30, London time (GMT). Keep it" in page.words
    assert form_for(page, "check").values("option") == [option.id for option in TALKS[5:]]

    page = check(client)
    assert page.headings[0] == "Change to this time, Candy?"
    assert "Wednesday 2 December 13:15–14:30, London time (GMT)" in page.words
    assert "Instead of Tuesday 1 December, 11:15–12:30, London time (GMT)." in page.words
    assert page.links["Choose another"] == f"{HERE}/options?option={NEW.id}"

    answer = send(client, clock, form_for(page, "reschedule"))
    assert (answer.status_code, answer.location) == (303, HERE)
    page = read(client.get(HERE))
    assert "Your new time is arranged, Candy" in page.headings
    assert "Wednesday 2 December 13:15–14:30, London time (GMT)" in page.words
    assert desk.done == [("reschedule", NEW.id)]


def test_looking_at_other_times_changes_nothing(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    look(client, clock)
    check(client)
    client.get(f"{HERE}/reschedule")
    assert desk.done == []


def test_a_chosen_zone_is_kept_on_the_way(client: FlaskClient, clock: Clock) -> None:
    look(client, clock)
    page = read(client.get(f"{HERE}/options?zone=Asia/Tokyo&option={NEW.id}"))
    form = form_for(page, "check")
    assert (form.checked, form.values("option")[0]) == ([NEW.id], TALKS[5].id)
    assert "Wednesday 2 December, 22:15–23:30 Nothing changes until you confirm." in page.words


def test_a_day_of_interviews_is_moved_as_a_whole(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    desk.link, desk.fresh = booked(LOOPS[0], plan=LOOP, options=LOOPS), LOOPS[1:]
    page = look(client, clock)
    assert "Thursday 3 and Friday 4 December" in page.words
    assert "Instead of Wednesday 2 December, 10:00–15:15" in check(client, LOOPS[1].id).words


def test_when_there_is_no_other_time_the_present_one_stands(
    client: FlaskClient, desk: Desk, clock: Clock
) -> None:
    desk.fresh = ()
    page = look(client, clock)
    assert page.headings[0] == "No other time yet, Candy"
    assert "It stays yours." in page.words
    assert page.links["Keep this time"] == HERE
    assert form_for(page, "options").values("nonce") != []


def test_who_named_times_at_which_nobody_is_free_is_not_sent_to_look_at_them_again(
    client: FlaskClient, desk: Desk, clock: Clock
) -> None:
    morning = Interval(NOW + timedelta(days=3), NOW + timedelta(days=3, hours=2))
    desk.link = booked(candidate=replace(desk.link.candidate, availability=(morning,)))
    page = read(client.get(f"{HERE}/options"))
    assert "There is no other time at which you said you could be there." in page.words
    assert page.links["Name other times"] == f"{HERE}/times"
    assert not any(form.action.endswith("/options") for form in page.forms)


def test_a_time_that_was_taken_meanwhile_leaves_the_present_one(
    client: FlaskClient, desk: Desk, clock: Clock
) -> None:
    look(client, clock)
    form = form_for(check(client), "reschedule")
    desk.link = replace(desk.link, options=TALKS[7:])
    answer = send(client, clock, form)
    page = read(answer)
    assert answer.status_code == 409
    assert "That time was taken a moment ago" in page.headings
    assert "Your present time is still yours; these are still free, the nearest first." in page.words
    assert form_for(page, "check").values("option")[0] == TALKS[7].id
    assert desk.done == []


def test_when_the_last_other_time_was_taken_the_present_one_stands(
    client: FlaskClient, desk: Desk, clock: Clock
) -> None:
    look(client, clock)
    form = form_for(check(client), "reschedule")
    desk.link = replace(desk.link, options=(), option_views=())
    page = read(send(client, clock, form))
    assert page.headings[:2] == ["No other time yet, Candy", "That time was taken a moment ago"]


@pytest.mark.parametrize("code", ["reschedule_limit", "reschedule_cutoff"])
def test_when_it_is_over_a_sentence_says_whom_to_ask(client: FlaskClient, desk: Desk, code: str) -> None:
    desk.link = booked(immovable=Conflict("The time can be changed until 24 hours before.", code=code))
    page = read(client.get(HERE))
    assert [form.action for form in page.forms] == []
    assert "The time can be changed until 24 hours before. If you need another time, tell us." in page.words
    assert page.links["tell us"] == f"{HERE}/ask"


def test_who_can_ask_nobody_here_is_sent_to_who_invited_them(client: FlaskClient, desk: Desk) -> None:
    desk.link = booked(immovable=Conflict("It is too late.", code="reschedule_cutoff"), contact=None)
    words = read(client.get(HERE)).words
    assert "If you need another time, please write to the person who invited you." in words


def test_a_limit_that_was_reached_on_the_way_is_said(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    look(client, clock)
    form = form_for(check(client), "reschedule")
    refusal = Conflict("The time has been changed as often as it can be here.", code="reschedule_limit")
    desk.link = replace(desk.link, immovable=refusal)
    answer = send(client, clock, form)
    assert answer.status_code == 409
    assert "The time has been changed as often as it can be here." in read(answer).headings


def test_calendars_that_cannot_be_read_are_said_on_the_page(
    client: FlaskClient, desk: Desk, clock: Clock
) -> None:
    form = form_for(read(client.get(HERE)), "options")

    def unread(*_: object) -> None:
        raise Unavailable("We could not check the calendars just now.", code="calendars_unreadable")

    desk.find_options = unread  # type: ignore[method-assign]
    answer = send(client, clock, form)
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "We could not check the calendars just now." in read(answer).headings


@pytest.mark.parametrize("step", ["options", "reschedule"])
def test_a_form_that_waited_too_long_is_confirmed_again(
    client: FlaskClient, desk: Desk, clock: Clock, step: str
) -> None:
    page = read(client.get(HERE)) if step == "options" else (look(client, clock), check(client))[1]
    form = form_for(page, step)
    clock.read(minutes=31)
    answer = client.post(form.action, data=dict(form.fields))
    again = form_for(read(answer), step)
    assert (answer.status_code, desk.done) == (409, [])
    assert send(client, clock, again).status_code == 303


def test_a_nonce_for_booking_moves_nothing(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    desk.link = link()
    booking = form_for(read(client.get(f"{HERE}/check?option={CHOSEN.id}")), "book")
    desk.link = booked()
    look(client, clock)
    clock.read()
    answer = client.post(f"{HERE}/reschedule", data={**dict(booking.fields), "option": NEW.id})
    assert (answer.status_code, desk.done) == (409, [])


def test_programs_look_and_move_without_a_nonce(client: FlaskClient, desk: Desk) -> None:
    found = client.post(f"{HERE}/options", json={})
    assert (found.status_code, found.json["status"]) == (200, "booked")
    assert [option["id"] for option in found.json["options"]] == [option.id for option in TALKS[5:]]
    moved, again = (client.post(f"{HERE}/reschedule", json={"option": NEW.id}) for _ in range(2))
    assert (moved.status_code, moved.json["version"], again.json) == (200, 2, moved.json)
    assert desk.done == [("reschedule", NEW.id)]


def test_times_that_are_named_arrive_as_stretches(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    desk.link = link()
    named = {"start": "2026-12-01T09:00:00+01:00", "end": "2026-12-01T12:00:00Z"}
    client.post(f"{HERE}/options", json={"availability": [named]})
    desk.link = booked()
    form = form_for(read(client.get(HERE)), "options")
    clock.read()
    stretch = "2026-12-01T08:00:00Z/2026-12-01T12:00:00Z"
    client.post(form.action, data={**dict(form.fields), "availability": [stretch]})
    assert desk.asked[0] == desk.asked[1] != []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"availability": "tomorrow"}, "/availability"),
        ({"availability": ["tomorrow"]}, "/availability/0"),
        ({"availability": [{"start": "2026-12-01T09:00:00Z"}]}, "/availability/0"),
        ({"availability": [{"start": "2026-12-01T09:00:00", "end": "x"}]}, "/availability/0/start"),
        (
            {"availability": [{"start": "2026-12-01T09:00:00Z", "end": "2026-12-01T09:00:00Z"}]},
            "/availability/0/end",
        ),
        ({"availability": [{}] * 201}, "/availability"),
        ({"when": []}, "/when"),
        ([], ""),
    ],
)
def test_times_that_make_no_sense_are_pointed_at(
    client: FlaskClient, desk: Desk, body: object, pointer: str
) -> None:
    refused = client.post(f"{HERE}/options", json=body)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, pointer)
    assert desk.asked == []


def test_a_plan_that_allows_no_change_promises_none(client: FlaskClient, desk: Desk) -> None:
    desk.link = link(replace(TALK, reschedule_limit=0))
    words = read(client.get(f"{HERE}/check?option={CHOSEN.id}")).words
    assert "If something comes up, you can cancel from this page." in words


def test_the_page_of_other_times_without_a_booking_is_the_usual_one(client: FlaskClient, desk: Desk) -> None:
    desk.link = link()
    assert read(client.get(f"{HERE}/options")).headings[0] == "Hello Candy, when shall we talk?"
