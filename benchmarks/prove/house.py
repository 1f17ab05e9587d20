# SPDX-License-Identifier: Apache-2.0
"""The installation that is proved: processes to start and kill, and a PostgreSQL of its own."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from cryptography.fernet import Fernet

from benchmarks.prove.mailbox import Mailbox
from benchmarks.prove.nursery import PATIENCE, NeverCame, Nursery, Role
from scheduler import settings, wiring
from scheduler.db.embedded import EmbeddedPostgres
from scheduler.db.migrate import migrate
from scheduler.services import keys, organizations, webhooks
from scheduler.services.parts import Parts
from tests.fakes.google import FakeGoogle
from tests.fakes.microsoft import FakeMicrosoft
from tests.fakes.radicale import Radicale
from tests.fakes.receiver import Receiver
from tests.fakes.server import FakeServer

CALENDAR = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//proof//EN
{events}END:VCALENDAR
"""
MEETING = """\
BEGIN:VEVENT
UID:meeting-{number}@northwind.example
DTSTAMP:20260101T000000Z
DTSTART:{start:%Y%m%dT%H%M%SZ}
DTEND:{end:%Y%m%dT%H%M%SZ}
END:VEVENT
"""


def eventually(look: Callable[[], object], what: str, seconds: float = PATIENCE) -> float:
    """Wait until `look` finds something; the seconds it took. Raises NeverCame."""
    began = time.monotonic()
    while not look():
        if time.monotonic() - began > seconds:
            raise NeverCame(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.05)
    return time.monotonic() - began


#: of what is left so much is named
SOME = 5
#: Graph answers four requests at once for each mailbox; the fake counts those of all of them together
AT_ONCE_AT_MICROSOFT = 64


