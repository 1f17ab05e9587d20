# SPDX-License-Identifier: Apache-2.0
"""Every error is a problem (RFC 9457) with a stable code, and none shows what is inside."""

from __future__ import annotations

import json
import logging

import pytest
import sqlalchemy as sa
from flask import Flask

from scheduler.api import errors
from scheduler.app import OUT_OF_REACH, create_app
from scheduler.db.session import Database
from scheduler.domain.errors import Gone, Invalid, NotFound, Refusal, SlotTaken, Stale, Unavailable
from tests.api.answers import pointers
from tests.api.conftest import Client
from tests.api.examples import plan, session
from tests.standins import parts_on

ROOM = {
    "name": "Oak",
    "capacity": 4,
    "time_zone": "Europe/Berlin",
    "calendar": {"provider": "ics", "address": "oak"},
}


def test_an_unknown_path_is_a_problem(client):
    response = client.get("/v1/nothing")
    assert response.status_code == 404
    assert response.mimetype == "application/problem+json"
    assert response.json == {
        "type": "/problems/not_found",
        "title": "Not found",
        "status": 404,
        "detail": "There is nothing at this address.",
        "code": "not_found",
    }


def test_an_unknown_id_is_a_problem(client):
    response = client.get("/v1/rooms/room_000")
    assert (response.status_code, response.json["detail"]) == (404, "There is no such room.")


@pytest.mark.parametrize("id_", ["%00", "..%2f..", "a b", "ivw_ä", "x" * 65])
def test_an_id_that_cannot_be_one_is_not_there(client, id_):
    assert client.get(f"/v1/rooms/{id_}").status_code == 404


def test_a_wrong_method_says_which_are_right(client):
    response = client.delete("/v1/rooms")
    assert (response.status_code, response.json["code"]) == (405, "method_not_allowed")
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_a_body_that_is_too_large_is_refused(client):
    response = client.post("/v1/rooms", {**ROOM, "location": "x" * 1_100_000})
    assert (response.status_code, response.json["code"]) == (413, "request_entity_too_large")
    assert response.json["detail"] == "The request is larger than 1024 KiB."


def test_a_body_that_is_not_json_by_its_type_is_refused(client):
    response = client("POST", "/v1/rooms", text="name=Oak", Content_Type="application/x-www-form-urlencoded")
    assert (response.status_code, response.json["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "type_", ["application/merge-patch+json", "application/json-patch+json", "text/json"]
)
def test_json_that_means_something_else_is_refused(client, type_):
    made = client.post("/v1/rooms", ROOM)
    address = made.headers["Location"]
    response = client("PATCH", address, text='{"calendar": null}', Content_Type=type_)
    assert (response.status_code, response.json["code"]) == (415, "unsupported_media_type")
    assert client.get(address).json == made.json


@pytest.mark.parametrize("type_", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_may_be_said_with_parameters(client, type_):
    assert client("POST", "/v1/rooms", text=json.dumps(ROOM), Content_Type=type_).status_code == 201


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON: Expecting property name enclosed in double quotes at line 1, column 2"),
        ('{\n"a" 1}', "is not JSON: Expecting ':' delimiter at line 2, column 5"),
        ('{"capacity": NaN}', "is not JSON: NaN is not a number of JSON"),
        ('{"capacity": -Infinity}', "is not JSON: -Infinity is not a number of JSON"),
        ("[" * 100_000, "is nested too deeply"),
        ("9" * 5000, "has a number of too many digits in it"),
        ("\udcff", "is not UTF-8 text"),
    ],
)
def test_a_body_that_is_not_json_is_bad_content(client, text, said):
    sent = text.encode("utf-8", "surrogateescape")
    response = client("POST", "/v1/rooms", text=sent, Content_Type="application/json")
    assert pointers(response) == {"": said}


def test_a_body_that_is_empty_lacks_what_is_needed(client):
    assert "/name" in pointers(client("POST", "/v1/rooms", text="", Content_Type="application/json"))


def test_every_fault_of_a_body_is_named_at_once(client):
    body = {
        "name": " ",
        "capacity": 0,
        "time_zone": "Mars/Olympus",
        "calendar": {"provider": "fax"},
        "color": "red",
    }
    assert pointers(client.post("/v1/rooms", body)) == {
        "/name": "must not be empty",
        "/capacity": "Must be greater than or equal to 1 and less than or equal to 1000.",
        "/time_zone": "is not an IANA time zone such as Europe/Berlin",
        "/calendar/provider": "must be one of ics, google, microsoft, caldav",
        "/calendar/address": "Missing data for required field.",
        "/color": "is not a field here",
    }


def test_a_pointer_escapes_what_a_name_may_contain(client):
    assert set(pointers(client.post("/v1/rooms", {**ROOM, "a/b~c": 1}))) == {"/a~1b~0c"}


@pytest.mark.parametrize("body", [[], "Oak", 5, None])
def test_a_body_that_is_no_object_is_bad_content(client, body):
    response = client("POST", "/v1/rooms", text=json.dumps(body), Content_Type="application/json")
    assert pointers(response) == {"": "must be an object"}


@pytest.mark.parametrize("capacity", [True, "4", 4.5, None, [4], 1e300])
def test_only_whole_numbers_are_whole_numbers(client, capacity):
    assert set(pointers(client.post("/v1/rooms", {**ROOM, "capacity": capacity}))) == {"/capacity"}


