# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.fakes.google import FakeGoogle
from tests.fakes.google.client import acting_as
from tests.fakes.server import FakeServer
from tests.fakes.wire import Answer, Recorded

ANN, BOB = "ann@corp.test", "bob@corp.test"
NINE = datetime(2026, 12, 1, 9, tzinfo=UTC)
TEN = NINE + timedelta(hours=1)


class Hook(FakeServer):
    """The client's side: takes pushes in."""

    def answer(self, request: Recorded) -> Answer:
        return Answer(503 if request.path == "/down" else 204)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as found:
        yield found


@pytest.fixture
def fake() -> Iterator[FakeGoogle]:
    with FakeGoogle() as google:
        google.now = lambda: NINE
        google.add_person(ANN)
        google.add_person(BOB)
        yield google


def watch(api: Any, url: str, **fields: Any) -> dict[str, Any]:
    body = {"id": "c1", "type": "web_hook", "address": url, "token": "t1", **fields}
    found: dict[str, Any] = api.events().watch(calendarId="primary", body=body).execute()
    return found


def heard(fake: FakeGoogle, hook: Hook) -> list[tuple[str, str]]:
    """State and number of each message that arrived."""
    fake.courier.settle()
    return [
        (request.headers["x-goog-resource-state"], request.headers["x-goog-message-number"])
        for request in hook.requests
    ]


def test_whoever_watches_hears_of_each_change_but_not_what_it_is(fake, hook):
    with acting_as(fake, BOB) as api:
        channel = watch(api, f"{hook.url}/hook", expiration=str(int(NINE.timestamp() * 1000) + 60_000))
        assert channel["expiration"] == "1796115660000"
        fake.add_event(ANN, NINE, TEN)
        fake.add_event(ANN, NINE, TEN, attendees=[{"email": BOB}])
        fake.add_event(BOB, NINE, TEN)
        assert heard(fake, hook) == [("sync", "1"), ("exists", "2"), ("exists", "3")]
        (request, *_) = hook.requests
        assert (request.method, request.path, request.body) == ("POST", "/hook", b"")
        assert request.headers["x-goog-channel-id"] == "c1"
        assert request.headers["x-goog-channel-token"] == "t1"
        assert request.headers["x-goog-resource-id"] == channel["resourceId"]
        assert request.headers["x-goog-channel-expiration"] == "Tue, 01 Dec 2026 09:01:00 GMT"
        assert request.headers["content-length"] == "0"
        api.channels().stop(body={"id": "c1", "resourceId": channel["resourceId"]}).execute()
    fake.add_event(BOB, NINE, TEN)
    assert len(heard(fake, hook)) == 3


def test_channels_expire_and_may_be_told_nothing(fake, hook):
    with acting_as(fake, BOB) as api:
        channel = watch(api, hook.url, params={"ttl": "99999999"})
        assert channel["expiration"] == str(int((NINE + timedelta(days=7)).timestamp() * 1000))
    fake.notify = False
    fake.push(BOB)
    fake.notify = True
    fake.push(BOB, times=2)
    assert [state for state, _ in heard(fake, hook)] == ["sync", "exists", "exists"]
    fake.now = lambda: NINE + timedelta(days=8)
    fake.push(BOB)
    assert len(heard(fake, hook)) == 3
    assert fake.open_channels(BOB) == []


def test_messages_nobody_takes_are_kept(fake, hook):
    with acting_as(fake, BOB) as api:
        watch(api, f"{hook.url}/down")
    fake.courier.settle()
    assert [failed.reason for failed in fake.undelivered] == ["answered 503"]


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "c1"},
        {"address": "http://interviews.example.com/hook"},
        {"type": "carrier_pigeon"},
        {"expiration": "1000"},
        {"id": "c2", "token": "t" * 257},
    ],
)
def test_channels_no_client_should_open_are_refused_and_noted(fake, hook, fields):
    with acting_as(fake, BOB) as api:
        watch(api, hook.url)
        with pytest.raises(HttpError):
            watch(api, hook.url, **{"id": "c3", **fields})
    assert len(fake.expect_wrong()) == 1


def test_only_who_opened_a_channel_closes_it(fake, hook):
    with acting_as(fake, BOB) as api:
        channel = watch(api, hook.url)
    stop = {"id": "c1", "resourceId": channel["resourceId"]}
    with acting_as(fake, ANN) as api, pytest.raises(HttpError) as caught:
        api.channels().stop(body=stop).execute()
    assert caught.value.status_code == 403
    fake.expect_wrong()
    with acting_as(fake, BOB) as api, pytest.raises(HttpError) as caught:
        api.channels().stop(body=stop | {"id": "c9"}).execute()
    assert caught.value.status_code == 404
