# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from scheduler.db import rows
from scheduler.domain import wording
from scheduler.domain.errors import Conflict
from scheduler.domain.intervals import parse_instant
from scheduler.messages.errors import TryLater
from scheduler.services import bookings, fresh_options, mails, moving, replacing
from tests.services.mailing import WINDOW, at, booked, messages
from tests.services.town import CONTACT, RECRUITER

CANDY = "candy@example.net"


def test_confirmations_go_to_the_candidate_and_the_contact_with_a_calendar_invitation(town):
    booking = booked(town)

    sent = messages(town, booking, kind="confirmation")
    assert [(m["recipient_role"], m["status"]) for m in sent] == [("candidate", "sent"), ("contact", "sent")]
    to_candidate = next(m for m in town.post.mails if "candy" in m["To"] and "Confirmed" in m["Subject"])
    calendar = next(part for part in to_candidate.walk() if part.get_content_type() == "text/calendar")
    assert calendar.get_param("method") == "REQUEST"
    assert f"UID:{booking['id']}@convene" in calendar.get_content().replace("\r\n ", "")
    assert to_candidate["Message-ID"].startswith(f"<{sent[0]['id']}@")


def test_a_confirmation_without_a_link_promises_none(town):
    booked(town)

    mail = next(m for m in town.post.mails if "candy" in m["To"] and "Confirmed" in m["Subject"])
    text = " ".join(mail.get_body(("plain",)).get_content().split())
    assert "Where Rosa will tell you how to join before the interview" in text


def test_an_invitation_asks_for_an_answer_while_there_is_something_to_choose(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(town.plan(notice_hours=48, offer_days=30), window=WINDOW)

    last = max(parse_instant(option["start"]) for option in run["candidates"][0]["options"])
    (subject,) = town.post.subjects_to("candy@example.net")
    until = wording.clock(last - timedelta(hours=48), "Europe/London")
    assert f"{last - timedelta(hours=48):%a} {(last - timedelta(hours=48)).day} Dec, {until} GMT" in subject


def test_the_contact_reads_whose_calendar_left_nothing_to_offer(town):
    town.hire("Ada", skills=("python",))
    town.calendars.make_unreadable("ada@acme.example", "It is no calendar file.")
    town.offer(window=WINDOW)

    mail = next(m for m in town.post.mails if CONTACT["email"] in m["To"])
    text = " ".join(mail.get_body(("plain",)).get_content().split())
    assert "because the calendar could not be read: - Ada: It is no calendar file." in text


def test_reminders_are_due_as_the_plan_says_and_sent_once(town):
    booking = booked(town)
    start = parse_instant(booking["start"])
    queued = messages(town, booking, kind="reminder")
    assert [parse_instant(m["due_at"]) for m in queued] == [
        start - timedelta(hours=24),
        start - timedelta(hours=1),
    ]

    before = len(town.post.mails)
    at(town, start - timedelta(hours=24, seconds=1))
    assert len(town.post.mails) == before
    for _ in range(3):
        at(town, start - timedelta(hours=24) + timedelta(seconds=1))
    assert len(town.post.mails) == before + 1
    at(town, start - timedelta(hours=1))
    assert len(town.post.mails) == before + 2


def test_a_reminder_that_would_come_too_late_is_dropped(town):
    booking = booked(town)
    before = len(town.post.mails)

    at(town, parse_instant(booking["start"]) - timedelta(hours=2))

    assert len(town.post.mails) == before
    assert [(m["status"], m["error"]) for m in messages(town, booking, kind="reminder")] == [
        ("skipped", "expired_late"),
        ("queued", None),
    ]


def test_a_reminder_right_after_the_confirmation_is_not_owed(town):
    town.hire("Ada", skills=("python",))
    plan = town.plan(notice_hours=0)
    window = {"start": "2026-11-30T09:30:00Z", "end": "2026-12-01T09:30:00Z"}
    run = town.offer(plan, window=window)

    booking = town.book(run)

    start = parse_instant(booking["start"])
    assert start - town.clock() < timedelta(hours=24)
    due = [parse_instant(m["due_at"]) for m in messages(town, booking, kind="reminder")]
    assert all(moment > town.clock() for moment in due)
    assert start - timedelta(hours=24) not in due


def test_after_a_cancellation_nothing_is_sent_but_the_cancellation(town):
    booking = booked(town)
    bookings.cancel(town.parts, town.organization_id, booking["id"], reason="filled", actor=RECRUITER)
    town.run_jobs()
    before = len(town.post.mails)

    at(town, parse_instant(booking["start"]) - timedelta(minutes=60))

    assert len(town.post.mails) == before
    assert {m["status"] for m in messages(town, booking, kind="reminder")} == {"cancelled"}
    cancel = next(m for m in town.post.mails if "Cancelled" in m["Subject"] and "candy" in m["To"])
    calendar = next(part for part in cancel.walk() if part.get_content_type() == "text/calendar")
    assert calendar.get_param("method") == "CANCEL"
    assert "SEQUENCE:2" in calendar.get_content()
    assert "filled" not in cancel.as_string()


def test_a_confirmation_after_the_interview_is_dropped(town):
    town.post.failure = TryLater("nobody answers")
    booking = booked(town)
    town.post.failure = None

    at(town, parse_instant(booking["end"]) + timedelta(seconds=1))

    assert [(m["status"], m["error"]) for m in messages(town, booking, kind="confirmation")] == [
        ("skipped", "expired_late"),
        ("skipped", "expired_late"),
    ]


def test_a_reminder_an_hour_late_speaks_of_the_time_that_is_left(town):
    booking = booked(town)
    start = parse_instant(booking["start"])

    at(town, start - timedelta(hours=23))

    reminder = next(m for m in town.post.mails if "candy" in m["To"] and "Reminder" in m["Subject"])
    assert "24 hours" not in reminder.get_body(("plain",)).get_content()


def test_a_corrected_address_is_used_for_what_is_still_to_come(town):
    booking = booked(town)
    with town.parts.database.transaction(town.organization_id) as session:
        session.scalars(sa.select(rows.Candidate)).one().email = "new@example.net"

    at(town, parse_instant(booking["start"]) - timedelta(hours=24))

    assert len(town.post.subjects_to("new@example.net")) == 1


def test_a_waiting_mail_can_be_stopped_and_a_sent_one_cannot(town):
    booking = booked(town)
    waiting = messages(town, booking, kind="reminder")[0]
    sent = messages(town, booking, kind="confirmation")[0]

    assert (
        mails.cancel(town.parts, town.organization_id, waiting["id"], actor=RECRUITER)["status"]
        == "cancelled"
    )
    with pytest.raises(Conflict):
        mails.cancel(town.parts, town.organization_id, sent["id"], actor=RECRUITER)
    with pytest.raises(Conflict):
        mails.send_now(town.parts, town.organization_id, sent["id"], actor=RECRUITER)


def test_a_waiting_mail_can_be_sent_at_once(town):
    booking = booked(town)
    waiting = messages(town, booking, kind="reminder")[0]

    mails.send_now(town.parts, town.organization_id, waiting["id"], actor=RECRUITER)
    town.run_jobs()

    assert messages(town, booking, kind="reminder")[0]["status"] == "sent"


def test_messages_are_listed_in_pages(town):
    booking = booked(town)
    everything = mails.find(town.parts, town.organization_id, booking_id=booking["id"]).data

    first = mails.find(town.parts, town.organization_id, booking_id=booking["id"], limit=3)
    rest = mails.find(
        town.parts, town.organization_id, booking_id=booking["id"], limit=3, cursor=first.next_cursor
    )

    assert first.data + rest.data == everything
    assert rest.next_cursor is None


def test_the_contact_hears_of_choice_and_cancellation_with_the_reason(town):
    booking = booked(town)
    bookings.cancel(
        town.parts, town.organization_id, booking["id"], reason="position filled", actor=RECRUITER
    )
    town.run_jobs()

    texts = [m.get_body(("plain",)).get_content() for m in town.post.mails if CONTACT["email"] in m["To"]]
    assert len(texts) == 2
    assert "position filled" in texts[1]
    answered_to = {str(m["Reply-To"]) for m in town.post.mails if CONTACT["email"] in m["To"]}
    assert answered_to == {"Candy Ray <candy@example.net>"}


def test_a_stopped_reminder_of_a_cancelled_interview_cannot_be_sent_by_hand(town):
    booking = booked(town)
    bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER)
    stopped = messages(town, booking, kind="reminder")[0]

    with pytest.raises(Conflict) as refusal:
        mails.send_now(town.parts, town.organization_id, stopped["id"], actor=RECRUITER)

    assert refusal.value.reason == "out_of_date"


