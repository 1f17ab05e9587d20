# SPDX-License-Identifier: Apache-2.0
"""Who hears of a move, and what stands in calendars after it."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from calendars.errors import NotAllowed
from scheduler.db import rows
from scheduler.domain.intervals import parse_instant
from scheduler.services import bookings, entries, interviewers, upkeep
from tests.services.interviews import (
    TWO_DAYS,
    arranged,
    at,
    during,
    fresh,
    move,
    now,
    people_of,
    replace_person,
    when_standing,
)
from tests.services.town import CONTACT, RECRUITER

CANDY, ROSA = "candy@example.net", CONTACT["email"]


def invitations_to(town, address):
    """UID, SEQUENCE and DTSTART of every calendar event sent to somebody."""
    found = []
    for mail in town.post.mails:
        if address in str(mail["To"]):
            for part in mail.walk():
                if part.get_content_type() == "text/calendar":
                    lines = part.get_content().splitlines()
                    found.append(
                        tuple(
                            next(line.partition(":")[2] for line in lines if line.startswith(name))
                            for name in ("UID", "SEQUENCE", "DTSTART")
                        )
                    )
    return found


def test_the_event_is_moved_and_not_made_anew(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)
    moved = move(town, booking, fresh(town, booking)[0])

    town.run_jobs()

    (before,), (after,) = (
        [event for item in b["sessions"] for event in item["calendar_events"]]
        for b in (booking, now(town, moved))
    )
    assert when_standing(town, "Ada", moved) == during(moved)
    assert (after["id"], after["status"]) == (before["id"], "written")


def test_a_change_has_the_last_word_over_a_slow_worker(town):
    """Somebody is still writing the old time while the interview is moved and another worker is at it."""
    town.hire("Ada", skills=("python",))
    booking = town.book(town.offer(window=TWO_DAYS))
    option = fresh(town, booking)[0]
    writing = town.calendars.create_event

    def move_meanwhile(calendar, draft):
        town.calendars.create_event = writing
        move(town, booking, option)
        with town.parts.database.transaction(town.organization_id) as session:
            (entry_id,) = session.scalars(sa.select(rows.CalendarEntry.id))
        entries.write(town.parts, town.organization_id, entry_id)
        return writing(calendar, draft)

    town.calendars.create_event = move_meanwhile
    town.run_jobs()
    town.clock.forward(minutes=2)
    upkeep.sweep(town.parts)
    town.run_jobs()

    moved = now(town, booking)
    assert moved["version"] == 2
    assert when_standing(town, "Ada", moved) == during(moved)
    assert moved["sessions"][0]["calendar_events"][0]["status"] == "written"


def test_an_event_that_somebody_deleted_stands_again_at_the_new_time(town):
    """It was deleted at the old time; that somebody moved the interview since is a new wish."""
    town.hire("Ada", skills=("python",))
    booking = arranged(town)
    town.calendars.cancel_event(
        town.calendars.find_event("ada@acme.example", f"{booking['id']}.talk@convene").ref
    )

    moved = move(town, booking, fresh(town, booking)[0])
    town.run_jobs()

    assert when_standing(town, "Ada", moved) == during(moved)


def test_moved_away_and_back_there_is_one_event_in_each_calendar(town):
    ada = town.hire("Ada", skills=("python",))
    booking = arranged(town)
    ben = town.hire("Ben", skills=("python",))
    for leaves, stays in ((ada, ben), (ben, ada)):
        interviewers.update(town.parts, town.organization_id, leaves, {"active": False})
        interviewers.update(town.parts, town.organization_id, stays, {"active": True})
        booking = move(town, booking, fresh(town, booking)[0])
        town.run_jobs()

    assert people_of(booking) == [ada]
    assert when_standing(town, "Ada", booking) == during(booking)
    assert when_standing(town, "Ben", booking) is None


def test_candidate_and_contact_hear_once_with_the_new_invitation(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)
    moved = move(town, booking, fresh(town, booking)[0])

    town.run_jobs()
    town.run_jobs()

    for address, subject in ((CANDY, "New time:"), (ROSA, "Candy Ray has a new time:")):
        assert [s for s in town.post.subjects_to(address) if s.startswith(subject)] != []
        first, second = invitations_to(town, address)
        assert (first[0], second[0]) == (f"{booking['id']}@convene", f"{booking['id']}@convene")
        assert int(second[1]) > int(first[1])
        assert second[2] == parse_instant(moved["start"]).strftime("%Y%m%dT%H%M%SZ")
    text = town.post.mails[-1].get_body(("plain",)).get_content()
    assert "takes the place of" in text


def test_reminders_are_of_the_new_time_only(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)
    options = fresh(town, booking, options=50)
    moved = move(town, booking, options[-1])

    with town.parts.database.transaction(town.organization_id) as session:
        reminders = session.execute(
            sa.select(rows.Message.status, rows.Message.booking_version, rows.Message.due_at)
            .where(rows.Message.kind == "reminder")
            .order_by(rows.Message.booking_version, rows.Message.due_at)
        ).all()

    start = parse_instant(moved["start"])
    assert [(r.status, r.booking_version) for r in reminders] == [
        *[("cancelled", 1)] * 2,
        *[("queued", 2)] * 2,
    ]
    assert [r.due_at for r in reminders[2:]] == [start - timedelta(days=1), start - timedelta(hours=1)]


def test_whose_calendar_cannot_be_written_hears_of_it_by_mail(town):
    town.hire("Ada", skills=("python",))
    town.calendars.outage = NotAllowed("No access.")
    booking = arranged(town)
    option = fresh(town, booking)[0]

    move(town, booking, option)
    town.clock.forward(minutes=2)
    upkeep.sweep(town.parts)
    town.run_jobs()

    subjects = town.post.subjects_to("ada@acme.example")
    assert [subject.split()[0] for subject in subjects] == ["Interview", "New"]


def test_who_had_heard_by_mail_and_is_no_longer_needed_hears_that_too(town):
    ada = town.hire("Ada", skills=("python",))
    town.calendars.outage = NotAllowed("No access.")
    booking = arranged(town)
    town.hire("Ben", skills=("python",))
    option = fresh(town, booking)[0]
    interviewers.update(town.parts, town.organization_id, ada, {"active": False})

    move(town, booking, option)
    town.run_jobs()

    assert town.post.subjects_to("ada@acme.example")[-1].startswith("No longer needed: Wed 2 Dec")
    (_, first, _), (uid, sequence, start) = invitations_to(town, "ada@acme.example")
    assert uid == f"{booking['id']}@convene"
    assert int(sequence) > int(first)
    assert start == parse_instant(booking["start"]).strftime("%Y%m%dT%H%M%SZ")
    assert [s for s in town.post.subjects_to("ben@acme.example") if "Interview" in s] != []


def test_a_contact_who_interviews_with_a_closed_calendar_is_invited_once(town):
    """As an interviewer: that mail bears their part, and whoever looks at their calendar sees them busy."""
    town.hire("Rosa", skills=("python",))
    town.calendars.outage = NotAllowed("Closed.")
    booking = arranged(town)

    moved = move(town, booking, fresh(town, booking)[0])
    town.run_jobs()
    bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER)
    town.run_jobs()

    found = invitations_to(town, ROSA)
    assert [(uid, start) for uid, _, start in found] == [
        (f"{booking['id']}@convene", parse_instant(start).strftime("%Y%m%dT%H%M%SZ"))
        for start in (booking["start"], moved["start"], moved["start"])
    ]
    sequences = [int(sequence) for _, sequence, _ in found]
    assert sequences == sorted(set(sequences))


def test_a_contact_who_comes_onto_the_panel_reads_the_new_time_in_the_entry_they_have(town):
    town.hire("Ada", skills=("python",))
    booking = arranged(town)
    rosa = town.hire("Rosa", skills=("python",))
    replace_person(town, booking, "Ada", by="Rosa")
    town.run_jobs()

    moved = move(town, booking, at(fresh(town, booking), "2026-12-02T14:00:00Z"))
    town.run_jobs()

    assert people_of(moved) == [rosa]
    assert invitations_to(town, ROSA)[-1][2] == "20261202T140000Z"
