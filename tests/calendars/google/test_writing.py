# SPDX-License-Identifier: Apache-2.0
"""Writing events at Google: cases 42 to 59 of the conformance list."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calendars import Attendee, Conflict, EventRef, Gone, NotAllowed, Outage
from calendars.google import ids
from tests.calendars.google.conftest import ADA, BOB, ROOM, at, draft
from tests.fakes.faults import answer, drop_after_apply, drop_before_apply, hang

UID = draft().uid


def events(desk, address=ADA):
    return desk.fake.events(address)


def mails(desk, kind="invitation"):
    return [mail.to for mail in desk.fake.sent if mail.kind == kind]


@pytest.mark.parametrize("fault", [drop_before_apply(), drop_after_apply(), answer(503)], ids=str)
def test_an_insert_whose_answer_is_lost_makes_one_event_and_one_invitation(desk, fault):
    """Cases 42 and 43: httplib2 sends it again by itself, then we do."""
    desk.fake.faults.add(fault, method="POST", path="/events$")

    ref = desk.provider.create_event(ADA, draft())

    assert [event["id"] for event in events(desk)] == [ref.event_id]
    assert mails(desk) == [BOB]


def test_an_insert_that_hangs_after_it_was_applied_is_found_again(desk, monkeypatch):
    """Case 42."""
    monkeypatch.setattr("calendars.google.client.TIMEOUT", 0.3)
    desk.fake.faults.add(hang(1.0, applied=True), method="POST", path="/events$")

    desk.provider.create_event(ADA, draft())

    assert len(events(desk)) == 1
    assert mails(desk) == [BOB]


def test_an_id_that_was_used_and_deleted_is_followed_by_the_next_generation(desk):
    """Case 44."""
    first = desk.provider.create_event(ADA, draft())
    desk.provider.cancel_event(first)

    second = desk.provider.create_event(ADA, draft())

    assert (ids.generation_of(first.event_id), ids.generation_of(second.event_id)) == (0, 1)
    assert [event["id"] for event in events(desk)] == [second.event_id]
    assert desk.provider.find_event(ADA, UID).ref.event_id == second.event_id


@pytest.mark.parametrize("uid", ["a", UID, "bkg_Zz09.some-key@convene"])
def test_a_uid_can_be_read_back_from_the_id(uid):
    for generation in (0, 9):
        assert ids.uid_of(ids.event_id(uid, generation)) == uid
    assert ids.uid_of(f"{ids.event_id(uid)}_20261126T090000Z") == uid


@pytest.mark.parametrize("id_", ["", "abc123", "cv", "cv0!", "cv00", "cvx1234"])
def test_somebody_elses_id_is_nobodys_uid(id_):
    assert ids.uid_of(id_) is None


def test_a_conference_that_is_being_made_is_looked_for_until_it_is_there(desk):
    """Case 47."""
    desk.fake.conferences.after = 2
    ref = desk.provider.create_event(ADA, draft(conference="google_meet"))
    looks = [desk.provider.find_event(ADA, UID).ref for _ in range(3)]

    assert ref.conference == "pending"
    assert looks[-1].conference == "ready"
    assert looks[-1].conference_url.startswith("https://")


def test_a_conference_that_fails_leaves_the_event(desk):
    """Case 47, its end."""
    desk.fake.conferences.outcome = "failure"
    desk.provider.create_event(ADA, draft(conference="google_meet"))
    looks = [desk.provider.find_event(ADA, UID).ref.conference for _ in range(5)]

    assert looks[-1] == "failed"
    assert len(events(desk)) == 1


def test_a_conference_that_failed_is_asked_for_again_with_the_next_change_by_another_name(desk):
    """Case 47: the same request id would be ignored; and no change asks for nothing."""
    desk.fake.conferences.outcome = "failure"
    ref = desk.provider.create_event(ADA, draft(conference="google_meet"))
    for _ in range(3):
        desk.provider.find_event(ADA, UID)
    desk.provider.update_event(ref, draft(conference="google_meet"))
    assert desk.api_calls("PATCH") == []

    desk.fake.conferences.outcome = "success"
    again = desk.provider.update_event(ref, draft(conference="google_meet", start=at(9), sequence=1))
    looks = [desk.provider.find_event(ADA, UID).ref for _ in range(3)]

    assert again.conference == "pending"
    assert looks[-1].conference == "ready"
    desk.provider.update_event(ref, draft(conference="google_meet", start=at(9), sequence=2))
    assert desk.provider.find_event(ADA, UID).ref.conference_url == looks[-1].conference_url


def test_every_write_says_which_version_of_conferences_it_knows(desk):
    """Case 48: without it the conference would be lost."""
    ref = desk.provider.create_event(ADA, draft(conference="google_meet"))
    desk.provider.update_event(ref, draft(conference="google_meet", start=at(9), sequence=1))

    writes = [
        call for call in desk.api_calls() if call.method in ("POST", "PATCH") and "/events" in call.path
    ]
    assert len(writes) == 2
    assert {call.parameter("conferenceDataVersion") for call in writes} == {"1"}


def test_a_calendar_that_cannot_meet_gets_its_event_without(desk):
    """Case 49."""
    refusal = {
        "error": {
            "errors": [{"domain": "global", "reason": "invalid"}],
            "code": 400,
            "message": "Invalid conference type value.",
        }
    }
    desk.fake.faults.add(answer(400, refusal), method="POST", path="/events$")

    ref = desk.provider.create_event(ADA, draft(conference="google_meet"))

    assert ref.conference == "failed"
    assert len(events(desk)) == 1


def test_guests_whom_people_added_survive_our_changes(desk):
    """Case 52: attendees are replaced as a whole, so that everybody's entry travels with the change."""
    ref = desk.provider.create_event(ADA, draft())
    desk.fake.add_person("cid@corp.example")
    desk.fake.add_guest(ADA, ref.event_id, "cid@corp.example")
    desk.fake.respond(BOB, ref.event_id, "accepted")

    desk.provider.update_event(ref, draft(location="Hall", sequence=1))

    (event,) = events(desk)
    answers = {guest["email"]: guest["responseStatus"] for guest in event["attendees"]}
    assert answers == {BOB: "accepted", "cid@corp.example": "needsAction"}


