# SPDX-License-Identifier: Apache-2.0
"""One way for each point: what makes a process get there, and what is done about it afterwards."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import psycopg
import sqlalchemy as sa

from benchmarks.prove import offers
from benchmarks.prove.crowd import NO_ANSWER, Answer, Request, send
from benchmarks.prove.house import PATIENCE, House, NeverCame, Role, eventually
from benchmarks.prove.offers import Offered
from benchmarks.prove.proof import book, expect
from scheduler.services import interviewers, plans, runs
from scheduler.services.parts import SYSTEM

#: seconds within which somebody who is sure to come to a point dies there
LONGEST_WAY = 120
TRY_LATER = 503
#: how often a point is sure to be passed on its way, by its name or the first word of it; else once
TIMES = {"mail": 3, "errand": 3, "sweep": 2, "clock": 3, "migrate.applied": 8}
#: the most bookings of others that are made before a process dies
NOISE = 2
#: what makes work for a worker, as if time had passed, by the first word of the points it leads to
AS_IF_OVER = {
    "mail": """
        update messages set due_at = now(), attempt_at = now() where kind = 'reminder' and status = 'queued'
            and booking_id = (select id from bookings where run_candidate_id = :asked)
    """,
    "verify": "update calendar_entries set verify_at = now() where status = 'written'",
    "sync": "update calendar_states set sync_at = now() where sync_at < now() + interval '1 year'",
    "notice": "update calendar_states set sync_at = now() where sync_at < now() + interval '1 year'",
    "expire": """
        update invitations set expires_at = now() - interval '1 minute' where run_candidate_id = :asked
    """,
    "hook": "update webhooks set lease_until = now()",
    "hold": "update holds set expires_at = now() - interval '1 minute' where expires_at > now()",
    "complete": """
        with past as (
            update bookings set start = now() - interval '2 hours', "end" = now() - interval '1 hour'
            where run_candidate_id = :asked returning id, start
        )
        update messages m set details = jsonb_set(m.details, '{start}', to_jsonb(past.start)) from past
        where m.booking_id = past.id and m.details ? 'start'
    """,
}
#: of these the entry has to be written first
OF_ENTRIES = ("verify", "sync", "notice")
FORGET_THE_DEAD = "update procrastinate_workers set last_heartbeat = now() - interval '1 minute'"
_numbers = itertools.count(1)


def _people(house: House) -> list[str]:
    """One at each server, one with a file: each prefers other hours, and sits in the interviews of these; any
    of them could.
    """
    places = (*house.servers, "")
    hours, people = 12 // len(places), []
    for number, server in enumerate(places):
        opens = 8 + number * hours
        preferred = [{**offers.HOURS[0], "start": f"{opens:02}:00", "end": f"{opens + hours:02}:00"}]
        hire = partial(offers.hire_at, house, server) if server else partial(offers.hire, house)
        people.append(hire(preferred_hours=preferred))
    return people


class Rehearsal:
    """What is driven through the house, and what came of it."""

    def __init__(self, house: House, dice: random.Random) -> None:
        self.house, self._dice = house, dice
        house.replace("worker")
        self._original = offers.ask_for(house, offers.talk(*_people(house)), options=200)
        self._slots = list(offers.slots_of(house, self._original))
        self.tried: list[str] = []
        self.acknowledged: set[str] = set()
        self.wrong: list[str] = []
        #: how often somebody was told to come back
        self.put_off = 0
        #: to be sent once more under their Idempotency-Key, when the leases of the dead are over
        self._keyed: list[Request] = []
        self._headers = {"Authorization": f"Bearer {house.key}"}

    def die_at(self, point: str) -> bool:
        """Have a process die there; whether it did."""
        self.tried.append(point)
        word = point.partition(".")[0]
        for _ in range(self._dice.randint(0, NOISE)):
            self._booked(self._candidate())
        if word in self._by_web:
            return self._web(point, *self._by_web[word](self, point))
        if word == "migrate":
            return self._migration(point)
        if word == "clock":
            died = self._dies(self.house.replace("clock", KILL_AT=self._sometime(point)))
            self.house.replace("clock")
            return died
        way = self._by_worker.get(word, Rehearsal._after_booking)
        return way(self, point)

    def _sometime(self, point: str) -> str:
        most = TIMES.get(point, TIMES.get(point.partition(".")[0], 1))
        return f"{point}:{self._dice.randint(1, most)}"

    def _candidate(self) -> Offered:
        slot = self._slots.pop(self._dice.randrange(len(self._slots)))
        return offers.copy(self.house, self._original, [slot], 1)[0]

    # Requests

    def _send(self, request: Request) -> Answer:
        """As clients do it: whoever is told to come back comes back."""
        until = time.monotonic() + PATIENCE
        while True:
            answer = send(self._dice.choice(self.house.addresses), request)
            if answer.status != TRY_LATER or time.monotonic() > until:
                return answer
            self.put_off += 1
            time.sleep(float(answer.headers["Retry-After"]))

    def _booked(self, candidate: Offered) -> dict[str, Any]:
        return self._keep(self._send(book(candidate, candidate.options[0])))

    def _keep(self, answer: Answer) -> dict[str, Any]:
        if answer.status == 201:
            self.acknowledged.add(str(answer.body["id"]))
        if answer.status not in (200, 201, 202):
            self.wrong.append(f"asked_again_it_succeeds ({answer.status} {answer.code})")
        return answer.body

    def _web(self, point: str, request: Request, keyed: bool = False) -> bool:  # noqa: FBT001, FBT002  # as its ways say
        """The process that answers dies there; the client hears nothing, and asks again elsewhere."""
        armed = self.house.start("web", KILL_AT=point)
        try:
            armed.wait_until_ready()
            lost = send(armed.address, request)
        finally:
            armed.kill()
        if keyed:
            self._keyed.append(request)
        else:
            self._keep(self._send(request))
        return lost.status == NO_ANSWER

    def _pick(self, _point: str) -> tuple[Request]:
        candidate = self._candidate()
        return (book(candidate, candidate.options[0]),)

    def _run(self, _point: str) -> tuple[Request]:
        [(plan_id,)] = self.house.ask("select id from plans order by created_at desc limit 1")
        candidates = [{"name": "Candy", "email": "candy@candidate.example"}]
        body = {"plan_id": plan_id, "candidates": candidates}
        return (Request(path="/v1/runs", body=body, headers=self._headers),)

    def _cancel(self, _point: str) -> tuple[Request]:
        candidate = self._candidate()
        self._booked(candidate)
        return (Request(path=f"/c/{candidate.token}/cancel", body={"reason": "I am ill."}),)

    def _fresh(self, _point: str) -> tuple[Request]:
        candidate = self._candidate()
        self._booked(candidate)
        return (Request(path=f"/c/{candidate.token}/options", body={}),)

    def _move(self, _point: str) -> tuple[Request]:
        candidate = self._candidate()
        self._booked(candidate)
        offered = self._keep(self._send(Request(path=f"/c/{candidate.token}/options", body={})))
        chosen = self._dice.choice(offered["options"])["id"]
        return (Request(path=f"/c/{candidate.token}/reschedule", body={"option": chosen}),)

    def _replace(self, _point: str) -> tuple[Request]:
        booking = self._booked(self._candidate())
        [session] = booking["sessions"]
        body = {"session_key": session["key"], "interviewer_id": session["interviewers"][0]["id"]}
        path = f"/v1/bookings/{booking['id']}/replace"
        return (Request(path=path, body=body, headers=self._headers),)

    def _link(self, point: str) -> tuple[Request]:
        verb = {"link.revoked": "revoke", "link.resent": "resend"}[point]
        path = f"/v1/invitations/{offers.invitation(self.house, self._candidate())}/{verb}"
        return (Request(path=path, body={}, headers=self._headers),)

    def _erase(self, _point: str) -> tuple[Request]:
        """One with an interview ahead, which stands or is cancelled."""
        candidate = self._booked(self._candidate())["candidate"]
        body = {"candidate_id": candidate["id"], "cancel_bookings": self._dice.random() < 0.5}
        return (Request(path="/v1/privacy/erasure", body=body, headers=self._headers),)

    def _once(self, point: str) -> tuple[Request, bool]:
        headers = {**self._headers, "Idempotency-Key": f"{point} {next(_numbers)}"}
        body = {"option_id": self._candidate().options[0]}
        return Request(path="/v1/bookings", body=body, headers=headers), True

    # Jobs

    def _after_booking(self, point: str) -> bool:
        """The worker dies there, with work that leads to it: a booking, and whatever follows from one."""
        word = point.partition(".")[0]
        asked = self._candidate()
        # Before there is anything to do: whoever lives would do it.
        armed = self.house.replace("worker", KILL_AT=self._sometime(point))
        if word != "expire":
            self._booked(asked)
        if word in OF_ENTRIES:
            eventually(lambda: self._written(asked) or armed.has_ended, "an entry that is written")
        if word in AS_IF_OVER:
            self._as_if_over(word, asked.run_candidate_id)
        return self._dies(armed)

    def _written(self, asked: Offered) -> bool:
        query = """
            select from calendar_entries e join bookings b on b.id = e.booking_id
            where b.run_candidate_id = :asked and e.status = 'written'
        """
        return bool(self.house.ask(query, asked=asked.run_candidate_id))

    def _as_if_over(self, word: str, asked: str) -> None:
        with self.house.parts.database.transaction(self.house.organization_id) as session:
            session.execute(sa.text(AS_IF_OVER[word]), {"asked": asked})

    def _solve(self, point: str) -> bool:
        armed = self.house.replace("worker", KILL_AT=point)
        offers.ask_for(self.house, offers.talk(offers.hire(self.house)), options=1, wait=False)
        return self._dies(armed)

    def _hold(self, point: str) -> bool:
        """An offer whose times are kept free, or the end of that."""
        plan = offers.talk(offers.hire(self.house)) | {"holds": True}
        if point == "hold.written":
            armed = self.house.replace("worker", KILL_AT=point)
            offers.ask_for(self.house, plan, options=2, wait=False)
        else:
            self.house.replace("worker")
            held = offers.ask_for(self.house, plan, options=2)
            armed = self.house.replace("worker", KILL_AT=point)
            self._as_if_over("hold", held)
        return self._dies(armed)

    def _repair(self, point: str) -> bool:
        """One of two people holds no interviews any more: the other comes, or a person is told."""
        house = self.house
        house.replace("worker")
        two = offers.talk(offers.hire(house), offers.hire(house))
        plan = two | {"on_decline": "suggest" if point == "repair.left" else "replace"}
        original = offers.ask_for(house, plan, options=1)
        [asked] = offers.copy(house, original, list(offers.slots_of(house, original)), 1)
        [session] = self._booked(asked)["sessions"]
        [who] = [person["id"] for person in session["interviewers"]]
        armed = house.replace("worker", KILL_AT=point)
        interviewers.update(house.parts, house.organization_id, who, {"active": False})
        return self._dies(armed)

    def _watch(self, point: str) -> bool:
        """The first interview in somebody's calendar at a vendor, which then tells of changes."""
        self.house.replace("worker")
        person = offers.hire_at(self.house, self._dice.choice(list(self.house.vendors)))
        original = offers.ask_for(self.house, offers.talk(person), options=1)
        [asked] = offers.copy(self.house, original, list(offers.slots_of(self.house, original)), 1)
        armed = self.house.replace("worker", KILL_AT=point)
        self._booked(asked)
        return self._dies(armed)

    def _refresh(self, point: str) -> bool:
        """Two want the only time of somebody; for the second a worker looks for others."""
        self.house.replace("worker")
        original = offers.ask_for(self.house, offers.talk(offers.hire(self.house)), options=2)
        only = list(offers.slots_of(self.house, original))[:1]
        first, second = offers.copy(self.house, original, only, 2)
        self._booked(first)
        armed = self.house.replace("worker", KILL_AT=point)
        lost = self._send(book(second, second.options[0]))
        self.wrong += expect(lost.code, "slot_taken", "confirmed_or_gone")
        return self._dies(armed)

    def _confirm(self, point: str) -> bool:
        """Two candidates who are booked at once."""
        armed = self.house.replace("worker", KILL_AT=point)
        house = self.house
        plan = plans.create(house.parts, house.organization_id, offers.talk(offers.hire(house)))
        asked = {
            "plan_id": plan["id"],
            "mode": "assign",
            "confirm": True,
            "candidates": [offers.somebody(), offers.somebody()],
        }
        runs.request(house.parts, house.organization_id, asked, actor=SYSTEM)
        return self._dies(armed)

    def _rescue(self, point: str) -> bool:
        """A worker dies with a job; the one that finds the job dies with that."""
        died = self._after_booking("errand.begun")
        armed = self.house.replace("worker", KILL_AT=point)
        with self.house.owner() as owner:
            owner.execute(FORGET_THE_DEAD)
        with self.house.parts.database.lookup() as session:
            self.house.parts.defer(session, "rescue")
        return self._dies(armed) and died

    def _dies(self, armed: Role) -> bool:
        try:
            eventually(lambda: armed.has_ended, armed.name, LONGEST_WAY)
        except NeverCame:
            armed.stop()
        return armed.was_killed

    # The schema

    def _migration(self, point: str) -> bool:
        """Who migrates a new database dies; the next one finishes it."""
        name = f"new_{next(_numbers)}"
        with self.house.owner() as owner:
            owner.execute(f"create database {name}".encode())
        url = self.house.postgres.url.replace("/convene?", f"/{name}?")
        armed = self.house.start("migrate", DATABASE_URL=url, KILL_AT=self._sometime(point))
        died = self._dies(armed)
        again = self.house.start("migrate", DATABASE_URL=url)
        eventually(lambda: again.has_ended, "the migration")
        versions = []
        for each in (url, self.house.postgres.url):
            with psycopg.connect(each) as owner:
                versions.append(owner.execute("select version_num from alembic_version").fetchall())
        self.wrong += expect(versions[0], versions[1], "migrations_are_whole")
        return died

    def ask_again_under_their_keys(self) -> None:
        for request in self._keyed:
            answers: list[Answer] = []

            def answered(request: Request = request, answers: list[Answer] = answers) -> bool:
                answers.append(self._send(request))
                return answers[-1].code != "idempotency_in_progress"

            eventually(answered, "the end of a dead request's lease", 90)
            self._keep(answers[-1])

    _by_web: ClassVar[dict[str, Callable[..., tuple[Any, ...]]]] = {
        "once": _once,
        "run": _run,
        "pick": _pick,
        "cancel": _cancel,
        "fresh": _fresh,
        "move": _move,
        "replace": _replace,
        "link": _link,
        "erase": _erase,
    }
    _by_worker: ClassVar[dict[str, Callable[[Rehearsal, str], bool]]] = {
        "solve": _solve,
        "refresh": _refresh,
        "confirm": _confirm,
        "hold": _hold,
        "repair": _repair,
        "rescue": _rescue,
        "watch": _watch,
    }
