# SPDX-License-Identifier: Apache-2.0
"""The fake Microsoft is as strict about events as Graph is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from queue import SimpleQueue
from threading import Thread
from typing import Any

import pytest
import requests

from tests.fakes.faults import drop_after_apply
from tests.fakes.microsoft import FakeMicrosoft, failing
from tests.fakes.microsoft.client import Client, event_path
from tests.fakes.wire import Mail
from tests.patience import PATIENCE

ADA, BOB, CY, ROOM = "ada@corp.example", "bob@corp.example", "cy@elsewhere.example", "room@corp.example"
NINE = datetime(2026, 11, 25, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
OURS = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name interviewId"
BY_OURS = f"singleValueExtendedProperties/Any(ep: ep/id eq '{OURS}' and ep/value eq 'o''1')"


@pytest.fixture
def fake() -> Iterator[FakeMicrosoft]:
    with FakeMicrosoft() as fake:
        for address in (ADA, BOB):
            fake.add_person(address)
        fake.add_room(ROOM)
        yield fake


@pytest.fixture
def client(fake) -> Iterator[Client]:
    with Client(fake) as client:
        yield client


def wall(hour: int) -> dict[str, str]:
    return {"dateTime": f"2026-11-25T{hour:02}:00:00", "timeZone": "UTC"}


def guest(address: str, kind: str = "required") -> dict[str, Any]:
    return {"type": kind, "emailAddress": {"address": address}}


def draft(*guests: str, **fields: Any) -> dict[str, Any]:
    attendees = [guest(address) for address in guests]
    return {"subject": "Interview", "start": wall(9), "end": wall(10), "attendees": attendees, **fields}


def create(client: Client, *guests: str, **fields: Any) -> dict[str, Any]:
    answer = client.call("POST", f"users/{ADA}/events", draft(*guests, **fields))
    assert answer.status_code == 201, answer.text
    return answer.json()


def change(client: Client, event: dict[str, Any], **fields: Any) -> requests.Response:
    return client.call("PATCH", event_path(ADA, event["id"]), fields)


def code(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_second_create_with_the_same_transaction_makes_no_second_event(fake, client):
    first, second = (create(client, BOB, transactionId="t") for _ in range(2))

    assert second["id"] == first["id"]
    assert len(fake.events(ADA)) == 1
    assert fake.sent == [Mail(to=BOB, event_id=first["id"], kind="invitation")]


def test_an_answer_that_was_lost_leaves_one_event(fake, client):
    fake.faults.add(drop_after_apply(), method="POST")
    with pytest.raises(requests.ConnectionError):
        create(client, transactionId="t")

    create(client, transactionId="t")

    assert len(fake.events(ADA)) == 1


def test_a_transaction_is_of_one_body(fake, client):
    create(client, transactionId="t")
    create(client, transactionId="t", subject="Another")

    assert len(fake.expect_wrong()) == 1


def test_a_copy_has_its_own_id_and_none_of_our_properties(fake, client):
    event = create(client, BOB, singleValueExtendedProperties=[{"id": OURS, "value": "o'1"}])
    (copy,) = fake.events(BOB)

    assert copy["iCalUId"] == event["iCalUId"]
    assert copy["id"] != event["id"]
    assert (copy["isOrganizer"], copy["showAs"]) == (False, "tentative")
    assert "singleValueExtendedProperties" not in copy
    assert event["singleValueExtendedProperties"] == [{"id": OURS, "value": "o'1"}]


def test_an_event_is_found_by_our_property_and_shown_with_it_when_asked(fake, client):
    event = create(client, singleValueExtendedProperties=[{"id": OURS, "value": "o'1"}])
    create(client)
    expand = f"singleValueExtendedProperties($filter=id eq '{OURS}')"

    plain = client.get(f"users/{ADA}/events", _filter=BY_OURS, _select="subject").json()["value"]
    (full,) = client.get(f"users/{ADA}/events", _filter=BY_OURS, _expand=expand).json()["value"]

    assert plain == [{"@odata.etag": event["@odata.etag"], "id": event["id"], "subject": "Interview"}]
    assert full["singleValueExtendedProperties"] == [{"id": OURS, "value": "o'1"}]


def test_a_change_of_attendees_mails_only_those_who_come_or_go(fake, client):
    event = create(client, BOB)
    fake.sent.clear()

    change(client, event, attendees=[guest(BOB), guest(CY)])
    change(client, event, attendees=[guest(CY)])

    assert [(mail.to, mail.kind) for mail in fake.sent] == [(CY, "invitation"), (BOB, "cancellation")]
    assert fake.events(BOB) == []


def test_a_change_of_time_mails_all_and_voids_answers(fake, client):
    event = create(client, BOB)
    fake.respond(BOB, event["id"], "accepted")

    moved = change(client, event, start=wall(11), end=wall(12)).json()

    assert [(mail.to, mail.kind) for mail in fake.sent] == [(BOB, "invitation"), (BOB, "update")]
    assert moved["attendees"][0]["status"]["response"] == "none"
    (copy,) = fake.events(BOB)
    assert (copy["start"], copy["responseStatus"]["response"]) == (moved["start"], "notResponded")


def test_a_private_change_mails_nobody(fake, client):
    event = create(client, BOB)
    fake.sent.clear()

    change(client, event, showAs="tentative", categories=["held"])

    assert fake.sent == []


def test_an_answer_makes_a_new_version(fake, client):
    event = create(client, BOB)
    fake.respond(BOB, event["id"], "declined")

    stale = client.call(
        "PATCH",
        event_path(ADA, event["id"]),
        {"subject": "New"},
        headers={"If-Match": event["@odata.etag"]},
    )

    assert code(stale) == (412, "ErrorIrresolvableConflict")


def test_only_the_organizer_cancels(fake, client):
    event = create(client, BOB)
    (copy,) = fake.events(BOB)

    refused = client.call("POST", event_path(BOB, copy["id"]) + "/cancel", {"comment": "no"})
    done = client.call("POST", event_path(ADA, event["id"]) + "/cancel", {"comment": "no"})

    assert code(refused) == (400, "ErrorInvalidRequest")
    assert (done.status_code, done.content) == (202, b"")
    assert fake.events(ADA) == fake.events(BOB) == []
    assert [mail.kind for mail in fake.sent] == ["invitation", "cancellation"]
    start, end = "2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z"
    (left,) = client.get(f"users/{BOB}/calendarView", startDateTime=start, endDateTime=end).json()["value"]
    assert (left["isCancelled"], left["showAs"]) == (True, "free")


def test_a_deleted_event_is_not_found(fake, client):
    event = create(client)
    path = event_path(ADA, event["id"])

    assert client.call("DELETE", path).status_code == 204
    assert code(client.call("DELETE", path)) == (404, "ErrorItemNotFound")
    assert code(client.get(path)) == (404, "ErrorItemNotFound")


def test_default_ids_change_with_the_folder_and_immutable_ones_do_not(fake, client):
    event = create(client)
    moving = {"Prefer": 'outlook.timezone="UTC"'}
    before = client.call("GET", event_path(ADA, event["id"]), headers=moving).json()["id"]

    fake.move_to_folder(ADA, event["id"])

    assert before != event["id"]
    assert {"/", "+", "="} <= set(before + event["id"])
    assert client.get(event_path(ADA, event["id"])).status_code == 200
    assert code(client.get(event_path(ADA, before))) == (404, "ErrorItemNotFound")


def test_ids_are_case_sensitive(fake):
    ids = [fake.add_event(ADA, NINE, NINE + HOUR) for _ in range(4)]

    assert (len(set(ids)), len({event_id.lower() for event_id in ids})) == (4, 3)


def test_teams_comes_later_and_goes_with_its_block(fake, client):
    event = create(client, isOnlineMeeting=True, onlineMeetingProvider="teamsForBusiness")
    read = client.get(event_path(ADA, event["id"])).json()

    kept = change(client, read, body={"contentType": "HTML", "content": read["body"]["content"] + "<p>!</p>"})
    dropped = change(client, read, body={"contentType": "HTML", "content": "<p>Bye</p>"})

    assert event["onlineMeeting"] is None
    assert read["onlineMeeting"] == kept.json()["onlineMeeting"]
    assert (dropped.json()["isOnlineMeeting"], dropped.json()["onlineMeeting"]) == (False, None)
    assert len(fake.expect_wrong()) == 1


def test_teams_can_be_there_at_once_or_not_at_all(fake, client):
    fake.tenant.teams_at_once = True
    fake.add_person("no@corp.example", teams=False)

    there = create(client, isOnlineMeeting=True)
    none = client.call("POST", "users/no@corp.example/events", draft(isOnlineMeeting=True)).json()

    assert there["onlineMeeting"]["joinUrl"].startswith("https://teams.")
    assert (none["isOnlineMeeting"], none["onlineMeeting"]) == (False, None)


def test_a_room_that_is_taken_declines(fake, client):
    first, second = create(client, ROOM), create(client, ROOM)
    answers = [
        client.get(event_path(ADA, event["id"])).json()["attendees"][0]["status"]["response"]
        for event in (first, second)
    ]

    assert answers == ["accepted", "declined"]
    assert [event["iCalUId"] for event in fake.events(ROOM)] == [first["iCalUId"]]


def test_a_room_may_take_its_time(fake, client):
    fake.tenant.meetings.rooms_answer_at_once = False
    event = create(client, ROOM)
    before = fake.guests(event["id"])[0].response

    fake.tick()

    assert (before, fake.guests(event["id"])[0].response) == ("none", "accepted")


def test_what_people_do_reaches_everybody(fake, client):
    event = create(client, BOB)
    fake.move_event(ADA, event["id"], NINE + HOUR, NINE + 2 * HOUR)
    fake.add_guest(ADA, event["id"], CY)

    assert fake.events(BOB)[0]["start"]["dateTime"] == "2026-11-25T10:00:00.0000000"
    fake.delete_event(ADA, event["id"])

    assert fake.events(BOB) == []
    assert [(mail.to, mail.kind) for mail in fake.sent] == [
        (BOB, "invitation"),
        (BOB, "update"),
        (CY, "invitation"),
        (BOB, "cancellation"),
        (CY, "cancellation"),
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"start": {"dateTime": "2026-11-25T09:00:00Z", "timeZone": "UTC"}},
        {"start": {"dateTime": "2026-11-25T09:00:00", "timeZone": "Mars/Olympus"}},
        {"start": {"dateTime": "2026-11-25T09:00:00"}},
        {"end": wall(8)},
        {"isAllDay": True},
        {"showAs": "away"},
        {"attendees": [guest(BOB, "candidate")]},
        {"attendees": [guest(f"p{number}@x.example") for number in range(501)]},
        {"singleValueExtendedProperties": [{"id": "interviewId", "value": "1"}]},
        {"iCalUId": "mine"},
        {"colour": "blue"},
    ],
)
def test_events_against_the_rules_are_refused_and_noted(fake, client, fields):
    answer = client.call("POST", f"users/{ADA}/events", draft(**fields))

    assert answer.status_code == 400
    assert len(fake.expect_wrong()) == 1
    assert fake.events(ADA) == []


@pytest.mark.parametrize(
    "params",
    [
        {"_filter": "subject eq 'Interview'"},
        {"_select": "title"},
        {"_top": "0"},
        {"_skip": "10"},
        {"_search": "x"},
        {"_expand": "extensions"},
    ],
)
def test_lists_against_the_rules_are_refused_and_noted(fake, client, params):
    assert client.get(f"users/{ADA}/events", **params).status_code == 400
    assert len(fake.expect_wrong()) == 1


def test_whole_days_are_not_converted(fake, client):
    fake.add_person("la@corp.example", time_zone="America/Los_Angeles")
    event_id = fake.add_event("la@corp.example", date(2026, 11, 25), date(2026, 11, 26))

    event = client.get(event_path("la@corp.example", event_id)).json()

    assert (event["start"], event["originalStartTimeZone"]) == (
        {"dateTime": "2026-11-25T00:00:00.0000000", "timeZone": "UTC"},
        "Pacific Standard Time",
    )


def test_times_are_shown_in_the_zone_that_is_preferred(fake, client):
    event_id = fake.add_event(ADA, NINE, NINE + HOUR)

    answer = client.call(
        "GET",
        event_path(ADA, event_id),
        headers={"Prefer": 'outlook.timezone="Tokyo Standard Time", outlook.body-content-type="text"'},
    )

    assert answer.headers["Preference-Applied"] == 'outlook.timezone="Tokyo Standard Time"'
    assert answer.json()["start"] == {
        "dateTime": "2026-11-25T18:00:00.0000000",
        "timeZone": "Tokyo Standard Time",
    }


def test_access_to_a_mailbox_is_the_vendors_to_give(fake, client):
    fake.no_access(ADA)
    fake.forget_person(BOB)

    assert code(client.get(f"users/{ADA}/events")) == (403, "ErrorAccessDenied")
    assert code(client.get(f"users/{BOB}/events")) == (404, "MailboxNotEnabledForRESTAPI")
    assert code(client.get("users/nobody@corp.example/events")) == (404, "ErrorInvalidUser")


def test_more_than_four_at_once_are_told_to_wait(fake, client):
    answers: SimpleQueue[requests.Response] = SimpleQueue()
    token = client.headers["Authorization"].removeprefix("Bearer ")

    def ask() -> None:
        with Client(fake, token=token) as other:
            answers.put(other.get(f"users/{ADA}/calendar"))

    threads = [Thread(target=ask) for _ in range(6)]
    with fake.lock:  # nobody is answered before two were turned away
        for thread in threads:
            thread.start()
        refused = [answers.get(timeout=PATIENCE) for _ in range(2)]
    for thread in threads:
        thread.join()

    assert [code(answer) for answer in refused] == [(429, "ApplicationThrottled")] * 2
    assert [answer.headers["Retry-After"] for answer in refused] == ["1", "1"]
    assert [answers.get().status_code for _ in range(4)] == [200] * 4
    assert fake.most_at_once >= 5


def test_an_error_may_come_although_everything_happened(fake, client):
    fake.faults.add(failing(503, "ConcurrentItemSave", applied=True), method="POST")

    answer = client.call("POST", f"users/{ADA}/events", draft())

    assert code(answer) == (503, "ConcurrentItemSave")
    assert len(fake.events(ADA)) == 1


def test_errors_come_in_the_shapes_seen_in_the_wild(fake, client):
    fake.inner_error_key, fake.empty_codes = "innererror", True

    error = client.get(event_path(ADA, "gone"), headers={}).json()["error"]

    assert (error["code"], sorted(error["innererror"])) == ("", ["client-request-id", "date", "request-id"])
