# SPDX-License-Identifier: Apache-2.0
"""What people have answered, when the events they answered are written again."""

from __future__ import annotations

import re
import shutil

import pytest

from scheduler.services import rooms
from tests.services.interviews import (
    HOUR,
    add_room,
    answer,
    at,
    booked,
    during,
    events,
    fresh,
    hire,
    keep_diaries,
    looked_at,
    losses_of,
    move,
    now,
    replace_person,
    replace_room,
    talk,
)
from tests.services.networks import ADA, BLUE, BOB, GREEN, HOUSES, declines, event_of, guests, talk_of_two
from tests.services.town import CONTACT

EVE = "eve@acme.example.ics"
DAY = {"start": "2026-12-02T10:00:00Z", "end": "2026-12-02T12:00:00Z"}
PANEL = {"seats": [{"skill": "python"}, {"skill": "java"}], "room": {"capacity": 2}}
DECLINED = "Eve has declined A talk."


@pytest.fixture
def booking(town, tmp_path):
    """Eve and Bob in the room Blue, in calendars that are files, and who could come in their place."""
    keep_diaries(town, tmp_path, "eve", "bob", "cleo")
    for room in ("blue", "green"):
        shutil.copy(tmp_path / EVE, tmp_path / f"{room}@rooms.example.ics")
    hire(town, "Eve")
    hire(town, "Bob", skills=("java",))
    add_room(town, "Blue")
    made = booked(town, sessions=[talk(**PANEL)], on_decline="suggest", window=DAY)
    looked_at(town)
    hire(town, "Cleo", skills=("java",))
    add_room(town, "Green")
    return made


def another_room(town, booking):
    replace_room(town, booking, "Blue", "Green")


def another_colleague(town, booking):
    replace_person(town, booking, "Bob", "Cleo")


def another_time(town, booking):
    move(town, booking, at(fresh(town, booking), "2026-12-02T11:00:00Z"))


CHANGES = pytest.mark.parametrize("change", [another_room, another_colleague])


@CHANGES
def test_who_has_declined_has_not_thought_better_of_it_by_a_change_of_something_else(
    town, booking, tmp_path, change
):
    answer(tmp_path / EVE, "ACCEPTED", "DECLINED")
    looked_at(town)
    before = (tmp_path / EVE).read_bytes()

    change(town, now(town, booking))
    town.run_jobs()
    looked_at(town)

    after = now(town, booking)
    assert (tmp_path / EVE).read_bytes() != before
    assert (after["status"], after["attention"]) == ("needs_attention", DECLINED)
    assert "booking.settled" not in events(after)
    assert [mail for mail in town.post.subjects_to(CONTACT["email"]) if "No longer" in mail] == []
    assert losses_of(town) == [("declined", None)]


@CHANGES
def test_a_decline_that_nobody_has_noticed_yet_is_noticed_after_a_change_of_something_else(
    town, booking, tmp_path, change
):
    answer(tmp_path / EVE, "ACCEPTED", "DECLINED")

    change(town, booking)
    town.run_jobs()
    looked_at(town)

    assert now(town, booking)["attention"] == DECLINED


def drag(file):
    """The owner of a calendar that is a file moves its only event by two hours."""
    later = lambda found: found[1] + b"%02d" % (int(found[2]) + 2)  # noqa: E731  # short, and used at once
    text, moved = re.subn(rb"(DT(?:START|END)\S*T)(\d\d)", later, file.read_bytes())
    assert moved == 2
    file.write_bytes(text)


@CHANGES
@pytest.mark.parametrize("noticed", [True, False], ids=["noticed", "not noticed yet"])
def test_who_has_declined_and_moved_the_entry_has_not_thought_better_of_it_by_a_change_of_something_else(
    town, booking, tmp_path, change, noticed
):
    """The entry goes back to the booked time, which is no other than before: nobody is asked anew."""
    answer(tmp_path / EVE, "ACCEPTED", "DECLINED")
    drag(tmp_path / EVE)
    if noticed:
        looked_at(town)
        assert "was moved in the calendar" in now(town, booking)["attention"]

    change(town, now(town, booking))
    town.run_jobs()
    looked_at(town)

    after = now(town, booking)
    assert (after["status"], after["attention"]) == ("needs_attention", DECLINED)
    assert b"DECLINED" in (tmp_path / EVE).read_bytes()
    assert losses_of(town) == [("declined", None)]


