# SPDX-License-Identifier: Apache-2.0
"""Free and busy, views, pages and sync of the fake Microsoft."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.fakes.faults import empty_page
from tests.fakes.microsoft import FakeMicrosoft
from tests.fakes.microsoft.client import Client

ADA, BOB = "ada@corp.example", "bob@corp.example"
DAY = datetime(2026, 11, 25, tzinfo=UTC)
HOUR = timedelta(hours=1)
WINDOW = {"startDateTime": "2026-11-25T00:00:00Z", "endDateTime": "2026-11-28T00:00:00Z"}
VIEW = f"users/{ADA}/calendarView"


@pytest.fixture
def fake() -> Iterator[FakeMicrosoft]:
    with FakeMicrosoft() as fake:
        fake.add_person(ADA)
        fake.add_person(BOB, time_zone="Europe/Helsinki")
        yield fake


@pytest.fixture
def client(fake) -> Iterator[Client]:
    with Client(fake) as client:
        yield client


def schedule(client: Client, *addresses: str, days: float = 1, **more: Any) -> Any:
    last = DAY + timedelta(days=days)
    return client.call(
        "POST",
        f"users/{ADA}/calendar/getSchedule",
        {
            "schedules": list(addresses),
            "startTime": {"dateTime": f"{DAY:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"},
            "endTime": {"dateTime": f"{last:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"},
            **more,
        },
    )


def test_a_schedule_tells_status_and_time_of_what_takes_time(fake, client):
    fake.add_event(ADA, DAY + 9 * HOUR, DAY + 10 * HOUR, showAs="oof", subject="Out")
    fake.add_event(ADA, DAY + 11 * HOUR, DAY + 12 * HOUR, response="declined")
    fake.add_event(ADA, DAY + 12 * HOUR, DAY + 13 * HOUR, cancelled=True)
    fake.add_event(ADA, DAY + 13 * HOUR, DAY + 14 * HOUR, showAs="workingElsewhere", sensitivity="private")

    (told,) = schedule(client, ADA, availabilityViewInterval=60).json()["value"]

    assert told["availabilityView"] == "0" * 9 + "3" + "0" * 14
    assert told["scheduleItems"] == [
        {
            "isPrivate": False,
            "status": "oof",
            "start": {"dateTime": "2026-11-25T09:00:00.0000000", "timeZone": "UTC"},
            "end": {"dateTime": "2026-11-25T10:00:00.0000000", "timeZone": "UTC"},
            "subject": "Out",
            "location": "",
        },
        {
            "isPrivate": True,
            "status": "workingElsewhere",
            "start": {"dateTime": "2026-11-25T13:00:00.0000000", "timeZone": "UTC"},
            "end": {"dateTime": "2026-11-25T14:00:00.0000000", "timeZone": "UTC"},
        },
    ]


def test_whole_days_are_instants_in_a_schedule(fake, client):
    fake.add_event(BOB, date(2026, 11, 25), date(2026, 11, 26))

    (told,) = schedule(client, BOB).json()["value"]

    assert told["scheduleItems"][0]["start"]["dateTime"] == "2026-11-24T22:00:00.0000000"
    assert told["workingHours"]["timeZone"] == {"name": "FLE Standard Time"}


def test_who_cannot_be_read_is_an_error_in_a_good_answer(fake, client):
    fake.no_access(BOB)

    told = schedule(client, ADA, BOB, "x@y.example").json()["value"]

    assert [sorted(one) for one in told] == [
        ["availabilityView", "scheduleId", "scheduleItems", "workingHours"],
        ["error", "scheduleId"],
        ["error", "scheduleId"],
    ]
    assert told[2]["error"]["responseCode"] == "5009"


@pytest.mark.parametrize(
    ("addresses", "more", "status"),
    [
        ([f"p{number}@corp.example" for number in range(21)], {}, 400),
        ([ADA], {"days": 62}, 400),
        ([ADA], {"availabilityViewInterval": 4}, 400),
        ([ADA], {"availabilityViewInterval": None}, 500),
        ([ADA], {"days": -1}, 400),
    ],
)
def test_schedules_against_the_rules_are_refused_and_noted(fake, client, addresses, more, status):
    assert schedule(client, *addresses, **more).status_code == status
    assert len(fake.expect_wrong()) == 1


def test_a_view_comes_in_pages_of_the_same_host(fake, client):
    ids = [fake.add_event(ADA, DAY + n * HOUR, DAY + (n + 1) * HOUR) for n in range(25)]

    pages = client.pages(VIEW, **WINDOW)

    assert [len(page["value"]) for page in pages] == [10, 10, 5]
    assert [event["id"] for page in pages for event in page["value"]] == ids
    assert pages[0]["@odata.nextLink"].startswith(fake.graph_endpoint + "/")


def test_links_may_lead_elsewhere(fake, client):
    for _ in range(2):
        fake.add_event(ADA, DAY, DAY + HOUR)
    fake.tenant.links_to = "https://elsewhere.example/v1.0"

    page = client.get(VIEW, _top="1", **WINDOW).json()

    assert page["@odata.nextLink"].startswith("https://elsewhere.example/v1.0/users/")


def test_an_empty_page_may_come_first(fake, client):
    fake.add_event(ADA, DAY, DAY + HOUR)
    fake.faults.add(empty_page(), path="calendarView")

    pages = client.pages(VIEW, **WINDOW)

    assert [len(page["value"]) for page in pages] == [0, 1]


def test_a_window_counts_in_its_own_offset(fake, client):
    fake.add_event(ADA, DAY - 30 * timedelta(minutes=1), DAY)

    inside = {**WINDOW, "startDateTime": "2026-11-25T00:00:00+01:00"}

    assert len(client.get(VIEW, **inside).json()["value"]) == 1
    assert client.get(VIEW, **WINDOW).json()["value"] == []


def test_a_view_is_no_longer_than_1825_days(fake, client):
    assert client.get(VIEW, **{**WINDOW, "endDateTime": "2031-11-26T00:00:00Z"}).status_code == 400
    assert len(fake.expect_wrong()) == 1


def test_a_series_keeps_its_wall_time_and_a_moved_event_is_an_exception(fake, client):
    start = datetime(2026, 10, 19, 6, tzinfo=UTC)  # 09:00 in Helsinki, summer time for another week
    weekly = {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]},
        "range": {"type": "numbered", "startDate": "2026-10-19", "numberOfOccurrences": 3},
    }
    fake.add_event(BOB, start, start + HOUR, recurrence=weekly)
    window = {"startDateTime": "2026-10-19T00:00:00Z", "endDateTime": "2026-11-28T00:00:00Z"}
    first, second, third = client.get(f"users/{BOB}/calendarView", **window).json()["value"]

    fake.move_event(BOB, third["id"], DAY, DAY + HOUR)
    moved = client.get(f"users/{BOB}/calendarView", **window).json()["value"][-1]

    assert [event["start"]["dateTime"][:16] for event in (first, second, third)] == [
        "2026-10-19T06:00",
        "2026-10-26T07:00",
        "2026-11-02T07:00",
    ]
    assert len({event["iCalUId"] for event in (first, second, third)}) == 3
    assert (moved["type"], moved["originalStart"][:16]) == ("exception", "2026-11-02T07:00")
    assert moved["seriesMasterId"] == first["seriesMasterId"]


def synced(client: Client, address: str = VIEW + "/delta", **window: str) -> tuple[list[Any], str]:
    """What a round tells, and the link to the next."""
    pages = client.pages(address, **window)
    return [event for page in pages for event in page["value"]], pages[-1]["@odata.deltaLink"]


def test_sync_begins_with_an_empty_page(fake, client):
    fake.add_event(ADA, DAY, DAY + HOUR)

    pages = client.pages(VIEW + "/delta", **WINDOW)

    assert [len(page["value"]) for page in pages] == [0, 1]
    assert [("@odata.deltaLink" in page) for page in pages] == [False, True]


def test_sync_tells_what_changed_and_removes_what_is_not_in_the_window(fake, client):
    stays, goes = (fake.add_event(ADA, DAY, DAY + HOUR) for _ in range(2))
    known, link = synced(client, **WINDOW)
    far = fake.add_event(ADA, DAY + timedelta(days=90), DAY + timedelta(days=91))
    fake.change_event(ADA, stays, subject="Changed")
    fake.delete_event(ADA, goes)

    changes, link = synced(client, link)

    assert {event["id"] for event in known} == {stays, goes}
    assert [(one["id"], one.get("@removed"), one.get("subject")) for one in changes] == [
        (far, {"reason": "deleted"}, None),
        (stays, None, "Changed"),
        (goes, {"reason": "deleted"}, None),
    ]
    assert synced(client, link)[0] == []


def test_sync_comes_in_pages_of_the_preferred_size(fake, client):
    for n in range(5):
        fake.add_event(ADA, DAY + n * HOUR, DAY + (n + 1) * HOUR)
    client.headers["Prefer"] += ", odata.maxpagesize=2"

    assert [len(page["value"]) for page in client.pages(VIEW + "/delta", **WINDOW)] == [0, 2, 2, 1]


def test_sync_that_is_too_old_starts_again(fake, client):
    _, link = synced(client, **WINDOW)
    fake.expire_sync_state()

    answer = client.call("GET", link)

    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "SyncStateNotFound")
    assert synced(client, **WINDOW)[0] == []


def test_sync_selects_nothing(fake, client):
    assert client.get(VIEW + "/delta", _select="subject", **WINDOW).status_code == 400
    assert len(fake.expect_wrong()) == 1
