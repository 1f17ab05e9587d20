# SPDX-License-Identifier: Apache-2.0
"""What calendars show of times that are held."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from calendars.errors import NotAllowed
from scheduler.db import rows
from scheduler.services import hold_entries
from tests.services.holds import (
    CANDY,
    DAY,
    DORA,
    MORNING,
    again,
    end_by_cancelling,
    live,
    options_of,
    statuses,
    sweep,
)


def shown(town, address="ada@acme.example"):
    """What stands in a calendar of ours: summary, status, and who is invited."""
    events = town.calendars._calendar(address).events.values()
    return sorted((event.summary, event.status, event.attendees) for event in events)


HOLD = ("Hold: A talk", "tentative", ())


def test_calendars_show_a_tentative_entry_that_invites_nobody_and_names_nobody(held):
    held.offer(held.holding, window=DAY, options=2)

    sweep(held)

    assert shown(held) == [HOLD, HOLD]
    assert held.post.subjects_to("ada@acme.example") == []


def test_entries_of_holds_are_busy_time_for_nobody_twice_and_for_their_owner_never(held):
    run = held.offer(held.holding, window=MORNING, options=9, candidates=CANDY)
    sweep(held)
    usual = held.offer(held.usual, window=MORNING, options=9, candidates=DORA)
    assert options_of(usual) == []

    booking = held.book(run, option=3)

    assert booking["status"] == "confirmed"


def test_choosing_writes_the_interview_anew_and_takes_every_hold_out(held):
    run = held.offer(held.holding, window=DAY, options=3)
    sweep(held)
    held.book(run)

    sweep(held)

    [(summary, status, _)] = shown(held)
    assert (summary, status) == ("A talk: Candy Ray", "confirmed")


def test_nothing_is_left_of_holds_when_their_removal_has_been_looked_after(held):
    run = held.offer(held.holding, window=DAY, options=3)
    sweep(held)
    held.book(run)
    sweep(held)
    held.clock.forward(minutes=11)
    sweep(held)

    with held.parts.database.transaction(held.organization_id) as session:
        assert session.scalars(sa.select(rows.Hold)).all() == []
        entries = session.scalars(sa.select(rows.CalendarEntry)).all()
    assert [entry.booking_id is not None for entry in entries] == [True]


def test_a_time_whose_hold_somebody_deletes_is_taken_off_the_offer(held):
    run = held.offer(held.holding, window=DAY, options=3)
    sweep(held)
    delete_hold(held, options_of(run)[1])

    held.clock.forward(hours=7)
    sweep(held)
    held.clock.forward(seconds=6)
    sweep(held)

    assert statuses(again(held, run)) == ["held", "withdrawn", "held"]
    assert live(held) == 2
    assert len(held.post.mails) == 1  # the invitation


def delete_hold(town, option):
    town.calendars._calendar("ada@acme.example").events.pop(f"{option['id']}.talk.hold@convene")


def test_the_last_time_on_offer_stays_whatever_becomes_of_its_entry(held):
    run = held.offer(held.holding, window=DAY, options=1)
    sweep(held)
    delete_hold(held, options_of(run)[0])

    for seconds in (7 * 3600, 6):
        held.clock.forward(seconds=seconds)
        sweep(held)

    assert (statuses(again(held, run)), live(held), shown(held)) == (["held"], 1, [])


def test_a_time_whose_hold_somebody_moves_is_taken_off_the_offer(held):
    run = held.offer(held.holding, window=DAY, options=2)
    sweep(held)
    uid = f"{options_of(run)[0]['id']}.talk.hold@convene"
    events = held.calendars._calendar("ada@acme.example").events
    events[uid] = replace(
        events[uid], start=events[uid].start + timedelta(hours=1), end=events[uid].end + timedelta(hours=1)
    )

    held.clock.forward(hours=7)
    sweep(held)

    assert statuses(again(held, run)) == ["withdrawn", "held"]


def test_a_calendar_that_takes_no_entries_troubles_nobody(held):
    run = held.offer(held.holding, window=DAY, options=2)
    held.calendars.outage = NotAllowed("The owner has closed it.")
    sweep(held)
    held.calendars.outage = None

    booking = held.book(run)
    sweep(held)

    assert booking["status"] == "confirmed"
    assert [summary for summary, _, _ in shown(held)] == ["A talk: Candy Ray"]


def test_what_a_closed_calendar_never_showed_is_given_up_with_its_hold(held):
    run = held.offer(held.holding, window=DAY, options=2)
    held.calendars.make_unreadable("ada@acme.example", "The owner has closed it.")
    sweep(held)

    end_by_cancelling(held, run)
    sweep(held)

    with held.parts.database.transaction(held.organization_id) as session:
        assert session.scalars(sa.select(rows.CalendarEntry)).all() == []
        assert session.scalars(sa.select(rows.Hold)).all() == []


def test_an_entry_whose_removal_was_not_seen_is_taken_out_once_more(held):
    run = held.offer(held.holding, window=DAY, options=1)
    sweep(held)
    events = held.calendars._calendar("ada@acme.example").events
    [(uid, event)] = events.items()
    end_by_cancelling(held, run)
    sweep(held)
    events[uid] = event  # a write that was under way came after it

    held.clock.forward(minutes=11)
    sweep(held)

    assert shown(held) == []


def test_only_so_many_options_are_shown(held, monkeypatch):
    monkeypatch.setattr(hold_entries, "MOST_SHOWN", 2)
    run = held.offer(held.holding, window=DAY, options=4)

    sweep(held)

    assert (statuses(run), len(shown(held))) == (["held"] * 4, 2)
