# SPDX-License-Identifier: Apache-2.0
"""Candidates whose time is over are erased, and nobody who is wanted still."""

from __future__ import annotations

from datetime import timedelta

from scheduler.domain.intervals import parse_instant
from scheduler.services import bookings, candidates, organizations, retention, runs, upkeep
from tests.services.candy import CANDY, PERSONAL, booked, happened, offer, person
from tests.services.town import RECRUITER
from tests.services.traces import traces_of

DAYS = 30


def keep_for(town, days):
    organizations.update(town.parts, town.organization_id, {"retention_days": days})


def tidied(town, **time):
    """Time passes; the clock has due things done, and then what is too old removed."""
    town.clock.forward(**time)
    upkeep.sweep(town.parts)
    town.run_jobs()
    upkeep.tidy(town.parts)
    town.run_jobs()


def is_erased(town, run):
    told = happened(town, "candidate.erased")
    return told == [{"candidate_id": person(run)}] and not traces_of(town.parts.database.url, *PERSONAL)


def is_kept(town, run):
    found = candidates.get(town.parts, town.organization_id, person(run))
    return found["name"] == "Candy Ray" and happened(town, "candidate.erased") == []


def test_a_candidate_is_erased_when_their_last_interview_is_so_long_ago_and_not_before(town):
    keep_for(town, DAYS)
    run, booking = booked(town)
    over = parse_instant(booking["end"]) + timedelta(days=DAYS)
    tidied(town, days=4)  # it is held

    tidied(town, seconds=(over - town.clock()).total_seconds() - 1)
    kept = is_kept(town, run)
    tidied(town, days=2)

    assert (kept, is_erased(town, run)) == (True, True)
    after = bookings.get(town.parts, town.organization_id, booking["id"])
    assert [entry["event"] for entry in after["history"]] == ["booking.confirmed", "booking.completed"]


def test_without_retention_days_nobody_is_erased_by_age(town):
    run, _ = booked(town)
    tidied(town, days=4000)

    assert is_kept(town, run)


def test_an_interview_that_is_far_ahead_keeps_its_candidate(town):
    keep_for(town, 1)
    run, booking = booked(town)
    tidied(town, hours=40)

    assert parse_instant(booking["start"]) > town.clock()
    assert is_kept(town, run)


def test_an_offer_that_is_open_keeps_its_candidate_and_one_that_ended_does_so_for_the_time(town):
    keep_for(town, 1)
    town.hire("Ada", skills=("python",))
    run = offer(town)
    tidied(town, days=1, hours=12)
    open_still = (is_kept(town, run), status(town, run))
    tidied(town, days=7)
    ended_lately = (is_kept(town, run), status(town, run))
    tidied(town, days=1, hours=1)

    assert open_still == (True, "offered")
    assert ended_lately == (True, "expired")
    assert is_erased(town, run)


def status(town, run):
    return runs.get(town.parts, town.organization_id, run["id"])["candidates"][0]["status"]


def test_somebody_who_is_asked_for_again_is_kept(town):
    keep_for(town, DAYS)
    run, _ = booked(town)
    tidied(town, days=DAYS)
    town.offer(candidates=[CANDY], window={"start": "2027-01-04T00:00:00Z", "end": "2027-01-08T00:00:00Z"})

    tidied(town, days=4)

    assert is_kept(town, run)


def test_a_cancellation_counts_and_not_when_the_interview_would_have_been(town):
    keep_for(town, DAYS)
    run, booking = booked(town)
    tidied(town, days=1)
    bookings.cancel(town.parts, town.organization_id, booking["id"], reason="I have a cold", actor=RECRUITER)
    tidied(town, days=DAYS, seconds=-1)
    kept = is_kept(town, run)

    tidied(town, hours=1)

    assert (kept, is_erased(town, run)) == (True, True)


def test_somebody_nobody_ever_asked_for_is_erased_too(town):
    keep_for(town, DAYS)
    her = {name: value for name, value in CANDY.items() if name != "external_refs"}
    candidates.create(town.parts, town.organization_id, her)
    tidied(town, days=DAYS - 1)
    early = happened(town, "candidate.erased")

    tidied(town, days=1, hours=1)

    assert (early, len(happened(town, "candidate.erased"))) == ([], 1)
    assert traces_of(town.parts.database.url, *PERSONAL) == set()


def test_one_organisation_keeps_its_own_as_long_as_it_says(town):
    run, _ = booked(town)
    other = organizations.create(town.parts, name="Other")
    organizations.update(town.parts, other, {"retention_days": 1})
    tidied(town, days=400)

    assert is_kept(town, run)


def test_whoever_is_asked_for_while_they_wait_to_be_erased_stays(town):
    keep_for(town, DAYS)
    run, _ = booked(town)
    town.clock.forward(days=400)
    upkeep.sweep(town.parts)
    town.run_jobs()
    town.clock.forward(days=400)
    retention.look(town.parts, town.organization_id)
    window = {"start": "2029-03-01T00:00:00Z", "end": "2029-03-08T00:00:00Z"}
    town.offer(candidates=[CANDY], solve=False, window=window)

    retention.erase(town.parts, town.organization_id, person(run))

    assert is_kept(town, run)
    town.run_jobs()


def test_twice_is_once(town):
    keep_for(town, DAYS)
    run, _ = booked(town)
    tidied(town, days=60)
    tidied(town, days=60)
    retention.erase(town.parts, town.organization_id, person(run))

    assert is_erased(town, run)
