# SPDX-License-Identifier: Apache-2.0
"""Starts the service as its users do, talks to it as they do, and reads what it leaves in the world."""

from __future__ import annotations

import email
import email.policy
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import icalendar
import pytest
import requests
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from tests.patience import PATIENCE, eventually

SECRET = "a2V5LWtleS1rZXkta2V5LWtleS1rZXkta2V5LWtleTE="
SCOPES = "read,schedule,manage"


class Running:
    """One command of ours, and every process that comes from it."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.mark = uuid.uuid4().hex
        self.lines: list[str] = []
        self._log = folder / f"{self.mark}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "scheduler", *arguments],
                env={**os.environ, "MARK": self.mark, **environment},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def address(self) -> str:
        """Where it listens, as soon as it does."""
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if line.startswith("listening on "):
                return line.split()[-1]
        pytest.fail(f"it never listened: {self.log}")

    @property
    def log(self) -> str:
        return self._log.read_text()

    def stop(self) -> None:
        """As somebody does who is done for the day."""
        self.process.send_signal(signal.SIGTERM)
        self._wait()

    def kill(self) -> None:
        """As a power cut does: it and all that came from it, at once."""
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._wait()
        eventually(lambda: not self.processes(), "the end of every process")

    def processes(self) -> list[int]:
        """The living processes that came from this command."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                ours = f"MARK={self.mark}".encode() in (entry / "environ").read_bytes()
                if ours and (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
        return found

    def _wait(self) -> None:
        with suppress(subprocess.TimeoutExpired):
            self.process.communicate(timeout=PATIENCE)
        assert self.process.poll() is not None, f"it does not end: {self.log}"


@dataclass
class Service:
    """An installation: its folder, its database, and the commands that run it."""

    folder: Path
    #: None: everything in one `serve`, with its own PostgreSQL
    database_url: str | None = None
    environment: dict[str, str] = field(default_factory=dict)
    #: the commands to run; the first one listens
    commands: Sequence[str] = ("serve",)
    running: list[Running] = field(default_factory=list)
    address: str = ""

    def start(self, **environment: str) -> None:
        port = self.address.rpartition(":")[2] or str(free_port())  # links keep their address
        listening, *others = self.commands
        settings = {**self.settings, **environment}
        self.running = [
            Running(self.folder, listening, "--port", port, **settings),
            *(Running(self.folder, command, **settings) for command in others),
        ]
        self.address = self.running[0].address()

    def start_again(self, number: int) -> None:
        """One of the commands that do not listen, after its end."""
        self.running[number] = Running(self.folder, self.commands[number], **self.settings)

    @property
    def settings(self) -> dict[str, str]:
        given = {"DATA_DIR": str(self.folder), "CLOCK_TICK_SECONDS": "1", **self.environment}
        if self.database_url:
            given |= {"DATABASE_URL": self.database_url, "SECRET_KEYS": SECRET}
        return given

    def stop(self) -> None:
        for one in self.running:
            one.stop()
        assert [pid for one in self.running for pid in one.processes()] == []
        self.running = []

    def kill(self) -> None:
        for one in self.running:
            one.kill()
        self.running = []

    def restart(self, **environment: str) -> None:
        self.stop()
        self.start(**environment)

    def command(self, *arguments: str) -> list[str]:
        """What a short command prints."""
        done = subprocess.run(
            [sys.executable, "-m", "scheduler", *arguments],
            env={**os.environ, **self.settings},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def new_organization(self, name: str = "Northwind Labs") -> Api:
        """An organisation and a key, made at the command line; the API as that key's holder sees it."""
        organization_id = self.command("organization", "create", "--name", name)[-1]
        key = self.command(
            *("key", "create", "--organization", organization_id, "--name", "ATS", "--scopes", SCOPES)
        )[-1]
        return Api(self, key)

    @property
    def calendars(self) -> Path:
        return self.folder / "calendars"

    def put_calendar(self, address: str, content: bytes) -> Path:
        self.calendars.mkdir(exist_ok=True)
        path = self.calendars / f"{address}.ics"
        path.write_bytes(content)
        return path


@dataclass
class Api:
    """The HTTP API through a recruiter's tool."""

    service: Service
    key: str

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        return requests.request(
            method,
            f"{self.service.address}/v1/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.key}", **headers},
            timeout=PATIENCE,
        )

    def get(self, path: str) -> Any:
        return self._good(self.call("GET", path))

    def post(self, path: str, body: Any, **headers: str) -> Any:
        return self._good(self.call("POST", path, body, **headers))

    def run(self, plan_id: str, *candidates: dict[str, Any], **more: Any) -> Any:
        """Ask for times and wait for them."""
        body = {"plan_id": plan_id, "candidates": candidates or ({**CANDY},), **more}
        return self.post("runs", body, Prefer="wait=30")

    def messages(self, **of: str) -> list[dict[str, Any]]:
        query = "&".join(f"{name}={value}" for name, value in of.items())
        return self.get(f"messages?limit=200&{query}")["data"]

    @staticmethod
    def _good(answer: requests.Response) -> Any:
        assert answer.status_code < 300, (answer.status_code, answer.text)
        return answer.json()


CANDY = {"name": "Candy Doe", "email": "candy@candidate.example", "time_zone": "Europe/Berlin"}
CONTACT = {"name": "Rosa Lindqvist", "email": "rosa@northwind.example"}


def for_program(link: str, path: str = "", body: Any = None) -> requests.Response:
    """A candidate's link, followed by a program that asks for JSON."""
    headers = {"Accept": "application/json"}
    if body is None:
        return requests.get(link + path, headers=headers, timeout=PATIENCE)
    return requests.post(link + path, json=body, headers=headers, timeout=PATIENCE)


def link_of(run: dict[str, Any], number: int = 0) -> str:
    return run["candidates"][number]["invitation"]["url"]


class MailFolder:
    """Mail as the `file:` way leaves it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def mails(self) -> list[EmailMessage]:
        return [_parsed(path.read_bytes()) for path in sorted(self._folder.glob("*.eml"))]


class MailServer:
    """An SMTP server that keeps what it is given, and counts what it is given twice."""

    def __init__(self) -> None:
        self.port = free_port()
        self._taken: list[bytes] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802  # the name aiosmtpd calls
        self._taken.append(envelope.original_content or b"")
        return "250 taken"

    @contextmanager
    def listening(self) -> Iterator[None]:
        controller = Controller(self, hostname="127.0.0.1", port=self.port, ready_timeout=PATIENCE)
        controller.start()
        try:
            yield
        finally:
            controller.stop()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def mails(self) -> list[EmailMessage]:
        return [_parsed(content) for content in self._taken]


def _parsed(content: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def free_port() -> int:
    """A port where nobody listens, kept from others for as long as the tests run: a socket that never listens
    holds it, and whoever is told of it may listen there.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    port = int(held.getsockname()[1])
    held.detach()
    return port


def invitation_in(mail: EmailMessage) -> icalendar.Calendar:
    """The calendar part of a mail, for another program's parser."""
    part = next(part for part in mail.walk() if part.get_content_type() == "text/calendar")
    calendar = icalendar.Calendar.from_ical(part.get_payload(decode=True))
    assert str(calendar["METHOD"]) == part.get_param("method")
    return calendar


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())