@CHANGES
def test_who_has_declined_and_comes_at_the_time_they_moved_it_to_does_not_come_at_the_booked_one(
    town, booking, tmp_path, change
):
    answer(tmp_path / EVE, "ACCEPTED", "DECLINED")
    looked_at(town)
    answer(tmp_path / EVE, "DECLINED", "ACCEPTED")
    drag(tmp_path / EVE)
    looked_at(town)
    elsewhere = now(town, booking)

    change(town, elsewhere)
    town.run_jobs()
    looked_at(town)

    assert DECLINED in elsewhere["attention"]
    assert now(town, booking)["attention"] == DECLINED
    answer(tmp_path / EVE, "DECLINED", "ACCEPTED")
    looked_at(town)
    assert now(town, booking)["attention"] is None


@CHANGES
def test_who_has_declined_and_deleted_the_entry_has_not_thought_better_of_it_by_a_change_of_something_else(
    town, booking, tmp_path, change
):
    answer(tmp_path / EVE, "ACCEPTED", "DECLINED")
    looked_at(town)
    keep_diaries(town, tmp_path, "eve")
    looked_at(town)

    change(town, now(town, booking))
    town.run_jobs()
    looked_at(town)

    assert DECLINED in now(town, booking)["attention"]
    assert b"DECLINED" in (tmp_path / EVE).read_bytes()


def test_who_has_declined_is_booked_anew_at_another_time(town, booking, tmp_path):
    answer(tmp_path / EVE, "ACCEPTED", "DECLINED")
    looked_at(town)

    another_time(town, booking)
    town.run_jobs()
    looked_at(town)

    after = now(town, booking)
    assert (after["status"], after["attention"]) == ("confirmed", None)
    assert b"DECLINED" not in (tmp_path / EVE).read_bytes()
    assert losses_of(town) == [("declined", "over")]


# Google and Microsoft


def in_a_room(networks, house):
    """Bob is a guest of Ada's, and so is the room Blue; Green is free."""
    add_house_room(networks, house, "Blue", BLUE)
    booking = talk_of_two(networks, house, on_decline="suggest", room={"capacity": 2})
    add_house_room(networks, house, "Green", GREEN)
    return booking


def add_house_room(networks, house, name, address):
    getattr(networks, house).add_room(address, answers="accepted")
    calendar = {"provider": house, "address": address}
    room = {"name": name, "capacity": 4, "time_zone": "Europe/London", "calendar": calendar}
    made = rooms.create(networks.town.parts, networks.town.organization_id, room)
    networks.town.people[name] = made["id"]


@HOUSES
@pytest.mark.parametrize("noticed", [True, False], ids=["noticed", "not noticed yet"])
def test_a_guest_who_has_declined_has_not_thought_better_of_it_by_another_room(networks, house, noticed):
    booking = in_a_room(networks, house)
    if noticed:
        declines(networks, house)
    else:
        getattr(networks, house).respond(BOB, event_of(networks, house)["id"], "declined")

    another_room(networks.town, booking)
    networks.town.run_jobs()
    networks.later(minutes=2)

    after = networks.booking(booking)
    assert GREEN in guests(networks, house)
    assert after["attention"] == "Bob has declined A talk."
    assert "booking.settled" not in events(after)


@HOUSES
def test_a_guest_who_declined_where_the_event_was_moved_to_has_not_thought_better_of_it(networks, house):
    """The vendor asks anew when the event goes back to the booked time: no answer settles nothing."""
    booking = in_a_room(networks, house)
    start, end = during(booking)
    fake, event = getattr(networks, house), event_of(networks, house)["id"]
    fake.move_event(ADA, event, start + HOUR, end + HOUR)
    fake.respond(BOB, event, "declined")
    networks.later(minutes=2)

    another_room(networks.town, networks.booking(booking))
    networks.town.run_jobs()
    networks.later(minutes=2)

    after = networks.booking(booking)
    assert after["attention"] == "Bob has declined A talk."
    assert "DECLINED" not in str(event_of(networks, house)["attendees"]).upper()
    fake.respond(BOB, event, "accepted")
    networks.later(minutes=2)
    assert networks.booking(booking)["attention"] is None


@HOUSES
def test_a_guest_who_has_declined_is_asked_anew_at_another_time(networks, house):
    booking = in_a_room(networks, house)
    declines(networks, house)

    move(networks.town, booking, fresh(networks.town, booking)[0])
    networks.town.run_jobs()
    networks.later(minutes=2)

    after = networks.booking(booking)
    assert (after["status"], after["attention"]) == ("confirmed", None)