class House:
    """Everything together. `without`: see Nursery; `with_vendors`: calendars can be at Google and Microsoft,
    too, which are then fakes that mind the vendors' rules, and at a CalDAV server, a real Radicale.
    """

    def __init__(self, folder: Path, *, webs: int = 2, without: str = "", with_vendors: bool = False) -> None:
        self.folder = folder
        self.calendars = folder / "calendars"
        self.calendars.mkdir()
        self.log = folder / "log"
        self.mailbox = Mailbox()
        self.google, self.microsoft = FakeGoogle(validates=False), FakeMicrosoft()
        self.microsoft.most_allowed_at_once = AT_ONCE_AT_MICROSOFT
        #: by the provider's name
        self.vendors: dict[str, FakeGoogle | FakeMicrosoft] = {}
        #: all that calendars are asked for over the network, by the provider's name
        self.servers: dict[str, FakeGoogle | FakeMicrosoft | Radicale] = {}
        if with_vendors:
            self.caldav = Radicale(folder / "caldav")
            self.vendors = {"google": self.google, "microsoft": self.microsoft}
            self.servers = {**self.vendors, "caldav": self.caldav}
        #: listens to a web hook of each organisation, named by the organisation's id
        self.receiver = Receiver()
        self.postgres = EmbeddedPostgres(folder)
        self._webs, self._without = webs, without
        self.webs: list[Role] = []
        self.others: dict[str, Role] = {}

    @contextmanager
    def open(self) -> Iterator[House]:
        with ExitStack() as stack:
            self._nursery = Nursery(self._without)
            stack.callback(self._nursery.close)
            stack.enter_context(self.mailbox.listening())
            # What was wrong with what they were asked is said with the verdict (world.py).
            fakes: tuple[FakeServer, ...] = (self.receiver, *self.servers.values())
            for fake in fakes:
                fake.start()
                stack.callback(fake.stop)
            stack.enter_context(self.postgres)
            migrate(self.postgres.url)
            self.environment = {
                "DATABASE_URL": self.postgres.url,
                "SECRET_KEYS": Fernet.generate_key().decode(),
                "DATA_DIR": str(self.folder),
                "ICS_DIR": str(self.calendars),
                "MAIL_URL": self.mailbox.url,
                "CLOCK_TICK_SECONDS": "1",
                "LOG_LEVEL": "WARNING",
                **(self._access() if self.vendors else {}),
            }
            self.parts: Parts = wiring.build(settings.load(self.environment, env_file=self.folder / ".env"))
            stack.callback(self.parts.database.close)
            self.organizations: list[str] = []
            self.found("Northwind Labs")
            _, self.key = keys.create(
                self.parts, self.organization_id, name="proof", scopes=("read", "schedule", "manage", "admin")
            )
            stack.callback(self._end)
            self.webs = [self.start("web") for _ in range(self._webs)]
            for web in self.webs:
                web.wait_until_ready()
            if self.vendors:  # Microsoft calls there before it tells of changes
                self.environment["PUBLIC_URL"] = self.webs[0].address
            self.others = {name: self.start(name) for name in ("worker", "clock")}
            yield self

    def _access(self) -> dict[str, str]:
        """What lets the service in at the vendors."""
        for vendor in self.vendors.values():
            vendor.notify = False  # changes are found by polling alone
        account = self.folder / "service-account.json"
        account.write_text(json.dumps(self.google.service_account()))
        return {
            "GOOGLE_SERVICE_ACCOUNT_FILE": str(account),
            "GOOGLE_API_ENDPOINT": self.google.api_endpoint,
            "MICROSOFT_TENANT_ID": self.microsoft.tenant_id,
            "MICROSOFT_CLIENT_ID": self.microsoft.client_id,
            "MICROSOFT_CLIENT_SECRET": self.microsoft.client_secret,
            "MICROSOFT_AUTHORITY": self.microsoft.authority,
            "MICROSOFT_GRAPH_ENDPOINT": self.microsoft.graph_endpoint,
        }

    def found(self, name: str, **how: object) -> None:
        """An organisation, which whatever follows is about."""
        self.organization_id = organizations.create(self.parts, name=name)
        self.organizations.append(self.organization_id)
        url = self.receiver.address(self.organization_id)
        hook = webhooks.create(self.parts, self.organization_id, {"url": url})
        self.receiver.secrets[self.organization_id] = hook["secret"]
        organizations.update(self.parts, self.organization_id, how)

    def start(self, name: str, **environment: str) -> Role:
        return self._nursery.start(name, {**self.environment, **environment}, self.log)

    def replace(self, name: str, **environment: str) -> Role:
        """End the worker or the clock in good order, if it lives, and let one with these settings take its
        place.
        """
        self.others[name].stop()
        self.others[name] = self.start(name, **environment)
        return self.others[name]

    def restart(self, *offsets: float) -> None:
        """Everybody anew, with clocks so many seconds ahead: a web process and a worker for each, one clock
        role with the first.
        """
        roles = (*self.webs, *self.others.values())
        for role in roles:
            role.ask_to_end()
        for role in roles:
            role.stop()
        ahead = [{"CLOCK_OFFSET_SECONDS": f"{offset}"} for offset in offsets]
        self.webs = [self.start("web", **each) for each in ahead]
        self.others = {f"worker {number}": self.start("worker", **each) for number, each in enumerate(ahead)}
        # What is due by one clock alone is asked for until the worker with that clock happens to get it.
        self.others["clock"] = self.start("clock", **ahead[0], CLOCK_TICK_SECONDS="0.3")
        self.parts = self.parts.evolve(now=settings.make_now(offsets[0]))
        for web in self.webs:
            web.wait_until_ready()

    def _end(self) -> None:
        for role in (*self.webs, *self.others.values()):
            role.kill()

    @property
    def addresses(self) -> list[str]:
        return [web.address for web in self.webs]

    def put_calendar(self, address: str, *meetings: tuple[datetime, datetime]) -> None:
        """A calendar file with these in it, as its owner's program writes it."""
        events = "".join(
            MEETING.format(number=number, start=start, end=end)
            for number, (start, end) in enumerate(meetings)
        )
        content = CALENDAR.format(events=events).replace("\n", "\r\n")
        (self.calendars / f"{address}.ics").write_text(content, encoding="utf-8", newline="")

    def ask(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        """Rows of every organisation."""
        found: list[tuple[Any, ...]] = []
        for organization_id in self.organizations:
            with self.parts.database.transaction(organization_id) as session:
                found += [tuple(row) for row in session.execute(sa.text(query), values)]
        return found

    def owner(self) -> psycopg.Connection:
        """The database as its owner, for what the service may not."""
        return psycopg.connect(self.postgres.url, autocommit=True)

    def kill_postgres(self) -> None:
        assert self.postgres.pid is not None
        os.kill(self.postgres.pid, signal.SIGKILL)

    def settle(self, seconds: float = 300) -> float:
        """Wait until nothing is owed any more; the seconds it took. Raises NeverCame, naming some of it."""
        try:
            return eventually(lambda: not self.owed(), "the end of all work", seconds)
        except NeverCame as late:
            left = self.owed()
            raise NeverCame(f"{late}: {len(left)} left, as {', '.join(left[:SOME])}") from None

    def owed(self, by: datetime | None = None) -> list[str]:
        """What is not done and not for later: jobs, mails, events, calendar entries, whoever is at them."""
        return [what for (what,) in self.ask(OWED, now=by or self.parts.now())]


OWED = """
    select 'job ' || id || ' ' || task_name from procrastinate_jobs
    where status in ('todo', 'doing') and task_name not in
        ('sweep', 'rescue', 'refresh', 'tidy', 'verify_invariants', 'verify_organization')
    union all select 'message ' || id from messages
    where status = 'sending' or (status = 'queued' and due_at <= :now)
    union all select 'loss ' || id from losses where handled_at is null and resolved_at is null
    union all select 'event ' || id from events where feed_position is null
    union all select 'delivery ' || id from deliveries where status = 'queued'
    union all select 'entry ' || id from calendar_entries where status in ('pending', 'refused')
"""
