# SPDX-License-Identifier: Apache-2.0
"""Two verbs that meet, each held where the other would do harm if nobody had thought of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from calendars.errors import TryLater
from scheduler.db import rows
from scheduler.domain.errors import Gone, NotFound, SlotTaken
from scheduler.domain.intervals import parse_instant
from scheduler.messages.errors import TryLater as RefusedForNow
from scheduler.services import (
    bookings,
    candidate_link,
    delivery,
    entries,
    interviewers,
    invitations,
    jobs,
    mails,
    picking,
    runs,
    syncing,
    upkeep,
)
from tests.races import Beside, after
from tests.services.interviews import booked_by, fresh, mover
from tests.services.town import RECRUITER, candidates

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-05T00:00:00Z"}


def revoke(town, run):
    id_ = run["candidates"][0]["invitation"]["id"]
    return invitations.revoke(town.parts, town.organization_id, id_, actor=RECRUITER)


def again(town, run):
    return runs.get(town.parts, town.organization_id, run["id"])["candidates"][0]


def test_a_click_whose_link_is_taken_back_meanwhile_books_nothing(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW)
    option = run["candidates"][0]["options"][0]["id"]
    parts = town.parts.evolve(reach=lambda at: at == "pick.looked" and revoke(town, run))

    with pytest.raises(Gone) as refused:
        candidate_link.book(parts, town.token(run), option)

    assert refused.value.reason == "revoked"
    assert (again(town, run)["status"], again(town, run)["booking_id"]) == ("offered", None)


def test_a_move_by_a_link_that_is_taken_back_meanwhile_comes_to_nothing(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW)
    booking = town.book(run)
    option = fresh(town, booking)[0]["id"]
    parts = town.parts.evolve(reach=lambda at: at == "pick.looked" and revoke(town, run))

    with pytest.raises(Gone) as refused:
        candidate_link.reschedule(parts, town.token(run), option)

    assert refused.value.reason == "revoked"
    assert bookings.get(town.parts, town.organization_id, booking["id"])["start"] == booking["start"]


def test_whoever_becomes_inactive_while_they_are_being_booked_is_lost_for_it(town):
    ada = town.hire("Ada", skills=("python",))
    run = town.offer(town.plan(on_decline="none"), window=WINDOW)
    others = []

    def leave(at):
        if at == "pick.locked":
            gone = {"active": False}
            others.append(
                Beside(town, lambda: interviewers.update(town.parts, town.organization_id, ada, gone))
            )
            town.run_jobs()  # who looks now sees no booking of hers

    option = run["candidates"][0]["options"][0]["id"]
    booking = picking.book(town.parts.evolve(reach=leave), town.organization_id, option, actor=RECRUITER)
    assert [other.end() for other in others] == [None]
    town.run_jobs()

    after = bookings.get(town.parts, town.organization_id, booking["id"])
    assert after["attention"] == "Ada holds no interviews any more, and was to hold A talk."


def entry_of(town, **which) -> rows.CalendarEntry:
    with town.parts.database.transaction(town.organization_id) as session:
        return session.scalars(sa.select(rows.CalendarEntry).filter_by(**which)).one()


def test_a_hold_that_comes_back_while_its_entry_goes_is_shown_again(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(town.plan(holds=True), window=WINDOW, options=1)
    upkeep.sweep(town.parts)
    town.run_jobs()
    revoke(town, run)
    entry = entry_of(town)
    taken_out = []

    def take_out():
        taken_out.append(Beside(town, lambda: entries.write(town.parts, town.organization_id, entry.id)))

    with after(["FROM calendar_entries", "calendar_entries.option_id IN"], take_out):
        id_ = run["candidates"][0]["invitation"]["id"]
        invitations.resend(town.parts, town.organization_id, id_, actor=RECRUITER)
    assert [other.end() for other in taken_out] == [None]
    for _ in range(3):
        town.clock.forward(minutes=15)
        upkeep.sweep(town.parts)
        town.run_jobs()

    assert (entry_of(town).wanted, entry_of(town).status) == ("present", "written")
    assert town.calendars.find_event("ada@acme.example", entry.uid) is not None
    assert [option["status"] for option in again(town, run)["options"]] == ["held"]


def test_a_hold_that_goes_comes_and_goes_while_an_answer_is_lost_is_not_left_in_a_calendar(town):
    town.hire("Ada", skills=("python",))
    writing = town.calendars.create_event

    def the_answer_is_lost(calendar, draft):
        town.calendars.create_event = writing
        writing(calendar, draft)
        raise TryLater("Nobody answered.")

    run = town.offer(town.plan(holds=True), window=WINDOW, options=1)
    town.calendars.create_event = the_answer_is_lost
    upkeep.sweep(town.parts)
    town.run_jobs()
    uid = entry_of(town).uid
    revoke(town, run)
    id_ = run["candidates"][0]["invitation"]["id"]
    invitations.resend(town.parts, town.organization_id, id_, actor=RECRUITER)
    revoke(town, run)
    for _ in range(3):
        town.clock.forward(minutes=15)
        upkeep.sweep(town.parts)
        town.run_jobs()

    assert town.calendars.find_event("ada@acme.example", uid) is None


@pytest.mark.parametrize("change", ["move", "cancel"])
def test_what_is_wanted_by_now_does_not_wait_for_a_try_that_failed_before(town, change):
    town.hire("Ada", skills=("python",))
    booking = booked_by(town, town.plan())
    town.run_jobs()
    mover(town, booking, fresh(town, booking)[0])()
    verbs = {
        "move": mover(town, booking, fresh(town, booking)[2]),
        "cancel": lambda: bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER),
    }
    writing = town.calendars.update_event

    def changed_meanwhile(_ref, _draft):
        town.calendars.update_event = writing
        verbs[change]()
        raise TryLater("Come again.")

    town.calendars.update_event = changed_meanwhile
    town.run_jobs()

    found = town.calendars.find_event("ada@acme.example", f"{booking['id']}.talk@convene")
    now = bookings.get(town.parts, town.organization_id, booking["id"])
    assert now["version"] == 3
    assert (found and found.start) == (parse_instant(now["start"]) if change == "move" else None)


def test_whoever_keeps_what_was_written_and_who_hears_of_changes_do_not_wait_for_each_other(town):
    town.hire("Ada", skills=("python",))
    booking = booked_by(town, town.plan())
    town.run_jobs()
    mover(town, booking, fresh(town, booking)[0])()
    entry, writing = entry_of(town), []
    with town.parts.database.transaction(town.organization_id) as session:
        [state_id] = session.scalars(sa.select(rows.CalendarState.id))

    def write():
        writing.append(Beside(town, lambda: entries.write(town.parts, town.organization_id, entry.id)))

    town.clock.forward(minutes=2)
    with after(["FROM calendar_states", "pk_1", "FOR NO KEY UPDATE"], write):
        syncing.sync(town.parts, town.organization_id, state_id)

    assert [other.end() for other in writing] == [None]
    town.run_jobs()


def test_approving_beside_what_ends_an_offer_never_deadlocks(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(town.plan(approval="before_offer"), window=WINDOW)
    dropped = run["candidates"][0]["options"][0]["id"]
    with town.parts.database.transaction(town.organization_id) as session:
        asked = session.scalars(sa.select(rows.RunCandidate).with_for_update(key_share=True)).one()
        approving = Beside(
            town,
            lambda: runs.approve(
                town.parts, town.organization_id, run["id"], drop=[dropped], actor=RECRUITER
            ),
        )
        bookings.withdraw_options(session, asked.id)

    assert approving.end() is None
    town.run_jobs()


def test_two_runs_for_the_same_people_in_another_order_never_deadlock(town):
    town.hire("Ada", skills=("python",))
    people = [{**known, "external_id": known["name"]} for known in candidates("Aya", "Bo")]
    asked = {"plan_id": town.plan()["id"], "candidates": people}
    turned = asked | {"candidates": people[::-1]}
    runs.request(town.parts, town.organization_id, asked, actor=RECRUITER)
    others = []

    def ask_too():
        others.append(
            Beside(town, lambda: runs.request(town.parts, town.organization_id, turned, actor=RECRUITER))
        )

    with after(["FROM candidates", "external_id", "FOR NO KEY UPDATE"], ask_too):
        run = runs.request(town.parts, town.organization_id, asked, actor=RECRUITER)

    assert [other.end() for other in others] == [None]
    assert [item["candidate"]["name"] for item in run["candidates"]] == ["Aya", "Bo"]
    town.run_jobs()


def test_a_stopped_mail_that_is_sent_beside_a_cancellation_is_not_sent(town):
    town.hire("Ada", skills=("python",))
    booking = booked_by(town, town.plan(reminders=[60]))
    town.run_jobs()
    [reminder] = [
        found
        for found in mails.find(town.parts, town.organization_id, booking_id=booking["id"]).data
        if found["kind"] == "reminder"
    ]
    mails.cancel(town.parts, town.organization_id, reminder["id"], actor=RECRUITER)
    cancelling = []

    def cancel():
        cancelling.append(
            Beside(
                town,
                lambda: bookings.cancel(town.parts, town.organization_id, booking["id"], actor=RECRUITER),
            )
        )

    with after(["FROM bookings", "WHERE bookings.id"], cancel):
        mails.send_now(town.parts, town.organization_id, reminder["id"], actor=RECRUITER)
    assert [other.end() for other in cancelling] == [None]

    found = mails.find(town.parts, town.organization_id, booking_id=booking["id"]).data
    assert [m["status"] for m in found if m["id"] == reminder["id"]] == ["cancelled"]


def test_whoever_fails_late_does_not_send_again_what_another_has_sent_meanwhile(town):
    """A mail server may take its time with each answer, and leases last as long as they do."""
    town.hire("Ada", skills=("python",))
    booking = town.book(town.offer(window=WINDOW))
    taking, sent = town.post.send, []

    def another_takes_over(mail):
        town.post.send = taking
        with town.parts.database.transaction(town.organization_id) as session:
            [being_sent] = session.scalars(sa.select(rows.Message).where(rows.Message.status == "sending"))
            being_sent.lease_until = sa.func.clock_timestamp() - timedelta(seconds=1)
            sent.append(being_sent.id)
        delivery.deliver(town.parts, town.organization_id, being_sent.id)
        raise RefusedForNow("451 Come again.")

    town.post.send = another_takes_over
    for _ in range(3):
        town.run_jobs()
        town.clock.forward(minutes=5)
        upkeep.sweep(town.parts)

    [once] = [mail for mail in town.post.mails if sent[0] in mail["Message-ID"]]
    found = mails.find(town.parts, town.organization_id, booking_id=booking["id"]).data
    assert once is not None
    assert [m["status"] for m in found if m["id"] == sent[0]] == ["sent"]


def test_whoever_fails_late_says_nothing_of_an_event_that_another_has_written_meanwhile(town):
    """At the end of an outage: the last try of many still hangs when another worker's succeeds."""
    town.hire("Ada", skills=("python",))
    booking = booked_by(town, town.plan())
    writing, entry = town.calendars.create_event, entry_of(town)

    def another_takes_over(_calendar, _draft):
        town.calendars.create_event = writing
        with town.parts.database.transaction(town.organization_id) as session:
            hanging = session.get_one(rows.CalendarEntry, entry.id)
            hanging.lease_until = sa.func.clock_timestamp() - timedelta(seconds=1)
        entries.write(town.parts, town.organization_id, entry.id)
        raise TryLater("Nobody answered.")

    town.calendars.create_event = another_takes_over
    with town.parts.database.transaction(town.organization_id) as session:
        session.get_one(rows.CalendarEntry, entry.id).attempts = entries.PATIENCE
    town.run_jobs()

    after = bookings.get(town.parts, town.organization_id, booking["id"])
    assert (after["status"], after["attention"]) == ("confirmed", None)
    assert (entry_of(town).status, entry_of(town).error) == ("written", None)