def test_the_contact_reads_times_on_the_interviewers_clock(town):
    town.hire("Ada", skills=("python",), time_zone="Europe/Berlin")
    booking = town.book(town.offer(window=WINDOW))
    town.run_jobs()

    start = parse_instant(booking["start"])
    (subject,) = [s for s in town.post.subjects_to(CONTACT["email"]) if "has been given" in s]
    assert f"{(start + timedelta(hours=1)):%H:%M} CET" in subject


def moved(town, booking):
    ours = town.parts, town.organization_id, booking["id"]
    option = fresh_options.find(*ours, actor=RECRUITER)["data"][-1]
    return moving.reschedule(*ours, option["id"], actor=RECRUITER)


def replaced(town, booking):
    (session,) = booking["sessions"]
    replacing.replace_interviewer(
        town.parts,
        town.organization_id,
        booking["id"],
        session_key=session["key"],
        interviewer_id=session["interviewers"][0]["id"],
        actor=RECRUITER,
    )


def last_text(town, address):
    mail = next(mail for mail in reversed(town.post.mails) if address in str(mail["To"]))
    return " ".join(mail.get_body(("plain",)).get_content().split())


def test_a_mail_tells_all_that_has_changed_since_its_reader_heard_last(town):
    town.hire("Ada", skills=("python",))
    town.hire("Ben", skills=("python",))
    booking = town.book(town.offer(window=WINDOW))
    town.run_jobs()

    replaced(town, moved(town, booking))  # the mail of the move has not gone out
    town.run_jobs()

    for address, said in ((CANDY, "This takes the place of"), (CONTACT["email"], "It takes the place of")):
        assert f"{said} Thursday 3 December, 09:00–10:00, London time (GMT)." in last_text(town, address)


def test_who_has_not_heard_of_the_interview_is_not_told_that_a_detail_has_changed(town):
    town.hire("Ada", skills=("python",))
    town.hire("Ben", skills=("python",))
    booking = town.book(town.offer(window=WINDOW))

    replaced(town, booking)  # the confirmation has not gone out
    town.run_jobs()

    assert town.post.subjects_to(CANDY)[1:] == ["Confirmed: Thu 3 Dec, 09:00 GMT, Technical interview"]
