# SPDX-License-Identifier: Apache-2.0
"""Other people and rooms for what is booked, as an ATS asks for them."""

from __future__ import annotations

import pytest

from tests.api.answers import options, pointers
from tests.api.conftest import Client
from tests.api.examples import SKILLED, interviewer, plan, room, session


def test_an_interviewer_can_be_replaced(client, calendars, offered, ada):
    address = client.post("/v1/bookings", {"option_id": options(offered())[0]["id"]}).headers["Location"]
    key = client.get(address).json["sessions"][0]["key"]
    question = {"session_key": key, "interviewer_id": ada}
    alone = client.post(f"{address}/replace", question)
    assert (alone.status_code, alone.json["code"]) == (409, "nobody_can")
    calendars.add_calendar("ben@example.com")
    ben = client.post(
        "/v1/interviewers", interviewer(name="Ben", email="ben@example.com", qualifications=SKILLED)
    ).json["id"]
    replaced, again = (client.post(f"{address}/replace", question) for _ in range(2))
    assert (replaced.status_code, replaced.json["version"]) == (200, 2)
    assert [p["id"] for p in replaced.json["sessions"][0]["interviewers"]] == [ben]
    assert again.json == replaced.json == client.get(address).json
    assert set(pointers(client.post(f"{address}/replace", {"session_key": key}))) == {"/interviewer_id"}


@pytest.fixture
def oak(client, calendars) -> str:
    """A room that the example's session fits into."""
    calendars.add_calendar("oak@example.com")
    return str(client.post("/v1/rooms", room()).json["id"])


def in_a_room(client: Client, offered) -> str:
    """The address of a booking of one session in a room."""
    run = offered(plan=plan(sessions=[session(room={"capacity": 2})]))
    return client.post("/v1/bookings", {"option_id": options(run)[0]["id"]}).headers["Location"]


def test_a_room_can_be_replaced(client, calendars, offered, oak):
    address = in_a_room(client, offered)
    question = {"session_key": "talk", "room_id": oak}
    alone = client.post(f"{address}/replace", question)
    assert (alone.status_code, alone.json["code"]) == (409, "nobody_can")
    calendars.add_calendar("elm@example.com")
    elm = client.post("/v1/rooms", room(calendar={"provider": "ics", "address": "elm@example.com"})).json[
        "id"
    ]
    named = question | {"replacement_id": elm}
    replaced, again = (client.post(f"{address}/replace", body) for body in (named, question))
    assert (replaced.status_code, replaced.json["sessions"][0]["room"]["id"]) == (200, elm)
    assert again.json == replaced.json == client.get(address).json
    assert replaced.json["history"][-1]["event"] == "room.replaced"
    gone = client.post(f"{address}/replace", question | {"replacement_id": oak})
    assert (gone.status_code, gone.json["code"]) == (409, "not_its_room")


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({}, "/interviewer_id"),
        ({"interviewer_id": "ivw_a", "room_id": "room_a"}, "/interviewer_id"),
        ({"interviewer_id": "room_a"}, "/interviewer_id"),
        ({"room_id": "ivw_a"}, "/room_id"),
        ({"room_id": None}, "/room_id"),
        ({"room_id": "room_a", "replacement_id": "cand_a"}, "/replacement_id"),
    ],
)
def test_either_an_interviewer_or_a_room_is_replaced(client, offered, more, pointer):
    address = client.post("/v1/bookings", {"option_id": options(offered())[0]["id"]}).headers["Location"]
    refused = client.post(f"{address}/replace", {"session_key": "talk", **more})
    assert (refused.status_code, set(pointers(refused))) == (422, {pointer})


def test_a_replacement_is_of_the_same_kind(client, offered, ada, oak):
    address = in_a_room(client, offered)
    for leaves, comes in ({"interviewer_id": ada}, oak), ({"room_id": oak}, ada):
        question = {"session_key": "talk", "replacement_id": comes, **leaves}
        refused = client.post(f"{address}/replace", question)
        assert (refused.status_code, set(pointers(refused))) == (422, {"/replacement_id"})
