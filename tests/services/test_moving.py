# SPDX-License-Identifier: Apache-2.0
"""Moving a booked interview: the same people first, one booking, nothing left of the old time."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from scheduler.db import rows
from scheduler.domain.errors import Conflict, NotFound, Unavailable
from scheduler.domain.intervals import parse_instant
from scheduler.services import bookings, organizations, picking, runs, upkeep
from scheduler.services.parts import CANDIDATE
from scheduler.services.picks import TakenWithOthers
from tests.services.interviews import (
    TWO_DAYS,
    arranged,
    at,
    during,
    fresh,
    move,
    now,
    people_of,
    when_standing,
)
from tests.services.town import RECRUITER


def test_a_moved_booking_is_the_same_booking_at_another_time(town):
    ada = town.hire("Ada", skills=("python",))
    booking = arranged(town)
    option = fresh(town, booking)[0]

    moved = move(town, booking, option)

    assert (moved["id"], moved["version"], moved["status"]) == (booking["id"], 2, "confirmed")
    assert (moved["start"], moved["end"]) == (option["start"], option["end"])
    assert (moved["option_id"], people_of(moved)) == (option["id"], [ada])
    assert moved["history"][1:] == [
        {
            "at": "2026-11-30T09:00:00Z",
            "actor": RECRUITER.name,
            "event": "booking.rescheduled",
            "version": 2,
            "option_id": option["id"],
            "moved_from": {"start": booking["start"], "end": booking["end"]},
        }
    ]
    run = runs.get(town.parts, town.organization_id, booking["run_id"])["candidates"][0]
    assert run["booking_id"] == booking["id"]
    assert [o["id"] for o in run["options"] if o["status"] == "accepted"] == [option["id"]]
    assert "offered" not in {o["status"] for o in run["options"]}


def test_the_old_time_is_free_at_once_and_the_new_one_taken(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)
    moved = move(town, booking, fresh(town, booking)[0])

    dora = [{"name": "Dora", "email": "dora@example.net", "time_zone": "Europe/London"}]
    other = town.offer(candidates=dora, options=50, window=TWO_DAYS)

    starts = {option["start"] for option in other["candidates"][0]["options"]}
    assert booking["start"] in starts
    assert moved["start"] not in starts


def test_the_old_time_is_free_before_its_entry_has_left_the_calendar(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)
    moved = move(town, booking, fresh(town, booking)[0])
    assert when_standing(town, "Ada", booking) == during(booking)

    dora = [{"name": "Dora", "email": "dora@example.net", "time_zone": "Europe/London"}]
    run = town.offer(candidates=dora, options=50, window=TWO_DAYS, solve=False)
    with town.parts.database.transaction(town.organization_id) as session:
        session.execute(sa.update(rows.CalendarEntry).values(attempt_at=town.clock() + timedelta(minutes=1)))
    town.run_jobs()

    again = runs.get(town.parts, town.organization_id, run["id"])
    option = at(again["candidates"][0]["options"], booking["start"])
    assert when_standing(town, "Ada", moved) == during(booking)
    picking.book(town.parts, town.organization_id, option["id"], actor=RECRUITER)


def test_times_to_move_to_end_with_the_interview(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)
    fresh(town, booking)
    town.clock.instant = parse_instant(booking["end"])

    upkeep.sweep(town.parts)
    town.run_jobs()

    options = runs.get(town.parts, town.organization_id, booking["run_id"])["candidates"][0]["options"]
    assert {option["status"] for option in options} == {"accepted", "withdrawn", "expired"}


def test_the_booking_never_stands_in_the_way_of_its_own_new_time(town):
    """Half an hour later is possible although it overlaps the present time, its entry and its buffers."""
    town.hire("Ada", skills=("python",), buffer={"before": 15, "after": 15}, limits={"per_day": 1})
    window = {"start": "2026-12-02T09:00:00Z", "end": "2026-12-02T11:00:00Z"}
    booking = arranged(town, window=window, options=1)

    options = fresh(town, booking, options=50)

    half_an_hour_later = (parse_instant(booking["start"]) + timedelta(minutes=30)).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )
    moved = move(town, booking, at(options, half_an_hour_later))
    assert moved["start"] == half_an_hour_later


def test_other_interviews_of_the_same_person_do_stand_in_the_way(town):
    town.hire("Ada", skills=("python",), limits={"per_day": 1})
    booking = arranged(town, window={"start": "2026-12-02T09:00:00Z", "end": "2026-12-02T17:00:00Z"})
    dora = [{"name": "Dora", "email": "dora@example.net", "time_zone": "Europe/London"}]
    thursday = {"start": "2026-12-03T09:00:00Z", "end": "2026-12-03T17:00:00Z"}
    town.book(town.offer(candidates=dora, window=thursday))

    options = fresh(town, booking, window=TWO_DAYS, options=50)

    assert {option["start"][:10] for option in options} == {"2026-12-02"}


def test_the_same_choice_twice_is_one_move(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)
    option = fresh(town, booking)[0]

    assert move(town, booking, option) == move(town, booking, option)


def test_a_lost_person_is_replaced_by_another_who_can(town):
    ada = town.hire("Ada", skills=("python",))
    booking = arranged(town)
    ben = town.hire("Ben", skills=("python",))
    option = fresh(town, booking)[0]
    town.calendars.add_busy("ada@acme.example", *during(option))

    moved = move(town, booking, option)
    town.run_jobs()

    assert people_of(moved) == [ben]
    assert moved["history"][-1]["replaced"] == [ada]
    assert when_standing(town, "Ada", moved) is None
    assert when_standing(town, "Ben", moved) == during(moved)


def test_a_time_that_has_gone_leaves_the_booking_as_it_was(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)
    options = fresh(town, booking)
    town.calendars.add_busy("ada@acme.example", *during(options[0]))

    with pytest.raises(TakenWithOthers) as refusal:
        move(town, booking, options[0])

    assert [o["id"] for o in refusal.value.options] == [o["id"] for o in options[1:]]
    assert now(town, booking) == booking


def test_a_time_that_was_booked_by_another_is_not_among_what_is_left(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)
    options = fresh(town, booking)
    dora = [{"name": "Dora", "email": "dora@example.net", "time_zone": "Europe/London"}]
    hour = {"start": options[0]["start"], "end": options[0]["end"]}
    town.book(town.offer(candidates=dora, options=1, window=hour))

    with pytest.raises(TakenWithOthers) as refusal:
        move(town, booking, options[0])

    left = {option["id"] for option in refusal.value.options}
    overlapping = {o["id"] for o in options if o["start"] < hour["end"] and hour["start"] < o["end"]}
    assert left == {option["id"] for option in options} - overlapping


def test_an_option_of_before_is_no_longer_on_offer(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)
    first, second = fresh(town, booking)[:2]
    move(town, booking, first)

    with pytest.raises(TakenWithOthers):
        move(town, booking, second)


def test_what_is_cancelled_or_over_is_not_moved(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)
    option = fresh(town, booking)[0]
    bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER)

    for ask in (lambda: move(town, booking, option), lambda: fresh(town, booking)):
        with pytest.raises(Conflict) as refusal:
            ask()
        assert refusal.value.reason == "not_booked"


def test_what_has_begun_is_not_moved(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)
    town.clock.instant = parse_instant(booking["start"])

    with pytest.raises(Conflict) as refusal:
        fresh(town, booking)

    assert refusal.value.reason == "begun"


def test_an_option_of_somebody_else_is_not_there(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)
    dora = [{"name": "Dora", "email": "dora@example.net", "time_zone": "Europe/London"}]
    other = town.offer(candidates=dora, window=TWO_DAYS)

    with pytest.raises(NotFound):
        move(town, booking, other["candidates"][0]["options"][0])


def test_what_a_person_should_have_looked_at_is_settled_by_a_move(town):
    town.hire("Ada", skills=("python",))
    organizations.update(town.parts, town.organization_id, {"policies": {"provider_down": "book_pending"}})
    run = town.offer(window=TWO_DAYS)
    town.calendars.make_unreadable("ada@acme.example", "The server is down.")
    booking = town.book(run)
    assert booking["status"] == "needs_attention"
    town.calendars.make_readable("ada@acme.example")

    moved = move(town, booking, fresh(town, booking)[0])

    assert (moved["status"], moved["attention"], moved["version"]) == ("confirmed", None, 3)


def test_a_move_without_a_look_at_the_calendars_is_left_to_a_person(town):
    town.hire("Ada", skills=("python",))
    organizations.update(town.parts, town.organization_id, {"policies": {"provider_down": "book_pending"}})
    booking = arranged(town)
    option = fresh(town, booking)[0]
    town.calendars.make_unreadable("ada@acme.example", "The server is down.")

    moved = move(town, booking, option)
    town.calendars.make_readable("ada@acme.example")

    assert (moved["status"], moved["version"]) == ("needs_attention", 3)


def test_time_that_was_never_read_is_not_booked_blindly(town):
    """The policy is to book from what is known; of a window further away nothing is."""
    town.hire("Ada", skills=("python",))
    organizations.update(town.parts, town.organization_id, {"policies": {"provider_down": "book_pending"}})
    booking = arranged(town, town.plan(horizon_days=60))
    option = fresh(town, booking, window={"start": "2027-01-11T00:00:00Z", "end": "2027-01-12T00:00:00Z"})[0]
    town.calendars.make_unreadable("ada@acme.example", "The server is down.")

    with pytest.raises(Unavailable):
        move(town, booking, option)
    town.calendars.make_readable("ada@acme.example")

    assert move(town, booking, option)["status"] == "confirmed"


def test_a_day_of_interviews_moves_as_a_whole(town):
    for name, skill in (("Ada", "python"), ("Ben", "design")):
        town.hire(name, skills=(skill,))
    loop = [
        {"key": "a", "title": "Coding", "minutes": 60, "seats": [{"skill": "python"}]},
        {"key": "b", "title": "Design", "minutes": 60, "seats": [{"skill": "design"}]},
    ]
    booking = arranged(town, town.plan(sessions=loop))
    option = next(o for o in fresh(town, booking, options=50) if o["start"][:10] == "2026-12-03")

    moved = move(town, booking, option)
    town.run_jobs()

    starts = {item["key"]: item["start"] for item in moved["sessions"]}
    assert {start[:10] for start in starts.values()} == {"2026-12-03"}
    assert when_standing(town, "Ada", moved, "a")[0] == parse_instant(starts["a"])
    assert when_standing(town, "Ben", moved, "b")[0] == parse_instant(starts["b"])


def test_a_candidate_moves_as_often_as_the_plan_says(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town, town.plan(reschedule={"limit": 1, "cutoff_hours": 0}))
    move(town, booking, fresh(town, booking, actor=CANDIDATE)[0], actor=CANDIDATE)

    with pytest.raises(Conflict) as refusal:
        fresh(town, booking, actor=CANDIDATE)

    assert refusal.value.reason == "reschedule_limit"
    assert move(town, booking, fresh(town, booking)[0])["version"] == 3


def test_a_candidate_moves_until_so_many_hours_before(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town, town.plan(reschedule={"limit": 2, "cutoff_hours": 12}))
    option = fresh(town, booking, actor=CANDIDATE, options=50)[-1]
    town.clock.instant = parse_instant(booking["start"]) - timedelta(hours=11)

    with pytest.raises(Conflict) as refusal:
        move(town, booking, option, actor=CANDIDATE)

    assert refusal.value.reason == "reschedule_cutoff"
    assert move(town, booking, option)["start"] == option["start"]
