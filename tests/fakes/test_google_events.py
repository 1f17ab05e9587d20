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
from tests.fakes.wire import Mail

ANN, BOB, ROOM, CANDIDATE = "ann@corp.test", "bob@corp.test", "blue@corp.test", "carol@elsewhere.test"
NINE = datetime(2026, 12, 1, 9, tzinfo=UTC)
TEN = NINE + timedelta(hours=1)


@pytest.fixture
def fake() -> Iterator[FakeGoogle]:
    with FakeGoogle() as google:
        google.add_person(ANN, time_zone="Europe/Zurich")
        google.add_person(BOB)
        google.add_room(ROOM)
        yield google


@pytest.fixture
def events(fake) -> Iterator[Any]:
    with acting_as(fake, ANN) as api:
        yield api.events()


def body(**fields: Any) -> dict[str, Any]:
    times = {"start": {"dateTime": NINE.isoformat()}, "end": {"dateTime": TEN.isoformat()}}
    return {"id": "abcde01", "summary": "Interview", **times, **fields}


def guests(*addresses: str) -> list[dict[str, str]]:
    return [{"email": address} for address in addresses]


def refused(request: Any) -> tuple[int, str]:
    """Status and reason of the error this request is answered with."""
    with pytest.raises(HttpError) as caught:
        request.execute(num_retries=0)
    return caught.value.status_code, caught.value.error_details[0]["reason"]


def answers(event: dict[str, Any]) -> dict[str, str]:
    return {guest["email"]: guest["responseStatus"] for guest in event["attendees"]}


def test_an_event_has_what_google_adds_and_no_defaults(fake, events):
    fake.now = lambda: NINE
    sent = body(transparency="opaque", visibility="default", guestsCanModify=False, attendees=[])
    created = events.insert(calendarId="primary", body=sent).execute()
    assert created == {
        "kind": "calendar#event",
        "etag": created["etag"],
        "htmlLink": "https://www.google.com/calendar/event?eid=abcde01",
        "id": "abcde01",
        "status": "confirmed",
        "created": "2026-12-01T09:00:00.000Z",
        "updated": "2026-12-01T09:00:00.000Z",
        "summary": "Interview",
        "creator": {"email": ANN, "self": True},
        "organizer": {"email": ANN, "self": True},
        "start": {"dateTime": "2026-12-01T10:00:00+01:00", "timeZone": "Europe/Zurich"},
        "end": {"dateTime": "2026-12-01T11:00:00+01:00", "timeZone": "Europe/Zurich"},
        "iCalUID": "abcde01@google.com",
        "sequence": 0,
        "reminders": {"useDefault": True},
        "eventType": "default",
    }
    assert events.get(calendarId=ANN, eventId="abcde01").execute() == created


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"id": "ABC"}, "invalid"),
        ({"id": "wxyz0"}, "invalid"),
        ({"iCalUID": "x@y"}, "invalid"),
        ({"start": {"dateTime": "2026-12-01T09:00:00"}}, "required"),
        ({"start": {"date": "2026-12-01"}}, "invalid"),
        ({"start": {"dateTime": "2026-12-01T11:00:00Z"}}, "timeRangeEmpty"),
        ({"start": {"dateTime": "2026-12-01T09:00:00Z", "timeZone": "Mars/Base"}}, "invalid"),
        ({"end": None}, "required"),
        ({"attendees": guests("nobody")}, "invalid"),
        ({"attendees": guests(BOB, BOB)}, "invalid"),
        ({"status": "maybe"}, "invalid"),
        ({"reminders": {"overrides": [{"method": "sms", "minutes": 1}]}}, "invalid"),
        ({"sequence": "one"}, "invalid"),
    ],
)
def test_a_body_that_makes_no_event_is_refused_and_noted(fake, events, fields, reason):
    assert refused(events.insert(calendarId="primary", body=body(**fields))) == (400, reason)
    assert len(fake.expect_wrong()) == 1
    assert fake.events(ANN) == []


def test_what_google_ignores_is_noted(fake, events):
    created = events.insert(calendarId="primary", body=body(subject="x", conferenceData={})).execute()
    assert "subject" not in fake.events(ANN)[0]
    assert fake.expect_wrong() == ["events.insert: Event.subject does not exist."]
    assert created["status"] == "confirmed"


