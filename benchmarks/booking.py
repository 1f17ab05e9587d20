# SPDX-License-Identifier: Apache-2.0
"""Bookings at 20/s for 20 s, calendars answering in 50 ms: python -m benchmarks.booking

Two web processes, a worker, a clock and PostgreSQL share the machine with the vendors (fakes of the tests)
and the candidates. Requests start when they are due, whether or not earlier ones were answered. Then one
booking and one refusal are made here, to count what they ask of the database.
"""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from benchmarks._demo import say, share
from benchmarks.prove import offers
from benchmarks.prove.crowd import all_at_once, statuses
from benchmarks.prove.house import House
from benchmarks.prove.offers import Offered
from benchmarks.prove.proof import book
from scheduler.domain.errors import SlotTaken
from scheduler.services import candidate_link

RATE = 20
SECONDS = 20
LATENCY = 0.05
#: interviews of one person in the weeks that the plan reaches
EACH = 50
WARMING_UP = 20


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="convene-booking-") as name:
        Path(name).chmod(0o711)
        with House(Path(name), with_vendors=True).open() as house:
            for vendor in house.vendors.values():
                vendor.latency = LATENCY
            _booked(house, _crowd(house, WARMING_UP))  # what is loaded with the first calendar at a vendor
            milliseconds = _booked(house, _crowd(house, RATE * SECONDS))
            house.settle()
            booking, refusal = _statements(house)
    figure = f"p50 {share(milliseconds, 0.5):.0f} ms, p99 {share(milliseconds, 0.99):.0f} ms"
    say(f"{len(milliseconds)} bookings at {RATE}/s, calendars answering in 50 ms", figure, "p99 300 ms")
    print(f"statements: {booking} a booking, {refusal} a refusal")


def _crowd(house: House, number: int) -> list[Offered]:
    """So many candidates, each with a time of their own, half of them with people at either vendor."""
    found: list[Offered] = []
    vendors = itertools.cycle(house.vendors)
    each = min(EACH, -(-number // len(house.vendors)))
    while len(found) < number:
        person = offers.hire_at(house, next(vendors))
        original = offers.ask_for(house, offers.talk(person), options=each)
        found += [offers.copy(house, original, [option], 1)[0] for option in offers.slots_of(house, original)]
    return found[:number]


def _booked(house: House, candidates: list[Offered]) -> list[float]:
    requests = [
        book(candidate, candidate.options[0], due=number / RATE)
        for number, candidate in enumerate(candidates)
    ]
    answers = all_at_once(house.addresses, requests)
    if statuses(answers) != {201: len(requests)}:
        raise SystemExit(f"not every answer was 201: {dict(statuses(answers))}")
    return [answer.seconds * 1000 for answer in answers]


def _statements(house: House) -> tuple[int, int]:
    """What the database is asked by one booking, and by a refusal to the next who wants the same time."""
    original = offers.ask_for(house, offers.talk(offers.hire_at(house, "google")), options=3)
    crowd = offers.copy(house, original, list(offers.slots_of(house, original)), 4)
    counted: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        counted.append(statement)

    def asked(work: Callable[[], object]) -> int:
        counted.clear()
        work()
        return len(counted)

    def choose(candidate: Offered, option: int) -> None:
        with contextlib.suppress(SlotTaken):
            candidate_link.book(house.parts, candidate.token, candidate.options[option])

    choose(crowd[0], 0)  # the vendor's library, and a token
    sa.event.listen(sa.Engine, "before_cursor_execute", count)
    try:
        return asked(lambda: choose(crowd[1], 1)), asked(lambda: choose(crowd[2], 1))
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", count)


if __name__ == "__main__":
    main()
