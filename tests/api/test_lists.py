# SPDX-License-Identifier: Apache-2.0
"""Lists come in pages, and rows that come and go in between shift nothing."""

from __future__ import annotations

import base64
import json

import pytest

from tests.api.answers import pointers
from tests.api.examples import candidate, plan, room


@pytest.fixture
def add(client, clock):
    def add(name: str) -> str:
        clock.forward(seconds=1)
        return client.post("/v1/rooms", room(name=name)).headers["Location"]

    return add


def names(page) -> list[str]:
    return [item["name"] for item in page.json["data"]]


def test_a_parameter_that_is_given_twice_is_refused_by_name(client):
    refused = client.get("/v1/rooms?limit=1&limit=2")
    same = client.get("/v1/rooms?limit=2&limit=2")
    unknown = client.get("/v1/rooms?limit=1&a~b=1&a~b=2")

    assert (refused.status_code, refused.json["code"]) == (422, "invalid")
    assert pointers(refused) == {"/limit": "is given more than once"}
    assert pointers(same) == pointers(refused)
    assert set(pointers(unknown)) == {"/a~0b"}


def test_a_short_list_has_no_next_page(client, add):
    add("a")
    page = client.get("/v1/rooms")
    assert (names(page), page.json["next_cursor"]) == (["a"], None)


def test_pages_follow_each_other(client, add):
    for name in "abcde":
        add(name)
    first = client.get("/v1/rooms?limit=2")
    second = client.get(f"/v1/rooms?limit=2&cursor={first.json['next_cursor']}")
    third = client.get(f"/v1/rooms?limit=2&cursor={second.json['next_cursor']}")
    assert [names(page) for page in (first, second, third)] == [["a", "b"], ["c", "d"], ["e"]]
    assert third.json["next_cursor"] is None


def test_a_page_that_is_just_full_is_the_last(client, add):
    add("a")
    add("b")
    assert client.get("/v1/rooms?limit=2").json["next_cursor"] is None


def test_what_comes_and_goes_in_between_shifts_nothing(client, add):
    addresses = {name: add(name) for name in "abcd"}
    first = client.get("/v1/rooms?limit=2")
    client.delete(addresses["a"])
    client.delete(addresses["b"])
    add("e")
    assert names(client.get(f"/v1/rooms?cursor={first.json['next_cursor']}")) == ["c", "d", "e"]


def test_things_made_in_the_same_moment_are_all_there(client):
    made = {client.post("/v1/rooms", room()).json["id"] for _ in range(5)}
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/v1/rooms?limit=2{'&cursor=' + cursor if cursor else ''}").json
        seen += [item["id"] for item in page["data"]]
        cursor = page["next_cursor"]
    assert sorted(seen) == sorted(made)


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "1.5", "9" * 5000])
def test_a_limit_must_be_one(client, limit):
    assert set(pointers(client.get(f"/v1/rooms?limit={limit}"))) == {"/limit"}


def encoded(value) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "",
        "%00",
        "a" * 5000,
        encoded([]),
        encoded({"a": 1}),
        encoded(["2026-12-01T09:00:00+00:00", "room_1"]),
        encoded([None, "2026-12-01T09:00:00+00:00", "room_1"]),
        base64.urlsafe_b64encode(b"\xff\xfe").decode().rstrip("="),
        base64.urlsafe_b64encode(b"[" * 280).decode().rstrip("="),
    ],
)
def test_a_made_up_cursor_is_refused(client, cursor):
    assert set(pointers(client.get(f"/v1/rooms?cursor={cursor}"))) == {"/cursor"}


@pytest.mark.parametrize(
    "seen",
    [
        ("yesterday", "room_1"),
        (7, "room_1"),
        ("2026-12-01T09:00:00", "room_1"),
        ("2026-12-01T09:00:00+00:00", "\x00"),
        ("2026-12-01T09:00:00+00:00", "\ud800"),
        ("2026-12-01T09:00:00+00:00", None),
    ],
)
def test_a_cursor_that_was_tampered_with_is_refused(client, add, seen):
    add("a")
    add("b")
    cursor = client.get("/v1/rooms?limit=1").json["next_cursor"]
    of_rooms, *_ = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))

    assert set(pointers(client.get(f"/v1/rooms?cursor={encoded([of_rooms, *seen])}"))) == {"/cursor"}


@pytest.mark.parametrize(
    "other",
    ["interviewers", "plans", "candidates", "runs", "bookings", "messages", "webhooks", "events", "jobs"],
)
def test_a_cursor_of_another_list_is_refused(client, add, other):
    add("a")
    add("b")
    cursor = client.get("/v1/rooms?limit=1").json["next_cursor"]

    refused = client.get(f"/v1/{other}?cursor={cursor}")

    assert (refused.status_code, pointers(refused)) == (422, {"/cursor": "is not a cursor of this list"})


def test_a_cursor_goes_on_with_the_question_it_was_given_for(client):
    for _ in range(2):
        client.post("/v1/runs", {"plan": plan(), "candidates": [candidate()]})
    cursor = client.get("/v1/runs?status=queued&limit=1").json["next_cursor"]

    assert len(client.get(f"/v1/runs?status=queued&cursor={cursor}").json["data"]) == 1
    for other in ("", "status=finished&"):
        assert set(pointers(client.get(f"/v1/runs?{other}cursor={cursor}"))) == {"/cursor"}