def test_an_id_is_taken_for_good(fake, events):
    events.insert(calendarId="primary", body=body()).execute()
    assert refused(events.insert(calendarId="primary", body=body())) == (409, "duplicate")
    assert events.delete(calendarId="primary", eventId="abcde01").execute() == ""
    assert refused(events.insert(calendarId="primary", body=body())) == (409, "duplicate")
    assert refused(events.delete(calendarId="primary", eventId="abcde01")) == (410, "deleted")
    assert refused(events.delete(calendarId="primary", eventId="other01")) == (404, "notFound")
    assert events.get(calendarId="primary", eventId="abcde01").execute()["status"] == "cancelled"
    revive = events.patch(calendarId="primary", eventId="abcde01", body={"status": "confirmed"})
    assert refused(revive) == (403, "forbidden")


def test_an_answer_lost_after_the_insert_is_a_duplicate_for_the_client(fake, events):
    fake.faults.add(faults.drop_after_apply(), method="POST", path="/events$")
    # The client's transport sends a POST again by itself.
    assert refused(events.insert(calendarId="primary", body=body())) == (409, "duplicate")
    assert len(fake.events(ANN)) == 1


def test_guests_get_copies_and_mails(fake, events):
    sent = body(
        attendees=guests(BOB, ROOM, CANDIDATE),
        extendedProperties={"private": {"booking": "bkg_1"}, "shared": {"loop": "1"}},
        source={"title": "Convene", "url": "https://example.com/"},
    )
    created = events.insert(calendarId="primary", body=sent, sendUpdates="all").execute()
    assert answers(created) == dict.fromkeys((BOB, ROOM, CANDIDATE), "needsAction")
    (copy,) = fake.events(BOB)
    assert (copy["id"], copy["iCalUID"], copy["summary"]) == ("abcde01", "abcde01@google.com", "Interview")
    assert copy["extendedProperties"] == {"shared": {"loop": "1"}}
    assert copy["organizer"] == {"email": ANN}
    assert [guest["email"] for guest in copy["attendees"] if guest.get("self")] == [BOB]
    assert "source" not in copy
    assert fake.sent == [
        Mail(to=address, event_id="abcde01", kind="invitation") for address in (BOB, CANDIDATE)
    ]


@pytest.mark.parametrize(("updates", "told"), [("none", []), ("externalOnly", [CANDIDATE]), (None, [])])
def test_mails_go_to_whom_the_client_says(fake, events, updates, told):
    sent = body(attendees=guests(BOB, CANDIDATE))
    events.insert(calendarId="primary", body=sent, **({"sendUpdates": updates} if updates else {})).execute()
    assert [mail.to for mail in fake.sent] == told
    assert len(fake.events(BOB)) == 1


def test_later_mails_tell_what_happened_to_whom(fake, events):
    events.insert(calendarId="primary", body=body(attendees=guests(BOB)), sendUpdates="none").execute()
    change = {"attendees": guests(CANDIDATE, "dan@elsewhere.test")}
    events.patch(calendarId="primary", eventId="abcde01", body=change, sendUpdates="all").execute()
    assert fake.events(BOB) == []
    private = {"extendedProperties": {"private": {"a": "b"}}}
    events.patch(calendarId="primary", eventId="abcde01", body=private, sendUpdates="all").execute()
    later = {"start": {"dateTime": TEN.isoformat()}, "end": {"dateTime": "2026-12-01T11:00:00Z"}}
    moved = events.patch(calendarId="primary", eventId="abcde01", body=later, sendUpdates="all").execute()
    events.delete(calendarId="primary", eventId="abcde01", sendUpdates="all").execute()
    assert moved["sequence"] == 1
    assert [(mail.to, mail.kind) for mail in fake.sent] == [
        (BOB, "cancellation"),
        (CANDIDATE, "invitation"),
        ("dan@elsewhere.test", "invitation"),
        (CANDIDATE, "update"),
        ("dan@elsewhere.test", "update"),
        (CANDIDATE, "cancellation"),
        ("dan@elsewhere.test", "cancellation"),
    ]


