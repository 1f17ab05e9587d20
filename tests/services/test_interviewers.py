# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from scheduler.db import casts, convert, rows
from scheduler.domain.errors import Conflict
from scheduler.domain.hours import WeeklyHours
from scheduler.domain.intervals import Interval
from scheduler.domain.people import Buffer, CalendarAddress, Interviewer, Limits, Qualification
from scheduler.domain.plans import Plan
from scheduler.services import interviewers
from tests.races import wait_until_somebody_waits

WORKING = {"days": ["mon"], "start": "09:00", "end": "12:00"}


def test_what_is_kept_is_what_the_domain_reads(town):
    made = interviewers.create(
        town.parts,
        town.organization_id,
        {
            "name": "Ada",
            "email": "ada@acme.example",
            "time_zone": "Europe/Berlin",
            "working_hours": [WORKING],
            "qualifications": [{"skill": "python"}],
            "limits": {"per_day": 2},
            "buffer": {"after": 10},
        },
    )
    with town.parts.database.transaction(town.organization_id) as session:
        row = session.get_one(rows.Interviewer, made["id"])
        assert convert.interviewer(row) == Interviewer(
            id=made["id"],
            name="Ada",
            email="ada@acme.example",
            time_zone="Europe/Berlin",
            calendar=CalendarAddress("ics", "ada@acme.example"),
            working_hours=(WeeklyHours.from_json(WORKING),),
            qualifications=(Qualification("python"),),
            limits=Limits(per_day=2),
            buffer=Buffer(0, 10),
        )


def test_defaults_are_not_shared_between_people(town):
    made = [
        interviewers.create(
            town.parts, town.organization_id, {"name": n, "email": f"{n}@acme.example", "time_zone": "UTC"}
        )
        for n in ("ada", "bo")
    ]
    made[0]["working_hours"].append(WORKING)
    made[0]["working_hours"][0]["days"].clear()
    assert made[1]["working_hours"] == interviewers.OFFICE_HOURS
    assert interviewers.OFFICE_HOURS[0]["days"] == ["mon", "tue", "wed", "thu", "fri"]


def test_who_has_gone_sits_on_no_panel(town):
    stays, goes = town.hire("Ada", skills=("python",)), town.hire("Bo", skills=("python",))
    plan = Plan.from_json(town.plan())
    window = Interval(town.clock(), town.clock().replace(year=2027))
    interviewers.delete(town.parts, town.organization_id, goes)
    with town.parts.database.transaction(town.organization_id) as session:
        assert [
            person.id for person in casts.cast_for(session, plan, window, now=town.clock()).interviewers
        ] == [stays]


def test_who_is_booked_cannot_go(town):
    ada = town.hire("Ada", skills=("python",))
    town.book(town.offer())
    with pytest.raises(Conflict) as refused:
        interviewers.delete(town.parts, town.organization_id, ada)
    assert refused.value.reason == "has_bookings"


def test_past_bookings_go_on_telling_of_who_has_gone(town):
    ada = town.hire("Ada", skills=("python",))
    booking = town.book(town.offer())
    town.clock.forward(days=30)
    interviewers.delete(town.parts, town.organization_id, ada)
    with town.parts.database.transaction(town.organization_id) as session:
        assert session.get_one(rows.Booking, booking["id"]).sessions[0]["interviewers"][0]["id"] == ada
        assert session.get_one(rows.Interviewer, ada).name == "Ada"


def move_calendar(town, name, address):
    town.calendars.add_calendar(address)
    changes = {"calendar": {"provider": "ics", "address": address}}
    interviewers.update(town.parts, town.organization_id, town.people[name], changes)


def starts_for(town, plan, name, start, end):
    candidate = {"name": name, "email": f"{name.lower()}@example.net"}
    run = town.offer(plan, window={"start": start, "end": end}, candidates=[candidate])
    return [option["start"] for option in run["candidates"][0]["options"]]


def test_interviews_held_before_the_calendar_moved_count_in_the_limits(town):
    town.hire("Ada", skills=("python",), limits={"per_week": 1})
    plan = town.plan(notice_hours=0)
    window = {"start": "2026-12-01T10:00:00Z", "end": "2026-12-01T11:00:00Z"}
    town.book(town.offer(plan, window=window))
    town.clock.forward(days=1, hours=3)

    move_calendar(town, "Ada", "ada@new.example")

    assert starts_for(town, plan, "Dora", "2026-12-03T10:00:00Z", "2026-12-03T11:00:00Z") == []
    assert starts_for(town, plan, "Eve", "2026-12-07T10:00:00Z", "2026-12-07T11:00:00Z") != []


def test_what_is_held_of_somebody_stays_held_when_their_calendar_moves(town):
    town.hire("Ada", skills=("python",))
    plan = town.plan(holds=True)
    times = ("2026-12-02T10:00:00Z", "2026-12-02T11:00:00Z")
    assert starts_for(town, plan, "Candy", *times) == [times[0]]

    move_calendar(town, "Ada", "ada@new.example")

    assert starts_for(town, plan, "Dora", *times) == []


def test_what_a_colleague_with_the_same_calendar_has_held_is_not_taken_along(town):
    town.hire("Ada", skills=("python",))
    ben = {"calendar": {"provider": "ics", "address": "ada@acme.example"}, "limits": {"per_week": 1}}
    town.hire("Ben", **ben)
    plan = town.plan(notice_hours=0)
    window = {"start": "2026-12-01T10:00:00Z", "end": "2026-12-01T11:00:00Z"}
    town.book(town.offer(plan, window=window))
    town.clock.forward(days=1, hours=3)

    move_calendar(town, "Ben", "ben@new.example")

    with town.parts.database.transaction(town.organization_id) as session:
        ada = session.get_one(rows.Interviewer, town.people["Ada"]).resource_id
        assert list(session.scalars(sa.select(rows.Reservation.resource_id))) == [ada]


def test_going_waits_for_a_booking_that_is_being_made(town):
    """Whoever books holds the resource; the deletion must not look before they are done."""
    ada = town.hire("Ada", skills=("python",))
    outcome: list[bool] = []

    def go() -> None:
        interviewers.delete(town.parts, town.organization_id, ada)
        outcome.append(True)

    with town.parts.database.transaction(town.organization_id) as session:
        resource = session.scalars(
            sa.select(rows.Interviewer.resource_id).where(rows.Interviewer.id == ada)
        ).one()
        casts.lock_resources(session, [resource])
        thread = threading.Thread(target=go)
        thread.start()
        wait_until_somebody_waits(town)
        assert outcome == []
    thread.join()
    assert outcome == [True]


@pytest.mark.parametrize("house", ["google", "microsoft"])
def test_a_mailbox_in_capitals_is_the_same_calendar(town, house):
    """Nobody sits on a panel twice because a system of record writes addresses in its own way."""
    resources = set()
    for name, address in (("Ada", "ada@acme.example"), ("Ada Byron", "Ada@ACME.example")):
        calendar = {"provider": house, "address": address}
        made = town.hire(name.replace(" ", "-"), calendar=calendar)
        with town.parts.database.transaction(town.organization_id) as session:
            resources.add(session.get_one(rows.Interviewer, made).resource_id)

    assert len(resources) == 1