def test_at_another_time_the_guests_whom_people_added_are_asked_anew_too(desk):
    ref = desk.provider.create_event(ADA, draft())
    desk.fake.add_person("cid@corp.example")
    for guest in ("cid@corp.example", ADA):
        desk.fake.add_guest(ADA, ref.event_id, guest)
        desk.fake.respond(guest, ref.event_id, "declined")

    desk.provider.update_event(ref, draft(start=at(9), sequence=1))

    (event,) = events(desk)
    answers = {guest["email"]: guest["responseStatus"] for guest in event["attendees"]}
    assert answers == {BOB: "needsAction", "cid@corp.example": "needsAction", ADA: "accepted"}


def test_whom_we_no_longer_want_goes_and_is_told(desk):
    ref = desk.provider.create_event(ADA, draft())

    desk.provider.update_event(ref, draft(attendees=(Attendee(email=ROOM, role="room"),), sequence=1))

    (event,) = events(desk)
    assert [guest["email"] for guest in event["attendees"]] == [ROOM]
    assert mails(desk, "cancellation") == [BOB]


def test_a_change_in_between_is_read_and_built_upon(desk):
    """Case 52: a stale etag."""
    ref = desk.provider.create_event(ADA, draft())
    desk.fake.faults.add(answer(412, error_of("conditionNotMet", 412)), method="PATCH", times=2)

    desk.provider.update_event(ref, draft(start=at(9), sequence=1))

    assert desk.provider.find_event(ADA, UID).start == at(9)


def test_a_third_change_in_between_is_a_conflict(desk):
    """Case 52, its end."""
    ref = desk.provider.create_event(ADA, draft())
    desk.fake.faults.add(answer(412, error_of("conditionNotMet", 412)), method="PATCH", times=3)

    with pytest.raises(Conflict):
        desk.provider.update_event(ref, draft(start=at(9), sequence=1))


def error_of(reason: str, code: int, domain: str = "global") -> dict:
    return {"error": {"errors": [{"domain": domain, "reason": reason}], "code": code, "message": "…"}}