def test_a_patch_merges_objects_and_replaces_lists(fake, events):
    sent = body(location="Here", attendees=guests(BOB, CANDIDATE), extendedProperties={"private": {"a": "1"}})
    events.insert(calendarId="primary", body=sent).execute()
    fake.respond(BOB, "abcde01", "accepted")
    change = {
        "location": None,
        "attendees": [{"email": BOB, "responseStatus": "declined"}],
        "extendedProperties": {"private": {"b": "2"}},
    }
    patched = events.patch(calendarId="primary", eventId="abcde01", body=change).execute()
    assert "location" not in patched
    assert answers(patched) == {BOB: "accepted"}
    assert patched["extendedProperties"] == {"private": {"a": "1", "b": "2"}}


def test_a_guest_whose_answer_is_not_sent_again_is_asked_again(fake, events):
    events.insert(calendarId="primary", body=body(attendees=guests(BOB, CANDIDATE))).execute()
    for guest in (BOB, CANDIDATE):
        fake.respond(guest, "abcde01", "accepted")
    change = {"attendees": [{"email": BOB}, {"email": CANDIDATE, "responseStatus": "accepted"}]}
    patched = events.patch(calendarId="primary", eventId="abcde01", body=change).execute()
    assert answers(patched) == {BOB: "needsAction", CANDIDATE: "accepted"}


def test_a_put_takes_away_what_it_does_not_say(fake, events):
    created = events.insert(calendarId="primary", body=body(location="Here")).execute()
    put = {name: created[name] for name in ("id", "etag", "start", "end", "sequence")}
    updated = events.update(calendarId="primary", eventId="abcde01", body=put).execute()
    assert {"summary", "location"} & updated.keys() == set()
    assert updated["iCalUID"] == created["iCalUID"]
    assert updated["sequence"] == 1
    stale = events.update(calendarId="primary", eventId="abcde01", body=put)
    assert refused(stale) == (400, "invalid")
    assert "below the current sequence number" in fake.expect_wrong()[0]


def test_if_match_guards_every_change(fake, events):
    etag = events.insert(calendarId="primary", body=body()).execute()["etag"]
    change = {"summary": "Another"}
    events.patch(calendarId="primary", eventId="abcde01", body=change).execute()
    for request in (
        events.patch(calendarId="primary", eventId="abcde01", body=change),
        events.delete(calendarId="primary", eventId="abcde01"),
    ):
        request.headers["If-Match"] = etag
        assert refused(request) == (412, "conditionNotMet")


def test_a_room_answers_after_the_call_and_the_event_is_another_version_then(fake, events):
    room = [{"email": ROOM, "resource": True}]
    created = events.insert(calendarId="primary", body=body(attendees=room)).execute()
    assert answers(created) == {ROOM: "needsAction"}
    read = events.get(calendarId="primary", eventId="abcde01").execute()
    assert answers(read) == {ROOM: "accepted"}
    assert read["etag"] != created["etag"]
    second = body(id="abcde02", attendees=room)
    events.insert(calendarId="primary", body=second).execute()
    assert answers(events.get(calendarId="primary", eventId="abcde02").execute()) == {ROOM: "declined"}
    later = {"start": {"dateTime": TEN.isoformat()}, "end": {"dateTime": "2026-12-01T11:00:00Z"}}
    events.patch(calendarId="primary", eventId="abcde02", body=later).execute()
    assert answers(events.get(calendarId="primary", eventId="abcde02").execute()) == {ROOM: "accepted"}


def test_answers_wait_for_a_tick_where_a_test_says_so(fake, events):
    fake.answers_at_once = False
    fake.add_event(
        BOB,
        NINE,
        TEN,
        eventType="outOfOffice",
        outOfOfficeProperties={"autoDeclineMode": "declineAllConflictingInvitations"},
    )
    events.insert(calendarId="primary", body=body(attendees=guests(BOB, ROOM))).execute()
    assert answers(fake.events(ANN)[0]) == {BOB: "needsAction", ROOM: "needsAction"}
    fake.tick()
    assert answers(fake.events(ANN)[0]) == {BOB: "declined", ROOM: "accepted"}


