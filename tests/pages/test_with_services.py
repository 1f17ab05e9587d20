# SPDX-License-Identifier: Apache-2.0
"""The whole application on a real database: what the page promises is what the services do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from scheduler.app import create_app
from scheduler.domain.intervals import parse_instant
from scheduler.services import bookings, invitations, rooms
from tests.pages.reading import Form, read
from tests.services.town import CONTACT, RECRUITER, Town

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-12T00:00:00Z"}
JSON = {"Accept": "application/json"}


@pytest.fixture
def app(town: Town) -> Flask:
    town.hire("Ada", skills=("python",))
    return create_app(town.parts)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def check(client: FlaskClient, here: str) -> Form:
    """Open the link, take its first time, and read the form that confirms it."""
    choose = read(client.get(here)).forms[0]
    asked = {"option": choose.value("option"), "zone": "Europe/London"}
    return read(client.get(choose.action, query_string=asked)).forms[0]


def test_choose_confirm_and_cancel(town: Town, client: FlaskClient) -> None:
    here = f"/c/{town.token(town.offer(window=WINDOW))}"
    form = check(client, here)
    town.clock.forward(minutes=1)
    answer = client.post(form.action, data=dict(form.fields))
    assert (answer.status_code, answer.location) == (303, here)
    assert "It is arranged, Candy" in read(client.get(here)).headings
    assert b"METHOD:PUBLISH" in client.get(f"{here}/invite.ics").data

    cancel = read(client.get(f"{here}/cancel")).forms[0]
    town.clock.forward(minutes=1)
    assert client.post(cancel.action, data=dict(cancel.fields)).status_code == 303
    assert "You have cancelled this interview" in read(client.get(here)).headings
    [booking] = bookings.find(town.parts, town.organization_id).data
    assert booking["status"] == "cancelled"


def test_the_address_of_a_room_is_shown_from_the_offer_on(town: Town, client: FlaskClient) -> None:
    town.calendars.add_calendar("juniper@acme.example")
    room = {
        "name": "Juniper",
        "capacity": 4,
        "time_zone": "Europe/London",
        "calendar": {"provider": "ics", "address": "juniper@acme.example"},
        "location": "Mill House, 12 Quay Street",
    }
    rooms.create(town.parts, town.organization_id, room)
    asked = {"title": "A talk", "minutes": 60, "seats": [{"skill": "python"}], "room": {"capacity": 3}}
    run = town.offer(town.plan(sessions=[asked | {"key": "talk"}]), window=WINDOW)
    here = f"/c/{town.token(run)}"
    offered = read(client.get(here)).words

    town.book(run)

    arranged = read(client.get(here))
    assert "Where: Mill House, 12 Quay Street Juniper" in offered
    assert "Where Mill House, 12 Quay Street, Juniper" in arranged.words
    assert "12+Quay+Street" in arranged.links["Google Calendar"]


def test_page_and_mail_speak_of_the_zone_that_was_chosen(town: Town, client: FlaskClient) -> None:
    nowhere = [{"name": "Candy Ray", "email": "candy@example.net"}]
    here = f"/c/{town.token(town.offer(window=WINDOW, candidates=nowhere))}"
    option = read(client.get(here)).forms[0].value("option")
    form = read(client.get(f"{here}/check", query_string={"option": option, "zone": "Asia/Tokyo"})).forms[0]
    town.clock.forward(minutes=1)
    assert client.post(form.action, data=dict(form.fields)).status_code == 303
    town.run_jobs()

    assert "Tokyo time (JST)" in read(client.get(here)).words
    (confirmation,) = [
        mail for mail in town.post.mails if "confirmed" in mail["Subject"].lower() and "candy" in mail["To"]
    ]
    assert "Tokyo time" in confirmation.get_body(("plain",)).get_content()


def test_change_the_time(town: Town, client: FlaskClient) -> None:
    here = f"/c/{town.token(town.offer(window=WINDOW))}"
    form = check(client, here)
    town.clock.forward(minutes=1)
    client.post(form.action, data=dict(form.fields))
    [before] = bookings.find(town.parts, town.organization_id).data

    look = read(client.get(here)).forms[0]
    town.clock.forward(minutes=1)
    assert client.post(look.action, data=dict(look.fields)).location == f"{here}/options"
    form = check(client, f"{here}/options")
    town.clock.forward(minutes=1)
    assert client.post(form.action, data=dict(form.fields)).status_code == 303

    assert "Your new time is arranged, Candy" in read(client.get(here)).headings
    [after] = bookings.find(town.parts, town.organization_id).data
    assert (after["id"], after["version"], after["start"] != before["start"]) == (before["id"], 2, True)


def test_times_that_a_candidate_names_are_found_or_told_to_the_contact(
    town: Town, client: FlaskClient
) -> None:
    here = f"/c/{town.token(town.offer(window=WINDOW))}"
    form = read(client.get(f"{here}/times")).forms[0]
    town.clock.forward(minutes=1)

    def send(day: str) -> TestResponse:
        named = {"day": day, "start": "13:00", "end": "17:00"}
        return client.post(form.action, data={"nonce": form.value("nonce"), **named})

    saturday = send("2026-12-05")
    town.run_jobs()
    assert "Nobody is free at those times" in read(saturday).headings
    (told,) = town.post.subjects_to(CONTACT["email"])
    assert told.startswith("Nothing fits for Candy Ray yet")

    answer = send("2026-12-08")
    assert (answer.status_code, answer.location) == (303, here)
    offered = client.get(here, headers=JSON).json["options"]
    assert {option["start"][:13] for option in offered} <= {f"2026-12-08T{hour}" for hour in range(13, 17)}
    assert offered != []


def test_a_program_books_the_same_option_twice_and_gets_one_booking(
    town: Town,
    client: FlaskClient,
) -> None:
    here = f"/c/{town.token(town.offer(window=WINDOW))}"
    offered = client.get(here, headers=JSON).json
    assert offered["candidate"] == {"name": "Candy Ray", "time_zone": "Europe/London"}
    option, other = (offered["options"][n]["id"] for n in (0, 1))
    first, again = (client.post(f"{here}/book", json={"option": option}) for _ in range(2))
    assert (first.status_code, again.json) == (201, first.json)
    assert "ada@acme.example" not in first.text
    refused = client.post(f"{here}/book", json={"option": other})
    assert (refused.status_code, refused.json["code"]) == (409, "already_booked")


def test_of_two_candidates_for_one_time_one_is_told_it_has_gone(
    town: Town,
    client: FlaskClient,
) -> None:
    plan = town.plan()
    other = [{"name": "Robin Lee", "email": "robin@example.net", "time_zone": "Europe/London"}]
    candy = f"/c/{town.token(town.offer(plan, window=WINDOW))}"
    robin = f"/c/{town.token(town.offer(plan, window=WINDOW, candidates=other))}"
    form, slower = check(client, candy), check(client, robin)
    assert form.value("start") == slower.value("start")
    town.clock.forward(minutes=1)
    assert client.post(form.action, data=dict(form.fields)).status_code == 303
    answer = client.post(slower.action, data=dict(slower.fields))
    page = read(answer)
    assert answer.status_code == 409
    assert "That time was taken a moment ago" in page.headings
    assert slower.value("option") not in page.forms[0].values("option")
    assert len(bookings.find(town.parts, town.organization_id).data) == 1


def test_times_that_are_too_near_by_now_are_no_longer_on_offer(town: Town, client: FlaskClient) -> None:
    run = town.offer(window=WINDOW)
    last = max(parse_instant(option["start"]) for option in run["candidates"][0]["options"])
    town.clock.instant = last - timedelta(hours=23)

    page = read(client.get(f"/c/{town.token(run)}"))

    assert "These times are no longer on offer" in page.headings
    until = f"{(last - timedelta(hours=24)):%H:%M}, London time (GMT)"
    assert until in page.words


def test_a_message_reaches_the_contact(town: Town, client: FlaskClient) -> None:
    here = f"/c/{town.token(town.offer(window=WINDOW))}"
    assert client.post(f"{here}/ask", json={"message": "Is the entrance step-free?"}).status_code == 204
    town.run_jobs()
    assert len(town.post.subjects_to("rosa@acme.example")) == 1


def test_a_revoked_link_is_gone_at_once(town: Town, client: FlaskClient) -> None:
    run = town.offer(window=WINDOW)
    here = f"/c/{town.token(run)}"
    invitation = run["candidates"][0]["invitation"]["id"]
    invitations.revoke(town.parts, town.organization_id, invitation, actor=RECRUITER)
    answer = client.get(here)
    assert answer.status_code == 410
    assert read(answer).headings == ["This link does not work"]


def test_without_a_database_people_read_that_nothing_is_lost(
    town: Town,
    client: FlaskClient,
) -> None:
    from scheduler.db.session import Database

    broken = town.parts.evolve(database=Database("postgresql://nobody@127.0.0.1:1/none"))
    answer = create_app(broken).test_client().get(f"/c/{'A' * 43}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert read(answer).headings == ["We cannot answer just now"]
