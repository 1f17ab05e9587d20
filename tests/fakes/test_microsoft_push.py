# SPDX-License-Identifier: Apache-2.0
"""Change notifications of the fake Microsoft, received by a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fakes.microsoft import FakeMicrosoft
from tests.fakes.microsoft.client import PREFER, Client
from tests.fakes.server import FakeServer
from tests.fakes.wire import Answer, Recorded

ADA = "ada@corp.example"
DAY = datetime(2026, 11, 25, tzinfo=UTC)
HOUR = timedelta(hours=1)


def obliging(request: Recorded) -> Answer:
    token = request.parameter("validationToken")
    if token is None:
        return Answer(202)
    return Answer(200, token.encode(), {"Content-Type": "text/plain; charset=utf-8"})


class Receiver(FakeServer):
    """The service's end of the line."""

    respond: Callable[[Recorded], Answer] = staticmethod(obliging)

    def answer(self, request: Recorded) -> Answer:
        return self.respond(request)

    def items(self) -> list[list[dict[str, Any]]]:
        """What each notification held."""
        return [request.json()["value"] for request in self.requests if request.body]


@pytest.fixture
def fake() -> Iterator[FakeMicrosoft]:
    with FakeMicrosoft() as fake:
        fake.add_person(ADA)
        yield fake


@pytest.fixture
def client(fake) -> Iterator[Client]:
    with Client(fake) as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def subscribe(client: Client, receiver: Receiver, *, minutes: int = 60, **more: Any) -> Any:
    document = {
        "changeType": "created,updated,deleted",
        "notificationUrl": f"{receiver.url}/push",
        "lifecycleNotificationUrl": f"{receiver.url}/lifecycle",
        "resource": f"/users/{ADA}/events",
        "expirationDateTime": (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(),
        "clientState": "agreed",
        **more,
    }
    return client.call("POST", "subscriptions", document)


def test_a_subscription_begins_with_a_handshake_at_both_addresses(fake, client, receiver):
    answer = subscribe(client, receiver)

    assert answer.status_code == 201
    assert [request.path for request in receiver.requests] == ["/push", "/lifecycle"]
    assert all("<b>" in (request.parameter("validationToken") or "") for request in receiver.requests)


@pytest.mark.parametrize(
    "respond",
    [
        lambda _: Answer(200, b"not the token", {"Content-Type": "text/plain"}),
        lambda request: Answer(200, obliging(request).body, {"Content-Type": "text/html"}),
        lambda request: Answer(202, obliging(request).body, {"Content-Type": "text/plain"}),
    ],
)
def test_a_bad_handshake_makes_no_subscription(fake, client, receiver, respond):
    receiver.respond = respond

    assert subscribe(client, receiver).status_code == 400
    assert fake.subscriptions.live == {}
    assert len(fake.expect_wrong()) == 1


def test_changes_are_told_with_what_was_agreed(fake, client, receiver):
    subscription = subscribe(client, receiver).json()
    event_id = fake.add_event(ADA, DAY, DAY + HOUR)
    fake.delete_event(ADA, event_id)
    fake.courier.settle()

    created, deleted = (items[0] for items in receiver.items())

    assert (created["subscriptionId"], created["clientState"]) == (subscription["id"], "agreed")
    assert [one["changeType"] for one in (created, deleted)] == ["created", "deleted"]
    assert created["resourceData"]["id"] == event_id
    assert created["resource"] == f"Users/{fake.user_id(ADA)}/Events/{event_id}"


def test_several_changes_can_share_a_request_and_one_of_them_be_forged(fake, client, receiver):
    subscribe(client, receiver)
    fake.subscriptions.tampered = 1
    with fake.notifications_together():
        for _ in range(3):
            fake.add_event(ADA, DAY, DAY + HOUR)
    fake.courier.settle()

    (items,) = receiver.items()

    assert [item["clientState"] for item in items] == ["not what was agreed", "agreed", "agreed"]


def test_nothing_is_told_when_switched_off(fake, client, receiver):
    subscribe(client, receiver)
    fake.notify = False
    fake.add_event(ADA, DAY, DAY + HOUR)
    fake.courier.settle()

    assert receiver.items() == []


def test_what_does_not_arrive_is_kept(fake, client, receiver):
    subscribe(client, receiver)
    receiver.respond = lambda _: Answer(500)
    fake.add_event(ADA, DAY, DAY + HOUR)
    fake.courier.settle()

    assert [one.reason for one in fake.undelivered] == ["answered 500"]


def test_life_is_45_to_4230_minutes(fake, client, receiver):
    start = fake.now()
    fake.now = lambda: start
    short = subscribe(client, receiver, minutes=1).json()["expirationDateTime"]
    long = subscribe(client, receiver, minutes=4300)

    assert datetime.fromisoformat(short) == start + timedelta(minutes=45)
    assert long.status_code == 400
    assert len(fake.expect_wrong()) == 1


def test_a_subscription_is_renewed_until_it_has_ended(fake, client, receiver):
    subscription = subscribe(client, receiver, minutes=60).json()
    start = fake.now()
    later = {"expirationDateTime": (start + timedelta(minutes=50)).isoformat()}
    path = f"subscriptions/{subscription['id']}"
    renewed = client.call("PATCH", path, later)

    fake.now = lambda: start + timedelta(minutes=51)
    ended = client.call("PATCH", path, later)

    assert renewed.status_code == 200
    assert (ended.status_code, ended.json()["error"]["code"]) == (404, "ResourceNotFound")


def test_lifecycle_events_go_to_their_own_address(fake, client, receiver):
    subscription = subscribe(client, receiver).json()
    for event in ("reauthorizationRequired", "missed", "subscriptionRemoved"):
        fake.send_lifecycle(subscription["id"], event)
    fake.courier.settle()

    told = [(request.path, request.json()["value"][0]) for request in receiver.requests if request.body]

    assert [(path, item["lifecycleEvent"]) for path, item in told] == [
        ("/lifecycle", "reauthorizationRequired"),
        ("/lifecycle", "missed"),
        ("/lifecycle", "subscriptionRemoved"),
    ]
    assert fake.subscriptions.live == {}


def test_ids_in_notifications_are_as_the_subscription_wanted_them(fake, client, receiver):
    client.headers["Prefer"] = PREFER.replace(', IdType="ImmutableId"', "")
    subscribe(client, receiver)
    event_id = fake.add_event(ADA, DAY, DAY + HOUR)
    fake.courier.settle()

    assert receiver.items()[0][0]["resourceData"]["id"] != event_id
