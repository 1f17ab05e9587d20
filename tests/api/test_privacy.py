# SPDX-License-Identifier: Apache-2.0
"""`/v1/privacy`: a candidate's data is handed over, or erased."""

from __future__ import annotations

from tests.api.booked import book
from tests.api.examples import candidate

EVERYTHING = candidate(
    external_id="ats-7",
    phone="+49 30 1234567",
    availability=[{"start": "2026-12-03T09:00:00Z", "end": "2026-12-03T12:00:00Z"}],
    metadata={"source": "fair"},
)


def made(client) -> str:
    return client.post("/v1/candidates", EVERYTHING).json["id"]


def erase(client, id_, **how):
    return client.post("/v1/privacy/erasure", {"candidate_id": id_, **how.pop("body", {})}, **how)


def test_an_erased_candidate_is_not_there_any_more(client):
    id_ = made(client)

    answer = erase(client, id_)

    assert answer.status_code == 200
    assert (answer.json["candidate_id"], answer.json["bookings_kept"]) == (id_, [])
    assert len(answer.json["out_of_reach"]) == 3
    assert client.get(f"/v1/candidates/{id_}").status_code == 404
    assert client.patch(f"/v1/candidates/{id_}", {"name": "Candy"}).status_code == 404
    assert client.delete(f"/v1/candidates/{id_}").status_code == 404
    assert client.get("/v1/candidates").json["data"] == []


def test_asked_again_it_answers_the_same(client):
    id_ = made(client)

    first, again = erase(client, id_), erase(client, id_, body={"cancel_bookings": True})

    assert again.json == first.json
    assert "Idempotency-Replayed" not in again.headers


def test_the_answer_is_kept_for_its_key_and_earlier_ones_that_name_them_are_not(client):
    made_once = client.post("/v1/candidates", EVERYTHING, Idempotency_Key="a")
    id_ = made_once.json["id"]

    first, again = (erase(client, id_, Idempotency_Key="b") for _ in range(2))

    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json == first.json
    afterwards = client.post("/v1/candidates", EVERYTHING, Idempotency_Key="a")
    assert (afterwards.status_code, afterwards.json["code"]) == (409, "answer_erased")


def test_their_bookings_are_shown_with_a_tombstone(client, parts, organization_id):
    id_ = made(client)
    book(parts, organization_id, candidate_id=id_)

    erase(client, id_)

    [booking] = client.get(f"/v1/bookings?candidate_id={id_}").json["data"]
    assert booking["candidate"] == {
        "id": id_,
        "external_id": None,
        "name": "Erased candidate",
        "email": "erased@candidate.invalid",
        "phone": None,
        "time_zone": None,
        "locale": None,
        "availability": [],
        "metadata": {},
    }


def test_an_export_is_everything_in_one_object(client, parts, organization_id):
    id_ = made(client)
    book(parts, organization_id, candidate_id=id_)

    found = client.get(f"/v1/privacy/export?candidate_id={id_}")

    assert found.status_code == 200
    assert found.json["candidate"] == {"id": id_, **EVERYTHING, "time_zone": None, "locale": None}
    assert [run["status"] for run in found.json["runs"]] == ["booked"]
    assert [booking["status"] for booking in found.json["bookings"]] == ["confirmed"]
    assert found.json["erased_at"] is None


def test_what_is_not_there_or_belongs_to_others_is_404(client, stranger):
    id_ = made(client)

    for whose, asked in ((stranger, id_), (client, "cand_0")):
        assert erase(whose, asked).status_code == 404
        assert whose.get(f"/v1/privacy/export?candidate_id={asked}").status_code == 404
    assert client.get(f"/v1/candidates/{id_}").json["name"] == EVERYTHING["name"]


def test_whom_it_is_about_has_to_be_said(client):
    assert client.post("/v1/privacy/erasure", {}).status_code == 422
    assert client.get("/v1/privacy/export").status_code == 422
    assert client.get("/v1/privacy/export?candidate_id=ivw_1").status_code == 422


def test_only_the_scope_admin_may_do_either(client, client_with):
    id_, scheduling = made(client), client_with("read", "schedule", "manage")

    assert erase(scheduling, id_).status_code == 403
    assert scheduling.get(f"/v1/privacy/export?candidate_id={id_}").status_code == 403
