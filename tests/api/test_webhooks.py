# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import sqlalchemy as sa

from scheduler.db import rows
from scheduler.services import deliveries, events, feed, webhooks
from scheduler.services.parts import SYSTEM
from tests.api.examples import webhook

URL = "/v1/webhooks"


def happen(parts, organization_id, *types: str) -> None:
    with parts.database.transaction(organization_id) as session:
        for type_ in types:
            events.record(session, parts, organization_id, type_, actor=SYSTEM)
    feed.publish(parts, organization_id)


def test_a_web_hook_is_made_and_its_secret_shown_once(client):
    made = client.post(URL, webhook(description="Our ATS", events=["booking.confirmed"]))

    assert made.status_code == 201
    assert made.json["secret"].startswith("whsec_")
    assert made.headers["Location"] == f"{URL}/{made.json['id']}"
    seen = client.get(f"{URL}/{made.json['id']}").json
    assert seen == {name: value for name, value in made.json.items() if name != "secret"}
    assert client.get(URL).json["data"] == [seen]
    assert (seen["status"], seen["events"], seen["contact"]) == ("active", ["booking.confirmed"], None)


def test_the_secret_is_kept_sealed(client, parts, organization_id):
    secret = client.post(URL, webhook()).json["secret"]

    with parts.database.transaction(organization_id) as session:
        kept = session.scalars(sa.select(rows.Webhook.secret)).one()
    assert secret.encode() not in kept
    assert secret.removeprefix("whsec_").encode() not in kept


def test_the_same_request_again_shows_the_same_secret_which_is_kept_sealed_until_then(
    client, parts, organization_id
):
    first = client.post(URL, webhook(), Idempotency_Key="once")
    again = client.post(URL, webhook(), Idempotency_Key="once")

    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.json, again.headers["ETag"]) == (first.json, first.headers["ETag"])
    assert len(client.get(URL).json["data"]) == 1
    with parts.database.transaction(organization_id) as session:
        kept = session.scalars(sa.select(rows.IdempotencyKey.body)).one()
    assert first.json["secret"].removeprefix("whsec_").encode() not in kept


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"url": "http://ats.example.org/"}, "/url"),
        ({"url": "https://169.254.169.254/latest"}, "/url"),
        ({"url": "https://localhost/"}, "/url"),
        ({"url": "ftp://ats.example.org/"}, "/url"),
        ({"events": ["booking.deleted"]}, "/events/0"),
        ({"contact": {"name": "Ada"}}, "/contact/email"),
        ({"status": "active"}, "/status"),
        ({"secret": "whsec_mine"}, "/secret"),
    ],
)
def test_what_cannot_be_called_is_refused_by_name(client, fields, pointer):
    refused = client.post(URL, webhook(**fields))

    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, pointer)


def test_a_web_hook_is_stopped_and_set_going_again(client, jobs):
    made = client.post(URL, webhook())
    one = f"{URL}/{made.json['id']}"

    stopped = client.patch(one, {"status": "disabled"}, If_Match=made.headers["ETag"])
    assert (stopped.json["status"], stopped.json["reason"]) == ("disabled", "It was stopped through the API.")
    assert client.patch(one, {"status": "active"}, If_Match=made.headers["ETag"]).status_code == 412
    jobs.deferred.clear()
    going = client.patch(one, {"status": "active"})

    assert (going.json["status"], going.json["reason"]) == ("active", None)
    assert [task for task, _ in jobs.deferred] == ["call_webhook"]


def test_a_new_url_is_looked_at_as_the_first_was(client):
    one = f"{URL}/{client.post(URL, webhook()).json['id']}"

    assert client.patch(one, {"url": "https://10.0.0.1/"}).status_code == 422
    assert client.patch(one, {"url": "https://new.example.org/"}).json["url"] == "https://new.example.org/"


def test_a_web_hook_is_deleted(client):
    one = f"{URL}/{client.post(URL, webhook()).json['id']}"

    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404
    assert client.get(f"{one}/deliveries").status_code == 404


def test_a_rotation_shows_another_secret(client):
    made = client.post(URL, webhook()).json
    rotated = client.post(f"{URL}/{made['id']}/rotate")

    assert rotated.status_code == 200
    assert rotated.json["secret"] != made["secret"]


def test_nobody_elses_web_hook_is_seen_or_touched(client, stranger):
    made = client.post(URL, webhook()).json
    one = f"{URL}/{made['id']}"

    assert stranger.get(one).status_code == 404
    assert stranger.patch(one, {"status": "disabled"}).status_code == 404
    assert stranger.delete(one).status_code == 404
    assert stranger.post(f"{one}/rotate").status_code == 404
    assert stranger.get(URL).json["data"] == []


def test_no_more_than_twenty(client):
    for _ in range(webhooks.MOST):
        assert client.post(URL, webhook()).status_code == 201

    assert client.post(URL, webhook()).json["code"] == "too_many"


def test_deliveries_are_listed_and_sent_again(client, parts, organization_id, jobs):
    made = client.post(URL, webhook(events=["run.finished"])).json
    happen(parts, organization_id, "run.requested", "run.finished", "run.finished")

    listed = client.get(f"{URL}/{made['id']}/deliveries?limit=1").json
    [first] = listed["data"]
    assert (first["status"], first["type"], first["attempts"]) == ("queued", "run.finished", 0)
    [second] = client.get(f"{URL}/{made['id']}/deliveries?cursor={listed['next_cursor']}").json["data"]
    assert second["event_id"] != first["event_id"]
    jobs.deferred.clear()
    again = client.post(f"{URL}/deliveries/{first['id']}/redeliver")

    assert again.json["id"] == first["id"]
    assert [task for task, _ in jobs.deferred] == ["call_webhook"]
    assert client.get(f"{URL}/{made['id']}/deliveries?status=failed").json["data"] == []


def test_nobody_elses_delivery_is_sent_again(client, stranger, parts, organization_id):
    made = client.post(URL, webhook()).json
    happen(parts, organization_id, "run.finished")
    [one] = deliveries.find(parts, organization_id, made["id"]).data

    assert stranger.post(f"{URL}/deliveries/{one['id']}/redeliver").status_code == 404


def test_the_feed_is_read_page_by_page_and_followed(client, parts, organization_id):
    happen(parts, organization_id, "run.requested", "run.finished")
    first = client.get("/v1/events?limit=1").json
    second = client.get(f"/v1/events?cursor={first['next_cursor']}").json

    assert [event["type"] for event in first["data"] + second["data"]] == ["run.requested", "run.finished"]
    assert second["next_cursor"] is None
    last = second["data"][-1]["cursor"]
    assert client.get(f"/v1/events?cursor={last}").json["data"] == []
    happen(parts, organization_id, "run.cancelled")
    assert [e["type"] for e in client.get(f"/v1/events?cursor={last}").json["data"]] == ["run.cancelled"]
    assert client.get("/v1/events?cursor=nonsense").status_code == 422
    assert client.get("/v1/events?type=nothing").status_code == 422


def test_the_feed_is_of_one_organisation(client, stranger, parts, organization_id):
    happen(parts, organization_id, "run.requested")

    assert len(client.get("/v1/events").json["data"]) == 1
    assert stranger.get("/v1/events").json["data"] == []
