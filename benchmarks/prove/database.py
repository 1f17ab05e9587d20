# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL killed under load: what was acknowledged is there; meanwhile everybody is told to come back."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

from benchmarks.prove import offers
from benchmarks.prove.crowd import Answer, Request, p99, send, statuses
from benchmarks.prove.house import House, eventually
from benchmarks.prove.proof import Proof, book, booked, expect, seconds_of

#: seconds that the database stays away
AWAY = 1.0
#: seconds between two kills, more or less
PAUSE = 4.0
#: seconds from one kill to the next at most: a machine that is busy takes a while to come back
LONGEST_TURN = 12.0
#: seconds after which somebody who is told to come back gives up
PERSISTENCE = 60.0
#: seconds within which it must be possible to book again
BACK = 10.0
#: of so many requests one books; the others look at what is on offer
ONE_IN = 5
#: slots of one interviewer
EACH = 30


class Crowd:
    """Everybody who comes while PostgreSQL dies, and what they were answered."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.bookings: list[Answer] = []
        self.looks: list[Answer] = []
        self.turned_away: list[Answer] = []

    def come(self, requests: Iterable[Request], over: threading.Event) -> None:
        """Each in a thread of its own when it is due, until it is over; returns when the last one is done."""
        began = time.monotonic()
        here = []
        for number, request in enumerate(requests):
            if over.wait(max(0.0, began + request.due - time.monotonic())):
                break
            address = self._house.addresses[number % len(self._house.addresses)]
            here.append(threading.Thread(target=self._go, args=(address, request)))
            here[-1].start()
        for one in here:
            one.join()

    def _go(self, address: str, request: Request) -> None:
        if request.method == "GET":
            answer = send(address, request)
            (self.looks if answer.status == 200 else self.turned_away).append(answer)
        else:
            self.bookings.append(self._until_answered(address, request))

    def _until_answered(self, address: str, request: Request) -> Answer:
        """The first answer that is not `come back later`, with the seconds since the request was due."""
        due_at = time.monotonic()
        answer = send(address, request)
        while answer.status not in (200, 201, 409) and time.monotonic() - due_at < PERSISTENCE:
            self.turned_away.append(answer)
            time.sleep(float(answer.headers.get("Retry-After", 1)))
            answer = send(address, request)
        return replace(answer, seconds=time.monotonic() - due_at)


def postgres_killed(house: House, dice: random.Random, *, kills: int, rate: float) -> Proof:
    """`rate` requests a second, one of five a booking of somebody's own slot, whatever it takes, while
    PostgreSQL is killed so often.
    """
    people = _requests(house, int(rate / ONE_IN * LONGEST_TURN * (kills + 1)))
    crowd, over = Crowd(house), threading.Event()
    coming = threading.Thread(target=crowd.come, args=(_mixed(people, rate), over))
    coming.start()
    back = []
    try:
        for _ in range(kills):
            time.sleep(PAUSE * dice.uniform(0.75, 1.25))
            back.append(_kill_and_revive(house, crowd))
    finally:
        over.set()
        coming.join()
    away, there = crowd.turned_away, booked(crowd.bookings)
    polite = all(answer.status == 503 and "Retry-After" in answer.headers for answer in away)
    return Proof(
        what=f"PostgreSQL killed {kills} x under {rate:g} requests/s, a fifth of them bookings",
        figures=f"{len(there)} of {len(crowd.bookings)} booked, p99 {p99(seconds_of(crowd.bookings)):.1f} s,"
        f" {len(crowd.looks)} looks; meanwhile {_counted(away)};"
        f" first booking {max(back):.1f} s after the database is back at most",
        acknowledged=there,
        broken=[
            *expect(polite, True, "503_with_retry_after"),
            *expect(len(there), len(crowd.bookings), "everybody_gets_through"),
            *expect(max(back) <= BACK, True, "back_within_10_s"),
        ],
    )


def _counted(answers: list[Answer]) -> str:
    return ", ".join(f"{times} x {status}" for status, times in sorted(statuses(answers).items()))


def _mixed(people: list[Request], rate: float) -> Iterator[Request]:
    """Each books, and as many as it takes look at what is on offer before and after."""
    for count in range(len(people) * ONE_IN):
        candidate = people[count // ONE_IN]
        look = Request(path=f"/c/{candidate.about}", body={}, method="GET")
        yield replace(look if count % ONE_IN else candidate, due=count / rate)


def _requests(house: House, number: int) -> list[Request]:
    """To book: so many candidates with a slot of their own each, whose token it is about."""
    found: list[Request] = []
    while len(found) < number:
        original = offers.ask_for(house, offers.talk(offers.hire(house)), options=60)
        for slot in list(offers.slots_of(house, original))[:EACH]:
            [candidate] = offers.copy(house, original, [slot], 1)
            found.append(book(candidate, candidate.options[0], about=candidate.token))
    return found[:number]


def _kill_and_revive(house: House, crowd: Crowd) -> float:
    """Seconds from the database's return to the next booking."""
    house.kill_postgres()
    time.sleep(AWAY)
    eventually(house.postgres.revive, "PostgreSQL")
    before = len(booked(crowd.bookings))
    return eventually(lambda: len(booked(crowd.bookings)) > before, "a booking after PostgreSQL came back")
