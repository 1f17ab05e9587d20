# SPDX-License-Identifier: Apache-2.0
"""Other times that a candidate asks for by the link, before a booking and after it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from scheduler.db import rows
from scheduler.domain.errors import Conflict, Gone, Invalid
from scheduler.domain.intervals import Interval, parse_instant
from scheduler.services import candidate_link, candidates, runs
from tests.services.interviews import people_of, talk
from tests.services.town import CONTACT
from tests.services.town import candidates as crowd

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-12T00:00:00Z"}


@pytest.fixture
def run(town):
    town.hire("Ada", skills=("python",))
    return town.offer(window=WINDOW)


def named(start: str, end: str) -> list[Interval]:
    return [Interval(parse_instant(start), parse_instant(end))]


def availability_of(town, run) -> list[dict]:
    candidate_id = run["candidates"][0]["candidate"]["id"]
    return candidates.get(town.parts, town.organization_id, candidate_id)["availability"]


def test_times_that_the_candidate_names_are_searched_and_take_the_place_of_those_on_offer(town, run):
    token = town.token(run)
    afternoon = named("2026-12-08T13:00:00Z", "2026-12-08T17:00:00Z")

    link = candidate_link.find_options(town.parts, token, afternoon)

    assert link.status == "offered"
    assert len(link.options) == 5
    assert all(afternoon[0].contains(Interval(o.start, o.end)) for o in link.options)
    before = {option["id"] for option in run["candidates"][0]["options"]}
    assert before.isdisjoint(option.id for option in link.options)
    assert availability_of(town, run) == [{"start": "2026-12-08T13:00:00Z", "end": "2026-12-08T17:00:00Z"}]
    assert candidate_link.book(town.parts, token, link.options[0].id)["status"] == "confirmed"


def test_when_nobody_is_free_then_the_offer_stays_and_a_person_hears(town, run):
    token, before = town.token(run), candidate_link.open(town.parts, town.token(run))

    night = named("2026-12-08T01:00:00Z", "2026-12-08T05:00:00Z")
    with pytest.raises(Conflict) as refusal:
        candidate_link.find_options(town.parts, token, night)
    town.run_jobs()

    assert refusal.value.reason == "no_options"
    assert candidate_link.open(town.parts, token).options == before.options
    (told,) = (mail for mail in town.post.mails if CONTACT["email"] in str(mail["To"]))
    assert "Candy Ray" in told["Subject"]
    words = " ".join(told.get_body(("plain",)).get_content().split())
    assert "has been told that nobody is free then. What was on offer before still is." in words
    assert availability_of(town, run) == [{"start": "2026-12-08T01:00:00Z", "end": "2026-12-08T05:00:00Z"}]


def test_that_nobody_was_free_is_not_said_of_a_run_any_more_once_times_are_found(town, run):
    token = town.token(run)
    with pytest.raises(Conflict):
        candidate_link.find_options(town.parts, token, named("2026-12-08T01:00:00Z", "2026-12-08T05:00:00Z"))

    candidate_link.find_options(town.parts, token, named("2026-12-08T13:00:00Z", "2026-12-08T17:00:00Z"))

    (found,) = runs.get(town.parts, town.organization_id, run["id"])["candidates"]
    assert (found["status"], found["explanation"]) == ("offered", None)


def test_a_person_does_not_hear_that_nothing_fits_once_something_does(town, run):
    token = town.token(run)
    with pytest.raises(Conflict):
        candidate_link.find_options(town.parts, token, named("2026-12-08T01:00:00Z", "2026-12-08T05:00:00Z"))

    candidate_link.find_options(town.parts, token, named("2026-12-08T13:00:00Z", "2026-12-08T17:00:00Z"))
    town.run_jobs()

    assert town.post.subjects_to(CONTACT["email"]) == []


def test_a_person_does_not_hear_that_nothing_fits_of_somebody_who_has_booked(town, run):
    token = town.token(run)
    with pytest.raises(Conflict):
        candidate_link.find_options(town.parts, token, named("2026-12-08T01:00:00Z", "2026-12-08T05:00:00Z"))

    candidate_link.book(town.parts, token, candidate_link.open(town.parts, token).options[0].id)
    town.run_jobs()

    (confirmation,) = town.post.subjects_to(CONTACT["email"])
    assert confirmation.startswith("Candy Ray has chosen")


def test_who_had_no_options_left_is_offered_times_again(town, run):
    token = town.token(run)
    with town.parts.database.transaction(town.organization_id) as session:
        session.execute(sa.update(rows.RunCandidate).values(status="infeasible"))
        session.execute(sa.update(rows.Option).values(status="withdrawn"))
    assert candidate_link.open(town.parts, token).status == "searching"

    link = candidate_link.find_options(
        town.parts, token, named("2026-12-08T09:00:00Z", "2026-12-08T12:00:00Z")
    )

    assert (link.status, bool(link.options)) == ("offered", True)


def test_before_a_booking_times_must_be_named(town, run):
    with pytest.raises(Invalid):
        candidate_link.find_options(town.parts, town.token(run))


def test_an_offer_that_is_over_is_not_made_anew(town, run):
    token = town.token(run)
    town.clock.forward(days=8)

    with pytest.raises(Gone) as refusal:
        candidate_link.find_options(town.parts, token, named("2026-12-10T09:00:00Z", "2026-12-10T12:00:00Z"))

    assert refusal.value.reason == "expired"


def test_a_candidate_moves_what_they_booked(town, run):
    token = town.token(run)
    booked = candidate_link.book(town.parts, token, candidate_link.open(town.parts, token).options[0].id)
    assert candidate_link.open(town.parts, token).options == ()

    link = candidate_link.find_options(town.parts, token)
    moved = candidate_link.reschedule(town.parts, token, link.options[0].id)
    again = candidate_link.reschedule(town.parts, token, link.options[0].id)

    assert (moved["id"], moved["version"]) == (booked["id"], 2)
    assert moved["history"][-1]["actor"] == "candidate"
    assert again == moved
    assert candidate_link.open(town.parts, token).booking == moved
    assert "METHOD:PUBLISH" in candidate_link.invite(town.parts, token).decode()


def test_a_candidate_who_names_times_moves_within_them(town, run):
    token = town.token(run)
    candidate_link.book(town.parts, token, candidate_link.open(town.parts, token).options[0].id)

    link = candidate_link.find_options(
        town.parts, token, named("2026-12-09T13:00:00Z", "2026-12-09T17:00:00Z")
    )

    assert {option.start.date().isoformat() for option in link.options} == {"2026-12-09"}


def test_what_cannot_be_moved_any_more_shows_no_times(town, run):
    token = town.token(run)
    booked = candidate_link.book(town.parts, token, candidate_link.open(town.parts, token).options[0].id)
    option = candidate_link.find_options(town.parts, token).options[-1]
    town.clock.instant = parse_instant(booked["start"]) - timedelta(hours=23)

    link = candidate_link.open(town.parts, token)
    with pytest.raises(Conflict) as refusal:
        candidate_link.reschedule(town.parts, token, option.id)

    assert (link.options, link.immovable.reason) == ((), "reschedule_cutoff")
    assert refusal.value.reason == "reschedule_cutoff"


def test_without_a_booking_nothing_is_moved(town, run):
    with pytest.raises(Conflict) as refusal:
        candidate_link.reschedule(town.parts, town.token(run), run["candidates"][0]["options"][0]["id"])

    assert refusal.value.reason == "nothing_booked"


def test_where_nobody_is_named_nobody_is_said_to_have_been_told(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(contact=None)
    night = named("2026-12-08T01:00:00Z", "2026-12-08T05:00:00Z")

    with pytest.raises(Conflict, match=r"Nobody is free at those times\. They are noted\.\Z"):
        candidate_link.find_options(town.parts, town.token(run), night)


def test_that_no_times_could_be_found_in_a_hurry_is_not_that_there_are_none(town, monkeypatch):
    town.hire("Ada", skills=("python",))
    town.hire("Bob", skills=("java",))
    loop = [talk("one"), talk("two", seats=[{"skill": "java"}])]
    run = town.offer(town.plan(sessions=loop), window=WINDOW)
    monkeypatch.setattr("scheduler.solver.choice.DECIDING", 0)
    monkeypatch.setattr("scheduler.solver.choice.LEAST_DECIDING", 0)

    with pytest.raises(Conflict) as refusal:
        candidate_link.find_options(
            town.parts, town.token(run), named("2026-12-08T13:00:00Z", "2026-12-08T17:00:00Z")
        )

    assert refusal.value.reason == "no_options"
    (found,) = runs.get(town.parts, town.organization_id, run["id"])["candidates"]
    assert [blocker["code"] for blocker in found["explanation"]["blockers"]] == ["not_known"]
    assert found["explanation"]["summary"].startswith("No time could be found for “Technical interview”")


def test_what_stays_on_offer_where_nobody_is_free_at_the_times_they_name_can_be_booked(town, run):
    token, options = town.token(run), run["candidates"][0]["options"]
    with pytest.raises(Conflict):
        candidate_link.find_options(town.parts, token, named("2026-12-08T01:00:00Z", "2026-12-08T05:00:00Z"))

    assert candidate_link.book(town.parts, token, options[0]["id"])["start"] == options[0]["start"]
    (found,) = runs.get(town.parts, town.organization_id, run["id"])["candidates"]
    assert (found["status"], found["explanation"]) == ("booked", None)


def test_a_zone_that_is_kept_from_the_page_takes_no_time_away(town):
    """An afternoon in London is the night in Tokyo; who chooses it there knows that."""
    town.hire("Ada", skills=("python",))
    nobody_knows_where = [{"name": "Candy Ray", "email": "candy@example.net"}]
    afternoon = {"start": "2026-12-02T14:00:00Z", "end": "2026-12-02T17:00:00Z"}
    run = town.offer(window=afternoon, candidates=nobody_knows_where)
    token, options = town.token(run), run["candidates"][0]["options"]

    candidate_link.keep_zone(town.parts, token, "Asia/Tokyo")

    assert candidate_link.book(town.parts, token, options[0]["id"])["start"] == options[0]["start"]


@pytest.mark.parametrize(("first", "last", "zone"), [(9, 14, "Europe/Athens"), (13, 17, "Asia/Tokyo")])
def test_nor_does_it_a_whole_day(town, first, last, zone):
    """The pause at London's noon comes after that of Athens; an afternoon there is two days in Tokyo."""
    town.hire("Ada", skills=("python",))
    noon = [{"name": "Lunch", "minutes": 60, "between": ["12:00", "14:00"]}]
    plan = town.plan(sessions=[talk(key) for key in "abcd"], breaks=noon, distinct_interviewers=False)
    day = {"start": f"2026-12-02T{first:02}:00:00Z", "end": f"2026-12-02T{last}:00:00Z"}
    run = town.offer(plan, window=day, candidates=[{"name": "Candy Ray", "email": "candy@example.net"}])
    token, options = town.token(run), run["candidates"][0]["options"]
    option = min(options, key=lambda option: option["start"])

    candidate_link.keep_zone(town.parts, token, zone)

    assert candidate_link.book(town.parts, token, option["id"])["start"] == option["start"]


def test_times_beyond_those_named_first_stay_when_somebody_else_has_to_come(town):
    for name in ("Ada", "Ben"):
        town.hire(name, skills=("python",))
    morning = {"start": "2026-12-02T09:00:00Z", "end": "2026-12-02T12:00:00Z"}
    candy = {"name": "Candy", "email": "candy@example.net", "availability": [morning]}
    run = town.offer(window=WINDOW, candidates=[candy])
    token = town.token(run)
    hour = named("2026-12-08T13:00:00Z", "2026-12-08T14:00:00Z")
    [option] = candidate_link.find_options(town.parts, token, hour).options

    theirs = town.plan(sessions=[talk(seats=[{"interviewers": people_of(option.to_json())}])])
    elsewhere = {"start": "2026-12-08T13:00:00Z", "end": "2026-12-08T14:00:00Z"}
    town.book(town.offer(theirs, window=elsewhere, candidates=crowd("Dan")))

    assert [left.id for left in candidate_link.open(town.parts, token).options] == [option.id]
