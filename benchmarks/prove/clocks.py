# SPDX-License-Identifier: Apache-2.0
"""Clocks that jump, and clocks that disagree: reminders once, links as long as they say, leases by the one
clock that everybody shares.
"""

from __future__ import annotations

import json
import random
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from benchmarks.prove import offers
from benchmarks.prove.crowd import Answer, all_at_once
from benchmarks.prove.house import House, eventually
from benchmarks.prove.offers import Offered
from benchmarks.prove.proof import Proof, book, booked, expect
from tests.fakes.faults import slow

#: seconds: where the clocks stand, one after the other, and how far the second of each role is ahead of the
#: first
JUMPS = (3600, 0, -300, 86100, -300, 89700)
APART = 180
#: seconds that Google takes to write an event, longer than it takes until somebody else looks what is owed;
#: how many events
SLOW, SLOWLY = 4.0, 6
#: how many book after each jump, and how many hours from now their interviews are at least
EACH, LATE = 2, 40
#: how many a second
RATE = 10
#: hours from now: interviews in these have a reminder that is due where the clocks stand after a jump
REMINDED = ((1.1, 2), (24.1, 25.9))
#: minutes of an interview, and between the beginnings of two
MINUTES = 15
HOURS = [{**offers.HOURS[0], "start": "00:00", "end": "00:00"}]
SENT = "sent"


@dataclass
class Link:
    """A candidate who does not choose, and until when they could."""

    offered: Offered
    expires_at: datetime
    #: what it must be: `offered`, `expired`, or None where the clocks disagree about it
    state: str | None = "offered"


@dataclass
class Reminder:
    """A mail with a time of its own."""

    id: str
    due_at: datetime
    not_after: datetime
    #: what must have become of it: `queued`, SENT, `skipped`, or None where the clocks disagree about it
    state: str | None = "queued"


def jumps(house: House, dice: random.Random, *, bookings: int, links: int) -> Proof:
    """The service is started again and again with other clocks, and by ourselves we know what it must do by
    what they say.
    """
    house.restart(0, APART)
    now, late = _candidates(house, dice, bookings, links + len(JUMPS) * EACH + SLOWLY)
    watched = [_link(house, late.pop(), dice) for _ in range(links)]
    answers = _book(house, now)
    house.settle()
    reminders = _reminders(house)
    answers += _while_google_is_slow(house, [late.pop() for _ in range(SLOWLY)])
    wrong: list[str] = []
    for offset in JUMPS:
        house.restart(offset, offset + APART)
        earliest = house.parts.now()
        answers += _book(house, [late.pop() for _ in range(EACH)])
        eventually(lambda: not house.owed(house.parts.now() + timedelta(seconds=APART)), "what is due")
        latest = house.parts.now() + timedelta(seconds=APART)
        wrong += _links_are_right(house, watched, earliest, latest)
        wrong += _reminders_are_right(house, reminders, earliest, latest)
    states = [reminder.state for reminder in reminders]
    return Proof(
        what=f"clocks jump to {', '.join(map(_hours, JUMPS))}, two of each role {APART} s apart",
        figures=f"{len(booked(answers))} booked; of {len(states)} reminders {states.count(SENT)} sent once,"
        f" {states.count('queued')} to come, {states.count('skipped')} too late by the clock,"
        f" {states.count(None)} where clocks disagreed; {len(watched)} links, "
        f"{sum(link.state == 'expired' for link in watched)} of them over",
        acknowledged=booked(answers),
        broken=[
            *wrong,
            *expect(len(booked(answers)), len(answers), "everybody_gets_through"),
            *expect(_attempts(house), {1}, "leases_by_the_clock_of_the_database"),
        ],
    )


def _hours(seconds: int) -> str:
    return f"{seconds / 3600:+.2f} h"


