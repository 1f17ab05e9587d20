# SPDX-License-Identifier: Apache-2.0
"""Writing events at Graph: cases 45 to 59 of the conformance list."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calendars import Attendee, Conflict, Gone, NotAllowed, Outage
from tests.calendars.microsoft.conftest import ADA, BOB, ROOM, at, draft
from tests.fakes.faults import answer, drop_after_apply, drop_before_apply, hang

UID = draft().uid


def events(desk, address=ADA):
    return desk.fake.events(address)


def mails(desk, kind="invitation"):
    return [mail.to for mail in desk.fake.sent if mail.kind == kind]


def graph_error(code: str) -> dict:
    return {"error": {"code": code, "message": "…", "innerError": {}}}


@pytest.mark.parametrize(
    "fault",
    [
        drop_before_apply(),
        drop_after_apply(),
        answer(504, graph_error("UnknownError")),
        answer(503, graph_error("ConcurrentItemSave")),
    ],
    ids=["before", "after", "504", "ConcurrentItemSave"],
)
def test_a_create_whose_answer_is_lost_makes_one_event_and_one_invitation(desk, fault):
    """Cases 45 and 46."""
    desk.fake.faults.add(fault, method="POST", path="/events$")

    ref = desk.provider.create_event(ADA, draft())

    assert [event["id"] for event in events(desk)] == [ref.event_id]
    assert mails(desk) == [BOB]


def test_a_create_that_hangs_after_it_was_applied_is_found_again(desk, monkeypatch):
    """Case 45."""
    monkeypatch.setattr("calendars.microsoft.client.TIMEOUT", 0.3)
    desk.fake.faults.add(hang(1.0, applied=True), method="POST", path="/events$")

    desk.provider.create_event(ADA, draft())

    assert len(events(desk)) == 1
    assert mails(desk) == [BOB]


def test_the_same_draft_again_has_the_same_transaction_id(desk):
    """Case 45: for the time that Graph remembers it."""
    desk.fake.faults.add(drop_before_apply(), method="POST", path="/events$")
    desk.provider.create_event(ADA, draft())

    ids = {call.json()["transactionId"] for call in desk.api_calls("POST")}
    assert len(ids) == 1


def test_an_event_that_was_cancelled_can_be_made_again(desk):
    first = desk.provider.create_event(ADA, draft())
    desk.provider.cancel_event(first)

    desk.provider.create_event(ADA, draft(sequence=2))

    assert len(events(desk)) == 1


def test_a_meeting_that_is_being_made_is_looked_for_until_it_is_there(desk):
    """Case 50."""
    ref = desk.provider.create_event(ADA, draft(conference="teams"))
    looks = [desk.provider.find_event(ADA, UID).ref for _ in range(3)]

    assert ref.conference == "pending"
    assert looks[-1].conference == "ready"
    assert looks[-1].conference_url.startswith("https://")


def test_a_change_keeps_the_teams_block_in_the_body(desk):
    """Case 51: without it the meeting would end."""
    ref = desk.provider.create_event(ADA, draft(conference="teams"))
    desk.provider.find_event(ADA, UID)

    desk.provider.update_event(ref, draft(conference="teams", description="Another text.", sequence=1))

    (event,) = events(desk)
    assert "Another text." in event["body"]["content"]
    assert "Candy Doe." not in event["body"]["content"]
    assert event["isOnlineMeeting"]


def test_a_mailbox_without_teams_gets_its_event_without(desk):
    """Case 49, as Graph has it."""
    desk.fake.add_person("plain@corp.example", teams=False)

    ref = desk.provider.create_event("plain@corp.example", draft(conference="teams"))

    assert ref.conference == "failed"
    assert len(events(desk, "plain@corp.example")) == 1


def test_a_mailbox_that_refuses_teams_can_still_be_written_to(desk):
    """Case 49: Graph may refuse what asks for a meeting, at first and at every change."""
    refusal = answer(400, graph_error("ErrorInvalidRequest"))
    desk.fake.add_person("plain@corp.example", teams=False)
    desk.fake.faults.add(refusal, method="POST", path="/events$")
    ref = desk.provider.create_event("plain@corp.example", draft(conference="teams"))
    desk.fake.faults.add(refusal, method="PATCH")

    moved = desk.provider.update_event(ref, draft(conference="teams", start=at(9), sequence=1))

    assert (ref.conference, moved.conference) == ("failed", "failed")
    assert desk.provider.find_event("plain@corp.example", UID).start == at(9)


def test_a_body_as_exchange_writes_it_is_no_change(desk):
    ref = desk.provider.create_event(ADA, draft(description="Bob's & Ada's\nroom"))
    (event,) = events(desk)
    written = event["body"]["content"]
    theirs = written.replace("&#x27;", "'").replace("<br>", "<br/>\r\n").replace('id="convene"', "id=convene")
    assert theirs != written
    desk.fake.change_event(ADA, ref.event_id, body={"contentType": "html", "content": theirs})
    desk.fake.requests.clear()

    desk.provider.update_event(ref, draft(description="Bob's & Ada's\nroom", sequence=1))

    assert desk.api_calls("PATCH") == []


def test_guests_whom_people_added_survive_our_changes(desk):
    """Case 52."""
    ref = desk.provider.create_event(ADA, draft())
    desk.fake.add_person("cid@corp.example")
    desk.fake.add_guest(ADA, ref.event_id, "cid@corp.example")

    desk.provider.update_event(ref, draft(start=at(9), sequence=1))

    (event,) = events(desk)
    assert {guest["emailAddress"]["address"] for guest in event["attendees"]} == {BOB, "cid@corp.example"}


def test_whom_we_no_longer_want_goes_and_is_told(desk):
    ref = desk.provider.create_event(ADA, draft())

    desk.provider.update_event(ref, draft(attendees=(Attendee(email=ROOM, role="room"),), sequence=1))

    (event,) = events(desk)
    assert [guest["emailAddress"]["address"] for guest in event["attendees"]] == [ROOM]
    assert mails(desk, "cancellation") == [BOB]


def test_a_change_in_between_is_read_and_built_upon(desk):
    """Case 52: a stale etag."""
    ref = desk.provider.create_event(ADA, draft())
    desk.fake.faults.add(answer(412, graph_error("ErrorIrresolvableConflict")), method="PATCH", times=2)

    desk.provider.update_event(ref, draft(start=at(9), sequence=1))

    assert desk.provider.find_event(ADA, UID).start == at(9)


def test_a_third_change_in_between_is_a_conflict(desk):
    """Case 52, its end."""
    ref = desk.provider.create_event(ADA, draft())
    desk.fake.faults.add(answer(412, graph_error("ErrorIrresolvableConflict")), method="PATCH", times=3)

    with pytest.raises(Conflict):
        desk.provider.update_event(ref, draft(start=at(9), sequence=1))


def test_a_change_that_changes_nothing_tells_nobody(desk):
    ref = desk.provider.create_event(ADA, draft())
    desk.provider.update_event(ref, draft(sequence=1))

    assert desk.api_calls("PATCH") == []


def test_an_event_that_is_gone_counts_as_cancelled(desk):
    """Case 54."""
    ref = desk.provider.create_event(ADA, draft())
    desk.fake.delete_event(ADA, ref.event_id)

    desk.provider.cancel_event(ref)


def test_only_an_organiser_can_cancel(desk):
    """Case 54: 400 for anybody else."""
    ref = desk.provider.create_event(ADA, draft())
    desk.fake.faults.add(answer(400, graph_error("ErrorInvalidRequest")), path="/cancel$")

    with pytest.raises(NotAllowed):
        desk.provider.cancel_event(ref)


def test_a_copy_of_somebody_elses_event_is_taken_out_of_this_calendar_alone(desk):
    """Case 54: only the organiser cancels for everybody."""
    ref = desk.provider.create_event(ADA, draft())
    (copy,) = events(desk, BOB)

    desk.provider.cancel_event(replace(ref, calendar=BOB, event_id=copy["id"]))

    assert events(desk, BOB) == []
    assert len(events(desk)) == 1


def test_a_rooms_answer_is_found(desk):
    """Case 55."""
    desk.fake.add_room("red@corp.example", answers="declined")
    guests = (Attendee(email=ROOM, role="room"), Attendee(email="red@corp.example", role="room"))
    desk.provider.create_event(ADA, draft(attendees=guests))
    desk.fake.tick()

    found = desk.provider.find_event(ADA, UID)

    answers = {guest.email: (guest.role, guest.status) for guest in found.attendees}
    assert answers == {ROOM: ("room", "accepted"), "red@corp.example": ("room", "declined")}


def test_a_hold_has_no_guests_and_confirming_it_invites_once(desk):
    """Case 56."""
    ref = desk.provider.create_event(ADA, draft(status="tentative"))
    (event,) = events(desk)
    assert (event["attendees"], event["showAs"], mails(desk)) == ([], "tentative", [])

    desk.provider.update_event(ref, draft(sequence=1))

    assert desk.provider.find_event(ADA, UID).status == "confirmed"
    assert [mail.to for mail in desk.fake.sent] == [BOB]


def test_an_event_that_somebody_deleted_is_gone_and_not_written_again(desk):
    """Case 58."""
    ref = desk.provider.create_event(ADA, draft())
    desk.fake.delete_event(ADA, ref.event_id)

    assert desk.provider.find_event(ADA, UID) is None
    with pytest.raises(Gone):
        desk.provider.update_event(ref, draft(sequence=1))
    assert events(desk) == []


def test_an_event_that_somebody_moved_is_found_where_it_is(desk):
    """Case 59."""
    ref = desk.provider.create_event(ADA, draft())
    desk.fake.move_event(ADA, ref.event_id, at(15), at(16))

    found = desk.provider.find_event(ADA, UID)

    assert (found.start, found.end) == (at(15), at(16))


def test_an_event_keeps_its_id_in_another_folder(desk):
    ref = desk.provider.create_event(ADA, draft())
    desk.fake.move_to_folder(ADA, ref.event_id)

    assert desk.provider.update_event(ref, draft(start=at(9), sequence=1)).event_id == ref.event_id
    assert all('IdType="ImmutableId"' in call.headers["prefer"] for call in desk.api_calls())


def test_the_owner_of_the_calendar_is_nobodys_guest(desk):
    desk.provider.create_event(ADA, draft(attendees=(Attendee(email=ADA), Attendee(email=BOB))))

    (event,) = events(desk)
    assert [guest["emailAddress"]["address"] for guest in event["attendees"]] == [BOB]


def test_what_people_typed_stays_text_in_the_body(desk):
    desk.provider.create_event(ADA, draft())

    (event,) = events(desk)
    assert "Video: none &lt;yet&gt;" in event["body"]["content"]


def test_cancelling_tells_the_guests_once(desk):
    ref = desk.provider.create_event(ADA, draft())

    desk.provider.cancel_event(ref)
    desk.provider.cancel_event(ref)

    assert mails(desk, "cancellation") == [BOB]
    assert events(desk) == events(desk, BOB) == []


@pytest.mark.parametrize("fault", [drop_before_apply(), drop_after_apply(), answer(503)], ids=str)
def test_a_change_whose_answer_is_lost_is_made_once_and_told_once(desk, fault):
    ref = desk.provider.create_event(ADA, draft())
    desk.fake.faults.add(fault, method="PATCH")

    desk.provider.update_event(ref, draft(start=at(9), sequence=1))

    assert desk.provider.find_event(ADA, UID).start == at(9)
    assert mails(desk, "update") == [BOB]
    assert mails(desk) == [BOB]


@pytest.mark.parametrize("fault", [drop_before_apply(), drop_after_apply(), answer(503)], ids=str)
def test_a_hold_whose_confirmation_is_lost_invites_once(desk, fault):
    ref = desk.provider.create_event(ADA, draft(status="tentative"))
    desk.fake.faults.add(fault, method="PATCH")

    desk.provider.update_event(ref, draft(sequence=1))

    assert desk.provider.find_event(ADA, UID).status == "confirmed"
    assert [mail.to for mail in desk.fake.sent] == [BOB]


@pytest.mark.parametrize("fault", [drop_before_apply(), drop_after_apply(), answer(503)], ids=str)
def test_a_cancellation_whose_answer_is_lost_is_told_once(desk, fault):
    ref = desk.provider.create_event(ADA, draft())
    desk.fake.faults.add(fault, path="/cancel$")

    desk.provider.cancel_event(ref)

    assert events(desk) == events(desk, BOB) == []
    assert mails(desk, "cancellation") == [BOB]


def test_an_event_cannot_be_written_to_a_stranger(desk):
    with pytest.raises(NotAllowed):
        desk.provider.create_event("nobody@corp.example", draft())


def test_an_outage_while_writing_is_for_another_time(desk):
    desk.fake.faults.add(answer(500), times=None)

    with pytest.raises(Outage):
        desk.provider.create_event(ADA, draft())
