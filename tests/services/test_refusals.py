# SPDX-License-Identifier: Apache-2.0
"""Calendars that will not take our event, or will not let it go: a person hears, until it is over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calendars.errors import NotAllowed
from scheduler.domain.intervals import parse_instant
from scheduler.services import bookings, replacing, rooms, upkeep
from tests.services.interviews import fresh, mover
from tests.services.town import CONTACT, RECRUITER

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-04T00:00:00Z"}
CLOSED = "Convene may not write here; share the calendar with it."
TOLD, TAKEN_BACK = "Needs a look", "No longer needs a look"


@pytest.fixture
def closed(town):
    """Ada's interview, and a calendar that does not let us write."""
    town.hire("Ada", skills=("python",))
    town.calendars.outage = NotAllowed(CLOSED)
    booking = town.book(town.offer(window=WINDOW))
    town.run_jobs()
    return booking


def later(town, **time):
    town.clock.forward(**time)
    upkeep.sweep(town.parts)
    town.run_jobs()


def now(town, booking):
    return bookings.get(town.parts, town.organization_id, booking["id"])


def state(town, booking):
    found = now(town, booking)
    return found["status"], found["attention"]


def looks(town):
    """What the contact was told by mail of what needs a look."""
    said = [subject.split(":")[0] for subject in town.post.subjects_to(CONTACT["email"])]
    return [subject for subject in said if "look" in subject]


def replace(town, booking, by):
    replacing.replace_interviewer(
        town.parts,
        town.organization_id,
        booking["id"],
        session_key="talk",
        interviewer_id=town.people["Ada"],
        replacement_id=by,
        actor=RECRUITER,
    )
    town.run_jobs()


def test_a_person_reads_which_calendar_is_closed_whose_it_is_why_and_what_to_do(town, closed):
    status, said = state(town, closed)
    assert status == "needs_attention"
    assert said == (
        "The event of A talk cannot be written into the calendar ada@acme.example (of Ada): Convene may not "
        "write here; share the calendar with it. Please have the calendar opened to Convene, or enter the "
        "event by hand; it is tried again every hour. Interviewers who would have heard through this "
        "calendar hear by mail."
    )
    later(town, seconds=31)
    assert looks(town) == [TOLD]


def test_what_stays_closed_is_told_once_whatever_reason_is_given(town, closed):
    before = now(town, closed)

    later(town, seconds=31)
    town.calendars.outage = NotAllowed("Something else.")
    later(town, hours=2)

    assert now(town, closed) == before
    assert looks(town) == [TOLD]


def test_what_is_taken_at_the_second_try_is_no_mail(town, closed):
    town.calendars.outage = None
    later(town, seconds=16)
    later(town, minutes=1)

    assert state(town, closed) == ("confirmed", None)
    assert looks(town) == []


def test_a_calendar_that_is_opened_gets_the_event_and_nothing_is_left_to_a_person(town, closed):
    later(town, seconds=31)
    town.calendars.outage = None
    later(town, minutes=1)

    after = now(town, closed)
    assert state(town, closed) == ("confirmed", None)
    assert [entry["event"] for entry in after["history"]][-2:] == [
        "booking.needs_attention",
        "booking.settled",
    ]
    assert looks(town) == [TOLD, TAKEN_BACK]


def test_a_move_into_a_calendar_that_was_opened_leaves_nothing_to_a_person(town, closed):
    option = fresh(town, closed)[0]
    town.calendars.outage = None

    mover(town, closed, option)()
    town.run_jobs()

    assert state(town, closed) == ("confirmed", None)


def test_a_move_of_what_is_still_refused_is_told_anew_for_the_new_time(town, closed):
    option = fresh(town, closed)[0]
    later(town, seconds=31)

    mover(town, closed, option)()
    town.run_jobs()
    later(town, seconds=31)

    assert now(town, closed)["attention"].count("cannot be written into") == 1
    assert looks(town) == [TOLD, TOLD]