def _candidates(
    house: House, dice: random.Random, number: int, late: int
) -> tuple[list[Offered], list[Offered]]:
    """So many with a quarter of an hour each in the days that the clocks jump through, so many after them."""
    now = house.parts.now()

    def after(hours: float) -> datetime:
        return now + timedelta(hours=hours)

    person = offers.hire_at(house, "google", working_hours=HOURS)
    plan = offers.talk(person, minutes=MINUTES) | {
        "grid": MINUTES,
        "notice_hours": 0,
        "candidate_hours": {"start": "00:00", "end": "00:00"},
        "reminders": [1440, 60],
    }
    window = {"start": after(1.1).isoformat(), "end": after(LATE + 10).isoformat()}
    original = offers.ask_for(house, plan, options=200, window=window)
    starts = {id_: slot.start for id_, slot in offers.slots_of(house, original).items()}
    now_or_never = [
        id_ for id_, start in starts.items() if any(after(a) < start < after(b) for a, b in REMINDED)
    ]
    others = [id_ for id_, start in starts.items() if id_ not in now_or_never and start < after(LATE)]
    last = [id_ for id_, start in starts.items() if start >= after(LATE)]
    chosen = (
        now_or_never + dice.sample(others, number - len(now_or_never)),
        dice.sample(last, late),
    )
    copies = [[offers.copy(house, original, [slot], 1)[0] for slot in some] for some in chosen]
    return copies[0], copies[1]


def _while_google_is_slow(house: House, candidates: list[Offered]) -> list[Answer]:
    """Meanwhile the worker that is ahead looks whether somebody else's work has been left undone."""
    house.google.faults.add(slow(SLOW), method="POST", path="/events$", times=len(candidates))
    answers = _book(house, candidates)
    house.settle()
    return answers


def _link(house: House, offered: Offered, dice: random.Random) -> Link:
    expires_at = house.parts.now() + timedelta(seconds=dice.randrange(600, 110_000))
    with house.parts.database.transaction(house.organization_id) as session:
        session.execute(
            sa.text("update invitations set expires_at = :at where run_candidate_id = :asked"),
            {"at": expires_at, "asked": offered.run_candidate_id},
        )
    return Link(offered, expires_at)


def _book(house: House, candidates: list[Offered]) -> list[Answer]:
    """One after the other, by web processes whose clocks disagree."""
    requests = [
        book(candidate, candidate.options[0], due=number / RATE)
        for number, candidate in enumerate(candidates)
    ]
    return all_at_once(house.addresses, requests)


def _reminders(house: House) -> list[Reminder]:
    query = "select id, due_at, not_after from messages where kind = 'reminder'"
    return [Reminder(*row) for row in house.ask(query)]


def _links_are_right(house: House, links: list[Link], earliest: datetime, latest: datetime) -> list[str]:
    """A link that is over by every clock is over, and stays so; one that is not by any works."""
    for link in links:
        if link.state == "offered" and link.expires_at <= latest:
            link.state = "expired" if link.expires_at <= earliest else None
        if link.state is None and link.expires_at <= earliest:
            link.state = "expired"
    seen = [
        _status(address, link.offered.token) == link.state
        for link in links
        if link.state is not None
        for address in house.addresses
    ]
    return expect(all(seen), True, "links_live_as_long_as_they_say")


def _status(address: str, token: str) -> str:
    request = urllib.request.Request(f"{address}/c/{token}", headers={"Accept": "application/json"})  # noqa: S310  # ours
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return str(json.load(answer)["status"])


def _reminders_are_right(
    house: House, reminders: list[Reminder], earliest: datetime, latest: datetime
) -> list[str]:
    """What was due by every clock, and too late by none, has been sent; once is for the mailbox to say."""
    for reminder in reminders:
        if reminder.state == "queued":
            reminder.state = _became(reminder, earliest, latest)
    status = dict(house.ask("select id, status from messages where kind = 'reminder'"))
    wrong = [r for r in reminders if r.state is not None and status[r.id] != r.state]
    sent = [r for r in reminders if r.state is not None and len(house.mailbox.times.get(r.id, ())) > 1]
    return [
        *expect(wrong, [], "no_reminder_is_lost_or_early"),
        *expect(sent, [], "nudges_at_most_once"),
    ]


def _became(reminder: Reminder, earliest: datetime, latest: datetime) -> str | None:
    if latest < reminder.due_at:
        return "queued"
    if earliest > reminder.not_after:
        return "skipped"
    if reminder.due_at <= earliest and latest <= reminder.not_after:
        return SENT
    return None


def _attempts(house: House) -> set[int]:
    """How often each calendar entry was taken in hand: nothing failed, so once."""
    return {attempts for (attempts,) in house.ask("select distinct attempts from calendar_entries")}
