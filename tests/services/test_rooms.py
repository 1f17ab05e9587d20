# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from scheduler.db import casts, convert, rows
from scheduler.domain.intervals import Interval
from scheduler.domain.people import CalendarAddress, Room
from scheduler.domain.plans import Plan
from scheduler.services import rooms

OAK = {
    "name": "Oak",
    "capacity": 4,
    "time_zone": "Europe/London",
    "calendar": {"provider": "ics", "address": "oak@acme.example"},
}


def test_what_is_kept_is_what_the_domain_reads(town):
    made = rooms.create(town.parts, town.organization_id, OAK | {"location": "Third floor"})
    with town.parts.database.transaction(town.organization_id) as session:
        assert convert.room(session.get_one(rows.Room, made["id"])) == Room(
            id=made["id"],
            name="Oak",
            capacity=4,
            time_zone="Europe/London",
            calendar=CalendarAddress("ics", "oak@acme.example"),
            location="Third floor",
        )


def test_a_room_that_has_gone_is_offered_to_nobody(town):
    stays, goes = (rooms.create(town.parts, town.organization_id, OAK)["id"] for _ in range(2))
    session_with_room = {
        "key": "talk", "title": "Talk", "minutes": 60, "seats": [{"skill": "python"}], "room": {"capacity": 2}
    }  # fmt: skip
    plan = Plan.from_json(town.plan(sessions=[session_with_room]))
    rooms.delete(town.parts, town.organization_id, goes)
    window = Interval(town.clock(), town.clock().replace(year=2027))
    with town.parts.database.transaction(town.organization_id) as session:
        assert [room.id for room in casts.cast_for(session, plan, window, now=town.clock()).rooms] == [stays]


def test_interviewers_and_rooms_are_locked_by_ids_of_one_sequence(town):
    ada = town.hire("Ada")
    oak = rooms.create(town.parts, town.organization_id, OAK)["id"]
    with town.parts.database.transaction(town.organization_id) as session:
        person, room = session.get_one(rows.Interviewer, ada), session.get_one(rows.Room, oak)
        assert person.resource_id < room.resource_id
        calendars = [session.get_one(rows.Resource, row.resource_id).address for row in (person, room)]
        assert calendars == [person.calendar["address"], room.calendar["address"]]
