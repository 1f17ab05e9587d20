# SPDX-License-Identifier: Apache-2.0
"""Vendors that are down, that ask to wait, or that refuse."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from scheduler.domain.errors import Unavailable
from scheduler.domain.intervals import parse_instant
from scheduler.services import bookings, organizations, syncing
from tests.fakes.faults import answer
from tests.services.networks import ADA, BOB, BUSY_FOR_A_DAY, FAR, WINDOW, hooked
from tests.services.town import RECRUITER


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_a_wait_of_a_day_is_waited_for_by_a_parked_job_and_told(networks, house):
    """Case 80, its end: nobody asks meanwhile, and a person knows why the calendar shows nothing."""
    fake = getattr(networks, house)
    networks.hire("Ada", house, "python")
    run = networks.town.offer(networks.plan("python"), window={**WINDOW, "end": "2026-12-10T00:00:00Z"})
    option = max(range(5), key=lambda number: run["candidates"][0]["options"][number]["start"])
    fake.faults.add(BUSY_FOR_A_DAY, path="/events$", times=None)

    booking = networks.town.book(run, option)
    networks.town.run_jobs()
    fake.requests.clear()
    for _ in range(23):
        networks.later(hours=1)

    assert [r.path for r in fake.requests if r.path.endswith("/events")] == []
    assert "could not be brought up to date yet" in networks.booking(booking)["attention"]
    fake.faults.clear()
    networks.later(hours=2)
    assert networks.booking(booking)["sessions"][0]["calendar_events"][0]["status"] == "written"


@pytest.mark.parametrize("job", ["verify", "sync", "watch"])
def test_a_wait_that_a_provider_names_is_kept_by_every_look_at_its_calendars(networks, job):
    """Case 80."""
    hooked(networks)
    networks.google.notify = False
    networks.hire("Ada", "google", "python")
    networks.booked("python", window=FAR)
    path = {"verify": "/events/[^/]*$", "sync": "/events$", "watch": "/watch$"}[job]
    networks.google.faults.add(BUSY_FOR_A_DAY, path=path, times=None)

    networks.later(hours=7)
    asked = [r.path for r in networks.google.requests]
    for _ in range(12):
        networks.later(hours=1)

    again = [r.path for r in networks.google.requests[len(asked) :]]
    assert [path_ for path_ in again if re.search(path, path_)] == []


def test_a_booking_waits_for_a_vendor_that_is_down_where_the_organisation_says_so(networks):
    networks.hire("Ada", "google", "python")
    run = networks.town.offer(networks.plan("python"), window=WINDOW)
    networks.google.faults.add(answer(503), times=None)

    with pytest.raises(Unavailable):
        networks.town.book(run)


@pytest.mark.parametrize("cancelled", [False, True])
@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_an_hour_without_a_vendor_is_bridged_and_everything_owed_follows_once(networks, house, cancelled):
    """Offers from what is known, a booking where that is wished; then event and mail, each once."""
    fake = getattr(networks, house)
    organizations.update(
        networks.town.parts, networks.town.organization_id, {"policies": {"provider_down": "book_pending"}}
    )
    networks.hire("Ada", house, "python")
    networks.hire("Bob", house, "java")
    start = parse_instant(WINDOW["start"]) + timedelta(hours=9)
    fake.add_event(ADA, start, start + timedelta(hours=7))
    syncing.refresh(networks.town.parts, networks.town.organization_id)
    fake.faults.add(answer(503), times=None)

    run = networks.town.offer(networks.plan("python", "java"), window=WINDOW)
    booking = networks.town.book(run)
    networks.town.run_jobs()
    during = networks.booking(booking)
    for _ in range(6):
        networks.later(minutes=10)
    if cancelled:
        bookings.cancel(networks.town.parts, networks.town.organization_id, booking["id"], actor=RECRUITER)
    fake.faults.clear()
    networks.later(hours=1)
    networks.later(hours=1)

    assert not "2026-12-02T09" <= booking["start"] < "2026-12-02T16"
    assert during["status"] == "needs_attention"
    assert during["sessions"][0]["calendar_events"][0]["status"] == "pending"
    after = networks.booking(booking)
    expected = "removed" if cancelled else "written"
    assert after["sessions"][0]["calendar_events"][0]["status"] == expected
    assert len(fake.events(BOB)) == (0 if cancelled else 1)
    invitations = [] if cancelled else [BOB]
    assert [mail.to for mail in fake.sent if mail.kind == "invitation"] == invitations
    candidates = networks.town.post.subjects_to("candy@example.net")
    assert len(candidates) == len(set(candidates)) == (3 if cancelled else 2)


def test_one_vendors_outage_leaves_the_other_alone(networks):
    networks.hire("Ada", "google", "python")
    networks.hire("Cid", "microsoft", "python")
    networks.google.faults.add(answer(503), times=None)

    run = networks.town.offer(networks.plan("python"), window=WINDOW)

    people = {
        person["name"]
        for option in run["candidates"][0]["options"]
        for item in option["sessions"]
        for person in item["interviewers"]
    }
    assert people == {"Cid"}
    assert run["candidates"][0]["explanation"]["unreadable"][0]["reason"]


def test_a_change_that_somebody_elses_always_crosses_goes_to_a_person(networks):
    """Case 52, its end: three looks in a call, and a call a tick, are enough."""
    networks.google.conferences.after = 2
    networks.hire("Ada", "google", "python")
    networks.hire("Bob", "microsoft", "java")
    crossed = answer(412, {"error": {"code": "ErrorIrresolvableConflict"}})
    networks.microsoft.faults.add(crossed, method="PATCH", times=None)

    booking = networks.booked("python", "java", conference="google_meet")
    for _ in range(8):
        networks.later(seconds=4)

    assert "could not be brought up to date yet" in networks.booking(booking)["attention"]
    assert "somebody else" in networks.booking(booking)["history"][-1]["error"]
    networks.microsoft.faults.clear()
    networks.later(hours=1)
    (event,) = networks.microsoft.events(BOB)
    assert networks.booking(booking)["sessions"][0]["conference_url"] in event["body"]["content"]


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_nobody_is_asked_to_mend_what_ends_by_itself(networks, house):
    """A vendor that is down is no business of its calendars' owners; a calendar that is closed is."""
    fake = getattr(networks, house)
    networks.hire("Ada", house, "python")
    networks.town.hire("Dan", skills=("python",))
    fake.faults.add(answer(503), times=None)
    during = networks.town.offer(networks.plan("python"), window=WINDOW)
    told_during = networks.town.post.subjects_to(ADA)

    fake.faults.clear()
    fake.no_access(ADA)
    networks.town.offer(networks.plan("python"), window=WINDOW)

    assert during["candidates"][0]["explanation"]["unreadable"][0]["reason"]
    assert told_during == []
    assert len(networks.town.post.subjects_to(ADA)) == 1


def test_when_no_calendar_can_be_read_the_run_fails_and_says_so(networks):
    """Case 14: that is not the same as no times."""
    networks.hire("Ada", "google", "python")
    networks.hire("Cid", "microsoft", "python")
    networks.google.no_access(ADA)
    networks.microsoft.no_access("cid@acme.example")

    run = networks.town.offer(networks.plan("python"), window=WINDOW)

    assert run["status"] == "failed"
    assert "could be read" in str(run)
