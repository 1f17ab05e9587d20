# SPDX-License-Identifier: Apache-2.0
"""Interviewers and rooms that decline at Google and Microsoft, through to what becomes of the booking."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from scheduler.db import rows
from scheduler.messages.errors import TryLater
from scheduler.services import bookings, moving, rooms
from scheduler.services.parts import CANDIDATE
from tests.races import at_once
from tests.services.interviews import events, fresh, looks, panel
from tests.services.networks import (
    ADA,
    BEN,
    BLUE,
    BOB,
    GREEN,
    HOUSES,
    WINDOW,
    declines,
    event_of,
    guests,
    talk_of_two,
)
from tests.services.town import RECRUITER


@HOUSES
def test_who_declines_is_replaced_and_the_event_has_another_guest(networks, house):
    booking = talk_of_two(networks, house, on_decline="replace")
    networks.hire("Ben", house, "java")

    declines(networks, house)

    after = networks.booking(booking)
    assert (panel(after), after["status"]) == (["Ada", "Ben"], "confirmed")
    assert events(after) == ["booking.confirmed", "interviewer.replaced"]
    assert guests(networks, house) == [BEN]
    assert len(getattr(networks, house).events(BEN)) == 1


@HOUSES
def test_who_declines_is_shown_with_the_choices_where_the_plan_suggests(networks, house):
    booking = talk_of_two(networks, house, on_decline="suggest")
    ben = networks.hire("Ben", house, "java")

    declines(networks, house)
    networks.later(hours=7)

    after = networks.booking(booking)
    assert (panel(after), after["status"]) == (["Ada", "Bob"], "needs_attention")
    assert after["attention"] == "Bob has declined A talk."
    assert [entry.get("replacements") for entry in after["history"]] == [None, [ben]]


@HOUSES
def test_who_declines_is_told_and_no_more_where_the_plan_says_none(networks, house):
    booking = talk_of_two(networks, house, on_decline="none")
    networks.hire("Ben", house, "java")

    declines(networks, house)

    after = networks.booking(booking)
    assert (panel(after), after["attention"]) == (["Ada", "Bob"], "Bob has declined A talk.")
    assert "replacements" not in after["history"][-1]


@HOUSES
def test_who_accepts_after_all_has_not_declined(networks, house):
    booking = talk_of_two(networks, house, on_decline="suggest")
    declines(networks, house)
    declines(networks, house, answer="accepted")

    after = networks.booking(booking)

    assert (after["status"], after["attention"]) == ("confirmed", None)
    assert events(after) == ["booking.confirmed", "booking.needs_attention", "booking.settled"]


@HOUSES
def test_a_contact_who_was_told_of_a_decline_hears_that_it_is_taken_back(networks, house):
    talk_of_two(networks, house, on_decline="suggest")
    declines(networks, house)
    before = looks(networks.town)

    declines(networks, house, answer="accepted")

    said = " ".join(networks.town.post.mails[-1].get_body(("plain",)).get_content().split())
    assert (before, looks(networks.town)) == (["Needs a look"], ["Needs a look", "No longer needs a look"])
    assert "has gone away by itself, and the interview stands as it was" in said
    assert "Settled Bob has declined A talk." in said


@HOUSES
def test_a_contact_who_has_read_nothing_of_a_decline_need_not_read_of_its_end(networks, house):
    booking = talk_of_two(networks, house, on_decline="suggest")
    networks.town.post.failure = TryLater("The mail server is away.")
    declines(networks, house)
    waiting = networks.booking(booking)["status"]
    declines(networks, house, answer="accepted")
    networks.town.post.failure = None

    networks.later(hours=1)

    assert (waiting, networks.booking(booking)["status"]) == ("needs_attention", "confirmed")
    assert looks(networks.town) == []


@HOUSES
def test_a_room_that_declines_is_exchanged_for_one_that_is_free(networks, house):
    for name, address, answers in (("Blue", BLUE, "declined"), ("Green", GREEN, "accepted")):
        getattr(networks, house).add_room(address, answers=answers)
        rooms.create(
            networks.town.parts,
            networks.town.organization_id,
            {
                "name": name,
                "capacity": 4 if name == "Blue" else 5,
                "time_zone": "Europe/London",
                "calendar": {"provider": house, "address": address},
            },
        )
    booking = talk_of_two(networks, house, on_decline="replace", room={"capacity": 2})

    for _ in range(3):
        getattr(networks, house).tick()
        networks.later(minutes=2)

    after = networks.booking(booking)
    assert after["sessions"][0]["room"]["name"] == "Green"
    assert events(after) == ["booking.confirmed", "room.replaced"]
    assert guests(networks, house) == [BOB, GREEN]


def test_a_day_of_interviews_is_repaired_in_one_go(networks):
    """Bob declines three invitations, one after the other; Ben and Cleo share them evenly."""
    networks.hire("Ada", "google", "python")
    networks.hire("Bob", "google", "java")
    seats = [{"skill": "python"}, {"skill": "java"}]
    talk = {"key": "talk", "title": "A talk", "minutes": 60, "seats": seats, "conference": "none"}
    plan = networks.town.plan(sessions=[talk], on_decline="replace")
    made = []
    for name in ("ann", "bea", "cat"):
        candidate = {"name": name, "email": f"{name}@example.net", "time_zone": "Europe/London"}
        made.append(networks.town.book(networks.town.offer(plan, window=WINDOW, candidates=[candidate])))
    networks.town.run_jobs()
    networks.later(minutes=2)
    networks.hire("Ben", "google", "java")
    networks.hire("Cleo", "google", "java")

    for event in networks.google.events(ADA):
        networks.google.respond(BOB, event["id"], "declined")
    networks.later(minutes=2)

    after = [networks.booking(booking) for booking in made]
    assert sorted(panel(booking)[1] for booking in after) in (["Ben", "Ben", "Cleo"], ["Ben", "Cleo", "Cleo"])
    assert [events(booking)[1:] for booking in after] == [["interviewer.replaced"]] * 3
    with networks.town.parts.database.lookup() as session:
        jobs = "select count(*) from procrastinate_jobs where task_name = 'repair_bookings'"
        assert session.scalar(sa.text(jobs)) <= 3


@pytest.mark.parametrize("other", ["reschedule", "cancel"])
def test_a_decline_and_a_change_of_mind_at_the_same_moment(networks, other):
    """Whatever comes first, the booking is whole, and nothing of the past is left open."""
    booking = talk_of_two(networks, "google", on_decline="replace")
    networks.hire("Ben", "google", "java")
    town = networks.town
    option = fresh(town, booking)[0]
    changes = {
        "reschedule": lambda: moving.reschedule(
            town.parts, town.organization_id, booking["id"], option["id"], actor=CANDIDATE
        ),
        "cancel": lambda: bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER),
    }
    networks.google.respond(BOB, event_of(networks, "google")["id"], "declined")

    at_once(changes[other], lambda: networks.later(minutes=2))
    networks.later(minutes=2)
    networks.later(minutes=2)

    after = networks.booking(booking)
    assert after["status"] == ("confirmed" if other == "reschedule" else "cancelled")
    if other == "reschedule":
        assert after["start"] == option["start"]
    with town.parts.database.transaction(town.organization_id) as session:
        assert session.scalars(sa.select(rows.Loss).where(rows.Loss.resolved_at.is_(None))).all() == []
