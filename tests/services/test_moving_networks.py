# SPDX-License-Identifier: Apache-2.0
"""Moving interviews that stand in calendars at Google and Microsoft, and changing who takes part."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from scheduler.domain.intervals import parse_instant
from scheduler.services import fresh_options, interviewers, organizations, replacing
from tests.fakes.faults import answer
from tests.services.networks import ADA, BOB, Networks, event_of, live, move
from tests.services.town import RECRUITER

BEN = "ben@acme.example"
#: what the vendors say of a calendar whose events are not shown
NOT_SHOWN = {
    "google": {"error": {"code": 403, "message": "Forbidden", "errors": [{"reason": "forbidden"}]}},
    "microsoft": {"error": {"code": "ErrorAccessDenied", "message": "Access is denied."}},
}


def start_of(networks: Networks, house: str, address: str = ADA):
    """When the one event of a calendar begins, as the provider says to who asks for our uid."""
    entry = next(iter(getattr(networks, house).events(address)))
    return entry["start"]["dateTime"]


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_the_event_is_moved_where_it_stands(networks, house):
    networks.hire("Ada", house, "python")
    networks.hire("Bob", house, "java")
    booking = networks.booked("python", "java")
    before, was = event_of(networks, house), start_of(networks, house)

    moved = move(networks, booking, later=timedelta(hours=2))

    assert event_of(networks, house)["id"] == before["id"]
    assert start_of(networks, house) != was
    (event,) = moved["sessions"][0]["calendar_events"]
    assert (event["status"], event["attendees"]) == ("written", [BOB])


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_its_own_time_is_free_although_the_vendor_only_says_busy(networks, house):
    networks.hire("Ada", house, "python")
    networks.hire("Bob", house, "java")
    booking = networks.booked("python", "java")

    moved = move(networks, booking, later=timedelta(minutes=30))

    assert parse_instant(moved["start"]) - parse_instant(booking["start"]) == timedelta(minutes=30)


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_its_own_time_is_free_where_the_organisations_own_calendar_holds_the_event(networks, house):
    """Everybody who takes part has a copy of it then, and at Microsoft no copy says whose it is."""
    talks = "talks@acme.example"
    getattr(networks, house).add_person(talks)
    organizations.update(networks.town.parts, networks.town.organization_id, {"organizers": {house: talks}})
    networks.hire("Ada", house, "python")
    networks.hire("Bob", house, "java")
    booking = networks.booked("python", "java")

    moved = move(networks, booking, later=timedelta(minutes=30))

    assert {who: len(live(networks, house, who)) for who in (talks, ADA, BOB)} == {talks: 1, ADA: 1, BOB: 1}
    assert parse_instant(moved["start"]) - parse_instant(booking["start"]) == timedelta(minutes=30)


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_its_own_time_is_free_for_those_who_stay_when_whoever_held_the_event_goes(networks, house):
    ada = networks.hire("Ada", house, "python")
    networks.hire("Bob", house, "java")
    booking = networks.booked("python", "java")
    networks.hire("Ben", house, "python")
    interviewers.update(networks.town.parts, networks.town.organization_id, ada, {"active": False})

    move(networks, booking, later=timedelta(minutes=30))

    assert {who: len(live(networks, house, who)) for who in (ADA, BEN, BOB)} == {ADA: 0, BEN: 1, BOB: 1}


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_when_the_organiser_changes_the_event_leaves_one_calendar_and_stands_in_another(
    networks,
    house,
):
    ada = networks.hire("Ada", house, "python")
    networks.hire("Bob", house, "java")
    booking = networks.booked("python", "java")
    networks.hire("Ben", house, "python")
    interviewers.update(networks.town.parts, networks.town.organization_id, ada, {"active": False})

    moved = move(networks, booking, later=timedelta(hours=2))

    assert {who: len(live(networks, house, who)) for who in (ADA, BEN, BOB)} == {ADA: 0, BEN: 1, BOB: 1}
    (event,) = moved["sessions"][0]["calendar_events"]
    assert (event["calendar"], event["status"], event["attendees"]) == (BEN, "written", [BOB])


def put_in(networks: Networks, booking: dict, leaving: str, coming: str) -> dict:
    town = networks.town
    replacing.replace_interviewer(
        town.parts,
        town.organization_id,
        booking["id"],
        session_key="talk",
        interviewer_id=leaving,
        replacement_id=coming,
        actor=RECRUITER,
    )
    town.run_jobs()
    return networks.booking(booking)


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_somebody_elses_place_changes_the_guests_of_the_same_event(networks, house):
    networks.hire("Ada", house, "python")
    bob = networks.hire("Bob", house, "java")
    booking = networks.booked("python", "java")
    before = event_of(networks, house)
    ben = networks.hire("Ben", house, "java")

    replaced = put_in(networks, booking, bob, ben)

    assert event_of(networks, house)["id"] == before["id"]
    (event,) = replaced["sessions"][0]["calendar_events"]
    assert (event["status"], event["attendees"]) == ("written", [BEN])
    assert len(live(networks, house, BEN)) == 1


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_an_organiser_who_is_replaced_leaves_one_event_to_everybody_else(networks, house):
    ada = networks.hire("Ada", house, "python")
    networks.hire("Bob", house, "java")
    booking = networks.booked("python", "java")
    ben = networks.hire("Ben", house, "python")

    replaced = put_in(networks, booking, ada, ben)

    assert {who: len(live(networks, house, who)) for who in (ADA, BEN, BOB)} == {ADA: 0, BEN: 1, BOB: 1}
    (event,) = replaced["sessions"][0]["calendar_events"]
    assert (event["calendar"], event["status"], event["attendees"]) == (BEN, "written", [BOB])


def overlapping(found: list[dict], booking: dict) -> list[str]:
    """The times on offer that reach into that of the booking."""
    return [o["start"] for o in found if o["start"] < booking["end"] and booking["start"] < o["end"]]


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_who_has_declined_and_does_something_else_then_is_left_to_it(networks, house):
    """Nobody has noticed yet; free and busy alone would look the same."""
    networks.hire("Ada", house, "python")
    networks.hire("Bob", house, "java")
    booking = networks.booked("python", "java")
    fake = getattr(networks, house)
    fake.respond(BOB, event_of(networks, house)["id"], "declined")
    fake.add_event(BOB, parse_instant(booking["start"]), parse_instant(booking["end"]))

    town = networks.town
    found = fresh_options.find(town.parts, town.organization_id, booking["id"], actor=RECRUITER, options=50)[
        "data"
    ]

    assert found
    assert overlapping(found, booking) == []


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_whose_events_are_not_shown_to_us_can_be_asked_to_come_at_another_time(networks, house):
    """An application may be let into the organiser's mailbox alone. Whether what stands in the booked hour is
    our event or their own is not known then, so that hour is left to it.
    """
    networks.hire("Ada", house, "python")
    networks.hire("Bob", house, "java")
    booking = networks.booked("python", "java")
    fake = getattr(networks, house)
    fake.faults.add(answer(403, NOT_SHOWN[house]), path=f"{BOB}/(events|calendarView)", times=None)

    town = networks.town
    found = fresh_options.find(town.parts, town.organization_id, booking["id"], actor=RECRUITER, options=50)[
        "data"
    ]

    assert found
    assert overlapping(found, booking) == []
    assert [r for r in fake.requests if re.search(f"{BOB}/(events|calendarView)", r.path)]
