# SPDX-License-Identifier: Apache-2.0
"""What was booked while a calendar could not be read, once it can be again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calendars.errors import NotAllowed
from scheduler.domain.intervals import parse_instant
from scheduler.services import bookings, noticing, organizations, picks, syncing, upkeep
from tests.fakes.faults import answer
from tests.services.interviews import ROSA, fresh, looks, move, panel, replace_person, text_to
from tests.services.networks import ADA, BOB, WINDOW
from tests.services.town import RECRUITER

HOUR = timedelta(hours=1)
FILE, PRIVATE = "ada@acme.example", "ada@home.example"


@pytest.fixture
def unchecked(town):
    """Ada's interview, booked while nobody could look into her file."""
    town.hire("Ada", skills=("python",))
    organizations.update(town.parts, town.organization_id, {"policies": {"provider_down": "book_pending"}})
    run = town.offer(town.plan(on_decline="none"), window=WINDOW)
    town.calendars.make_unreadable(FILE, "The server is down.")
    booking = town.book(run)
    town.run_jobs()
    return booking


def minutes_later(town, minutes=2):
    town.clock.forward(minutes=minutes)
    upkeep.refresh(town.parts)
    upkeep.sweep(town.parts)
    town.run_jobs()


def now(town, booking):
    return bookings.get(town.parts, town.organization_id, booking["id"])


def said_of_it(booking):
    return [fact["event"] for fact in booking["history"] if fact.get("reason") == picks.UNCHECKED]


def test_nobody_need_look_any_more_when_the_calendar_is_read_and_nothing_is_there(town, unchecked):
    assert unchecked["attention"] == picks.UNCHECKED
    town.calendars.make_readable(FILE)

    minutes_later(town)

    after = now(town, unchecked)
    assert (after["status"], after["attention"]) == ("confirmed", None)
    assert said_of_it(after) == ["booking.needs_attention", "booking.settled"]


def test_as_long_as_it_cannot_be_read_a_person_should_look(town, unchecked):
    minutes_later(town)
    minutes_later(town)

    after = now(town, unchecked)
    assert after["status"] == "needs_attention"
    assert picks.UNCHECKED in after["attention"]
    assert said_of_it(after) == ["booking.needs_attention"]


def test_what_is_found_to_be_in_the_way_is_said_instead(town, unchecked):
    town.calendars.make_readable(FILE)
    start = parse_instant(unchecked["start"])
    town.calendars.add_busy(FILE, start - HOUR / 2, start + HOUR / 2)

    minutes_later(town)

    after = now(town, unchecked)
    assert after["status"] == "needs_attention"
    assert "Ada" in after["attention"]
    assert picks.UNCHECKED not in after["attention"]


def test_who_came_while_it_was_looked_is_looked_at_the_next_time(town, unchecked):
    town.hire("Ben", skills=("python",))
    town.calendars.make_readable(FILE)

    def come(point):
        if point == "notice.looked":
            replace_person(town, unchecked, "Ada", "Ben")

    noticing.check(town.parts.evolve(reach=come), town.organization_id)
    assert panel(now(town, unchecked)) == ["Ben"]
    assert picks.UNCHECKED in now(town, unchecked)["attention"]

    minutes_later(town)
    assert picks.UNCHECKED not in (now(town, unchecked)["attention"] or "")


def test_what_was_cancelled_meanwhile_stays_as_it_is(town, unchecked):
    bookings.cancel(town.parts, town.organization_id, unchecked["id"], actor=RECRUITER)
    town.calendars.make_readable(FILE)
    before = now(town, unchecked)

    minutes_later(town)

    assert now(town, unchecked)["history"] == before["history"]


# What the contact hears


@pytest.fixture
def blind(town):
    """Ada, with a further calendar that nobody can look into in a while."""
    town.calendars.add_calendar(PRIVATE)
    town.hire("Ada", skills=("python",), busy_calendars=[{"provider": "ics", "address": PRIVATE}])
    organizations.update(town.parts, town.organization_id, {"policies": {"provider_down": "book_pending"}})
    return town


