# SPDX-License-Identifier: Apache-2.0
"""Calendars and mail away for an hour."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from calendars.errors import Outage
from scheduler.messages.errors import TryLater
from scheduler.services import bookings, mails, upkeep

WINDOW = {"start": "2026-12-03T00:00:00Z", "end": "2026-12-05T00:00:00Z"}
AN_HOUR = timedelta(hours=1)
NEXT = sa.text("""
    select min(attempt_at) from (
        select attempt_at from messages where status = 'queued' and due_at <= :now
        union all select attempt_at from calendar_entries where status = 'pending'
    ) owed
""")


def next_try(town) -> datetime | None:
    """When what is owed is tried next; None when nothing is."""
    with town.parts.database.transaction(town.organization_id) as session:
        return session.scalar(NEXT, {"now": town.clock()})


def test_what_an_hours_outage_left_undone_is_done_within_a_quarter_of_an_hour_after_it(town):
    town.hire("Ada", skills=("python",))
    run = town.offer(window=WINDOW)
    town.calendars.outage, town.post.failure = Outage(), TryLater("nobody answers")
    booking = town.book(run)
    end = town.clock() + AN_HOUR
    while (due := next_try(town)) <= end:
        town.clock.instant = due
        upkeep.sweep(town.parts)
        town.run_jobs()

    town.calendars.outage = town.post.failure = None
    while (due := next_try(town)) is not None:
        town.clock.instant = due
        upkeep.sweep(town.parts)
        town.run_jobs()

    assert town.clock() <= end + AN_HOUR / 4
    after = bookings.get(town.parts, town.organization_id, booking["id"])
    assert (after["status"], after["attention"]) == ("confirmed", None)
    [session] = after["sessions"]
    assert [event["status"] for event in session["calendar_events"]] == ["written"]
    sent = mails.find(town.parts, town.organization_id, booking_id=booking["id"]).data
    assert {mail["status"] for mail in sent if mail["kind"] == "confirmation"} == {"sent"}