def test_a_replacement_ends_it_with_the_calendar_of_whom_it_replaced(town, closed):
    ben = town.hire("Ben", skills=("python",))
    town.calendars.outage = None

    replace(town, closed, ben)

    assert state(town, closed) == ("confirmed", None)


def test_an_event_that_cannot_be_taken_from_whom_somebody_replaced_goes_to_a_person(town):
    town.hire("Ada", skills=("python",))
    booking = town.book(town.offer(window=WINDOW))
    town.run_jobs()
    ben = town.hire("Ben", skills=("python",))

    def refuse(_ref):
        raise NotAllowed(CLOSED)

    town.calendars.cancel_event = refuse
    replace(town, booking, ben)

    assert now(town, booking)["attention"].startswith(
        "The event of A talk cannot be taken out of the calendar ada@acme.example (of Ada): Convene may not"
    )
    del town.calendars.cancel_event
    later(town, minutes=1)
    assert state(town, booking) == ("confirmed", None)


def test_a_rooms_calendar_that_is_opened_is_left_to_nobody_any_more(town):
    town.hire("Ada", skills=("python",))
    town.calendars.add_calendar("blue@acme.example")
    rooms.create(
        town.parts,
        town.organization_id,
        {
            "name": "Blue",
            "capacity": 4,
            "time_zone": "Europe/London",
            "calendar": {"provider": "ics", "address": "blue@acme.example"},
        },
    )
    talk = {"key": "talk", "title": "A talk", "minutes": 60, "seats": [{"skill": "python"}]}
    plan = town.plan(sessions=[talk | {"room": {"capacity": 2}}])
    town.calendars.outage = NotAllowed(CLOSED)
    booking = town.book(town.offer(plan, window=WINDOW))
    town.run_jobs()

    said = now(town, booking)["attention"].split("\n")
    assert [line.partition("blue@acme.example (of the room Blue)")[1] != "" for line in sorted(said)] == [
        False,
        True,
    ]
    later(town, seconds=31)
    assert looks(town) == [TOLD]  # one mail of both
    [mail] = [mail for mail in town.post.mails if "look" in str(mail["Subject"])]
    text = " ".join(mail.get_body(("plain",)).get_content().split())
    assert ("(of Ada)" in text, "(of the room Blue)" in text) == (True, True)
    town.calendars.outage = None
    later(town, minutes=1)
    assert state(town, booking) == ("confirmed", None)
    assert looks(town) == [TOLD, TAKEN_BACK]


def test_of_a_cancelled_interview_that_was_never_written_nothing_is_left_to_do(town, closed):
    bookings.cancel(town.parts, town.organization_id, closed["id"], actor=RECRUITER)
    town.run_jobs()
    later(town, minutes=1)

    assert state(town, closed) == ("cancelled", None)
    assert looks(town) == []


def test_who_hears_by_mail_hears_once_and_is_reminded_once(town, closed):
    later(town, seconds=31)
    later(town, hours=2)
    assert town.post.subjects_to("ada@acme.example") == ["Interview Wed 2 Dec, 09:00 GMT with Candy Ray"]

    town.clock.instant = parse_instant(closed["start"]) - timedelta(hours=24)
    later(town)
    assert town.post.subjects_to("ada@acme.example")[1:] == [
        "Reminder: Wed 2 Dec, 09:00 GMT, interview with Candy Ray"
    ]


def test_a_cancellation_that_a_calendar_refuses_is_one_mail_to_its_owner(town):
    town.hire("Ada", skills=("python",))
    booking = town.book(town.offer(window=WINDOW))
    town.run_jobs()
    town.calendars.outage = NotAllowed(CLOSED)

    bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER)
    town.run_jobs()
    later(town, minutes=1)
    later(town, hours=1)

    assert town.post.subjects_to("ada@acme.example") == [
        "Cancelled: Wed 2 Dec, 09:00 GMT, interview with Candy Ray"
    ]


