# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.fakes import faults
from tests.fakes.google import FakeGoogle
from tests.fakes.google.client import acting_as

ANN, BOB, ROOM = "ann@corp.test", "bob@corp.test", "blue@corp.test"
NINE = datetime(2026, 12, 1, 9, tzinfo=UTC)
TEN = NINE + timedelta(hours=1)
DAY = {"timeMin": "2026-12-01T00:00:00Z", "timeMax": "2026-12-02T00:00:00Z"}


@pytest.fixture
def fake() -> Iterator[FakeGoogle]:
    with FakeGoogle() as google:
        google.now = lambda: NINE - timedelta(days=7)
        google.add_person(ANN, time_zone="America/Los_Angeles")
        google.add_person(BOB)
        google.add_room(ROOM)
        yield google


@pytest.fixture
def api(fake) -> Iterator[Any]:
    with acting_as(fake, ANN) as found:
        yield found


def reason(request: Any) -> tuple[int, str]:
    with pytest.raises(HttpError) as caught:
        request.execute(num_retries=0)
    return caught.value.status_code, caught.value.error_details[0]["reason"]


def busy(api: Any, *calendars: str, **window: str) -> dict[str, Any]:
    asked = {**DAY, **window, "items": [{"id": calendar} for calendar in calendars]}
    found: dict[str, Any] = api.freebusy().query(body=asked).execute()["calendars"]
    return found


def ids(page: dict[str, Any]) -> list[str]:
    return [item["id"] for item in page["items"]]


def test_free_busy_tells_times_and_nothing_else(fake, api):
    fake.add_event(BOB, NINE, TEN, summary="Secret")
    fake.add_event(BOB, NINE + timedelta(minutes=30), TEN + timedelta(minutes=30), status="tentative")
    fake.add_event(BOB, TEN, TEN + timedelta(hours=3), transparency="transparent")
    fake.add_event(BOB, TEN, TEN + timedelta(hours=3), eventType="workingLocation")
    assert busy(api, BOB) == {
        BOB: {"busy": [{"start": "2026-12-01T09:00:00Z", "end": "2026-12-01T10:30:00Z"}]}
    }


def test_whole_days_are_days_on_the_owners_clock(fake, api):
    fake.add_event(ANN, date(2026, 12, 1), date(2026, 12, 2))
    found = busy(api, "primary", timeMax="2026-12-03T00:00:00Z")
    assert found == {"primary": {"busy": [{"start": "2026-12-01T08:00:00Z", "end": "2026-12-02T08:00:00Z"}]}}


def test_what_somebody_declined_takes_no_time(fake, api):
    event_id = fake.add_event(ANN, NINE, TEN, attendees=[{"email": BOB}])
    assert len(busy(api, BOB)[BOB]["busy"]) == 1
    fake.respond(BOB, event_id, "declined")
    assert busy(api, BOB) == {BOB: {"busy": []}}
    assert len(busy(api, ANN)[ANN]["busy"]) == 1


def test_calendars_that_cannot_be_read_are_errors_inside_the_answer(fake, api):
    fake.no_access(BOB)
    fake.freebusy_says(ROOM, "quantumFlux")
    fake.add_person("gone@corp.test")
    fake.freebusy_says("gone@corp.test", None)
    assert busy(api, BOB, "nobody@corp.test", ROOM, "gone@corp.test") == {
        BOB: {"busy": [], "errors": [{"domain": "global", "reason": "notFound"}]},
        "nobody@corp.test": {"busy": [], "errors": [{"domain": "global", "reason": "notFound"}]},
        ROOM: {"busy": [], "errors": [{"domain": "global", "reason": "quantumFlux"}]},
    }


