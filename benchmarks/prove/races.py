# SPDX-License-Identifier: Apache-2.0
"""Many who want the same at the same time."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from benchmarks.prove import offers
from benchmarks.prove.crowd import Answer, Request, all_at_once, statuses
from benchmarks.prove.house import House
from benchmarks.prove.proof import Proof, book, booked, expect, figures_of, seconds_of


def stampede(house: House, dice: random.Random, *, people: int, slots: int, within: float) -> Proof:
    """So many candidates at so many slots, ten slots an interviewer; each slot is wanted by as many. They
    arrive `within` so many seconds.
    """
    each = min(10, slots)
    requests: list[Request] = []
    for _ in range(slots // each):
        original = offers.ask_for(house, offers.talk(offers.hire(house)), options=each)
        chosen = list(offers.slots_of(house, original))
        crowd = offers.copy(house, original, chosen, people * each // slots)
        requests += [
            book(candidate, candidate.options[number % each], dice.uniform(0, within))
            for number, candidate in enumerate(crowd)
        ]
    answers = all_at_once(house.addresses, requests)
    return Proof(
        what=f"{people} candidates within {within:g} s at {slots} slots",
        figures=figures_of(answers),
        acknowledged=booked(answers),
        broken=expect(statuses(answers), {201: slots, 409: people - slots}, "exactly_as_many_as_slots"),
        seconds=seconds_of(answers),
    )


def hot_slot(house: House, dice: random.Random, *, people: int, within: float) -> Proof:
    """One slot, and everybody wants it."""
    original = offers.ask_for(house, offers.talk(offers.hire(house)), options=5)
    chosen = list(offers.slots_of(house, original))
    crowd = offers.copy(house, original, chosen, people)
    answers = all_at_once(
        house.addresses,
        [book(candidate, candidate.options[0], dice.uniform(0, within)) for candidate in crowd],
    )
    return Proof(
        what=f"{people} candidates at one slot",
        figures=figures_of(answers),
        acknowledged=booked(answers),
        broken=expect(statuses(answers), {201: 1, 409: people - 1}, "exactly_as_many_as_slots"),
        seconds=seconds_of(answers),
    )


def late_meetings(house: House, _dice: random.Random, *, slots: int) -> Proof:
    """Of the slots on offer, every other one is filled by a meeting that nobody has told us of."""
    person = offers.hire(house)
    [(address,)] = house.ask(f"select email from interviewers where id = '{person}'")  # noqa: S608  # ours
    original = offers.ask_for(house, offers.talk(person), options=60)
    chosen = dict(list(offers.slots_of(house, original).items())[:slots])
    filled = list(chosen.values())[::2]
    crowd = [offers.copy(house, original, [option], 1)[0] for option in chosen]
    house.put_calendar(str(address), *((slot.start, slot.end) for slot in filled))
    answers = all_at_once(house.addresses, [book(each, each.options[0]) for each in crowd])
    got = {datetime.fromisoformat(answer.body["start"]) for answer in answers if answer.status == 201}
    return Proof(
        what=f"{len(chosen)} slots, meetings in every other one that came after the offer",
        figures=figures_of(answers),
        acknowledged=booked(answers),
        broken=[
            *expect(got & {slot.start for slot in filled}, set(), "calendars_are_read_again"),
            *expect(len(got), len(chosen) - len(filled), "what_is_free_is_booked"),
        ],
    )


def panels(house: House, dice: random.Random, *, people: int, within: float) -> Proof:
    """Panels of five from twenty interviewers with buffers, of four lengths that overlap."""
    staff = [
        offers.hire(house, buffer={"before": dice.choice((0, 10)), "after": dice.choice((0, 5, 15))})
        for _ in range(20)
    ]
    requests: list[Request] = []
    for minutes in (30, 45, 60, 90):
        plan = offers.talk(*staff, minutes=minutes, count=5)
        original = offers.ask_for(house, plan | {"grid": 15}, options=40)
        slots = offers.slots_of(house, original, apart=False)
        crowd = offers.copy(house, original, list(slots), people // 4)
        requests += [
            book(candidate, dice.choice(candidate.options), dice.uniform(0, within)) for candidate in crowd
        ]
    answers = all_at_once(house.addresses, requests)
    wrong = expect(set(statuses(answers)) <= {201, 409}, True, "confirmed_or_gone")
    return Proof(
        what=f"{len(requests)} candidates for panels of five, 30 to 90 minutes, with buffers",
        figures=figures_of(answers),
        acknowledged=booked(answers),
        broken=wrong + expect(overlapping(answers), [], "one_place_at_a_time"),
        seconds=seconds_of(answers),
    )


def overlapping(answers: Iterable[Answer]) -> list[str]:
    """Who was promised to be in two places at once, by what the candidates were told and nothing else."""
    told: dict[str, list[tuple[datetime, datetime]]] = {}
    for answer in answers:
        for session in answer.body.get("sessions", ()) if answer.status == 201 else ():
            start, end = (datetime.fromisoformat(session[name]) for name in ("start", "end"))
            for person in session["interviewers"]:
                told.setdefault(person["id"], []).append((start, end))
    return [
        person
        for person, times in told.items()
        if any(after[0] < before[1] for before, after in pairwise(sorted(times)))
    ]


def one_key(house: House, _dice: random.Random, *, times: int) -> Proof:
    """One booking asked for so many times at once under one Idempotency-Key, then again, then otherwise."""
    original = offers.ask_for(house, offers.talk(offers.hire(house)), options=60)
    slots = list(offers.slots_of(house, original))[:2]
    [candidate] = offers.copy(house, original, slots, 1)
    headers = {
        "Authorization": f"Bearer {house.key}",
        "Idempotency-Key": f"proof-{candidate.run_candidate_id}",
    }
    request = Request(path="/v1/bookings", body={"option_id": candidate.options[0]}, headers=headers)
    other = Request(path="/v1/bookings", body={"option_id": candidate.options[1]}, headers=headers)
    answers = all_at_once(house.addresses, [request] * times)
    [again] = all_at_once(house.addresses, [request])
    [refused] = all_at_once(house.addresses, [other])
    replayed = again.headers.get("Idempotency-Replayed")
    return Proof(
        what=f"one Idempotency-Key x {times}",
        figures=f"{figures_of(answers)}; later {again.status} replayed, {refused.status} for another body",
        acknowledged=booked(answers),
        broken=[
            *expect(set(statuses(answers)) <= {201, 409}, True, "every_answer_is_legal"),
            *expect(len(booked([*answers, again])), 1, "one_key_one_effect"),
            *expect((again.status, replayed, refused.status), (201, "true", 422), "one_key_one_effect"),
        ],
    )