def test_a_guest_changes_only_what_is_the_guests(fake, events):
    events.insert(calendarId="primary", body=body(attendees=guests(BOB, CANDIDATE))).execute()
    with acting_as(fake, BOB) as api:
        own = api.events()
        moved = own.patch(calendarId="primary", eventId="abcde01", body={"summary": "Mine"})
        assert refused(moved) == (403, "forbiddenForNonOrganizer")
        reply = {"transparency": "transparent", "attendees": [{"email": BOB, "responseStatus": "accepted"}]}
        own.patch(calendarId="primary", eventId="abcde01", body=reply).execute()
        assert answers(fake.events(ANN)[0]) == {BOB: "accepted", CANDIDATE: "needsAction"}
        assert "transparency" not in fake.events(ANN)[0]
        own.delete(calendarId="primary", eventId="abcde01").execute()
    assert answers(fake.events(ANN)[0]) == {BOB: "declined", CANDIDATE: "needsAction"}
    assert fake.events(BOB) == []


def test_guests_who_may_not_see_each_other_do_not(fake, events):
    sent = body(attendees=guests(BOB, CANDIDATE), guestsCanSeeOtherGuests=False)
    events.insert(calendarId="primary", body=sent).execute()
    (copy,) = fake.events(BOB)
    assert (answers(copy), copy["attendeesOmitted"]) == ({BOB: "needsAction"}, True)


def test_a_conference_is_made_a_while_after_it_is_asked_for(fake, events):
    ask = {"conferenceData": {"createRequest": {"requestId": "r1"}}}
    created = events.insert(calendarId="primary", body=body(**ask), conferenceDataVersion=1).execute()
    assert created["conferenceData"]["createRequest"]["status"] == {"statusCode": "pending"}
    assert "hangoutLink" not in created
    made = events.get(calendarId="primary", eventId="abcde01").execute()
    assert made["conferenceData"]["createRequest"]["status"] == {"statusCode": "success"}
    assert made["conferenceData"]["entryPoints"][0]["uri"] == made["hangoutLink"]
    again = events.patch(calendarId="primary", eventId="abcde01", body=ask, conferenceDataVersion=1).execute()
    assert again["conferenceData"] == made["conferenceData"]


def test_a_conference_may_fail_or_be_impossible(fake, events):
    fake.conferences.outcome = "failure"
    ask = {"conferenceData": {"createRequest": {"requestId": "r1"}}}
    events.insert(calendarId="primary", body=body(**ask), conferenceDataVersion=1).execute()
    failed = events.get(calendarId="primary", eventId="abcde01").execute()["conferenceData"]
    assert (failed["createRequest"]["status"], failed.get("entryPoints")) == ({"statusCode": "failure"}, None)
    fake.conferences.outcome = "invalid"
    second = body(id="abcde02", **ask)
    assert refused(events.insert(calendarId="primary", body=second, conferenceDataVersion=1)) == (
        400,
        "invalid",
    )


def test_a_conference_without_its_version_is_ignored_and_noted(fake, events):
    ask = {"conferenceData": {"createRequest": {"requestId": "r1"}}}
    created = events.insert(calendarId="primary", body=body(**ask)).execute()
    assert "conferenceData" not in created
    assert fake.expect_wrong() == [
        "events.insert: conferenceData is ignored without conferenceDataVersion=1."
    ]


def test_people_change_events_by_hand(fake, events):
    whole_day = fake.add_event(ANN, date(2026, 12, 1), date(2026, 12, 2), summary="Away")
    event_id = fake.add_event(ANN, NINE, TEN, attendees=guests(BOB))
    fake.move_event(ANN, event_id, TEN, TEN + timedelta(hours=1))
    fake.add_guest(ANN, event_id, CANDIDATE)
    assert fake.events(ANN)[0]["start"] == {"date": "2026-12-01"}
    (copy,) = fake.events(BOB)
    assert (copy["start"]["dateTime"], copy["sequence"]) == ("2026-12-01T10:00:00Z", 1)
    assert answers(copy) == {BOB: "needsAction", CANDIDATE: "needsAction"}
    fake.delete_event(ANN, event_id)
    assert [event["id"] for event in fake.events(ANN)] == [whole_day]
    assert fake.events(BOB) == []
