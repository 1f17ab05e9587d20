# SPDX-License-Identifier: Apache-2.0
"""What people change by hand in the events of ours, at Google and Microsoft."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calendars.values import EventDraft
from scheduler.domain.intervals import parse_instant
from scheduler.services import bookings, fresh_options, moving, rooms
from tests.services.networks import ADA, BLUE, BOB, attention_mails, event_of
from tests.services.town import RECRUITER


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_an_event_that_somebody_deletes_goes_to_a_person_and_is_not_written_again(networks, house):
    """Case 58: a hint is looked at twice before it is believed."""
    networks.hire("Ada", house, "python")
    booking = networks.booked("python")
    networks.later(minutes=2)
    fake = getattr(networks, house)
    fake.delete_event(ADA, event_of(networks, house)["id"])

    networks.later(minutes=2)
    seen_once = networks.booking(booking)["status"]
    networks.later(seconds=6)

    after = networks.booking(booking)
    assert (seen_once, after["status"]) == ("confirmed", "needs_attention")
    assert "was deleted from the calendar ada@acme.example by somebody" in after["attention"]
    assert after["sessions"][0]["calendar_events"][0]["status"] == "missing"
    assert fake.events(ADA) == []
    assert networks.differences() == [("missing", True)]


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_an_event_that_somebody_moves_is_reported_and_not_moved_back(networks, house):
    """Case 59. Moved back by them, the difference is gone."""
    networks.hire("Ada", house, "python")
    booking = networks.booked("python")
    networks.later(minutes=2)
    fake, event = getattr(networks, house), event_of(networks, house)
    start, end = parse_instant(booking["start"]), parse_instant(booking["end"])
    fake.move_event(ADA, event["id"], start + timedelta(hours=1), end + timedelta(hours=1))

    networks.later(minutes=2)
    after = networks.booking(booking)
    fake.move_event(ADA, event["id"], start, end)
    networks.later(minutes=2)

    assert "was moved in the calendar ada@acme.example" in after["attention"]
    assert after["start"] == booking["start"]
    assert networks.differences() == [("moved", False)]


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_the_contact_reads_once_of_an_event_that_was_deleted_and_a_move_writes_it_again(networks, house):
    networks.hire("Ada", house, "python")
    booking = networks.booked("python")
    networks.later(minutes=2)
    fake = getattr(networks, house)
    fake.delete_event(ADA, event_of(networks, house)["id"])

    networks.later(minutes=2)
    before = attention_mails(networks)
    networks.later(seconds=6)
    networks.later(hours=7)

    (told,) = attention_mails(networks)
    assert before == []
    assert "The event of A talk was deleted from the calendar ada@acme.example by somebody" in told
    assert f"Booking {booking['id']}" in told
    assert "You can move the interview, or cancel it; its events in calendars follow." in told
    town = networks.town
    option = fresh_options.find(town.parts, town.organization_id, booking["id"], actor=RECRUITER)["data"][0]
    moving.reschedule(town.parts, town.organization_id, booking["id"], option["id"], actor=RECRUITER)
    town.run_jobs()
    assert (len(fake.events(ADA)), networks.booking(booking)["attention"]) == (1, None)


def test_nobody_is_written_to_of_an_event_that_was_deleted_while_the_interview_is_held(networks):
    networks.hire("Ada", "google", "python")
    booking = networks.booked("python")
    networks.town.clock.instant = parse_instant(booking["start"]) + timedelta(minutes=10)
    networks.later(minutes=2)
    networks.google.delete_event(ADA, event_of(networks)["id"])

    networks.later(minutes=2)
    networks.later(seconds=6)

    assert "was deleted from the calendar ada@acme.example" in networks.booking(booking)["attention"]
    assert attention_mails(networks) == []


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_the_contact_reads_on_their_own_clock_where_an_event_was_moved_to(networks, house):
    networks.hire("Ada", house, "python")
    booking = networks.booked("python")
    networks.later(minutes=2)
    fake, event = getattr(networks, house), event_of(networks, house)
    start, end = parse_instant(booking["start"]), parse_instant(booking["end"])

    for hours in (1, 1, 2):
        by = timedelta(hours=hours)
        fake.move_event(ADA, event["id"], start + by, end + by)
        networks.later(minutes=2)

    first, second = attention_mails(networks)
    assert "The event of A talk was moved in the calendar ada@acme.example by somebody" in first
    assert [f"{start + timedelta(hours=h):%H:%M}–" in said for h, said in ((1, first), (2, second))] == [
        True
    ] * 2
    assert "London time (GMT)" in first.partition("Moved to")[2]
    assert booking["start"] not in first


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_a_room_that_declines_is_no_silent_success(networks, house):
    """Case 55."""
    networks.hire("Ada", house, "python")
    getattr(networks, house).add_room(BLUE, answers="declined")
    rooms.create(
        networks.town.parts,
        networks.town.organization_id,
        {
            "name": "Blue",
            "capacity": 4,
            "time_zone": "Europe/London",
            "calendar": {"provider": house, "address": BLUE},
        },
    )
    booking = networks.booked("python", room={"capacity": 2})

    getattr(networks, house).tick()
    networks.later(minutes=2)
    networks.later(minutes=2)

    assert "The room Blue has declined A talk." in networks.booking(booking)["attention"]


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_an_event_whose_organiser_is_gone_is_not_taken_for_removed(networks, house):
    """Bob was invited, and his copy stays."""
    networks.hire("Ada", house, "python")
    networks.hire("Bob", house, "go")
    booking = networks.booked("python", "go")
    getattr(networks, house).forget_person(ADA)

    bookings.cancel(networks.town.parts, networks.town.organization_id, booking["id"], actor=RECRUITER)
    networks.town.run_jobs()

    after = networks.booking(booking)
    assert after["status"] == "cancelled"
    assert f"cannot be taken out of the calendar {ADA}" in after["attention"]
    assert any("cancelled" in subject.lower() for subject in networks.town.post.subjects_to(BOB))


def test_an_interview_that_goes_well_is_looked_at_and_nothing_is_said(networks):
    networks.hire("Ada", "google", "python")
    booking = networks.booked("python")
    networks.later(hours=7)

    after = networks.booking(booking)
    assert (after["status"], after["attention"]) == ("confirmed", None)
    assert networks.differences() == []


def test_a_removed_event_that_comes_back_is_taken_out_again(networks):
    """A write whose answer was lost may arrive late."""
    networks.hire("Ada", "google", "python")
    booking = networks.booked("python")
    bookings.cancel(networks.town.parts, networks.town.organization_id, booking["id"], actor=RECRUITER)
    networks.town.run_jobs()
    provider = networks.town.parts.granted("")["google"]
    start = parse_instant(booking["start"])
    late = EventDraft(
        uid=f"{booking['id']}.talk@convene",
        start=start,
        end=start + timedelta(hours=1),
        time_zone="UTC",
        summary="Late",
    )
    provider.create_event(ADA, late)

    networks.later(minutes=11)

    assert networks.google.events(ADA) == []