def test_whose_calendar_keeps_what_is_cancelled_is_asked_to_delete_it(town):
    """A notice by mail takes out what came by mail, and this did not."""
    town.hire("Ada", skills=("python",))
    booking = town.book(town.offer(window=WINDOW))
    town.run_jobs()
    town.calendars.outage = NotAllowed(CLOSED)

    bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER)
    town.run_jobs()

    mail = next(mail for mail in town.post.mails if "ada@" in str(mail["To"]))
    text = " ".join(mail.get_body(("plain",)).get_content().split())
    assert "could not be taken out of your calendar yet; please delete it there." in text
    assert "The attached notice" not in text
    assert "text/calendar" not in {part.get_content_type() for part in mail.walk()}


def test_who_hears_by_mail_hears_nothing_of_what_changes_for_others(town):
    town.hire("Ada", skills=("python",))
    town.hire("Hal", skills=("hr",))
    talk = {"key": "talk", "title": "A talk", "minutes": 60, "seats": [{"skill": "python"}]}
    intro = {"key": "intro", "title": "An intro", "minutes": 30, "seats": [{"skill": "hr"}]}
    town.calendars.outage = NotAllowed(CLOSED)
    booking = town.book(town.offer(town.plan(sessions=[talk, intro]), window=WINDOW))
    town.run_jobs()
    later(town, seconds=31)
    before = town.post.subjects_to("hal@acme.example")

    replace(town, booking, town.hire("Ben", skills=("python",)))
    later(town, seconds=31)

    assert (len(before), town.post.subjects_to("hal@acme.example")) == (1, before)
    town.clock.instant = parse_instant(booking["start"]) - timedelta(hours=24)
    later(town)
    assert len(town.post.subjects_to("hal@acme.example")) == 2  # reminded once


def test_who_heard_by_mail_hears_of_a_move_so_when_their_calendar_is_open_by_then(town, closed):
    option = fresh(town, closed)[0]
    town.calendars.outage = None

    mover(town, closed, option)()
    town.run_jobs()

    assert [s.partition(":")[0] for s in town.post.subjects_to("ada@acme.example")][1:] == ["New time"]


def test_who_hears_by_mail_reads_of_their_own_part_when_it_was(town):
    town.hire("Ada", skills=("python",))
    town.hire("Hal", skills=("hr",))
    talk = {"key": "talk", "title": "A talk", "minutes": 60, "seats": [{"skill": "python"}]}
    intro = {"key": "intro", "title": "An intro", "minutes": 30, "seats": [{"skill": "hr"}]}
    town.calendars.outage = NotAllowed(CLOSED)
    booking = town.book(town.offer(town.plan(sessions=[talk, intro]), window=WINDOW))
    town.run_jobs()

    mover(town, booking, fresh(town, booking)[0])()
    town.run_jobs()

    mail = next(mail for mail in reversed(town.post.mails) if "hal@" in str(mail["To"]))
    text = " ".join(mail.get_body(("plain",)).get_content().split())
    assert "it takes the place of Wednesday 2 December, 10:00–10:30, London time (GMT)." in text


def test_who_comes_back_is_invited_anew(town, closed):
    replace(town, closed, town.hire("Ben", skills=("python",)))
    replacing.replace_interviewer(
        town.parts,
        town.organization_id,
        closed["id"],
        session_key="talk",
        interviewer_id=town.people["Ben"],
        replacement_id=town.people["Ada"],
        actor=RECRUITER,
    )
    town.run_jobs()

    said = [s.partition(" Wed")[0] for s in town.post.subjects_to("ada@acme.example")]
    assert said == ["Interview", "No longer needed:", "Interview"]


def test_who_never_heard_of_an_interview_does_not_hear_that_it_is_cancelled(town):
    town.hire("Ada", skills=("python",))
    booking = town.book(town.offer(window=WINDOW))
    bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER)

    def refuse(*_):
        raise NotAllowed(CLOSED)

    town.calendars.find_event = refuse
    town.run_jobs()
    later(town, minutes=1)

    assert town.post.subjects_to("ada@acme.example") == []