def test_a_group_is_asked_for_at_once_unless_it_is_too_big(fake, api):
    fake.add_group("team@corp.test", [ANN, BOB])
    asked = {**DAY, "items": [{"id": "team@corp.test"}]}
    assert api.freebusy().query(body=asked).execute()["calendars"].keys() == {ANN, BOB}
    found = api.freebusy().query(body=asked | {"groupExpansionMax": 1}).execute()
    assert found["groups"] == {"team@corp.test": {"errors": [{"domain": "global", "reason": "groupTooBig"}]}}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"timeMax": DAY["timeMin"]}, "timeRangeEmpty"),
        ({"timeMax": "2027-12-01T00:00:00Z"}, "timeRangeTooLong"),
        ({"timeMin": "2026-12-01T00:00:00"}, "invalid"),
        ({"items": [{"id": f"p{number}@corp.test"} for number in range(51)]}, "invalid"),
    ],
)
def test_questions_no_client_should_ask_are_refused_and_noted(fake, api, change, expected):
    query = api.freebusy().query(body={**DAY, "items": [{"id": ANN}], **change})
    assert reason(query) == (400, expected)
    assert len(fake.expect_wrong()) == 1


def test_a_window_is_open_at_both_ends(fake, api):
    for start in (NINE - timedelta(hours=1), NINE, TEN):
        fake.add_event(ANN, start, start + timedelta(hours=1), id=f"at{start:%H}")
    window = {"timeMin": NINE.isoformat(), "timeMax": TEN.isoformat()}
    assert ids(api.events().list(calendarId="primary", **window).execute()) == ["at09"]


def test_a_series_is_told_instance_by_instance_in_local_time(fake, api):
    nine_in_october = datetime(2026, 10, 27, 16, tzinfo=UTC)  # 9:00 while summer time lasts
    series = fake.add_event(
        ANN, nine_in_october, nine_in_october + timedelta(hours=1), recurrence=["RRULE:FREQ=WEEKLY;COUNT=3"]
    )
    window = {"timeMin": "2026-10-01T00:00:00Z", "timeMax": "2026-12-01T00:00:00Z"}
    listed = api.events().list(calendarId="primary", singleEvents=True, orderBy="startTime", **window)
    first, second, _ = listed.execute()["items"]
    assert (first["id"], first["recurringEventId"]) == (f"{series}_20261027T160000Z", series)
    assert second["start"]["dateTime"] == "2026-11-03T09:00:00-08:00"
    fake.move_event(ANN, second["id"], NINE - timedelta(days=14), TEN - timedelta(days=14))
    fake.delete_event(ANN, first["id"])
    third, moved = listed.execute()["items"]
    assert (moved["id"], moved["start"]["dateTime"]) == (second["id"], "2026-11-17T01:00:00-08:00")
    assert moved["originalStartTime"] == second["start"]
    assert third["id"] == f"{series}_20261110T170000Z"
    instances = api.events().instances(calendarId=ANN, eventId=series, showDeleted=True).execute()["items"]
    assert sorted(item["status"] for item in instances) == ["cancelled", "confirmed", "confirmed"]
    fake.delete_event(ANN, series)
    assert listed.execute()["items"] == []


def test_pages_follow_each_other_and_may_be_empty(fake, api):
    for number in range(5):
        fake.add_event(ANN, NINE, TEN, id=f"event{number}")
    fake.faults.add(faults.empty_page(), path="/events$")
    request = api.events().list(calendarId="primary", maxResults=2)
    pages = []
    while request is not None:
        page = request.execute()
        pages.append((ids(page), "nextSyncToken" in page))
        request = api.events().list_next(request, page)
    assert pages == [
        ([], False),
        (["event0", "event1"], False),
        (["event2", "event3"], False),
        (["event4"], True),
    ]


def test_a_sync_token_tells_what_changed_since(fake, api):
    kept, moved, deleted = (fake.add_event(ANN, NINE, TEN) for _ in range(3))
    token = api.events().list(calendarId="primary", timeMin=DAY["timeMin"]).execute()["nextSyncToken"]
    fake.move_event(ANN, moved, TEN - timedelta(days=90), TEN - timedelta(days=89))
    fake.delete_event(ANN, deleted)
    page = api.events().list(calendarId="primary", syncToken=token).execute()
    assert sorted(ids(page)) == sorted([moved, deleted])
    gone = next(item for item in page["items"] if item["id"] == deleted)
    assert gone.keys() == {"kind", "etag", "id", "status"}
    again = api.events().list(calendarId="primary", syncToken=page["nextSyncToken"]).execute()
    assert again["items"] == []
    assert kept not in ids(page)
    fake.expire_sync_state()
    assert reason(api.events().list(calendarId="primary", syncToken=token)) == (410, "fullSyncRequired")


