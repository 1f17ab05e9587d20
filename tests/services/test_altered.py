# SPDX-License-Identifier: Apache-2.0
"""What was said of an event that somebody deleted or moved, once it stands as it should again."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from scheduler.db import rows
from scheduler.domain.intervals import format_instant
from scheduler.services import bookings, drafts, interviewers, replacing
from tests.services.interviews import HOUR, during, events, looks
from tests.services.networks import ADA, BOB, HOUSES, event_of, talk_of_two
from tests.services.town import RECRUITER

DAY = timedelta(days=1)
TOLD, TAKEN_BACK = "Needs a look", "No longer needs a look"


def deleted(networks, house, calendar=ADA):
    """Somebody deletes the event, and it is looked for twice."""
    getattr(networks, house).delete_event(calendar, event_of(networks, house, calendar)["id"])
    networks.later(minutes=2)
    networks.later(seconds=6)


def moved(networks, house, start):
    getattr(networks, house).move_event(ADA, event_of(networks, house)["id"], start, start + HOUR)
    networks.later(minutes=2)


def replace(networks, booking, leaving, by):
    """A person puts somebody else in a place, and the calendars follow."""
    replacing.replace_interviewer(
        networks.town.parts,
        networks.town.organization_id,
        booking["id"],
        session_key="talk",
        interviewer_id=networks.town.people[leaving],
        replacement_id=networks.town.people[by],
        actor=RECRUITER,
    )
    networks.town.run_jobs()
    return networks.booking(booking)


def state(booking):
    return booking["status"], booking["attention"]


@HOUSES
def test_an_event_that_is_moved_back_needs_no_look_and_moved_again_it_does(networks, house):
    booking = talk_of_two(networks, house, on_decline="none")
    start, _ = during(booking)
    moved(networks, house, start + HOUR)
    moved(networks, house, start + 2 * HOUR)

    moved(networks, house, start)

    after = networks.booking(booking)
    assert state(after) == ("confirmed", None)
    assert events(after)[-1] == "booking.settled"
    assert looks(networks.town) == [TOLD, TOLD, TAKEN_BACK]
    said = " ".join(networks.town.post.mails[-1].get_body(("plain",)).get_content().split())
    assert f"The event of A talk was moved in the calendar {ADA} by somebody" in said
    assert f"Booking {booking['id']}" in said
    assert booking["start"] not in said
    moved(networks, house, start + HOUR)
    assert networks.booking(booking)["status"] == "needs_attention"
    assert looks(networks.town) == [TOLD, TOLD, TAKEN_BACK, TOLD]


def in_berlin(networks, house, **plan):
    """A booking that Ada alone holds, who lives in Berlin."""
    networks.hire("Ada", house, "python", time_zone="Europe/Berlin")
    booking = networks.booked("python", **plan)
    networks.later(minutes=2)
    return booking


def words(start):
    """An hour on Wednesday 2 December on the clock of Berlin."""
    return f"Wednesday 2 December, {start.hour + 1:02}:00–{start.hour + 2:02}:00, Berlin time (CET)"


@HOUSES
def test_where_an_event_was_moved_to_is_said_on_the_clock_of_whose_calendar_it_is(networks, house):
    booking = in_berlin(networks, house)
    start, _ = during(booking)

    moved(networks, house, start + HOUR)

    assert networks.booking(booking)["attention"] == (
        f"The event of A talk was moved in the calendar {ADA} by somebody, to {words(start + HOUR)};"
        f" the booking still says {words(start)}."
    )


#: what people make of an hour from 08:00 (UTC), and how it is said in Berlin
ODD_TIMES = {
    "no length": (
        lambda start: (start, start),
        "Wednesday 2 December, 09:00, Berlin time (CET), without any length",
    ),
    "a day": (
        lambda start: (start.date(), start.date() + DAY),
        "Wednesday 2 December, the whole day",
    ),
    "three days": (
        lambda start: (start.date(), start.date() + 3 * DAY),
        "Wednesday 2 December to Friday 4 December, whole days",
    ),
    "another year": (
        lambda start: (start.replace(year=2027), start.replace(year=2027) + HOUR),
        "Thursday 2 December 2027, 09:00–10:00, Berlin time (CET)",
    ),
}


@pytest.mark.parametrize("odd", ODD_TIMES)
@HOUSES
def test_whatever_times_an_event_is_given_a_person_reads_them(networks, house, odd):
    there, words_of_it = ODD_TIMES[odd]
    booking = in_berlin(networks, house)
    start, _ = during(booking)
    event = event_of(networks, house)

    getattr(networks, house).move_event(ADA, event["id"], *there(start))
    networks.later(minutes=2)

    said = networks.booking(booking)["attention"]
    assert f"by somebody, to {words_of_it}; the booking still says" in said
    assert looks(networks.town) == [TOLD]
    mail = " ".join(networks.town.post.mails[-1].get_body(("plain",)).get_content().split())
    assert f"Moved to {words_of_it} Booking" in mail
    getattr(networks, house).move_event(ADA, event["id"], start, start + HOUR)
    networks.later(minutes=2)
    assert state(networks.booking(booking)) == ("confirmed", None)


@HOUSES
def test_what_was_said_in_the_words_of_before_is_not_said_again_and_is_taken_back(networks, house):
    """Times were UTC once, and a title that two sessions share bore its start."""
    booking = in_berlin(networks, house)
    start, _ = during(booking)
    moved(networks, house, start + HOUR)
    once = (
        f"The event of A talk was moved in the calendar {ADA} by somebody, to {format_instant(start + HOUR)};"
        f" the booking still says {format_instant(start)}."
    )
    town = networks.town
    with town.parts.database.transaction(town.organization_id) as session:
        session.get_one(rows.Booking, booking["id"]).attention = once
        session.scalars(sa.select(rows.CalendarEntry)).one().verify_at = town.clock()

    networks.later(minutes=2)
    still = networks.booking(booking)
    moved(networks, house, start)

    assert state(still) == ("needs_attention", once)
    assert state(networks.booking(booking)) == ("confirmed", None)


@HOUSES
def test_whoever_lives_elsewhere_by_now_does_not_make_it_news(networks, house):
    booking = in_berlin(networks, house)
    start, _ = during(booking)
    moved(networks, house, start + HOUR)
    told = networks.booking(booking)
    town = networks.town
    interviewers.update(town.parts, town.organization_id, town.people["Ada"], {"time_zone": "Asia/Tokyo"})

    networks.later(hours=7)
    still = networks.booking(booking)
    moved(networks, house, start)

    assert state(still) == state(told)
    assert looks(networks.town) == [TOLD, TAKEN_BACK]
    assert state(networks.booking(booking)) == ("confirmed", None)


@HOUSES
def test_an_event_that_is_written_anew_needs_no_look_and_deleted_again_it_does(networks, house):
    booking = talk_of_two(networks, house, on_decline="none")
    networks.hire("Ben", house, "java")
    deleted(networks, house)
    told = networks.booking(booking)

    after = replace(networks, booking, "Bob", "Ben")

    assert told["status"] == "needs_attention"
    assert len(getattr(networks, house).events(ADA)) == 1
    assert state(after) == ("confirmed", None)
    assert events(after)[-2:] == ["interviewer.replaced", "booking.settled"]
    networks.later(minutes=2)
    assert looks(networks.town) == [TOLD, TAKEN_BACK]
    deleted(networks, house)
    assert networks.booking(booking)["attention"] == told["attention"]
    assert looks(networks.town) == [TOLD, TAKEN_BACK, TOLD]


def test_a_deleted_event_that_somebody_brings_back_needs_no_look(networks):
    booking = talk_of_two(networks, "google", on_decline="none")
    deleted(networks, "google")
    town = networks.town
    with town.parts.database.transaction(town.organization_id) as session:
        draft = drafts.draft_of(session, session.scalars(sa.select(rows.CalendarEntry)).one())

    town.parts.granted("")["google"].create_event(ADA, draft)
    networks.later(hours=7)

    assert state(networks.booking(booking)) == ("confirmed", None)
    assert looks(networks.town) == [TOLD, TAKEN_BACK]


@HOUSES
def test_an_event_whose_owner_takes_part_no_more_needs_no_look(networks, house):
    booking = talk_of_two(networks, house, on_decline="none")
    networks.hire("Ann", house, "python")
    deleted(networks, house)

    after = replace(networks, booking, "Ada", "Ann")

    assert state(after) == ("confirmed", None)
    assert len(getattr(networks, house).events(BOB)) == 1


@HOUSES
def test_of_a_deleted_event_nothing_is_left_to_see_to_once_the_booking_is_cancelled(networks, house):
    booking = talk_of_two(networks, house, on_decline="none")
    deleted(networks, house)

    bookings.cancel(networks.town.parts, networks.town.organization_id, booking["id"], actor=RECRUITER)
    networks.town.run_jobs()

    assert state(networks.booking(booking)) == ("cancelled", None)


@HOUSES
def test_a_decline_that_is_taken_back_says_whose_it_was(networks, house):
    booking = talk_of_two(networks, house, on_decline="none")
    for answer in ("declined", "accepted"):
        getattr(networks, house).respond(BOB, event_of(networks, house)["id"], answer)
        networks.later(minutes=2)

    *_, told, settled = networks.booking(booking)["history"]

    about = {"session_key": "talk", "interviewer_id": networks.town.people["Bob"], "cause": "declined"}
    assert (told["event"], settled["event"]) == ("booking.needs_attention", "booking.settled")
    assert about.items() <= told.items()
    assert about.items() <= settled.items()
