# SPDX-License-Identifier: Apache-2.0
"""Mail servers that refuse, hang, or leave it open whether they have taken a mail; workers that die at it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import timedelta

import sqlalchemy as sa

from scheduler.db import rows
from scheduler.domain.intervals import parse_instant
from scheduler.jobs import worker
from scheduler.messages.errors import Refused, TryLater, Unconfirmed
from scheduler.messages.mailer import Mailer
from scheduler.services import bookings, delivery, mails
from tests.patience import PATIENCE, eventually
from tests.services.mailing import WINDOW, at, booked, messages
from tests.services.town import RECRUITER, Post


def test_a_mail_server_that_is_down_loses_nothing_and_repeats_nothing(town):
    town.post.failure = TryLater("nobody answers")
    booking = booked(town)
    waiting = messages(town, booking, kind="confirmation")
    assert [(m["status"], m["attempts"]) for m in waiting] == [("queued", 1), ("queued", 1)]
    assert "nobody answers" in waiting[0]["error"]
    town.post.failure = None

    at(town, town.clock() + timedelta(seconds=6))
    at(town, town.clock() + timedelta(seconds=60))

    assert {m["status"] for m in messages(town, booking, kind="confirmation")} == {"sent"}
    assert len([s for s in town.post.subjects_to("candy@example.net") if "Confirmed" in s]) == 1


def test_an_address_that_will_never_work_is_given_up_and_seen(town):
    town.post.failure = Refused("550 no such mailbox")
    booking = booked(town)

    failed = messages(town, booking, kind="confirmation")
    assert [m["status"] for m in failed] == ["failed", "failed"]
    town.post.failure = None
    mails.send_now(town.parts, town.organization_id, failed[0]["id"], actor=RECRUITER)
    town.run_jobs()
    assert len([s for s in town.post.subjects_to("candy@example.net") if "Confirmed" in s]) == 1


def interrupted(town, message_id: str) -> None:
    """As after a crash between the mail server's answer and our writing it down, some time ago."""
    with town.parts.database.transaction(town.organization_id) as session:
        message = session.get_one(rows.Message, message_id)
        message.status, message.sent_at = "sending", None
        message.lease_until = sa.func.clock_timestamp() - timedelta(seconds=1)


def test_a_confirmation_whose_sending_was_interrupted_goes_out_again_as_the_same_mail(town):
    booking = booked(town)
    confirmation = messages(town, booking, kind="confirmation", recipient_role="candidate")[0]
    interrupted(town, confirmation["id"])

    at(town, town.clock())

    ids = [m["Message-ID"] for m in town.post.mails if "candy" in m["To"] and "Confirmed" in m["Subject"]]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_a_reminder_whose_sending_was_interrupted_does_not(town):
    booking = booked(town)
    start = parse_instant(booking["start"])
    at(town, start - timedelta(hours=24))
    before = len(town.post.mails)
    reminder = messages(town, booking, kind="reminder")[0]
    interrupted(town, reminder["id"])

    at(town, start - timedelta(hours=23))

    assert len(town.post.mails) == before
    assert messages(town, booking, kind="reminder")[0]["status"] == "failed"


def test_a_reminder_that_the_mail_server_may_have_taken_does_not_go_out_again(town):
    booking = booked(town)
    start = parse_instant(booking["start"])
    town.post.failure = Unconfirmed("it fell silent")
    at(town, start - timedelta(hours=24))
    town.post.failure = None
    before = len(town.post.mails)

    at(town, start - timedelta(hours=23))

    assert len(town.post.mails) == before
    reminder = messages(town, booking, kind="reminder")[0]
    assert (reminder["status"], reminder["error"]) == ("failed", delivery.INTERRUPTED)


def test_a_confirmation_that_the_mail_server_may_have_taken_goes_out_again(town):
    town.post.failure = Unconfirmed("it fell silent")
    booking = booked(town)
    town.post.failure = None

    at(town, town.clock() + timedelta(seconds=6))

    assert {m["status"] for m in messages(town, booking, kind="confirmation")} == {"sent"}


def test_a_mail_about_what_was_cancelled_while_it_failed_is_not_tried_again(town):
    booking = booked(town)

    class CancelledMeanwhile:
        def send(self, _mail):
            bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER)
            raise TryLater("nobody answers")

    reminder = messages(town, booking, kind="reminder")[0]
    town.clock.instant = parse_instant(reminder["due_at"])
    parts = town.parts.evolve(mail=Mailer(CancelledMeanwhile(), "interviews@acme.example"))
    delivery.deliver(parts, town.organization_id, reminder["id"])

    assert [(m["status"], m["error"]) for m in messages(town, booking, kind="reminder")] == [
        ("skipped", "booking_cancelled"),
        ("cancelled", None),
    ]


def test_every_try_of_a_mail_has_the_message_id_of_its_row(town):
    booking = booked(town)
    ids = {m["id"] for m in messages(town, booking, status="sent")}

    sent = {m["Message-ID"].split("@")[0].lstrip("<") for m in town.post.mails}
    assert ids <= sent
    assert all(m["Message-ID"].endswith("@acme.example>") for m in town.post.mails)


def test_a_message_in_somebody_elses_hands_is_left_alone(town):
    booking = booked(town)
    confirmation = messages(town, booking, kind="confirmation")[0]
    with town.parts.database.transaction(town.organization_id) as session:
        message = session.get_one(rows.Message, confirmation["id"])
        message.status, message.sent_at = "sending", None
        message.lease_until = sa.func.clock_timestamp() + timedelta(seconds=60)
    before = len(town.post.mails)

    delivery.deliver(town.parts, town.organization_id, confirmation["id"])

    assert len(town.post.mails) == before


class Hangs(Post):
    """A mail server that says nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.go_on = threading.Event(), threading.Event()

    def send(self, mail):
        self.asked.set()
        assert self.go_on.wait(PATIENCE)
        super().send(mail)


def test_a_mail_server_that_hangs_keeps_mails_waiting_and_nothing_else(town):
    town.hire("Ada", skills=("python",))
    people = [
        {"name": name, "email": f"{name.lower()}@example.net"} for name in ("Candy", "Dora", "Eli", "Fay")
    ]
    town.offer(window=WINDOW, candidates=people, solve=False)
    with at_work(town) as post:
        assert post.asked.wait(PATIENCE)
        with town.parts.database.transaction(town.organization_id) as session:
            town.parts.defer(session, "sweep")
        eventually(lambda: done(town, "sweep") == 1)
        assert done(town, "send_message") == 0

        post.go_on.set()
        eventually(lambda: len(post.mails) == len(people))


@contextmanager
def at_work(town):
    """A worker, whose mail server hangs."""
    post, stop = Hangs(), threading.Event()
    parts = town.parts.evolve(mail=Mailer(post, "interviews@acme.example"))
    working = threading.Thread(target=worker.run, args=(parts, stop))
    working.start()
    try:
        yield post
    finally:
        post.go_on.set()
        stop.set()
        working.join(PATIENCE)


def done(town, task):
    """How many of these jobs went well."""
    finished = "select count(*) from procrastinate_jobs where task_name = :task and status = 'succeeded'"
    with town.parts.database.lookup() as session:
        return session.scalars(sa.text(finished), {"task": task}).one()
