# SPDX-License-Identifier: Apache-2.0
"""Bookings against vendors that lose a tenth of their answers: python -m benchmarks.lost_answers [BOOKINGS]

Half of the lost answers are lost before the change took effect, half after. Every other booking is cancelled.
Then each calendar is compared with what it should hold. A real PostgreSQL, the service's own verbs, the fakes
of the tests; what the queue would carry out is carried out here.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks._demo import say
from calendars.google import GoogleCalendars, ServiceAccount
from calendars.google.ids import uid_of
from calendars.microsoft import Credential, EntraApplication, MicrosoftCalendars
from calendars.microsoft.reading import uid_of as graph_uid_of
from calendars.retry import Breaker
from scheduler.db import rows
from scheduler.db.embedded import EmbeddedPostgres
from scheduler.db.migrate import migrate
from scheduler.db.session import Database
from scheduler.domain.ids import new_id
from scheduler.domain.intervals import format_instant
from scheduler.services import bookings, entries, interviewers, organizations, reconciling
from scheduler.services.links import Links
from scheduler.services.parts import SYSTEM, Parts
from tests.fakes.google import FakeGoogle
from tests.fakes.microsoft import FakeMicrosoft

SHARE, SEED = 0.1, 1
HOUSES = ("google", "microsoft")
START = datetime(2026, 12, 1, tzinfo=UTC)
THREADS = 4


class Clock:
    """The service's time, moved from one attempt to the next."""

    def __init__(self) -> None:
        self.now = START - timedelta(days=1)

    def __call__(self) -> datetime:
        return self.now


class NoMail:
    def send(self, *_: Any, **__: Any) -> None:
        raise NotImplementedError

    def invite(self, *_: Any) -> bytes:
        raise NotImplementedError


@dataclass
class Bench:
    parts: Parts
    clock: Clock
    fakes: dict[str, FakeGoogle | FakeMicrosoft]
    organization_id: str

    def owed(self, function: str) -> list[str]:
        query = sa.text(f"select id from {function}(:moment, 100000)")  # noqa: S608  # names of ours
        with self.parts.database.lookup() as session:
            return list(session.scalars(query, {"moment": self.clock()}))

    def settle(self, function: str, verb: Any) -> int:
        """Carry out what is owed, again and again, until nothing is; how many attempts that took."""
        attempts = 0
        while True:
            self.clock.now += timedelta(hours=2)
            owed = self.owed(function)
            if not owed:
                return attempts
            attempts += len(owed)
            with ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(lambda id_: verb(self.parts, self.organization_id, id_), owed))


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as server:
        Path(folder).chmod(0o711)
        migrate(server.url)
        with FakeGoogle(validates=False) as google, FakeMicrosoft() as microsoft:
            bench = _bench(server.url, google, microsoft)
            ids = _book(bench, count)
            for fake in bench.fakes.values():
                fake.faults.lose(SHARE, seed=SEED)
            began = time.monotonic()
            attempts = bench.settle("owed_entries", entries.write)
            for booking_id in ids[::2]:
                bookings.cancel(bench.parts, bench.organization_id, booking_id, actor=SYSTEM)
            attempts += bench.settle("owed_entries", entries.write)
            bench.settle("due_verifications", _verify)
            took = time.monotonic() - began
            _judge(bench, set(ids[1::2]), count, attempts, took)


def _verify(parts: Parts, organization_id: str, entry_id: str) -> None:
    reconciling.verify(parts, organization_id, entry_id)
    with parts.database.transaction(organization_id) as session:  # one look is enough here
        session.execute(
            sa.update(rows.CalendarEntry)
            .where(rows.CalendarEntry.id == entry_id, rows.CalendarEntry.status == "written")
            .values(verify_at=None)
        )


