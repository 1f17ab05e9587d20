# SPDX-License-Identifier: Apache-2.0
"""The installation that is proved: processes to start and kill, and a PostgreSQL of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import psycopg
import sqlalchemy as sa
from cryptography.fernet import Fernet

from benchmarks.prove.mailbox import Mailbox
from scheduler import settings, wiring
from scheduler.db.embedded import EmbeddedPostgres
from scheduler.db.migrate import migrate
from scheduler.processes import die_with_parent
from scheduler.services import keys, organizations
from scheduler.services.parts import Parts

ROOT = Path(__file__).parents[2]
SCHEDULER = ("-m", "scheduler")
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
#: seconds that anything of ours may take to start, stop or come back
PATIENCE = 60.0


class NeverCame(Exception):
    """What was waited for did not happen in time."""


def eventually(look: Callable[[], object], what: str, seconds: float = PATIENCE) -> float:
    """Wait until `look` finds something; the seconds it took. Raises NeverCame."""
    began = time.monotonic()
    while not look():
        if time.monotonic() - began > seconds:
            raise NeverCame(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.05)
    return time.monotonic() - began


class Role:
    """One process of the service."""

    def __init__(self, name: str, environment: dict[str, str], program: Sequence[str], log: Path) -> None:
        self.name = name
        self.address = ""
        arguments = ["--port", "0"] if name == "web" else []
        parent = os.getpid()
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, *program, name, *arguments],
                env={**os.environ, **environment},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGKILL, parent),  # noqa: PLW1509  # it is loaded already
            )

    def wait_until_ready(self) -> None:
        """A web process says where it listens; the others have nothing to say."""
        if self.name != "web":
            return
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("listening on "):
                self.address = line.split()[-1]
                return
        raise NeverCame("a web process that listens")

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def stop(self) -> None:
        if not self.has_ended:
            self._process.send_signal(signal.SIGTERM)
        self._process.communicate(timeout=PATIENCE)

    def kill(self) -> None:
        """The whole of it at once, whatever it is doing."""
        if not self.has_ended:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate(timeout=PATIENCE)


class House:
    """Everything together. `program` is what Python runs as the service."""

    def __init__(self, folder: Path, *, webs: int, program: Sequence[str] = SCHEDULER) -> None:
        self.folder = folder
        self.calendars = folder / "calendars"
        self.calendars.mkdir()
        self.log = folder / "log"
        self.mailbox = Mailbox()
        self.postgres = EmbeddedPostgres(folder)
        self._webs, self._program = webs, tuple(program)
        self.webs: list[Role] = []
        self.others: dict[str, Role] = {}

    @contextmanager
    def open(self) -> Iterator[House]:
        with ExitStack() as stack:
            stack.enter_context(self.mailbox.listening())
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
            }
            self.parts: Parts = wiring.build(settings.load(self.environment, env_file=self.folder / ".env"))
            stack.callback(self.parts.database.close)
            self.organization_id = organizations.create(self.parts, name="Northwind Labs")
            _, self.key = keys.create(
                self.parts, self.organization_id, name="proof", scopes=("read", "schedule", "manage", "admin")
            )
            stack.callback(self._end)
            self.webs = [self.start("web") for _ in range(self._webs)]
            self.others = {name: self.start(name) for name in ("worker", "clock")}
            for web in self.webs:
                web.wait_until_ready()
            yield self

    def start(self, name: str, **environment: str) -> Role:
        return Role(name, {**self.environment, **environment}, self._program, self.log)

    def replace(self, name: str, **environment: str) -> Role:
        """End the worker or the clock in good order, if it lives, and let one with these settings take its
        place.
        """
        self.others[name].stop()
        self.others[name] = self.start(name, **environment)
        return self.others[name]

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

    def ask(self, query: str) -> list[tuple[object, ...]]:
        """Rows of the organisation."""
        with self.parts.database.transaction(self.organization_id) as session:
            return [tuple(row) for row in session.execute(sa.text(query))]

    def owner(self) -> psycopg.Connection:
        """The database as its owner, for what the service may not."""
        return psycopg.connect(self.postgres.url, autocommit=True)

    def kill_postgres(self) -> None:
        assert self.postgres.pid is not None
        os.kill(self.postgres.pid, signal.SIGKILL)

    def settle(self, seconds: float = 300) -> float:
        """Wait until nothing is owed any more; the seconds it took."""
        return eventually(lambda: not self.owed(), "the end of all work", seconds)

    def owed(self) -> list[str]:
        """What is not done and not for later: jobs, mails, calendar entries, whoever is at them."""
        with self.parts.database.transaction(self.organization_id) as session:
            return list(session.scalars(sa.text(OWED), {"now": self.parts.now()}))


OWED = """
    select 'job ' || id from procrastinate_jobs
    where status in ('todo', 'doing') and task_name not in
        ('sweep', 'rescue', 'refresh', 'tidy', 'verify_invariants', 'verify_organization')
    union all select 'message ' || id from messages
    where status = 'sending' or (status = 'queued' and due_at <= :now)
    union all select 'entry ' || id from calendar_entries where status in ('pending', 'refused')
"""
