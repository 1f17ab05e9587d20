# SPDX-License-Identifier: Apache-2.0
"""What a link shows in every state, and what can be done there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from scheduler.domain.errors import Gone, TooMany, Unavailable
from tests.pages.conftest import Clock
from tests.pages.house import CHOSEN, LOOP, LOOPS, TALK, TOKEN, Desk, booked, link
from tests.pages.reading import read

HERE = f"/c/{TOKEN}"


def cancelled_by(desk: Desk, actor: str) -> None:
    desk.link = booked()
    desk.cancel(None, TOKEN)
    desk.done.clear()
    desk.link.booking["history"][-1]["actor"] = actor


def test_what_is_arranged_says_when_with_whom_where_and_what_can_be_done(
    client: FlaskClient, desk: Desk
) -> None:
    desk.link = booked()
    page = read(client.get(HERE))
    assert (
        "It is arranged, Candy A confirmation goes to candy@example.net. "
        "Tuesday 1 December · tomorrow 11:15–12:30, London time (GMT) "
        "With Ada Keller, then Hana Sato and Ivo Brandt "
        "Where Video call Join the call Add to calendar"
    ) in page.words
    assert page.links["Cancel"] == f"{HERE}/cancel"
    assert page.links["Calendar file, for Apple, Outlook and others"] == f"{HERE}/invite.ics"


def test_calendar_links_carry_the_time_and_no_link_of_ours(client: FlaskClient, desk: Desk) -> None:
    desk.link = booked()
    links = read(client.get(HERE)).links
    google, outlook = links["Google Calendar"], links["Outlook on the web"]
    assert "dates=20261201T111500Z%2F20261201T123000Z" in google
    assert "startdt=2026-12-01T11%3A15%3A00Z&enddt=2026-12-01T12%3A30%3A00Z" in outlook
    assert TOKEN not in google + outlook


def test_a_booked_loop_shows_its_programme(client: FlaskClient, desk: Desk) -> None:
    desk.link = booked(LOOPS[0], plan=LOOP, options=LOOPS)
    assert ("Where At our office, 12 Quay Street, Aurora 10:00–11:00 Coding together Ada Keller") in read(
        client.get(HERE)
    ).words


def test_on_the_day_the_call_can_be_joined(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    desk.link = booked()
    clock.at = datetime(2026, 12, 1, 8, tzinfo=UTC)
    page = read(client.get(HERE))
    assert page.links["Join the call"] == "https://meet.example/abc-defg"
    assert "Where Video call Join the call" in page.words


def test_a_call_without_a_link_promises_none(client: FlaskClient, desk: Desk) -> None:
    sessions = tuple(replace(session, conference_url=None) for session in TALK.sessions)
    later = "By video. We will tell you how to join before the interview"
    desk.link = link(replace(TALK, sessions=sessions))
    assert later in read(client.get(f"{HERE}/check?option={CHOSEN.id}")).words
    desk.link = booked(plan=replace(TALK, sessions=sessions))
    page = read(client.get(HERE))
    assert later in page.words
    assert "Join the call" not in page.links
    assert "The link" not in page.words


def test_a_link_that_was_made_for_the_booking_is_shown_like_the_plans_own(
    client: FlaskClient, desk: Desk, clock: Clock
) -> None:
    sessions = tuple(replace(session, conference_url=None, conference="auto") for session in TALK.sessions)
    made = booked(plan=replace(TALK, sessions=sessions))
    shown = [
        session | {"conference_url": "https://meet.google.com/abc"} for session in made.booking["sessions"]
    ]
    desk.link = replace(made, booking=made.booking | {"sessions": shown})
    clock.at = datetime(2026, 12, 1, 8, tzinfo=UTC)

    page = read(client.get(HERE))

    assert page.links["Join the call"] == "https://meet.google.com/abc"
    assert "Where Video call Join the call" in page.words


@pytest.mark.parametrize("state", ["booked", "cancelled", "past"])
def test_after_the_choice_the_link_is_not_promised_again(
    client: FlaskClient, desk: Desk, clock: Clock, state: str
) -> None:
    desk.link = booked()
    if state == "cancelled":
        cancelled_by(desk, "candidate")
    if state == "past":
        clock.at = datetime(2026, 12, 1, 12, 30, tzinfo=UTC)
    words = read(client.get(HERE)).words
    assert "comes with the confirmation" not in words
    assert ("The link is in the confirmation" in words) == (state == "booked")


def test_calls_of_their_own_are_in_the_confirmation(client: FlaskClient, desk: Desk) -> None:
    desk.link = booked()
    desk.link.booking["sessions"][1]["conference_url"] = "https://meet.example/another"
    page = read(client.get(HERE))
    assert "Where Video calls: the links are in the confirmation" in page.words
    assert "Join the call" not in page.links


def test_an_address_that_is_no_web_address_is_no_link(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    desk.link = booked()
    for session in desk.link.booking["sessions"]:
        session["conference_url"] = "javascript:alert(1)"
    clock.at = datetime(2026, 12, 1, 8, tzinfo=UTC)
    answer = client.get(HERE)
    assert "Join the call" not in read(answer).links
    assert "javascript:" not in answer.get_data(as_text=True)


def test_what_the_team_still_settles_does_not_unsettle_the_time(client: FlaskClient, desk: Desk) -> None:
    desk.link = booked(status="needs_attention")
    page = read(client.get(HERE))
    assert "We are settling one detail with the team. Your time stands" in page.words
    assert "calendar could not be read" not in page.words


def test_cancelling_asks_first_and_takes_a_reason(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    desk.link = booked()
    page = read(client.get(f"{HERE}/cancel"))
    assert page.headings[0] == "Cancel this interview?"
    assert page.links["Keep it"] == HERE
    clock.read()
    form = page.forms[0]
    answer = client.post(form.action, data=dict(form.fields) | {"reason": " I am ill. \r\nSorry "})
    assert (answer.status_code, answer.location) == (303, HERE)
    assert desk.done == [("cancel", "I am ill. \nSorry")]
    assert "You have cancelled this interview" in read(client.get(HERE)).headings


@pytest.mark.parametrize("step", ["cancel", "ask"])
def test_a_form_without_the_pages_signature_changes_nothing(
    client: FlaskClient, desk: Desk, step: str
) -> None:
    desk.link = booked()
    answer = client.post(f"{HERE}/{step}", data={"reason": "x", "message": "x", "nonce": "1.x"})
    assert (answer.status_code, desk.done) == (409, [])
    assert "The page was open for a while; please confirm once more." in read(answer).headings


def test_a_reason_that_is_too_long_is_said(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    desk.link = booked()
    form = read(client.get(f"{HERE}/cancel")).forms[0]
    clock.read()
    answer = client.post(form.action, data=dict(form.fields) | {"reason": "x" * 501})
    assert (answer.status_code, desk.done) == (422, [])
    assert "Your reason is longer than 500 characters." in read(answer).headings


def test_once_begun_it_cannot_be_cancelled_here(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    desk.link = booked()
    clock.at = datetime(2026, 12, 1, 11, 30, tzinfo=UTC)
    assert "Cancel" not in read(client.get(HERE)).links
    assert read(client.get(f"{HERE}/cancel")).forms == []


def test_cancelling_nothing_shows_what_there_is(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    desk.link = booked()
    form = read(client.get(f"{HERE}/cancel")).forms[0]
    clock.read()
    desk.link = link()
    answer = client.post(form.action, data=dict(form.fields))
    assert answer.status_code == 409
    assert "There is no interview to cancel." in read(answer).headings


@pytest.mark.parametrize(
    ("actor", "words"),
    [
        ("candidate", "Thank you for telling us. It is taken out of the calendars of those who"),
        ("key_1", "We had to cancel this interview We are sorry for the change."),
    ],
)
def test_a_cancelled_interview_says_by_whom(client: FlaskClient, desk: Desk, actor: str, words: str) -> None:
    cancelled_by(desk, actor)
    page = read(client.get(HERE))
    assert words in page.words
    assert page.links["tell us when"] == f"{HERE}/ask"


def test_what_the_team_has_to_see_to_afterwards_changes_nothing_of_that(
    client: FlaskClient, desk: Desk
) -> None:
    """A calendar did not let the entry go, for one."""
    cancelled_by(desk, "candidate")
    left = desk.link.booking["history"][-1] | {"event": "booking.needs_attention", "actor": "system"}
    desk.link.booking["history"].append(left)
    assert "You have cancelled this interview" in read(client.get(HERE)).headings


def test_interviews_taken_back_before_a_choice(client: FlaskClient, desk: Desk) -> None:
    desk.link = link(status="cancelled", options=())
    assert "These interviews are not going ahead for now" in read(client.get(HERE)).headings


def test_an_expired_offer_rejects_nobody(client: FlaskClient, desk: Desk) -> None:
    desk.link = link(status="expired", options=())
    page = read(client.get(HERE))
    assert "They could be chosen until Saturday 5 December, 17:00, London time (GMT)." in page.words
    assert page.links["Ask for new times"] == f"{HERE}/ask"


@pytest.mark.parametrize("status", ["searching", "waiting", "infeasible", "offered"])
def test_while_there_is_nothing_to_choose_somebody_is_looking(
    client: FlaskClient, desk: Desk, status: str
) -> None:
    desk.link = link(status=status, options=())
    assert "We are looking for times" in read(client.get(HERE)).headings


@pytest.mark.parametrize("status", ["confirmed", "completed", "no_show"])
def test_after_the_interview_there_is_nothing_left_to_do(
    client: FlaskClient, desk: Desk, clock: Clock, status: str
) -> None:
    desk.link = booked(status=status)
    clock.at = datetime(2026, 12, 1, 12, 30, tzinfo=UTC)
    page = read(client.get(HERE))
    assert "The time of this interview has passed" in page.headings
    assert page.forms == []


def test_the_check_step_of_what_is_arranged_shows_that(client: FlaskClient, desk: Desk) -> None:
    desk.link = booked()
    page = read(client.get(f"{HERE}/check?option={CHOSEN.id}"))
    assert "It is arranged, Candy" in page.headings


def test_a_message_reaches_a_person(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    form = read(client.get(f"{HERE}/ask")).forms[0]
    clock.read()
    answer = client.post(form.action, data=dict(form.fields) | {"message": "  A step-free room, please.  "})
    assert (answer.status_code, answer.location) == (303, f"{HERE}/ask/sent")
    assert desk.done == [("ask", "A step-free room, please.")]
    assert (
        "Rosa in recruiting will read it and answer to candy@example.net."
        in read(client.get(answer.location)).words
    )


@pytest.mark.parametrize(
    ("message", "words"),
    [("  ", "Write a few words first."), ("x" * 2001, "Your message is longer than 2000 characters.")],
)
def test_a_message_that_cannot_be_sent_is_kept_on_the_page(
    client: FlaskClient, desk: Desk, clock: Clock, message: str, words: str
) -> None:
    form = read(client.get(f"{HERE}/ask")).forms[0]
    clock.read()
    answer = client.post(form.action, data=dict(form.fields) | {"message": message})
    assert (answer.status_code, desk.done) == (422, [])
    assert words in read(answer).headings
    assert message in answer.get_data(as_text=True)


EVERY = {
    "offered": link(),
    "loop": link(LOOP, LOOPS),
    "booked": booked(),
    "expired": link(status="expired", options=()),
    "searching": link(status="searching", options=()),
    "cancelled": link(status="cancelled", options=()),
}


@pytest.mark.parametrize("state", EVERY)
@pytest.mark.parametrize("step", ["", "/check", "/cancel", "/ask", "/ask/sent"])
def test_a_person_is_named_and_reachable_on_every_page(
    client: FlaskClient, desk: Desk, state: str, step: str
) -> None:
    desk.link = EVERY[state]
    page = read(client.get(HERE + step))
    assert page.links["Rosa in recruiting"] == "mailto:rosa@northwind.example"


@pytest.mark.parametrize("state", EVERY)
def test_without_a_contact_no_page_offers_to_pass_words_on(
    client: FlaskClient, desk: Desk, state: str
) -> None:
    desk.link = replace(EVERY[state], contact=None)
    page = read(client.get(HERE))
    assert [to for to in page.links.values() if "/ask" in to or to.startswith("mailto:")] == []
    assert "Please write to the person who invited you to Northwind Labs." in page.words


@pytest.mark.parametrize(("method", "step"), [("GET", "ask"), ("POST", "ask"), ("GET", "ask/sent")])
def test_without_a_contact_words_are_not_taken(
    client: FlaskClient, desk: Desk, method: str, step: str
) -> None:
    desk.link = link(contact=None)
    answer = client.open(f"{HERE}/{step}", method=method, data={"message": "Help"})
    assert (answer.status_code, desk.done, read(answer).forms) == (409, [], [])
    assert "We cannot pass on messages from here" in read(answer).headings


def test_where_a_web_hook_hears_of_it_words_are_taken_without_a_contact(
    client: FlaskClient, desk: Desk, clock: Clock
) -> None:
    desk.link = link(contact=None, listened_to=True)
    assert read(client.get(HERE)).links["Tell us"] == f"{HERE}/ask"
    page = read(client.get(f"{HERE}/ask"))
    assert "Northwind Labs will hear of it, can read it, and will write to candy@example.net." in page.words
    clock.read()
    answer = client.post(f"{HERE}/ask", data={**dict(page.forms[0].fields), "message": "Help"})
    assert (answer.status_code, desk.done) == (303, [("ask", "Help")])
    sent = read(client.get(answer.location))
    assert "Northwind Labs hears of it, can read it, and will write to candy@example.net." in sent.words


def test_who_asks_too_often_reads_when_they_can_ask_again(
    client: FlaskClient, desk: Desk, clock: Clock
) -> None:
    page = read(client.get(f"{HERE}/ask"))
    desk.too_many = TooMany("You have written often. Please write again in 7 minutes.", retry_after=420)
    clock.read()
    answer = client.post(f"{HERE}/ask", data={**dict(page.forms[0].fields), "message": "And then?"})
    assert (answer.status_code, answer.headers["Retry-After"], desk.done) == (429, "420", [])
    assert "You have written often. Please write again in 7 minutes." in answer.text
    assert "And then?" in answer.text
    told = client.post(f"{HERE}/ask", json={"message": "And then?"})
    assert (told.status_code, told.headers["Retry-After"], told.json["code"]) == (
        429,
        "420",
        "too_many_requests",
    )


@pytest.mark.parametrize("sent", [{"method": "GET"}, {"method": "POST", "json": {"message": "Help"}}])
def test_without_a_contact_programs_are_told_so(client: FlaskClient, desk: Desk, sent: dict) -> None:
    desk.link = link(contact=None)
    answer = client.open(f"{HERE}/ask", headers={"Accept": "application/json"}, **sent)
    assert (answer.status_code, answer.json["code"], desk.done) == (409, "no_contact", [])


@pytest.mark.parametrize("state", EVERY)
def test_no_page_raises_its_voice(client: FlaskClient, desk: Desk, state: str) -> None:
    desk.link = EVERY[state]
    for step in ("", "/check", "/cancel", "/ask", "/ask/sent"):
        words = read(client.get(HERE + step)).words
        assert "!" not in words
        assert " slot" not in words.lower()


def test_wrong_and_withdrawn_links_look_the_same_and_tell_nothing(client: FlaskClient, desk: Desk) -> None:
    wrong = client.get(f"/c/{'B' * 43}")
    odd = client.get("/c/hello")
    longer = client.get(f"{HERE}/no/such/page")
    none = client.get("/c/")
    desk.refusal = Gone(code="revoked")
    withdrawn = client.get(HERE)
    assert [a.status_code for a in (wrong, odd, longer, none, withdrawn)] == [404, 404, 404, 404, 410]
    assert len({a.data for a in (wrong, odd, longer, none, withdrawn)}) == 1
    page = read(wrong)
    assert page.headings == ["This link does not work"]
    assert "Northwind" not in page.words


def test_when_calendars_cannot_be_checked_nothing_is_lost(
    client: FlaskClient, desk: Desk, clock: Clock
) -> None:
    form = read(client.get(f"{HERE}/check?option={CHOSEN.id}")).forms[0]
    clock.read()
    desk.refusal = Unavailable(retry_after=7)
    answer = client.post(form.action, data=dict(form.fields))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert read(answer).headings == ["We cannot answer just now"]


def test_a_name_is_shown_as_it_is_written(client: FlaskClient, desk: Desk) -> None:
    name = "<script>alert(1)</script> O’Neil"
    desk.link = link(candidate=desk.link.candidate.__class__(id="c", name=name, email="c@example.net"))
    answer = client.get(HERE)
    assert "<script>alert" not in answer.get_data(as_text=True)
    assert read(answer).headings[0] == "Hello <script>alert(1)</script>, when shall we talk?"