def _bench(url: str, google: FakeGoogle, microsoft: FakeMicrosoft) -> Bench:
    clock = Clock()
    credential = Credential(secret=microsoft.client_secret)
    application = EntraApplication(
        microsoft.tenant_id, microsoft.client_id, credential, authority=microsoft.authority
    )
    providers = {
        "google": GoogleCalendars(
            ServiceAccount(google.service_account()),
            endpoint=google.api_endpoint,
            breaker=Breaker("Google", after=10**9),
            sleep=lambda _: None,
        ),
        "microsoft": MicrosoftCalendars(
            application,
            endpoint=microsoft.graph_endpoint,
            breaker=Breaker("Microsoft", after=10**9),
            sleep=lambda _: None,
        ),
    }
    parts = Parts(
        database=Database(url),
        now=clock,
        providers={},
        granted=lambda _: providers,
        mail=NoMail(),
        links=Links(["key"], "https://interviews.example"),
        defer=lambda *_, **__: None,
    )
    organization_id = organizations.create(parts, name="Acme")
    return Bench(parts, clock, {"google": google, "microsoft": microsoft}, organization_id)


def _book(bench: Bench, count: int) -> list[str]:
    """Booked interviews of an hour, for an interviewer in each house in turn, as picking leaves them."""
    people = {}
    for house in HOUSES:
        address = f"ada@{house}.example"
        bench.fakes[house].add_person(address)
        person = {
            "name": "Ada",
            "email": address,
            "time_zone": "UTC",
            "calendar": {"provider": house, "address": address},
        }
        people[house] = interviewers.create(bench.parts, bench.organization_id, person)["id"]
    with bench.parts.database.transaction(bench.organization_id) as session:
        return [_booking(session, bench, people[HOUSES[n % 2]], n) for n in range(count)]


def _booking(session: Session, bench: Bench, person: str, number: int) -> str:
    org, now = bench.organization_id, bench.clock()
    start = START + timedelta(hours=number)
    end = start + timedelta(hours=1)
    seat = {"id": person, "name": "Ada", "role": "interviewer", "optional": False}
    held = {"key": "talk", "title": "A talk", "start": format_instant(start), "end": format_instant(end)}
    plan = {
        "name": "A talk",
        "sessions": [{"key": "talk", "title": "A talk", "minutes": 60, "seats": [], "conference": "none"}],
    }
    candidate = rows.Candidate(
        id=new_id("cand"),
        organization_id=org,
        name="Candy",
        email="candy@candidate.example",
        availability=[],
        metadata_={},
        created_at=now,
    )
    run = rows.Run(
        id=new_id("run"),
        organization_id=org,
        status="finished",
        plan=plan,
        window_start=start,
        window_end=end,
        mode="offer",
        options_wanted=1,
        solver={},
        created_at=now,
    )
    session.add_all([candidate, run])
    session.flush()
    asked = rows.RunCandidate(
        id=new_id("rca"),
        organization_id=org,
        run_id=run.id,
        candidate_id=candidate.id,
        position=0,
        external_refs={},
        status="booked",
    )
    session.add(asked)
    session.flush()
    option = rows.Option(
        id=new_id("opt"),
        organization_id=org,
        run_candidate_id=asked.id,
        position=0,
        start=start,
        end=end,
        sessions=[],
        cost=0,
        reasons=[],
        status="accepted",
    )
    session.add(option)
    session.flush()
    booking = rows.Booking(
        id=new_id("bkg"),
        organization_id=org,
        run_id=run.id,
        run_candidate_id=asked.id,
        candidate_id=candidate.id,
        option_id=option.id,
        plan=plan,
        status="confirmed",
        version=1,
        external_refs={},
        start=start,
        end=end,
        sessions=[{**held, "interviewers": [seat], "room": None}],
        created_at=now,
    )
    session.add(booking)
    session.flush()
    entries.want_present(session, bench.parts, booking)
    return booking.id


def _judge(bench: Bench, alive: set[str], count: int, attempts: int, took: float) -> None:
    shown = Counter(_shown(bench.fakes))
    wanted = {f"{booking_id}.talk@convene" for booking_id in alive}
    say(f"{count} bookings, attempts for {count * 3 // 2} changes", f"{attempts} in {took:.0f} s", "none")
    say("orphans", str(len(shown.keys() - wanted)), "0")
    say("missing", str(len(wanted - shown.keys())), "0")
    say("duplicates", str(sum(times - 1 for times in shown.values())), "0")


def _shown(fakes: dict[str, FakeGoogle | FakeMicrosoft]) -> Iterable[str]:
    for event in fakes["google"].events("ada@google.example"):
        yield uid_of(event["id"]) or "not ours"
    for event in fakes["microsoft"].events("ada@microsoft.example"):
        yield graph_uid_of(event) or "not ours"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
