# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest

from tests.api.answers import pointers
from tests.api.booked import book
from tests.api.examples import room


def test_a_room_is_kept_as_sent(client):
    body = room(external_id="3-14", location="Third floor", metadata={"view": "park"})
    made = client.post("/v1/rooms", body)
    assert made.status_code == 201
    assert made.json == {"id": made.json["id"], **body}
    assert client.get(made.headers["Location"]).json == made.json


def test_null_takes_an_optional_field_away(client):
    made = client.post(
        "/v1/rooms", room(external_id="3-14", location="Third floor", metadata={"view": "park"})
    )
    changed = client.patch(
        made.headers["Location"], {"external_id": None, "location": None, "metadata": None}
    )
    assert changed.json == made.json | {"external_id": None, "location": None, "metadata": {}}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"capacity": 0}, "/capacity"),
        ({"calendar": None}, "/calendar"),
        ({"calendar": {"provider": "google", "address": "primary"}}, "/calendar/address"),
        ({"name": ""}, "/name"),
    ],
)
def test_what_cannot_be_is_named(client, changes, pointer):
    assert set(pointers(client.post("/v1/rooms", room(**changes)))) == {pointer}


def test_an_external_id_is_given_once(client):
    client.post("/v1/rooms", room(external_id="3-14"))
    again = client.post("/v1/rooms", room(external_id="3-14"))
    assert (again.status_code, again.json["code"]) == (409, "external_id_taken")


def test_a_room_with_bookings_ahead_stays(client, parts, organization_id, clock):
    made = client.post("/v1/rooms", room())
    book(parts, organization_id, made.json["id"])
    refused = client.delete(made.headers["Location"])
    assert (refused.status_code, refused.json["code"]) == (409, "has_bookings")
    clock.forward(days=30)
    assert client.delete(made.headers["Location"]).status_code == 204
    assert client.get(made.headers["Location"]).status_code == 404


def test_what_belongs_to_others_is_not_there(client, stranger):
    address = client.post("/v1/rooms", room()).headers["Location"]
    answers = (stranger.get(address), stranger.patch(address, {"name": "Mine"}), stranger.delete(address))
    assert [answer.status_code for answer in answers] == [404] * 3