def test_a_number_written_with_a_point_is_whole_when_it_is(client):
    body = json.dumps({**ROOM, "capacity": 4}).replace(": 4", ": 4.0")
    response = client("POST", "/v1/rooms", text=body, Content_Type="application/json")
    assert (response.status_code, response.json["capacity"]) == (201, 4)


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_characters_that_cannot_be_kept_are_named(client, text):
    body = json.dumps({**ROOM, "metadata": {"note": [text]}})
    response = client("POST", "/v1/rooms", text=body, Content_Type="application/json")
    assert pointers(response) == {"/metadata/note/0": "contains characters that cannot be kept"}


@pytest.mark.parametrize("text", ["Oak\r\nBcc: x@example.com", "Oak\n", "O\tak", "Oak\x7f", "Oak\u2028"])
def test_a_name_is_one_line(client, text):
    said = "must be one line, without control characters"
    assert pointers(client.post("/v1/rooms", {**ROOM, "name": text})) == {"/name": said}


def test_titles_are_one_line_and_instructions_may_be_several(client):
    told = {"title": "Talk\nto Ada", "instructions": "Bring a laptop.\nOr borrow ours."}
    refused = client.post("/v1/plans", plan(name="A\rB", sessions=[session(**told)]))
    assert set(pointers(refused)) == {"/name", "/sessions/0/title"}
    taken = client.post("/v1/plans", plan(sessions=[session(instructions=told["instructions"])]))
    assert taken.json["sessions"][0]["instructions"] == told["instructions"]


def test_no_line_break_hides_at_the_end_of_a_key_or_a_time(client):
    lunch = {"name": "Lunch", "minutes": 45, "between": ["11:30", "14:00\n"]}
    refused = client.post("/v1/plans", plan(sessions=[session(key="talk\n")], breaks=[lunch]))
    assert set(pointers(refused)) == {"/sessions/0/key", "/breaks/0/between/1"}


def test_numbers_beyond_all_numbers_are_named(client):
    body = json.dumps({**ROOM, "metadata": {"n": 1}}).replace("1}", "1e999}")
    response = client("POST", "/v1/rooms", text=body, Content_Type="application/json")
    assert pointers(response) == {"/metadata/n": "is too large a number"}


def test_an_unknown_parameter_is_named(client):
    assert set(pointers(client.get("/v1/rooms?limti=5"))) == {"/limti"}


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer cvn_wrong", "Bearer cvn_\xe9"]
)
def test_what_is_no_key_opens_nothing(nobody, header):
    response = nobody.get("/v1/rooms", Authorization=header)
    assert (response.status_code, response.json["code"]) == (401, "unauthorized")


def test_the_scheme_of_a_key_may_be_written_in_any_case(nobody, key):
    assert nobody.get("/v1/rooms", Authorization=f"bearer {key}").status_code == 200


def test_a_missing_scope_is_named(client_with):
    response = client_with("read").post("/v1/rooms", ROOM)
    assert response.status_code == 403
    assert "“manage”" in response.json["detail"]


@pytest.fixture
def refusing():
    """An application whose one page refuses as the test says."""
    app = Flask("refusing")
    errors.register(app, out_of_reach=OUT_OF_REACH)

    def ask(error: Exception):
        app.view_functions["page"] = lambda: (_ for _ in ()).throw(error)
        return app.test_client().get("/")

    app.add_url_rule("/", "page", lambda: "")
    return ask


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Invalid.at("/name", "is odd"), 422, "invalid"),
        (NotFound(), 404, "not_found"),
        (SlotTaken(), 409, "slot_taken"),
        (Stale(), 412, "stale"),
        (Gone(code="expired"), 410, "expired"),
        (Unavailable(), 503, "unavailable"),
        (Refusal(), 400, "refused"),
        (sa.exc.OperationalError("select", {}, OSError("10.0.0.7 refused")), 503, "unavailable"),
        (sa.exc.TimeoutError("pool"), 503, "unavailable"),
        (RuntimeError("secret of the house"), 500, "internal_error"),
    ],
)
def test_each_refusal_has_its_status(refusing, error, status, code):
    response = refusing(error)
    assert (response.status_code, response.json["status"], response.json["code"]) == (status, status, code)
    assert response.mimetype == "application/problem+json"
    assert response.json["detail"]
    assert "secret" not in response.text
    assert "10.0.0.7" not in response.text


def test_what_is_out_of_reach_says_when_to_try_again(refusing):
    assert refusing(Unavailable(retry_after=17)).headers["Retry-After"] == "17"
    assert refusing(sa.exc.TimeoutError("pool")).headers["Retry-After"] == "5"


def test_a_time_that_has_gone_comes_with_what_is_left(refusing):
    error = SlotTaken()
    error.options = [{"id": "opt_1"}]
    assert refusing(error).json["options"] == [{"id": "opt_1"}]


def test_the_log_knows_more_under_the_reference(refusing, caplog):
    with caplog.at_level(logging.ERROR, logger="scheduler.api.errors"):
        response = refusing(RuntimeError("what really happened"))
    (record,) = caplog.records
    assert record.args[0] in response.json["detail"]
    assert "what really happened" in caplog.text


def test_a_database_that_is_down_is_told_as_such(clock, jobs):
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    response = Client(create_app(parts_on(database, now=clock, defer=jobs)), "cvn_x").get("/readyz")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    database.close()
