# SPDX-License-Identifier: Apache-2.0
"""Times that a booked interview can be moved to."""

from __future__ import annotations

import pytest

from scheduler.domain.errors import Unavailable
from scheduler.domain.intervals import parse_instant
from scheduler.services import fresh_options, organizations
from tests.services.interviews import TWO_DAYS, arranged, fresh, move, now, people_of
from tests.services.town import RECRUITER


def test_fresh_options_are_other_times_in_the_runs_window(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)

    options = fresh(town, booking)

    assert len(options) == 5
    assert booking["start"] not in {option["start"] for option in options}
    assert all(TWO_DAYS["start"] <= option["start"] < TWO_DAYS["end"] for option in options)
    assert {option["status"] for option in options} == {"offered"}


def test_looking_for_fresh_options_leaves_the_booking_as_it_is(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)

    fresh(town, booking)

    assert now(town, booking) == booking


def test_asking_again_offers_the_same_times_under_the_same_ids(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)

    assert fresh(town, booking) == fresh(town, booking)


def test_a_run_without_a_window_is_moved_within_the_horizon_from_now(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town, town.plan(horizon_days=2), window=None)
    assert booking["start"] < "2026-12-02T09:00:00Z"
    town.clock.forward(minutes=12 * 60)

    options = fresh(town, booking, options=50)

    assert max(option["end"] for option in options) == "2026-12-02T17:00:00Z"


def test_a_window_that_was_given_holds_whatever_its_length(town):
    town.hire("Ada", skills=("python",))
    given = {"start": "2026-12-03T00:00:00Z", "end": "2026-12-08T00:00:00Z"}
    booking = arranged(town, town.plan(horizon_days=5), window=given)

    starts = {option["start"] for option in fresh(town, booking, options=50)}

    assert min(starts) >= given["start"]


def test_a_recruiter_may_name_another_window(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)

    options = fresh(town, booking, window={"start": "2026-12-09T00:00:00Z", "end": "2026-12-10T00:00:00Z"})

    assert {option["start"][:10] for option in options} == {"2026-12-09"}
    assert move(town, booking, options[0])["start"] == options[0]["start"]


def test_the_same_people_come_first_and_are_labelled(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)
    town.hire("Ben", skills=("python",))
    busy = ("2026-12-02T10:00:00Z", "2026-12-03T15:45:00Z")
    town.calendars.add_busy("ada@acme.example", *map(parse_instant, busy))

    options = fresh(town, booking)

    same = [option for option in options if "same_people" in {r["code"] for r in option["reasons"]}]
    ada, ben = town.people["Ada"], town.people["Ben"]
    assert same == options[: len(same)]
    assert {tuple(people_of(option)) for option in same} == {(ada,)}
    assert {tuple(people_of(option)) for option in options[len(same) :]} == {(ben,)}


def test_what_may_be_overbooked_may_be_moved_onto(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)
    focus = [parse_instant(TWO_DAYS[end]) for end in ("start", "end")]
    town.calendars.add_busy("ada@acme.example", *focus, kind="focus")
    assert fresh(town, booking) == []
    organizations.update(town.parts, town.organization_id, {"calendars": {"overbook": ["focus"]}})

    option = fresh(town, booking)[0]

    assert move(town, booking, option)["start"] == option["start"]


def why_not(town, booking):
    found = fresh_options.find(town.parts, town.organization_id, booking["id"], actor=RECRUITER)
    assert found["data"] == []
    return found["explanation"]


def test_when_only_the_booked_time_fits_it_is_said_what_blocks_the_others(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(
        town, window={"start": "2026-12-02T10:00:00Z", "end": "2026-12-02T13:00:00Z"}, options=1
    )
    for busy in (("2026-12-02T08:00:00Z", booking["start"]), (booking["end"], "2026-12-02T17:00:00Z")):
        town.calendars.add_busy("ada@acme.example", *map(parse_instant, busy))

    explanation = why_not(town, booking)

    assert explanation["summary"].startswith(
        "The booked time is the only one at which “Technical interview” can begin on Wednesday 2 December."
        " Ada is needed for A talk and has too little time that fits, because of busy calendars"
    )
    assert [blocker["code"] for blocker in explanation["blockers"]] == ["busy"]
    assert explanation["relaxations"] == []


def test_a_window_that_holds_the_booked_time_alone_leaves_no_other(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town, window={"start": "2026-12-02T10:00:00Z", "end": "2026-12-02T11:00:00Z"})

    explanation = why_not(town, booking)

    assert explanation["summary"] == (
        "The booked time is the only one at which “Technical interview” can begin on Wednesday 2 December."
        " The window leaves no other time for the interviews."
    )
    assert [blocker["code"] for blocker in explanation["blockers"]] == ["window"]


def test_when_not_even_the_booked_time_fits_any_more_it_is_said_why(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)
    town.calendars.add_busy("ada@acme.example", *(parse_instant(TWO_DAYS[end]) for end in ("start", "end")))

    explanation = why_not(town, booking)

    assert explanation["summary"].startswith(
        "“Technical interview” cannot take place at another time from Wednesday 2 December to"
        " Thursday 3 December. Ada is needed for A talk"
    )
    assert [blocker["code"] for blocker in explanation["blockers"]] == ["busy"]


def test_calendars_that_cannot_be_read_are_a_reason_to_try_again(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)
    town.calendars.make_unreadable("ada@acme.example", "The server is down.")

    with pytest.raises(Unavailable) as refusal:
        fresh(town, booking)

    assert refusal.value.reason == "calendars_unreadable"
