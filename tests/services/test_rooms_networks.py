# SPDX-License-Identifier: Apache-2.0
"""Rooms at Google and Microsoft: nobody signs in as a room, so it can only be asked when it is free."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.domain.intervals import parse_instant
from scheduler.services import organizations, picking, rooms
from tests.services.networks import BLUE, WINDOW, Networks, live, move
from tests.services.town import RECRUITER

HOUSES = pytest.mark.parametrize("house", ["google", "microsoft"])


@pytest.fixture
def build(networks):
    """Ada, and a room, both at one house."""

    def built(house: str) -> Networks:
        networks.hire("Ada", house, "python")
        getattr(networks, house).add_room(BLUE)
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
        return networks

    return built


def session() -> dict:
    seats = [{"skill": "python"}]
    return {"key": "talk", "title": "A talk", "minutes": 60, "seats": seats, "room": {"capacity": 2}}


@HOUSES
def test_a_room_that_is_held_can_be_booked(build, house):
    """What is held of it is known to us alone: calendars of rooms take invitations, and a hold invites
    nobody.
    """
    networks = build(house)
    town = networks.town
    run = town.offer(town.plan(holds=True, sessions=[session()]), window=WINDOW)
    networks.later(seconds=5)

    first = run["candidates"][0]["options"][0]
    booking = picking.book(town.parts, town.organization_id, first["id"], actor=RECRUITER)
    networks.later(seconds=5)

    assert networks.booking(booking)["status"] == "confirmed"
    assert len(live(networks, house, BLUE)) == 1


@HOUSES
def test_who_is_read_event_by_event_can_still_be_given_a_room(build, house):
    networks = build(house)
    town = networks.town
    organizations.update(town.parts, town.organization_id, {"calendars": {"detail": "events"}})

    run = town.offer(town.plan(sessions=[session()]), window=WINDOW)

    assert run["candidates"][0]["options"][0]["sessions"][0]["room"]["name"] == "Blue"


@HOUSES
def test_the_rooms_own_time_is_free_when_the_interview_is_moved(build, house):
    networks = build(house)
    booking = networks.booked("python", room={"capacity": 2})

    moved = move(networks, booking, later=timedelta(minutes=30))

    assert parse_instant(moved["start"]) - parse_instant(booking["start"]) == timedelta(minutes=30)
    assert len(live(networks, house, BLUE)) == 1
