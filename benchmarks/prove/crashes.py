# SPDX-License-Identifier: Apache-2.0
"""kill -9 at each of the named points (`scheduler.points`), one by one; then everything comes back."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa

from benchmarks.prove import offers
from benchmarks.prove.crowd import NO_ANSWER, Answer, Request, send
from benchmarks.prove.house import House, NeverCame, eventually
from benchmarks.prove.offers import Offered
from benchmarks.prove.proof import Proof, book, expect
from scheduler.points import POINTS

#: seconds after the last crash until nothing is owed
LONGEST_CONVERGENCE = 120
#: the first word of a point's name -> whose way it lies on; all others are the worker's
WEB = ("once", "run", "pick", "cancel")
CLOCK = ("clock",)
#: a way of making work for a worker, by the first word of the points it leads to
AS_IF_OVER = {
    "verify": "update calendar_entries set verify_at = now() where status = 'written'",
    "expire": """
        update invitations set expires_at = now() - interval '1 minute' where run_candidate_id = :asked
    """,
    "complete": """
        update bookings set start = now() - interval '2 hours', "end" = now() - interval '1 hour'
        where run_candidate_id = :asked
    """,
}


@dataclass
class Rehearsal:
    """What is driven through the house, and what came of it."""

    house: House
    candidates: list[Offered]
    original: str
    not_reached: list[str] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    #: to be sent once more under their Idempotency-Key, when the leases of the dead are over
    keyed: list[Request] = field(default_factory=list)

    @property
    def address(self) -> str:
        return self.house.addresses[0]

    def web(self, point: str) -> None:
        """The process that answers dies there; the client hears nothing, and asks again elsewhere."""
        request, may_be_repeated = self._request(point)
        armed = self.house.start("web", KILL_AT=point)
        try:
            armed.wait_until_ready()
            lost = send(armed.address, request)
        finally:
            armed.kill()
        if lost.status != NO_ANSWER:
            self.not_reached.append(point)
        if may_be_repeated:
            self._keep(send(self.address, request))
        else:
            self.keyed.append(request)

    def _request(self, point: str) -> tuple[Request, bool]:
        kind = point.partition(".")[0]
        headers = {"Authorization": f"Bearer {self.house.key}"}
        if kind == "run":
            candidate = {"name": "Candy", "email": "candy@candidate.example"}
            [(plan_id,)] = self.house.ask("select id from plans order by created_at desc limit 1")
            return Request(
                path="/v1/runs", body={"plan_id": plan_id, "candidates": [candidate]}, headers=headers
            ), True
        candidate = self.candidates.pop()
        if kind == "cancel":
            self._keep(send(self.address, book(candidate, candidate.options[0])))
            return Request(path=f"/c/{candidate.token}/cancel", body={"reason": "I am ill."}), True
        if kind == "once":
            headers["Idempotency-Key"] = f"rehearsal-{point}"
            return Request(
                path="/v1/bookings", body={"option_id": candidate.options[0]}, headers=headers
            ), False
        return book(candidate, candidate.options[0]), True

    def worker(self, point: str) -> None:
        """The worker dies there, with work that leads to it."""
        kind = point.partition(".")[0]
        asked = self.candidates.pop()
        if kind != "expire":
            self._keep(send(self.address, book(asked, asked.options[0])))
        armed = self.house.replace("worker", KILL_AT=point)
        if kind == "solve":
            offers.ask_for(self.house, offers.talk(offers.hire(self.house)), options=1, wait=False)
        if kind in AS_IF_OVER:
            if kind == "verify":
                eventually(lambda: self._written(asked), "an entry to compare")
            self._as_if_over(kind, asked)
        self._dies(armed, point)

    def _written(self, asked: Offered) -> bool:
        return bool(
            self.house.ask(
                "select from calendar_entries e join bookings b on b.id = e.booking_id"  # ours
                f" where b.run_candidate_id = '{asked.run_candidate_id}' and e.status = 'written'"
            )
        )

    def _as_if_over(self, kind: str, asked: Offered) -> None:
        with self.house.parts.database.transaction(self.house.organization_id) as session:
            session.execute(sa.text(AS_IF_OVER[kind]), {"asked": asked.run_candidate_id})

    def clock(self, point: str) -> None:
        self._dies(self.house.replace("clock", KILL_AT=point), point)
        self.house.replace("clock")

    def _dies(self, armed: object, point: str) -> None:
        try:
            eventually(lambda: armed.has_ended, point, 30)  # type: ignore[attr-defined]
        except NeverCame:
            self.not_reached.append(point)

    def _keep(self, answer: Answer) -> None:
        if answer.status == 201:
            self.acknowledged.add(str(answer.body["id"]))
        self.wrong += expect(answer.status in (200, 201, 202), True, "asked_again_it_succeeds")

    def ask_again_under_their_keys(self) -> None:
        for request in self.keyed:
            answers: list[Answer] = []

            def answered(request: Request = request, answers: list[Answer] = answers) -> bool:
                answers.append(send(self.address, request))
                return answers[-1].code != "idempotency_in_progress"

            eventually(answered, "the end of a dead request's lease", 90)
            self._keep(answers[-1])


def killed_everywhere(house: House, dice: random.Random, *, points: int) -> Proof:
    """So many of the points, in an order of their own for each seed."""
    return killed(house, dice.sample(list(POINTS), min(points, len(POINTS))))


def killed(house: House, chosen: list[str]) -> Proof:
    """At these points, one after the other."""
    original = offers.ask_for(house, offers.talk(offers.hire(house)), options=200)
    slots = list(offers.slots_of(house, original))
    candidates = [
        offers.copy(house, original, [slots[number % len(slots)]], 1)[0] for number in range(len(chosen))
    ]
    rehearsal = Rehearsal(house, candidates, original)
    for point in chosen:
        _way(rehearsal, point)(point)
    house.replace("worker")
    converged = house.settle()
    rehearsal.ask_again_under_their_keys()
    missed = f"; never reached: {', '.join(rehearsal.not_reached)}" if rehearsal.not_reached else ""
    return Proof(
        what=f"kill -9 at {len(chosen)} points",
        figures=f"converged {converged:.0f} s after the last one{missed}",
        acknowledged=rehearsal.acknowledged,
        broken=[
            *rehearsal.wrong,
            *expect(rehearsal.not_reached, [], "every_point_is_reached"),
            *expect(converged <= LONGEST_CONVERGENCE, True, "converges"),
        ],
    )


def _way(rehearsal: Rehearsal, point: str) -> Callable[[str], None]:
    kind = point.partition(".")[0]
    if kind in WEB:
        return rehearsal.web
    return rehearsal.clock if kind in CLOCK else rehearsal.worker