def test_a_job_that_ends_while_somebody_asks_to_retry_it_is_not_there_any_more(town):
    town.hire("Ada", skills=("python",))
    town.offer(window=WINDOW, solve=False)
    change = sa.text("update procrastinate_jobs set status = :to where task_name = 'solve_run' returning id")
    with town.parts.database.lookup() as session:
        job_id = f"job_{session.scalar(change, {'to': 'doing'})}"
    with town.parts.database.lookup() as session:
        session.execute(change, {"to": "succeeded"})
        retrying = Beside(town, lambda: jobs.retry(town.parts, town.organization_id, job_id))

    assert isinstance(retrying.end(), NotFound)


def test_whoever_has_another_calendar_by_now_is_not_booked_by_what_the_old_one_said(town):
    ada = town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW)
    option = run["candidates"][0]["options"][0]
    town.calendars.add_calendar("new@acme.example")
    town.calendars.add_busy("new@acme.example", parse_instant(option["start"]), parse_instant(option["end"]))
    change = {"calendar": {"provider": "ics", "address": "new@acme.example"}}

    def move_house(at):
        if at == "pick.looked":
            interviewers.update(town.parts, town.organization_id, ada, change)

    parts = town.parts.evolve(reach=move_house)
    with pytest.raises(SlotTaken):
        picking.book(parts, town.organization_id, option["id"], actor=RECRUITER)

    assert again(town, run)["booking_id"] is None
    town.run_jobs()
