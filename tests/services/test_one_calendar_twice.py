# SPDX-License-Identifier: Apache-2.0
"""One calendar that stands for several: it is busy once, for all of them."""

from __future__ import annotations

import pytest

from scheduler.domain.errors import Conflict
from scheduler.services import bookings, interviewers, rooms
from scheduler.services.picks import TakenWithOthers
from tests.services.town import RECRUITER, candidates, one_hour

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-03T00:00:00Z"}


def test_one_calendar_entered_twice_is_still_one_person(town):
    """Two records of the same calendar share what occupies them, before and after its entry is written."""
    town.hire("Ada", skills=("python",))
    town.hire("Again", skills=("cobol",), calendar={"provider": "ics", "address": "ada@acme.example"})
    plans = [
        town.plan(sessions=[{"key": "t", "title": "T", "minutes": 60, "seats": [{"skill": skill}]}])
        for skill in ("python", "cobol")
    ]
    first, second = (
        town.offer(plan, candidates=candidates(name), options=1, window=one_hour())
        for plan, name in zip(plans, ("Candy", "Dora"), strict=True)
    )
    town.book(first)

    with pytest.raises(TakenWithOthers):
        town.book(second)
    town.run_jobs()
    third = town.offer(plans[1], candidates=candidates("Eve"), options=1, window=one_hour())

    assert third["candidates"][0]["status"] == "infeasible"


def test_a_calendar_is_not_changed_under_bookings_ahead(town):
    ada = town.hire("Ada", skills=("python",))
    town.calendars.add_calendar("new@acme.example")
    new = {"calendar": {"provider": "ics", "address": "new@acme.example"}}
    booking = town.book(town.offer(window=WINDOW))

    with pytest.raises(Conflict) as refusal:
        interviewers.update(town.parts, town.organization_id, ada, new)
    bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER)

    assert refusal.value.reason == "has_bookings"
    assert interviewers.update(town.parts, town.organization_id, ada, new)["calendar"] == new["calendar"]


def test_somebody_elses_interview_in_a_further_calendar_of_mine_is_busy_time(town):
    town.hire("Ada", skills=("python",))
    town.hire("Zoe", skills=("cobol",), busy_calendars=[{"provider": "ics", "address": "ada@acme.example"}])
    cobol = [{"key": "t", "title": "T", "minutes": 60, "seats": [{"skill": "cobol"}]}]
    town.book(town.offer(window=one_hour(), options=1))
    town.run_jobs()

    run = town.offer(town.plan(sessions=cobol), candidates=candidates("Dora"), options=1, window=one_hour())

    assert run["candidates"][0]["status"] == "infeasible"


def test_two_records_of_one_calendar_never_sit_on_one_panel(town):
    town.hire("Ada", skills=("python",))
    town.hire("Again", skills=("python",), calendar={"provider": "ics", "address": "ada@acme.example"})
    panel = [{"key": "p", "title": "P", "minutes": 60, "seats": [{"skill": "python", "count": 2}]}]

    run = town.offer(town.plan(sessions=panel), window=WINDOW)

    assert run["candidates"][0]["status"] == "infeasible"


def test_a_person_and_a_room_with_one_calendar_are_not_both_used(town):
    town.hire("Ada", skills=("python",))
    rooms.create(
        town.parts,
        town.organization_id,
        {
            "name": "Oak",
            "capacity": 4,
            "time_zone": "Europe/London",
            "calendar": {"provider": "ics", "address": "ada@acme.example"},
        },
    )
    talk = [
        {"key": "t", "title": "T", "minutes": 60, "seats": [{"skill": "python"}], "room": {"capacity": 2}}
    ]

    run = town.offer(town.plan(sessions=talk), window=WINDOW)

    assert run["candidates"][0]["status"] == "infeasible"
