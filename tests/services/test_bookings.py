# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from calendars.errors import NotAllowed, TryLater
from calendars.values import CalendarKey
from scheduler.db import rows
from scheduler.domain.errors import Conflict, NotFound
from scheduler.domain.intervals import parse_instant
from scheduler.services import bookings, entries, runs, upkeep
from tests.services.town import CONTACT, RECRUITER

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-04T00:00:00Z"}


def booked(town, **hire):
    """A booking whose calendar entry is written and whose mail is sent."""
    town.hire("Ada", skills=("python",), **hire)
    run = town.offer(window=WINDOW)
    booking = town.book(run)
    town.run_jobs()
    return run, bookings.get(town.parts, town.organization_id, booking["id"])


def entry_of(town, booking):
    found = town.calendars.find_event("ada@acme.example", f"{booking['id']}.talk@convene")
    return found and (found.start, found.end)


def test_the_interview_stands_in_the_interviewers_calendar(town):
    _, booking = booked(town)

    assert entry_of(town, booking) == (parse_instant(booking["start"]), parse_instant(booking["end"]))
    (event,) = booking["sessions"][0]["calendar_events"]
    assert (event["provider"], event["calendar"], event["status"]) == ("ics", "ada@acme.example", "written")
    assert event["attendees"] == ["ada@acme.example"]


def test_an_entry_is_written_once_however_often_its_job_runs(town):
    _, booking = booked(town)
    start, end = parse_instant(booking["start"]), parse_instant(booking["end"])

    upkeep.sweep(town.parts)
    town.run_jobs()

    key = CalendarKey("ada@acme.example", "Europe/London")
    reading = town.calendars.read_busy([key], start - timedelta(days=1), end + timedelta(days=1))
    assert [(b.start, b.end, b.kind) for b in reading[key.address].blocks] == [(start, end, "interview")]


def test_our_own_entry_does_not_count_twice_against_buffers(town):
    """The reservation speaks for the interview, so that its entry is not busy time on top of it."""
    _, booking = booked(town, buffer={"before": 15, "after": 15})

    again = town.offer(
        candidates=[{"name": "Dora", "email": "dora@example.net", "time_zone": "Europe/London"}],
        options=50,
        window=WINDOW,
    )

    end = parse_instant(booking["end"])
    starts = {option["start"] for option in again["candidates"][0]["options"]}
    assert (end + timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ") in starts
    assert (end + timedelta(minutes=15)).strftime("%Y-%m-%dT%H:%M:%SZ") not in starts


def test_a_calendar_that_is_busy_just_now_is_written_later(town):
    town.hire("Ada", skills=("python",))
    booking = town.book(town.offer(window=WINDOW))
    town.calendars.outage = TryLater("Down for a moment.")
    town.run_jobs()
    before = bookings.get(town.parts, town.organization_id, booking["id"])
    town.calendars.outage = None

    town.clock.forward(minutes=2)
    upkeep.sweep(town.parts)
    town.run_jobs()

    after = bookings.get(town.parts, town.organization_id, booking["id"])
    events = [b["sessions"][0]["calendar_events"][0]["status"] for b in (before, after)]
    assert events == ["pending", "written"]
    assert entry_of(town, booking) == (parse_instant(booking["start"]), parse_instant(booking["end"]))


def test_a_calendar_that_stays_down_comes_to_a_persons_attention(town):
    town.hire("Ada", skills=("python",))
    booking = town.book(town.offer(window=WINDOW))
    town.calendars.outage = TryLater("Down for long.")

    for _ in range(5):
        upkeep.sweep(town.parts)
        town.run_jobs()
        town.clock.forward(minutes=20)

    after = bookings.get(town.parts, town.organization_id, booking["id"])
    assert after["status"] == "needs_attention"
    assert "could not be brought up to date yet; it is tried again" in after["attention"]
    assert after["history"][-1]["error"] == "Down for long."


def test_cancelling_frees_everybody_removes_the_entry_and_tells_all(town):
    run, booking = booked(town)

    cancelled = bookings.cancel(
        town.parts, town.organization_id, booking["id"], reason="position filled", actor=RECRUITER
    )
    town.run_jobs()

    assert (cancelled["status"], cancelled["version"]) == ("cancelled", 2)
    assert entry_of(town, booking) is None
    assert len(town.post.subjects_to("candy@example.net")) == 3
    assert len(town.post.subjects_to(CONTACT["email"])) == 2
    after = bookings.get(town.parts, town.organization_id, booking["id"])
    assert [e["status"] for e in after["sessions"][0]["calendar_events"]] == ["removed"]
    assert [(h["event"], h["version"]) for h in after["history"]] == [
        ("booking.confirmed", 1),
        ("booking.cancelled", 2),
    ]
    run = runs.get(town.parts, town.organization_id, run["id"])
    assert run["candidates"][0]["status"] == "cancelled"
    again = town.offer(
        candidates=[{"name": "Dora", "email": "dora@example.net", "time_zone": "Europe/London"}],
        options=50,
        window=WINDOW,
    )
    assert booking["start"] in {o["start"] for o in again["candidates"][0]["options"]}


def test_cancelling_twice_is_cancelling_once(town):
    _, booking = booked(town)
    cancel = lambda: bookings.cancel(  # noqa: E731  # short, and used at once
        town.parts, town.organization_id, booking["id"], actor=RECRUITER
    )

    assert cancel()["version"] == cancel()["version"] == 2


def test_cancelling_before_the_entry_was_written_leaves_no_entry(town):
    town.hire("Ada", skills=("python",))
    booking = town.book(town.offer(window=WINDOW))
    bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER)

    town.run_jobs()

    assert entry_of(town, booking) is None
    kinds = [subject.split(":")[0] for subject in town.post.subjects_to("candy@example.net")]
    assert kinds.count("Confirmed") == 0
    assert kinds.count("Cancelled") == 1


