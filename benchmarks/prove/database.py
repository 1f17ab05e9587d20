# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL killed under load: what was acknowledged is there; meanwhile everybody is told to come back."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import replace

from benchmarks.prove import offers
from benchmarks.prove.crowd import Answer, Request, p99, send
from benchmarks.prove.house import House, eventually
from benchmarks.prove.proof import Proof, book, booked, expect

#: seconds that the database stays away
AWAY = 1.0
#: seconds after which somebody who is told to come back gives up
PERSISTENCE = 60.0
#: slots of one interviewer
EACH = 30


def postgres_killed(
    house: House, dice: random.Random, *, kills: int, rate: float = 10, pause: float = 4
) -> Proof:
    """Candidates who each have a slot of their own book it, whatever it takes, while PostgreSQL dies: `rate`
    of them in a second, a kill every `pause` seconds.
    """
    people = int(rate * pause * (kills + 1))
    crowd: list[Request] = []
    while len(crowd) < people:
        original = offers.ask_for(house, offers.talk(offers.hire(house)), options=60)
        for slot in list(offers.slots_of(house, original))[:EACH]:
            [candidate] = offers.copy(house, original, [slot], 1)
            crowd.append(book(candidate, candidate.options[0], due=len(crowd) / rate))
    crowd = crowd[:people]
    turned_away: list[Answer] = []
    answers: list[Answer] = []
    began = time.monotonic() + 0.5

    def go(number: int, request: Request) -> None:
        addresses = house.addresses
        answers.append(_until_answered(addresses[number % len(addresses)], request, began, turned_away))

    threads = [threading.Thread(target=go, args=each) for each in enumerate(crowd)]
    for thread in threads:
        thread.start()
    back = []
    for _ in range(kills):
        time.sleep(pause * dice.uniform(0.75, 1.25))
        back.append(_kill_and_revive(house, answers))
    for thread in threads:
        thread.join()
    polite = all(answer.status == 503 and "Retry-After" in answer.headers for answer in turned_away)
    return Proof(
        what=f"PostgreSQL killed {kills} x under {rate:g} bookings/s",
        figures=f"{len(booked(answers))} of {people} booked, {len(turned_away)} x 503 meanwhile,"
        f" first booking {max(back):.1f} s after the database is back at most, p99 {p99(answers):.1f} s",
        acknowledged=booked(answers),
        broken=[
            *expect(polite, True, "503_with_retry_after"),
            *expect(len(booked(answers)), people, "everybody_gets_through"),
            *expect(max(back) <= 10, True, "back_within_10_s"),
        ],
    )


def _until_answered(address: str, request: Request, began: float, turned_away: list[Answer]) -> Answer:
    """The first answer that is not `come back later`, with the seconds since the request was due."""
    due_at = began + request.due
    answer = send(address, request, due_at)
    while answer.status not in (200, 201, 409) and time.monotonic() - due_at < PERSISTENCE:
        turned_away.append(answer)
        time.sleep(float(answer.headers.get("Retry-After", 1)))
        answer = send(address, request)
    return replace(answer, seconds=time.monotonic() - due_at)


def _kill_and_revive(house: House, answers: list[Answer]) -> float:
    """Seconds from the database's return to the next booking."""
    house.kill_postgres()
    time.sleep(AWAY)
    eventually(house.postgres.revive, "PostgreSQL")
    before = len(answers)
    return eventually(lambda: len(answers) > before, "a booking after PostgreSQL came back")
