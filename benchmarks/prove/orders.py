# SPDX-License-Identifier: Apache-2.0
"""Confirm, move, cancel, take the link back: of one interview, at the same moment, in every order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import permutations
from typing import Any

from benchmarks.prove import offers
from benchmarks.prove.crowd import Answer, Request, all_at_once, send, statuses
from benchmarks.prove.house import House
from benchmarks.prove.offers import Offered
from benchmarks.prove.proof import Proof, book, booked, expect, figures_of

#: what may be answered to each
LEGAL = {
    "confirm": {201, 409, 410},
    "move": {200, 409},
    "cancel": {200, 409, 410},
    "revoke": {200},
}
#: the most seconds between one and the next
STEP = 0.02


@dataclass
class Interview:
    """One that several people do something about."""

    candidate: Offered
    #: as it was before, if it was booked
    booking: dict[str, Any] | None
    #: what it may be moved to
    other: dict[str, Any] | None = None
    #: by what was asked
    answers: dict[str, Answer] = field(default_factory=dict)


def every_order(
    house: House, dice: random.Random, *, times: int, within: float, most: int | None = None
) -> Proof:
    """So many times each order of three things done to an offer, and of four done to a booking; at `most` so
    many orders of each.
    """
    original = offers.ask_for(house, offers.talk(offers.hire(house), offers.hire(house)), options=120)
    slots = list(offers.slots_of(house, original))
    requests: list[Request] = []
    interviews: list[Interview] = []
    for verbs in (("confirm", "cancel", "revoke"), ("confirm", "move", "cancel", "revoke")):
        orders = [*permutations(verbs)]
        for order in (orders if most is None else dice.sample(orders, most)) * times:
            [candidate] = offers.copy(house, original, [slots[len(interviews) % len(slots)]], 1)
            interview = _ready(house, dice, candidate) if "move" in verbs else Interview(candidate, None)
            interviews.append(interview)
            moment = dice.uniform(0, within)
            for verb in order:
                requests.append(_request(house, interview, verb, moment))
                moment += dice.uniform(0, STEP)
    answers = all_at_once(house.addresses, requests)
    for answer in answers:
        interview, verb = answer.request.about
        interview.answers[verb] = answer
    wrong = {what for interview in interviews for what in _untrue(house, interview)}
    before = {str(interview.booking["id"]) for interview in interviews if interview.booking}
    moved = sum(i.answers["move"].status == 200 for i in interviews if "move" in i.answers)
    return Proof(
        what=f"confirm, move, cancel and revoke at once, in every order, {len(interviews)} interviews",
        figures=f"{figures_of(answers)}; {moved} moved, {_cancelled(interviews)} cancelled",
        acknowledged=booked(answers) | before,
        broken=[*sorted(wrong), *expect(statuses(answers)[0], 0, "everybody_is_answered")],
    )


def _ready(house: House, dice: random.Random, candidate: Offered) -> Interview:
    """A booked interview with a time to move to."""
    address = dice.choice(house.addresses)
    booking = send(address, book(candidate, candidate.options[0])).body
    question = Request(
        path=f"/v1/bookings/{booking['id']}/options", body={"options": 2}, headers=_admin(house)
    )
    return Interview(candidate, booking, dice.choice(send(address, question).body["data"]))


def _admin(house: House) -> dict[str, str]:
    return {"Authorization": f"Bearer {house.key}"}


def _request(house: House, interview: Interview, verb: str, due: float) -> Request:
    token, admin = interview.candidate.token, _admin(house)
    about = (interview, verb)
    if verb == "confirm":
        return book(interview.candidate, interview.candidate.options[0], due, about)
    if verb == "cancel":
        return Request(path=f"/c/{token}/cancel", body={"reason": "I am ill."}, due=due, about=about)
    if verb == "revoke":
        path = f"/v1/invitations/{offers.invitation(house, interview.candidate)}/revoke"
        return Request(path=path, body={}, headers=admin, due=due, about=about)
    assert interview.booking is not None
    assert interview.other is not None
    path = f"/v1/bookings/{interview.booking['id']}/reschedule"
    body = {"option_id": interview.other["id"]}
    return Request(path=path, body=body, headers=admin, due=due, about=about)


def _cancelled(interviews: list[Interview]) -> int:
    return sum(interview.answers["cancel"].status == 200 for interview in interviews)


def _untrue(house: House, interview: Interview) -> Iterator[str]:
    """What somebody was told that is not so, by name."""
    for verb, answer in interview.answers.items():
        yield from expect(answer.status in LEGAL[verb], True, "every_answer_is_legal")
    query = "select status, version, start from bookings where run_candidate_id = :asked"
    found = house.ask(query, asked=interview.candidate.run_candidate_id)
    done = {verb for verb, answer in interview.answers.items() if answer.status in (200, 201)}
    was = interview.booking is not None
    yield from expect(len(found), int(was or "confirm" in done), "everybody_was_told_the_truth")
    if not found:
        return
    [(status, version, start)] = found
    wanted = "cancelled" if "cancel" in done else "confirmed"
    yield from expect(status, wanted, "everybody_was_told_the_truth")
    yield from expect(version, 1 + len(done & {"move", "cancel"}), "every_change_is_told_once")
    if was:
        there = interview.other if "move" in done else interview.booking
        assert there is not None
        yield from expect(start, datetime.fromisoformat(there["start"]), "everybody_was_told_the_truth")
