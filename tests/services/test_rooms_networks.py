# SPDX-License-Identifier: Apache-2.0
"""Rooms at Google and Microsoft: nobody signs in as a room, so it can only be asked when it is free."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from scheduler.access import Granted
from scheduler.db import convert, rows
from scheduler.domain.intervals import Interval, parse_instant
from scheduler.services import entries, organizations, picking, readings, replacing, rooms
from scheduler.settings import load
from tests.services.networks import ADA, BLUE, WINDOW, Networks, live, move
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


@HOUSES
def test_a_day_in_one_room_is_moved_by_as_much_as_an_interview_takes(build, house):
    """Each of its interviews comes where another was, which leaves the room first, or the room declines."""
    networks = build(house)
    town = networks.town
    sessions = [{**session(), "key": key, "title": f"Talk {key}"} for key in "abcd"]
    booking = town.book(town.offer(town.plan(sessions=sessions, distinct_interviewers=False), window=WINDOW))
    town.run_jobs()

    for hours in (1, -1):
        booking = move(networks, booking, later=timedelta(hours=hours))
        networks.later(minutes=2)

        assert networks.booking(booking)["status"] == "confirmed"
        assert len(live(networks, house, BLUE)) == 4


@HOUSES
def test_the_room_stays_when_another_holds_the_event(build, house):
    """The event is a new one then, and the old one leaves the room first, whichever job begins."""
    networks = build(house)
    town = networks.town
    booking = networks.booked("python", room={"capacity": 2})
    ben = networks.hire("Ben", house, "python")

    replacing.replace_interviewer(
        town.parts,
        town.organization_id,
        booking["id"],
        session_key="talk",
        interviewer_id=booking["sessions"][0]["interviewers"][0]["id"],
        replacement_id=ben,
        actor=RECRUITER,
    )
    with town.parts.database.transaction(town.organization_id) as session_:
        new = session_.scalars(
            sa.select(rows.CalendarEntry.id).where(rows.CalendarEntry.interviewer_id == ben)
        )
        first = new.one()
    entries.write(town.parts, town.organization_id, first)
    town.run_jobs()
    networks.later(minutes=2)

    assert networks.booking(booking)["status"] == "confirmed"
    assert {who: len(live(networks, house, who)) for who in (ADA, BLUE)} == {ADA: 0, BLUE: 1}


def test_rooms_alone_are_asked_about_in_the_name_of_an_interviewer(build, tmp_path):
    """Another room is looked for when nobody's calendar is read beside it."""
    networks = build("google")
    account = tmp_path / "account.json"
    account.write_text(json.dumps(networks.google.service_account()))
    where = {"GOOGLE_SERVICE_ACCOUNT_FILE": account, "GOOGLE_API_ENDPOINT": networks.google.api_endpoint}
    granted = Granted(load({"DATA_DIR": str(tmp_path)} | {name: str(value) for name, value in where.items()}))
    parts = granted.parts = replace(networks.town.parts, granted=granted)
    with parts.database.transaction(networks.town.organization_id) as session_:
        [room] = [convert.room(row) for row in session_.scalars(sa.select(rows.Room))]

    window = Interval(parse_instant(WINDOW["start"]), parse_instant(WINDOW["end"]))
    looks = readings.read_all(parts, networks.town.organization_id, [room], window)

    assert looks[room.id].readable
