# SPDX-License-Identifier: Apache-2.0
"""Repairs beside calendars that change, processes that die and people who are quicker."""

from __future__ import annotations

import pytest

from scheduler.services import losses, repairing, replacing, upkeep
from tests.races import at_once
from tests.services.interviews import PowerCut, booked, busy, hire, looks, lose, note, now, panel, talk, told
from tests.services.town import RECRUITER

# Calendars, crashes, races


def test_calendars_are_looked_at_again_before_anybody_comes(town):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben", "Cleo")
    busy(town, "Ben", booking)

    assert panel(lose(town, booking, "Ada")) == ["Cleo"]


def test_a_calendar_that_cannot_be_read_just_now_is_waited_for(town):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben")
    town.calendars.make_unreadable("ben@acme.example", "Away for a moment.", "timed_out")
    town.calendars.passing = True

    waits = lose(town, booking, "Ada")
    town.calendars.make_readable("ben@acme.example")
    town.clock.forward(minutes=3)
    upkeep.sweep(town.parts)
    town.run_jobs()

    assert (waits["status"], panel(waits)) == ("confirmed", ["Ada"])
    assert panel(now(town, booking)) == ["Ben"]


def test_a_calendar_that_stays_dark_is_not_waited_for_for_ever(town):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben")
    town.calendars.make_unreadable("ben@acme.example", "Away.", "timed_out")
    town.calendars.passing = True
    busy(town, "Ada", booking)
    lose(town, booking, "Ada", cause=losses.CONFLICT)
    for _ in range(8):
        town.clock.forward(minutes=2)
        upkeep.sweep(town.parts)
        town.run_jobs()

    after = now(town, booking)
    assert [entry["not_replaced"] for entry in told(after)] == ["unreadable"]
    town.calendars.make_readable("ben@acme.example")


@pytest.mark.parametrize("point", ["taken", "looked", "solved", "written"])
def test_a_repair_that_dies_in_the_middle_is_done_once_by_whoever_comes_next(town, point):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben")
    note(town, booking, "Ada")

    def reach(name):
        if name == f"repair.{point}":
            raise PowerCut

    with pytest.raises(PowerCut):
        repairing.repair(town.parts.evolve(reach=reach), town.organization_id)
    assert now(town, booking) == booking
    town.run_jobs()
    assert now(town, booking) == booking
    town.clock.forward(minutes=4)
    upkeep.sweep(town.parts)
    town.run_jobs()

    after = now(town, booking)
    assert (panel(after), len(told(after, "interviewer.replaced"))) == (["Ben"], 1)


@pytest.mark.parametrize("on_decline", ["replace", "suggest"])
@pytest.mark.parametrize("point", ["taken", "looked", "solved"])
def test_a_repair_that_outlasts_its_lease_does_no_harm_beside_whoever_takes_it_up(town, point, on_decline):
    hire(town, "Ada")
    replaced = booked(town, on_decline=on_decline)
    left = booked(town, "Dora Day", sessions=[talk(seats=[{"interviewers": [town.people["Ada"]]}])])
    hire(town, "Ben")
    note(town, replaced, "Ada")
    note(town, left, "Ada")
    passed = []

    def reach(name):
        passed.append(name)
        if passed.count(f"repair.{point}") == 1 and name == f"repair.{point}":
            town.clock.instant += repairing.LEASE
            repairing.repair(town.parts, town.organization_id)

    repairing.repair(town.parts.evolve(reach=reach), town.organization_id)
    town.run_jobs()

    after = now(town, replaced)
    assert panel(after) == (["Ben"] if on_decline == "replace" else ["Ada"])
    assert len(told(after, "interviewer.replaced")) == (on_decline == "replace")
    assert len(told(after)) == (on_decline == "suggest")
    assert len(told(now(town, left))) == 1
    assert looks(town) == ["Needs a look"] * (2 if on_decline == "suggest" else 1)


def test_a_repair_that_keeps_dying_goes_to_a_person(town):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben")
    note(town, booking, "Ada")

    def reach(name):
        if name == "repair.solved":
            raise PowerCut

    for _ in range(repairing.MOST_TRIES):
        with pytest.raises(PowerCut):
            repairing.repair(town.parts.evolve(reach=reach), town.organization_id)
        town.clock.forward(minutes=4)
    repairing.repair(town.parts.evolve(reach=reach), town.organization_id)

    assert told(now(town, booking))[0]["replacements"] == [town.people["Ben"]]
    town.run_jobs()


def test_a_loss_that_nothing_can_be_said_about_is_told_all_the_same(town):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben")
    note(town, booking, "Ada")

    def breaks(_):
        raise ValueError("this calendar drives everybody mad")

    town.calendars.meanwhile = breaks
    for _ in range(2 * repairing.MOST_TRIES):
        with pytest.raises(ValueError, match="mad"):
            repairing.repair(town.parts, town.organization_id)
        town.clock.forward(minutes=4)
    repairing.repair(town.parts, town.organization_id)

    (entry,) = told(now(town, booking))
    assert (entry["reason"], "replacements" in entry) == ("Ada has declined A talk.", False)
    town.calendars.meanwhile = None
    town.run_jobs()


@pytest.mark.parametrize("again", range(3))
def test_a_decline_and_a_recruiter_at_the_same_moment_are_one_change(town, again):
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben", "Cleo")
    note(town, booking, "Ada")

    def by_hand():
        return replacing.replace_interviewer(
            town.parts,
            town.organization_id,
            booking["id"],
            session_key="talk",
            interviewer_id=town.people["Ada"],
            actor=RECRUITER,
        )

    answers = at_once(lambda: repairing.repair(town.parts, town.organization_id), by_hand)
    town.run_jobs()

    after = now(town, booking)
    assert [answer for answer in answers if isinstance(answer, BaseException)] == []
    assert len(told(after, "interviewer.replaced")) == 1
    assert (told(after), after["status"]) == ([], "confirmed")


def test_whoever_is_booked_elsewhere_in_the_meantime_is_replaced_by_the_next(town):
    """Ben is found; before that is written he is booked for Dora, and Cleo has become free."""
    hire(town, "Ada")
    booking = booked(town)
    hire(town, "Ben", "Cleo")
    busy(town, "Cleo", booking)
    with_ben = town.plan(sessions=[talk(seats=[{"interviewers": [town.people["Ben"]]}])])
    hour = {"start": booking["start"], "end": booking["end"]}
    dora = [{"name": "Dora Day", "email": "dora@example.net", "time_zone": "Europe/London"}]
    offered = town.offer(with_ben, window=hour, options=1, candidates=dora)
    note(town, booking, "Ada")
    solved = []

    def reach(name):
        if name == "repair.solved":
            solved.append(name)
        if solved == ["repair.solved"] and name == "repair.solved":
            town.calendars._calendar("cleo@acme.example").blocks.clear()
            town.book(offered)

    repairing.repair(town.parts.evolve(reach=reach), town.organization_id)

    assert (panel(now(town, booking)), len(solved)) == (["Cleo"], 2)
