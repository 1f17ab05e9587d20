# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.answers import pointers
from tests.api.booked import book
from tests.api.examples import OFFICE_HOURS, interviewer

EVERYTHING = {
    "external_id": "hr-7",
    "name": "Ada Obi",
    "email": "ada@example.com",
    "time_zone": "America/New_York",
    "locale": "en-GB",
    "active": False,
    "calendar": {"provider": "google", "address": "ada@example.com"},
    "busy_calendars": [{"provider": "caldav", "address": "https://dav.example.com/ada/"}],
    "working_hours": [{"days": ["sat"], "start": "20:00", "end": "00:00"}],
    "preferred_hours": [{"days": ["sat"], "start": "21:00", "end": "22:00"}],
    "qualifications": [{"skill": "talking", "level": "shadow"}],
    "limits": {"per_day": 2, "per_week": None},
    "buffer": {"before": 5, "after": 10},
    "metadata": {"team": ["compilers", 7, None]},
}


def test_an_interviewer_is_kept_as_sent(client):
    made = client.post("/v1/interviewers", EVERYTHING)
    assert made.status_code == 201
    assert made.json == {"id": made.json["id"], **EVERYTHING}
    assert made.headers["Location"] == f"/v1/interviewers/{made.json['id']}"
    assert client.get(made.headers["Location"]).json == made.json


def test_what_is_not_said_has_its_default(client):
    made = client.post("/v1/interviewers", interviewer()).json
    assert made == {
        "id": made["id"],
        "external_id": None,
        "name": "Ada Obi",
        "email": "ada@example.com",
        "time_zone": "Europe/Berlin",
        "locale": None,
        "active": True,
        "calendar": {"provider": "ics", "address": "ada@example.com"},
        "busy_calendars": [],
        "working_hours": OFFICE_HOURS,
        "preferred_hours": [],
        "qualifications": [],
        "limits": {"per_day": None, "per_week": None},
        "buffer": {"before": 0, "after": 0},
        "metadata": {},
    }


def test_a_part_may_be_left_half_said(client):
    body = interviewer(limits={"per_week": 3}, buffer={"after": 15}, qualifications=[{"skill": "talking"}])
    made = client.post("/v1/interviewers", body).json
    assert made["limits"] == {"per_day": None, "per_week": 3}
    assert made["buffer"] == {"before": 0, "after": 15}
    assert made["qualifications"] == [{"skill": "talking", "level": "qualified"}]


def test_a_change_leaves_the_rest_alone(client):
    made = client.post("/v1/interviewers", EVERYTHING)
    changed = client.patch(made.headers["Location"], {"name": "Ada Eze", "limits": {"per_day": 1}})
    assert changed.json == made.json | {"name": "Ada Eze", "limits": {"per_day": 1, "per_week": None}}
    assert client.get(made.headers["Location"]).json == changed.json


def test_null_puts_a_field_back_to_its_default(client):
    made = client.post("/v1/interviewers", EVERYTHING)
    back = dict.fromkeys(set(EVERYTHING) - {"name", "email", "time_zone"})
    defaults = client.post("/v1/interviewers", interviewer(time_zone="America/New_York")).json
    assert client.patch(made.headers["Location"], back).json == defaults | {"id": made.json["id"]}


def test_null_is_no_name(client):
    made = client.post("/v1/interviewers", interviewer())
    assert set(pointers(client.patch(made.headers["Location"], {"name": None}))) == {"/name"}


def test_a_part_that_is_replaced_must_be_whole(client):
    made = client.post("/v1/interviewers", interviewer())
    changes = {"calendar": {"provider": "google"}}
    assert set(pointers(client.patch(made.headers["Location"], changes))) == {"/calendar/address"}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"email": "ada"}, "/email"),
        ({"email": "ada@example.com\r\nBcc: x@example.com"}, "/email"),
        ({"time_zone": "Europe/Atlantis"}, "/time_zone"),
        ({"time_zone": "../../etc/passwd"}, "/time_zone"),
        ({"locale": "the king's"}, "/locale"),
        ({"active": "yes"}, "/active"),
        ({"calendar": {"provider": "exchange", "address": "ada@example.com"}}, "/calendar/provider"),
        ({"calendar": {"provider": "ics", "address": "../secret"}}, "/calendar/address"),
        ({"calendar": {"provider": "ics", "address": ".hidden"}}, "/calendar/address"),
        *(
            ({"calendar": {"provider": "caldav", "address": address}}, "/calendar/address")
            for address in (
                "file:///etc/passwd",
                "ada@example.com",
                "https://",
                "https://[::1",
                "https://dav.example.com:x/",
                "https://ada:secret@dav.example.com/",
                "http:x",
                "http://dav.example.com/ada/",
            )
        ),
        ({"calendar": {"provider": "google", "address": "primary"}}, "/calendar/address"),
        ({"calendar": {"provider": "microsoft", "address": "me"}}, "/calendar/address"),
        ({"busy_calendars": [{"provider": "google", "address": "ada@"}]}, "/busy_calendars/0/address"),
        ({"busy_calendars": [{"provider": "ics", "address": "a b"}]}, "/busy_calendars/0/address"),
        ({"working_hours": [{"days": [], "start": "09:00", "end": "17:00"}]}, "/working_hours/0/days"),
        (
            {"working_hours": [{"days": ["mon", "mon"], "start": "09:00", "end": "17:00"}]},
            "/working_hours/0/days",
        ),
        (
            {"working_hours": [{"days": ["monday"], "start": "09:00", "end": "17:00"}]},
            "/working_hours/0/days/0",
        ),
        ({"working_hours": [{"days": ["mon"], "start": "9:00", "end": "17:00"}]}, "/working_hours/0/start"),
        ({"working_hours": [{"days": ["mon"], "start": "09:00", "end": "24:00"}]}, "/working_hours/0/end"),
        ({"working_hours": [{"days": ["mon"], "start": "17:00", "end": "09:00"}]}, "/working_hours/0/end"),
        ({"working_hours": [{"days": ["mon"], "start": "09:00", "end": "09:00"}]}, "/working_hours/0/end"),
        ({"qualifications": [{"skill": "talking", "level": "expert"}]}, "/qualifications/0/level"),
        ({"limits": {"per_day": -1}}, "/limits/per_day"),
        ({"buffer": {"before": 241}}, "/buffer/before"),
        ({"metadata": {"x": "y" * 17_000}}, "/metadata"),
        ({"score": 5}, "/score"),
        ({"id": "ivw_1"}, "/id"),
    ],
)
def test_what_cannot_be_is_named(client, changes, pointer):
    assert set(pointers(client.post("/v1/interviewers", interviewer(**changes)))) == {pointer}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9), st.lists, max_leaves=6
    )
)
def test_any_metadata_is_kept_or_named(client, value):
    response = client.post("/v1/interviewers", interviewer(metadata={"value": value}))
    if response.status_code == 201:
        assert response.json["metadata"] == {"value": value}
    else:
        assert all(pointer.startswith("/metadata/value") or pointer == "" for pointer in pointers(response))