def book_blindly(town, window=WINDOW):
    run = town.offer(town.plan(on_decline="none", notice_hours=0), window=window)
    town.calendars.make_unreadable(PRIVATE, "The server is down.")
    booking = town.book(run)
    town.run_jobs()
    return booking


def test_of_a_short_outage_the_contact_hears_nothing(blind):
    book_blindly(blind)
    minutes_later(blind, 13)
    blind.calendars.make_readable(PRIVATE)

    minutes_later(blind, 1)
    minutes_later(blind, 20)

    assert looks(blind) == []


def test_of_an_outage_that_lasts_the_contact_hears_and_of_its_end(blind):
    book_blindly(blind)
    minutes_later(blind, 14)
    assert looks(blind) == []
    minutes_later(blind, 1)
    assert looks(blind) == ["Needs a look"]
    assert picks.UNCHECKED in text_to(blind, ROSA)

    blind.calendars.make_readable(PRIVATE)
    minutes_later(blind)
    minutes_later(blind)

    assert looks(blind) == ["Needs a look", "No longer needs a look"]


def test_the_contact_hears_while_there_is_time_to_look(blind):
    book_blindly(blind, window={"start": "2026-11-30T09:15:00Z", "end": "2026-11-30T10:15:00Z"})

    minutes_later(blind, 7)
    assert looks(blind) == []
    minutes_later(blind, 1)

    assert looks(blind) == ["Needs a look"]


def test_nor_of_an_interview_that_is_months_ahead(blind):
    """Others are looked at when they are nearer; of this one is known that nobody has."""
    far = {"start": "2027-02-15T09:00:00Z", "end": "2027-02-15T17:00:00Z"}
    run = blind.offer(blind.plan(on_decline="none", horizon_days=120), window=far)
    blind.calendars.make_unreadable(PRIVATE, "The server is down.")
    booking = blind.book(run)
    blind.run_jobs()
    blind.calendars.make_readable(PRIVATE)

    minutes_later(blind, 1)
    minutes_later(blind, 20)

    assert (looks(blind), now(blind, booking)["attention"]) == ([], None)


def test_a_move_that_is_made_unchecked_is_told_like_that_too(blind):
    booking = blind.book(blind.offer(blind.plan(), window=WINDOW))
    option = fresh(blind, booking)[0]
    blind.calendars.make_unreadable(PRIVATE, "The server is down.")

    move(blind, booking, option)
    minutes_later(blind, 15)

    assert looks(blind) == ["Needs a look"]


def test_what_else_is_found_meanwhile_is_told_at_once(blind):
    """A calendar that takes no event is nothing to wait for."""
    blind.calendars.outage = NotAllowed("It is read only.")
    book_blindly(blind)

    minutes_later(blind, 1)

    assert looks(blind) == ["Needs a look"]
    assert "It is read only." in text_to(blind, ROSA)


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_everybody_of_the_panel_has_to_be_readable(networks, house):
    town, fake = networks.town, getattr(networks, house)
    organizations.update(town.parts, town.organization_id, {"policies": {"provider_down": "book_pending"}})
    networks.hire("Ada", house, "python")
    networks.hire("Bob", house, "java")
    run = town.offer(networks.plan("python", "java"), window=WINDOW)
    syncing.refresh(town.parts, town.organization_id)
    fake.faults.add(answer(503), times=None)
    booking = town.book(run)
    town.run_jobs()
    assert networks.booking(booking)["attention"] == picks.UNCHECKED

    fake.faults.clear()
    fake.no_access(BOB)
    minutes_later(town, 11)
    assert picks.UNCHECKED in networks.booking(booking)["attention"]

    readable(fake, house, BOB)
    minutes_later(town, 11)

    assert picks.UNCHECKED not in (networks.booking(booking)["attention"] or "")
    assert len(fake.events(ADA)) == 1


def readable(fake, house, address):
    if house == "google":
        fake.no_access(address, refused=False)
    else:
        fake.no_access(address, closed=False)