@pytest.mark.parametrize(
    "parameters",
    [
        {"timeMin": DAY["timeMin"]},
        {"privateExtendedProperty": "a=b"},
        {"orderBy": "updated"},
        {"showDeleted": False},
        {"singleEvents": True},
        {"syncToken": "made up"},
    ],
)
def test_a_sync_token_goes_only_with_what_it_began_with(fake, api, parameters):
    token = api.events().list(calendarId="primary").execute()["nextSyncToken"]
    assert reason(api.events().list(calendarId="primary", **{"syncToken": token, **parameters})) == (
        400,
        "invalid",
    )
    assert len(fake.expect_wrong()) == 1


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"timeMin": "2026-12-01T00:00:00"}, "invalid"),
        ({"timeMin": DAY["timeMax"], "timeMax": DAY["timeMin"]}, "timeRangeEmpty"),
        ({"orderBy": "startTime"}, "invalid"),
        ({"pageToken": "made up"}, "invalid"),
        ({"fields": "items(id"}, "invalid"),
    ],
)
def test_lists_no_client_should_ask_for_are_refused_and_noted(fake, api, parameters, expected):
    assert reason(api.events().list(calendarId="primary", **parameters)) == (400, expected)
    assert len(fake.expect_wrong()) == 1


def test_events_are_found_by_property_and_told_in_part(fake, api):
    fake.add_event(ANN, NINE, TEN, extendedProperties={"private": {"key": "other"}})
    found = fake.add_event(ANN, NINE, TEN, extendedProperties={"private": {"key": "a=b"}})
    listed = api.events().list(
        calendarId="primary", privateExtendedProperty="key=a=b", fields="items(id,extendedProperties/private)"
    )
    assert listed.execute() == {"items": [{"id": found, "extendedProperties": {"private": {"key": "a=b"}}}]}


def test_changes_further_back_than_google_remembers_are_refused(fake, api):
    event_id = fake.add_event(ANN, NINE, TEN)
    fake.delete_event(ANN, event_id)
    recent = api.events().list(calendarId="primary", updatedMin="2026-11-20T00:00:00Z").execute()
    assert [item["status"] for item in recent["items"]] == ["cancelled"]
    old = api.events().list(calendarId="primary", updatedMin="2026-01-01T00:00:00Z")
    assert reason(old) == (410, "updatedMinTooLongAgo")


def test_other_peoples_calendars_stay_closed_and_private_events_hidden(fake, api):
    event_id = fake.add_event(BOB, NINE, TEN, summary="Doctor", visibility="private")
    body = {"start": {"dateTime": NINE.isoformat()}, "end": {"dateTime": TEN.isoformat()}}
    assert reason(api.events().list(calendarId=BOB)) == (404, "notFound")
    assert reason(api.events().insert(calendarId=BOB, body=body)) == (403, "requiredAccessLevel")
    assert reason(api.events().insert(calendarId="nobody@corp.test", body=body)) == (404, "notFound")
    fake.share(BOB, ANN, "reader")
    assert reason(api.events().list(calendarId=BOB)) == (403, "insufficientPermissions")
    scopes = frozenset({"calendar.events"})
    with acting_as(fake, ANN, scopes=scopes, scopes_delegated=scopes) as wider:
        page = wider.events().list(calendarId=BOB).execute()
        assert page["accessRole"] == "reader"
        (hidden,) = page["items"]
        assert (hidden["id"], hidden["visibility"]) == (event_id, "private")
        assert "summary" not in hidden
        assert reason(wider.events().delete(calendarId=BOB, eventId=event_id)) == (403, "requiredAccessLevel")


def test_a_long_question_travels_as_a_post(fake, api):
    fake.add_event(ANN, NINE, TEN)
    page = api.events().list(calendarId="primary", q="x" * 2100).execute()
    assert page["items"] == []
    assert (fake.requests[-1].method, fake.requests[-1].parameter("q")) == ("GET", "x" * 2100)