def test_an_external_id_is_given_once(client):
    client.post("/v1/interviewers", interviewer(external_id="hr-7"))
    again = client.post("/v1/interviewers", interviewer(external_id="hr-7", name="Bo"))
    assert (again.status_code, again.json["code"]) == (409, "external_id_taken")
    other = client.post("/v1/interviewers", interviewer(external_id="hr-8"))
    moved = client.patch(other.headers["Location"], {"external_id": "hr-7"})
    assert (moved.status_code, moved.json["code"]) == (409, "external_id_taken")


def test_an_external_id_is_free_again_after_deletion(client):
    made = client.post("/v1/interviewers", interviewer(external_id="hr-7"))
    assert client.delete(made.headers["Location"]).status_code == 204
    assert client.post("/v1/interviewers", interviewer(external_id="hr-7")).status_code == 201


def test_two_organisations_may_use_the_same_external_id(client, stranger):
    for who in (client, stranger):
        assert who.post("/v1/interviewers", interviewer(external_id="hr-7")).status_code == 201


def test_what_belongs_to_others_is_not_there(client, stranger):
    address = client.post("/v1/interviewers", interviewer()).headers["Location"]
    answers = (
        stranger.get(address),
        stranger.patch(address, {"name": "Mine"}),
        stranger.delete(address),
        stranger.get(f"{address}/busy?start=2026-12-01T00:00:00Z&end=2026-12-02T00:00:00Z"),
    )
    assert [answer.status_code for answer in answers] == [404] * 4
    assert stranger.get("/v1/interviewers").json == {"data": [], "next_cursor": None}


def test_a_deleted_interviewer_is_gone_from_everywhere(client):
    address = client.post("/v1/interviewers", interviewer()).headers["Location"]
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    assert client.patch(address, {"name": "Back"}).status_code == 404
    assert client.delete(address).status_code == 404
    assert client.get("/v1/interviewers").json["data"] == []
    assert (
        client.get(f"{address}/busy?start=2026-12-01T00:00:00Z&end=2026-12-02T00:00:00Z").status_code == 404
    )


def test_an_interviewer_with_bookings_ahead_stays(client, parts, organization_id, clock):
    made = client.post("/v1/interviewers", interviewer())
    book(parts, organization_id, made.json["id"])
    refused = client.delete(made.headers["Location"])
    assert (refused.status_code, refused.json["code"]) == (409, "has_bookings")
    clock.forward(days=30)
    assert client.delete(made.headers["Location"]).status_code == 204


def test_a_cancelled_booking_keeps_nobody(client, parts, organization_id):
    made = client.post("/v1/interviewers", interviewer())
    book(parts, organization_id, made.json["id"], state="released")
    assert client.delete(made.headers["Location"]).status_code == 204


def test_a_calendar_that_nobody_has_set_up_is_said_to_be_unreadable(client):
    made = client.post("/v1/interviewers", interviewer())
    response = client.get(
        f"{made.headers['Location']}/busy?start=2026-12-01T00:00:00Z&end=2026-12-02T00:00:00%2B01:00"
    )
    assert (response.status_code, response.json["code"]) == (409, "calendar_unreadable")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("start=2026-12-01T00:00:00Z", "/end"),
        ("start=2026-12-01T00:00:00&end=2026-12-02T00:00:00Z", "/start"),
        ("start=2026-12-02T00:00:00Z&end=2026-12-01T00:00:00Z", "/end"),
        ("start=2026-12-01T00:00:00Z&end=9999-12-31T23:59:59Z", "/end"),
        ("start=2026-13-01T00:00:00Z&end=2026-12-02T00:00:00Z", "/start"),
    ],
)
def test_a_window_must_be_one(client, query, pointer):
    made = client.post("/v1/interviewers", interviewer())
    assert set(pointers(client.get(f"{made.headers['Location']}/busy?{query}"))) == {pointer}
