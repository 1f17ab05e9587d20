# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest

from scheduler.db import rows
from tests.api.answers import pointers
from tests.api.booked import book
from tests.api.examples import candidate

EVERYTHING = {
    "external_id": "ats-7",
    "name": "Candy Date",
    "email": "candy@example.org",
    "phone": "+49 30 1234567",
    "time_zone": "Asia/Kathmandu",
    "locale": "ne",
    "availability": [{"start": "2026-12-03T09:00:00Z", "end": "2026-12-03T12:00:00Z"}],
    "metadata": {"source": "fair"},
}


def test_a_candidate_is_kept_as_sent(client):
    made = client.post("/v1/candidates", EVERYTHING)
    assert made.status_code == 201
    assert made.json == {"id": made.json["id"], **EVERYTHING}
    assert client.get(made.headers["Location"]).json == made.json
    assert client.get("/v1/candidates").json["data"] == [made.json]


def test_null_takes_an_optional_field_away(client):
    made = client.post("/v1/candidates", EVERYTHING)
    back = client.patch(made.headers["Location"], dict.fromkeys(set(EVERYTHING) - {"name", "email"}))
    assert back.json == client.post("/v1/candidates", candidate()).json | {"id": made.json["id"]}


def test_times_are_kept_in_utc(client):
    body = candidate(availability=[{"start": "2026-12-03T09:00:00+05:45", "end": "2026-12-03t12:00:00.5z"}])
    assert client.post("/v1/candidates", body).json["availability"] == [
        {"start": "2026-12-03T03:15:00Z", "end": "2026-12-03T12:00:00.500000Z"}
    ]


@pytest.mark.parametrize(
    "start",
    [
        "2026-12-03T09:00:00",
        "2026-12-03T09:00Z",
        "2026-12-03",
        "20261203T090000Z",
        "2026-W49-4T09:00:00Z",
        "2026-02-30T09:00:00Z",
        "2026-12-03T25:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "2026-12-03T09:00:00Z\n",
        "tomorrow",
        1_700_000_000,
        None,
    ],
)
def test_a_time_must_be_an_instant(client, start):
    body = candidate(availability=[{"start": start, "end": "2026-12-03T12:00:00Z"}])
    assert set(pointers(client.post("/v1/candidates", body))) == {"/availability/0/start"}


def test_an_end_comes_after_its_start(client):
    body = candidate(availability=[{"start": "2026-12-03T12:00:00Z", "end": "2026-12-03T13:00:00+01:00"}])
    assert pointers(client.post("/v1/candidates", body)) == {"/availability/0/end": "is not after start"}


@pytest.mark.parametrize("field", ["score", "rank", "rating", "tags", "status"])
def test_there_is_no_field_that_ranks_candidates(client, field):
    assert set(pointers(client.post("/v1/candidates", candidate(**{field: 1})))) == {f"/{field}"}


def test_an_external_id_is_given_once(client):
    client.post("/v1/candidates", candidate(external_id="ats-7"))
    again = client.post("/v1/candidates", candidate(external_id="ats-7"))
    assert (again.status_code, again.json["code"]) == (409, "external_id_taken")


def test_a_candidate_nobody_tells_of_is_gone_for_good(client, parts, organization_id):
    made = client.post("/v1/candidates", candidate())
    assert client.delete(made.headers["Location"]).status_code == 204
    with parts.database.transaction(organization_id) as session:
        assert session.get(rows.Candidate, made.json["id"]) is None


def test_a_candidate_with_bookings_ahead_stays(client, parts, organization_id, clock):
    made = client.post("/v1/candidates", candidate(external_id="ats-7"))
    book(parts, organization_id, candidate_id=made.json["id"])
    refused = client.delete(made.headers["Location"])
    assert (refused.status_code, refused.json["code"]) == (409, "has_bookings")
    clock.forward(days=30)
    assert client.delete(made.headers["Location"]).status_code == 204


def test_a_candidate_of_past_bookings_is_hidden_and_kept(client, parts, organization_id):
    made = client.post("/v1/candidates", candidate(external_id="ats-7"))
    book(
        parts,
        organization_id,
        candidate_id=made.json["id"],
        status="cancelled",
        run_candidate_status="cancelled",
    )
    assert client.delete(made.headers["Location"]).status_code == 204
    assert client.get(made.headers["Location"]).status_code == 404
    assert client.get("/v1/candidates").json["data"] == []
    assert client.get("/v1/bookings").json["data"][0]["candidate"]["name"] == "Candy Date"
    assert client.post("/v1/candidates", candidate(external_id="ats-7")).status_code == 201


def test_a_candidate_who_is_being_asked_stays(client, parts, organization_id):
    made = client.post("/v1/candidates", candidate())
    book(
        parts,
        organization_id,
        candidate_id=made.json["id"],
        status="cancelled",
        run_candidate_status="offered",
    )
    refused = client.delete(made.headers["Location"])
    assert (refused.status_code, refused.json["code"]) == (409, "has_runs")


def test_what_belongs_to_others_is_not_there(client, stranger):
    address = client.post("/v1/candidates", candidate()).headers["Location"]
    answers = (stranger.get(address), stranger.patch(address, {"name": "Mine"}), stranger.delete(address))
    assert [answer.status_code for answer in answers] == [404] * 3
