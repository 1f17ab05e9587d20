# SPDX-License-Identifier: Apache-2.0
"""`Idempotency-Key`: a POST that is sent twice has one effect, and both get the same answer."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from scheduler.api import candidates as candidates_api
from scheduler.db import rows
from scheduler.services import idempotency, keys
from scheduler.services.idempotency import Claim
from scheduler.services.keys import SCOPES
from tests.api.conftest import Client
from tests.api.examples import candidate, room


def kept(response) -> tuple:
    return (
        response.status_code,
        response.json,
        response.headers["Content-Type"],
        response.headers.get("Location"),
    )


def test_the_same_request_gets_the_first_answer_again(client):
    first = client.post("/v1/candidates", candidate(), Idempotency_Key="a-1")
    again = client.post("/v1/candidates", candidate(), Idempotency_Key="a-1")
    assert kept(again) == kept(first)
    assert again.headers["ETag"] == first.headers["ETag"]
    assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
    assert len(client.get("/v1/candidates").json["data"]) == 1


def test_a_key_may_be_quoted(client):
    first = client.post("/v1/candidates", candidate(), Idempotency_Key='"a-1"')
    again = client.post("/v1/candidates", candidate(), Idempotency_Key="a-1")
    assert again.json == first.json


def test_without_a_key_everything_happens_every_time(client):
    made = {client.post("/v1/candidates", candidate()).json["id"] for _ in range(2)}
    assert len(made) == 2


@pytest.mark.parametrize(("path", "body"), [("/v1/candidates", candidate(name="Bo")), ("/v1/rooms", room())])
def test_the_same_key_for_another_request_is_refused(client, path, body):
    client.post("/v1/candidates", candidate(), Idempotency_Key="a-1")
    response = client.post(path, body, Idempotency_Key="a-1")
    assert (response.status_code, response.json["code"]) == (422, "idempotency_key_reused")


def test_a_refusal_is_an_answer_too(client):
    client.post("/v1/candidates", candidate(external_id="x"))
    first = client.post("/v1/candidates", candidate(external_id="x"), Idempotency_Key="a-1")
    again = client.post("/v1/candidates", candidate(external_id="x"), Idempotency_Key="a-1")
    assert first.status_code == 409
    assert kept(again) == kept(first)
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_day_later_the_key_is_fresh(client, clock):
    first = client.post("/v1/candidates", candidate(), Idempotency_Key="a-1")
    clock.forward(hours=23, minutes=59)
    assert client.post("/v1/candidates", candidate(), Idempotency_Key="a-1").json == first.json
    clock.forward(minutes=1)
    fresh = client.post("/v1/candidates", candidate(name="Bo"), Idempotency_Key="a-1")
    assert (fresh.status_code, fresh.json["id"] == first.json["id"]) == (201, False)


def test_two_callers_may_use_the_same_key(client, app, parts, organization_id):
    other = Client(app, keys.create(parts, organization_id, name="other", scopes=SCOPES)[1])
    made = {
        who.post("/v1/candidates", candidate(), Idempotency_Key="a-1").json["id"] for who in (client, other)
    }
    assert len(made) == 2


def test_who_may_no_longer_do_it_does_not_hear_the_answer(client, parts, organization_id):
    client.post("/v1/candidates", candidate(), Idempotency_Key="a-1")
    with parts.database.transaction(organization_id) as session:
        session.execute(sa.update(rows.ApiKey).values(scopes=["read"]))
    assert client.post("/v1/candidates", candidate(), Idempotency_Key="a-1").status_code == 403


@pytest.mark.parametrize("given", ["", '""', "x" * 256, "naïve", '"open', 'a"b'])
def test_a_key_must_be_one(client, given):
    assert client.post("/v1/candidates", candidate(), Idempotency_Key=given).status_code == 422


@pytest.mark.parametrize(
    "given", ["x", "x" * 255, '"with spaces, and: signs!"', "8e03978e-40d5-43dd-bc93-6894a57f9324"]
)
def test_any_printable_key_will_do(client, given):
    assert client.post("/v1/candidates", candidate(), Idempotency_Key=given).status_code == 201
    assert client.post("/v1/candidates", candidate(), Idempotency_Key=given).headers["Idempotency-Replayed"]


def test_two_requests_at_once_have_one_effect(client):
    together = threading.Barrier(8)

    def send(_: int) -> int:
        together.wait()
        return client.post("/v1/candidates", candidate(), Idempotency_Key="a-1").status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(send, range(8)))
    assert set(statuses) <= {201, 409}
    assert statuses[0] == 201
    assert len(client.get("/v1/candidates").json["data"]) == 1


@pytest.fixture
def left_behind(client, parts, key):
    """A request that was begun by a process that died."""

    def leave(*, ended: bool) -> None:
        client.post("/v1/candidates", candidate(), Idempotency_Key="a-1")
        principal = keys.authenticate(parts, key)
        with parts.database.transaction(principal.organization_id) as session:
            session.execute(sa.delete(rows.Candidate))
            session.execute(sa.update(rows.IdempotencyKey).values(status=None, body=None))
            if ended:
                past = sa.func.clock_timestamp() - sa.literal(idempotency.LEASE)
                session.execute(sa.update(rows.IdempotencyKey).values(lease_until=past))

    return leave


def test_a_request_that_is_still_running_is_waited_for(client, left_behind):
    left_behind(ended=False)
    response = client.post("/v1/candidates", candidate(), Idempotency_Key="a-1")
    assert (response.status_code, response.json["code"]) == (409, "idempotency_in_progress")


def test_what_a_dead_process_left_behind_is_taken_over(client, left_behind):
    left_behind(ended=True)
    taken = client.post("/v1/candidates", candidate(), Idempotency_Key="a-1")
    assert (taken.status_code, taken.headers.get("Idempotency-Replayed")) == (201, None)
    assert client.post("/v1/candidates", candidate(), Idempotency_Key="a-1").json == taken.json


def test_who_comes_back_from_the_dead_does_not_overwrite_the_answer(client, parts, key, left_behind):
    left_behind(ended=True)
    principal = keys.authenticate(parts, key)
    with parts.database.transaction(principal.organization_id) as session:
        old = Claim("a-1", session.scalars(sa.select(rows.IdempotencyKey.lease_until)).one())
    taken = client.post("/v1/candidates", candidate(), Idempotency_Key="a-1")
    idempotency.settle(parts, principal, old, idempotency.Answer(500, {}, b"late"))
    idempotency.release(parts, principal, old)
    assert client.post("/v1/candidates", candidate(), Idempotency_Key="a-1").json == taken.json


def test_an_error_of_ours_is_not_kept(client, monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("disk on fire")

    with monkeypatch.context() as patch:
        patch.setattr(candidates_api.candidates, "create", fail)
        with pytest.raises(AssertionError, match="may not answer 500"):
            client.post("/v1/candidates", candidate(), Idempotency_Key="a-1")
    made = client.post("/v1/candidates", candidate(), Idempotency_Key="a-1")
    assert (made.status_code, made.headers.get("Idempotency-Replayed")) == (201, None)


def test_what_says_nothing_about_the_request_is_not_kept(client):
    wrong = client("POST", "/v1/candidates", text="{}", Content_Type="text/plain", Idempotency_Key="a-1")
    right = client(
        "POST", "/v1/candidates", text="{}", Content_Type="application/json", Idempotency_Key="a-1"
    )
    assert (wrong.status_code, right.status_code) == (415, 422)