def test_an_entry_whose_answer_was_lost_is_still_removed(town):
    _, booking = booked(town)
    # As after a crash between the calendar's answer and our writing it down.
    with town.parts.database.transaction(town.organization_id) as session:
        entry = session.scalars(sa.select(rows.CalendarEntry)).one()
        entry.event_id, entry.status = None, "pending"
    bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER)

    town.run_jobs()

    assert entry_of(town, booking) is None


def test_an_interview_that_is_over_counts_as_held_until_somebody_says_otherwise(town):
    _, booking = booked(town)
    town.clock.instant = parse_instant(booking["end"])

    upkeep.sweep(town.parts)
    assert bookings.get(town.parts, town.organization_id, booking["id"])["status"] == "completed"
    bookings.outcome(town.parts, town.organization_id, booking["id"], status="no_show", actor=RECRUITER)

    after = bookings.get(town.parts, town.organization_id, booking["id"])
    assert (after["status"], after["version"]) == ("no_show", 3)


def test_nobody_can_say_how_an_interview_went_before_it_began(town):
    _, booking = booked(town)

    with pytest.raises(Conflict) as refusal:
        bookings.outcome(town.parts, town.organization_id, booking["id"], status="completed", actor=RECRUITER)

    assert refusal.value.reason == "not_begun"


@pytest.mark.parametrize("when", ["start", "end"])
def test_a_cancelled_interview_was_not_held(town, when):
    _, booking = booked(town)
    bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER)
    town.clock.instant = parse_instant(booking[when]) - timedelta(minutes=1)

    with pytest.raises(Conflict) as refusal:
        bookings.outcome(town.parts, town.organization_id, booking["id"], status="completed", actor=RECRUITER)

    assert (refusal.value.reason, refusal.value.detail) == ("illegal_move", "This interview is cancelled.")


def test_a_calendar_that_may_not_be_written_reaches_its_owner_by_mail(town):
    town.hire("Ada", skills=("python",))
    booking = town.book(town.offer(window=WINDOW))
    with town.parts.database.transaction(town.organization_id) as session:
        session.scalars(
            sa.select(rows.CalendarEntry)
        ).one().provider = "google"  # which this service has no access to
    town.run_jobs()

    after = bookings.get(town.parts, town.organization_id, booking["id"])
    assert after["sessions"][0]["calendar_events"][0]["status"] == "refused"
    assert len(town.post.subjects_to("ada@acme.example")) == 1
    bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER)
    town.run_jobs()
    assert len(town.post.subjects_to("ada@acme.example")) == 2


def test_a_calendar_that_was_refused_and_then_mended_is_written_after_all(town):
    """Such as a file that another program was in the middle of writing."""
    town.hire("Ada", skills=("python",))
    booking = town.book(town.offer(window=WINDOW))
    town.calendars.outage = NotAllowed("The file ends in the middle.")
    town.run_jobs()
    town.calendars.outage = None

    town.clock.forward(seconds=16)
    upkeep.sweep(town.parts)
    town.run_jobs()

    after = bookings.get(town.parts, town.organization_id, booking["id"])
    assert after["sessions"][0]["calendar_events"][0]["status"] == "written"
    assert entry_of(town, booking) is not None


def test_an_entry_that_cannot_be_removed_is_tried_again(town):
    _, booking = booked(town)
    bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER)
    town.calendars.outage = NotAllowed("The file ends in the middle.")
    town.run_jobs()
    assert entry_of(town, booking) is not None
    town.calendars.outage = None

    town.clock.forward(seconds=16)
    upkeep.sweep(town.parts)
    town.run_jobs()

    assert entry_of(town, booking) is None


def test_an_unknown_booking_is_not_found(town):
    with pytest.raises(NotFound):
        bookings.get(town.parts, town.organization_id, "bkg_none")


def test_writing_an_entry_that_is_in_order_does_nothing(town):
    _, booking = booked(town)
    with town.parts.database.transaction(town.organization_id) as session:
        entry_id = session.scalars(sa.select(rows.CalendarEntry)).one().id

    entries.write(town.parts, town.organization_id, entry_id)

    assert bookings.get(town.parts, town.organization_id, booking["id"]) == booking