def test_a_change_that_changes_nothing_tells_nobody(desk):
    ref = desk.provider.create_event(ADA, draft())
    desk.provider.update_event(ref, draft(sequence=1))

    assert [call.method for call in desk.api_calls() if call.method == "PATCH"] == []
    assert mails(desk, "update") == []


def test_an_event_of_somebody_elses_calendar_is_left_to_its_organiser(desk):
    """Case 53."""
    ref = desk.provider.create_event(ADA, draft())
    desk.fake.faults.add(answer(403, error_of("forbiddenForNonOrganizer", 403, "calendar")), method="PATCH")

    with pytest.raises(NotAllowed, match="organiser"):
        desk.provider.update_event(ref, draft(start=at(9), sequence=1))


@pytest.mark.parametrize(("status", "reason"), [(410, "deleted"), (404, "notFound")])
def test_an_event_that_is_gone_counts_as_cancelled(desk, status, reason):
    """Case 54."""
    ref = desk.provider.create_event(ADA, draft())
    desk.fake.faults.add(answer(status, error_of(reason, status)), method="DELETE")

    desk.provider.cancel_event(ref)


def test_a_rooms_answer_is_found(desk):
    """Case 55."""
    desk.fake.add_room("red@corp.example", answers="declined")
    guests = (Attendee(email=ROOM, role="room"), Attendee(email="red@corp.example", role="room"))
    desk.provider.create_event(ADA, draft(attendees=guests))

    found = desk.provider.find_event(ADA, UID)

    answers = {guest.email: (guest.role, guest.status) for guest in found.attendees}
    assert answers == {ROOM: ("room", "accepted"), "red@corp.example": ("room", "declined")}


def test_out_of_office_declines_by_itself_and_that_is_found(desk):
    """An interview placed over it comes back as declined."""
    desk.fake.add_event(
        BOB,
        at(8),
        at(18),
        eventType="outOfOffice",
        outOfOfficeProperties={"autoDeclineMode": "declineOnlyNewConflictingInvitations"},
    )

    desk.provider.create_event(ADA, draft())

    (guest,) = desk.provider.find_event(ADA, UID).attendees
    assert (guest.email, guest.status) == (BOB, "declined")


def test_a_hold_is_tentative_and_nobody_is_told_until_it_is_confirmed(desk):
    """Case 57."""
    ref = desk.provider.create_event(ADA, draft(status="tentative"))
    assert (desk.provider.find_event(ADA, UID).status, mails(desk)) == ("tentative", [])

    desk.provider.update_event(ref, draft(sequence=1))

    assert desk.provider.find_event(ADA, UID).status == "confirmed"
    told = [mail.to for mail in desk.fake.sent]
    assert told == [BOB]


def test_nobody_is_told_that_a_hold_has_ended(desk):
    ref = desk.provider.create_event(ADA, draft(status="tentative"))

    desk.provider.cancel_event(ref)

    assert (events(desk), desk.fake.sent) == ([], [])


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


def test_the_owner_of_the_calendar_is_nobodys_guest(desk):
    desk.provider.create_event(ADA, draft(attendees=(Attendee(email=ADA), Attendee(email=BOB))))

    (event,) = events(desk)
    assert [guest["email"] for guest in event["attendees"]] == [BOB]


def test_our_ids_are_private_to_the_organisers_copy(desk):
    desk.provider.create_event(ADA, draft())

    (ours,), (copy,) = events(desk), events(desk, BOB)
    assert ours["extendedProperties"]["private"]["booking"] == "bkg_1"
    assert "extendedProperties" not in copy


def test_times_are_shown_in_the_organisers_zone(desk):
    desk.provider.create_event(ADA, draft())

    (event,) = events(desk)
    assert event["start"] == {"dateTime": "2026-11-25T11:00:00+01:00", "timeZone": "Europe/Zurich"}


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
    desk.fake.faults.add(fault, method="DELETE")

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


def test_a_reference_of_another_event_is_refused(desk):
    ref = desk.provider.create_event(ADA, draft())
    other = replace(ref, event_id=ids.event_id("another@convene"))

    with pytest.raises(ValueError, match="another event"):
        desk.provider.update_event(other, draft())
    assert isinstance(other, EventRef)
