# SPDX-License-Identifier: Apache-2.0
"""A small organisation: a real database and queue, calendars in memory, and a clock that tests move."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import EmailMessage

import procrastinate
import sqlalchemy as sa

from calendars.errors import CalendarError
from calendars.memory import MemoryCalendars
from calendars.values import CalendarKey, EventDraft, EventRef, Reading, Unreadable
from scheduler.db.session import SERVICE_ROLE
from scheduler.jobs.tasks import make_app
from scheduler.messages.errors import SendError
from scheduler.services import interviewers, picking, plans, runs
from scheduler.services.parts import Actor, Parts
from tests.standins import Clock

#: a Monday
NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
RECRUITER = Actor("key_rosa")
CONTACT = {"name": "Rosa", "email": "rosa@acme.example"}
WEEKDAYS = [{"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "17:00"}]


@dataclass
class Post:
    """A mail server that takes everything, or fails as it is told."""

    mails: list[EmailMessage] = field(default_factory=list)
    failure: SendError | None = None

    def send(self, mail: EmailMessage) -> None:
        if self.failure is not None:
            raise self.failure
        self.mails.append(mail)

    def probe(self) -> str:
        return "takes everything"

    def subjects_to(self, address: str) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails if address in str(mail["To"])]


class Calendars(MemoryCalendars):
    """Calendars in memory that can be made to take no entries for a while."""

    outage: CalendarError | None = None
    #: what happens elsewhere at the moment of each look, by how many looks there were
    meanwhile: Callable[[int], None] | None = None
    looks = 0
    #: whether what makes a calendar unreadable is taken to end by itself
    passing = False

    def read_busy(
        self,
        calendars: Sequence[CalendarKey],
        start: datetime,
        end: datetime,
        *,
        deadline: float | None = None,
    ) -> dict[str, Reading]:
        self.looks += 1
        if self.meanwhile is not None:
            self.meanwhile(self.looks)
        told = super().read_busy(calendars, start, end, deadline=deadline)
        return {
            address: replace(reading, passing=self.passing) if isinstance(reading, Unreadable) else reading
            for address, reading in told.items()
        }

    def create_event(self, calendar: str, draft: EventDraft) -> EventRef:
        if self.outage is not None:
            raise self.outage
        return super().create_event(calendar, draft)

    def cancel_event(self, ref: EventRef) -> None:
        if self.outage is not None:
            raise self.outage
        super().cancel_event(ref)


@dataclass(kw_only=True)
class Town:
    """What a test works with."""

    parts: Parts
    clock: Clock
    calendars: Calendars
    post: Post
    organization_id: str
    people: dict[str, str] = field(default_factory=dict)

    def hire(self, name: str, *, skills: tuple[str, ...] = (), **fields: object) -> str:
        """An interviewer with a calendar; the id."""
        email = f"{name.lower()}@acme.example"
        self.calendars.add_calendar(email)
        made = interviewers.create(
            self.parts,
            self.organization_id,
            {
                "name": name,
                "email": email,
                "time_zone": "Europe/London",
                "calendar": {"provider": "ics", "address": email},
                "working_hours": WEEKDAYS,
                "qualifications": [{"skill": skill, "level": "qualified"} for skill in skills],
                **fields,
            },
        )
        self.people[name] = made["id"]
        return str(made["id"])

    def plan(self, **fields: object) -> dict:
        """A stored plan of one hour with one person who knows Python, unless said otherwise."""
        usual = {
            "name": "Technical interview",
            "sessions": [{"key": "talk", "title": "A talk", "minutes": 60, "seats": [{"skill": "python"}]}],
        }
        return plans.create(self.parts, self.organization_id, usual | fields)

    def offer(self, plan: dict | None = None, *, solve: bool = True, **fields: object) -> dict:
        """A run for Candy; solved, unless the test wants to do that itself."""
        asked = {
            "plan_id": (plan or self.plan())["id"],
            "candidates": [{"name": "Candy Ray", "email": "candy@example.net", "time_zone": "Europe/London"}],
            "contact": CONTACT,
        }
        run = runs.request(self.parts, self.organization_id, asked | fields, actor=RECRUITER)
        if solve:
            self.run_jobs()
        return runs.get(self.parts, self.organization_id, run["id"])

    def book(self, run: dict, option: int = 0) -> dict:
        chosen = run["candidates"][0]["options"][option]
        return picking.book(self.parts, self.organization_id, chosen["id"], actor=RECRUITER)

    def token(self, run: dict, candidate: int = 0) -> str:
        return run["candidates"][candidate]["invitation"]["url"].rsplit("/", 1)[1]

    def run_jobs(self) -> None:
        """Carry out what is in the queue, with a real worker, until it is empty; no job may fail."""
        self.try_jobs()
        with self.parts.database.lookup() as session:
            failed = session.scalars(
                sa.text(
                    "select task_name from procrastinate_jobs where attempts > 0 and status <> 'succeeded'"
                )
            )
            assert list(failed) == []

    def try_jobs(self) -> None:
        """The same, whatever becomes of them."""
        asyncio.run(self._work())

    async def _work(self) -> None:
        connector = procrastinate.PsycopgConnector(
            conninfo=self.parts.database.url, configure=_become_service_role, min_size=1, max_size=3
        )
        app = make_app(connector, self.parts)
        async with app.open_async():
            await app.run_worker_async(wait=False, install_signal_handlers=False, listen_notify=False)


async def _become_service_role(connection) -> None:
    await connection.set_autocommit(True)
    await connection.execute(f"set role {SERVICE_ROLE}")


def candidates(*names: str) -> list[dict]:
    return [
        {"name": name, "email": f"{name.lower()}@example.net", "time_zone": "Europe/London"} for name in names
    ]


def one_hour() -> dict:
    return {"start": "2026-12-02T10:00:00Z", "end": "2026-12-02T11:00:00Z"}
