# SPDX-License-Identifier: Apache-2.0
"""Which of our own entries whoever reads calendars is told of (scheduler.db.own_entries)."""

from __future__ import annotations

from scheduler.db.own_entries import own_entries
from scheduler.domain.intervals import Interval, parse_instant
from scheduler.services import bookings
from tests.services.interviews import TWO_DAYS, arranged, during, fresh, move, replace_person
from tests.services.town import RECRUITER

ALL_OF_IT = Interval(*(parse_instant(TWO_DAYS[edge]) for edge in ("start", "end")))
BEFORE_IT = Interval(parse_instant("2026-11-30T00:00:00Z"), ALL_OF_IT.start)
ADA = "ada@acme.example"


def with_each(town, *names):
    """A booking with each of these, whose entries are written."""
    for name in names:
        town.hire(name, skills=(name.lower(),))
    return [arranged(town, town.plan(sessions=[talk_with(name)])) for name in names]


def talk_with(name):
    return {"key": "talk", "title": "A talk", "minutes": 60, "seats": [{"skill": name.lower()}]}


def entries(town, addresses, when=ALL_OF_IT, moving=()):
    with town.parts.database.transaction(town.organization_id) as session:
        return own_entries(session, addresses, when, moving=moving)


def uid(booking):
    return f"{booking['id']}.talk@convene"


def test_those_in_these_calendars_and_at_this_time(town):
    ada, _ = with_each(town, "Ada", "Bob")

    found = entries(town, [ADA])

    assert list(found) == [uid(ada)]
    assert found[uid(ada)].during == Interval(*during(ada))
    assert entries(town, [ADA], BEFORE_IT) == {}


def test_those_on_their_way_whosever_calendar_they_are_in(town):
    _, bob = with_each(town, "Ada", "Bob")
    move(town, bob, fresh(town, bob)[0])

    assert entries(town, [])[uid(bob)].during is None

    town.run_jobs()
    assert entries(town, []) == {}

    bookings.cancel(town.parts, town.organization_id, bob["id"], reason=None, actor=RECRUITER)
    assert entries(town, [])[uid(bob)].during is None


def test_those_of_a_booking_that_is_being_moved_whenever_it_is(town):
    _, bob = with_each(town, "Ada", "Bob")

    found = entries(town, [], BEFORE_IT, moving=[bob["id"]])

    assert (found[uid(bob)].during, found[uid(bob)].leaves) == (None, Interval(*during(bob)))


def test_one_that_somebody_was_taken_off_stands_where_the_others_have_it(town):
    """Calendars that invite nobody have an entry each, all with one name: one of them is gone, not all."""
    ada, _ = with_each(town, "Ada", "Bob")
    town.hire("Ben", skills=("ada",))
    replaced = replace_person(town, ada, "Ada", by="Ben")
    town.run_jobs()

    assert entries(town, [])[uid(ada)].during == Interval(*during(replaced))


def test_who_keeps_free_of_a_calendar_keeps_free_of_an_interview_its_owner_came_into(town):
    ada, _ = with_each(town, "Ada", "Bob")
    town.hire("Ben", skills=("ada",))
    town.hire("Zoe", skills=("zoe",), busy_calendars=[{"provider": "ics", "address": "ben@acme.example"}])
    replaced = replace_person(town, ada, "Ada", by="Ben")
    town.run_jobs()

    that_hour = {edge: replaced[edge] for edge in ("start", "end")}
    run = town.offer(town.plan(sessions=[talk_with("Zoe")]), window=that_hour)

    assert run["candidates"][0]["status"] == "infeasible"
