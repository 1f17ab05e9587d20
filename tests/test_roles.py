# SPDX-License-Identifier: Apache-2.0
"""`serve` with a real PostgreSQL, real gunicorn and real processes; what the roles do is stood in for."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.patience import PATIENCE, eventually

ROLES = ("worker", "clock")
STANDINS = """
import os, sys, types

def stand_in(name, **members):
    module = types.ModuleType(name)
    vars(module).update(members)
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    try:
        __import__(parent)
    except ModuleNotFoundError:
        stand_in(parent)
    setattr(sys.modules[parent], child, module)

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def application(environ, start_response):
    import psycopg
    with psycopg.connect(os.environ["STANDIN_URL"]) as connection:
        connection.execute("SELECT 1")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]

def create_app(parts, **options):
    os.environ["STANDIN_URL"] = parts.database_url.reveal()
    say("public", parts.public_url)
    return application

def role(name):
    def run(parts, stop):
        say(name, "runs as", os.getpid())
        stop.wait()
        say(name, "ends")
    return run

def ensure(parts, settings):
    if os.environ.get("STANDIN_DEMO") == "broken":
        raise ValueError("no calendars")
    return ["API key: cvn_demo", "candidate: /c/demo"]

stand_in("scheduler.wiring", build=lambda settings: settings)
stand_in("scheduler.app", create_app=create_app)
stand_in("scheduler.jobs.worker", run=role("worker"))
stand_in("scheduler.clock", run=role("clock"))
stand_in("scheduler.demo", ensure=ensure)

from scheduler.__main__ import main
sys.exit(main())
"""


class Served:
    """A running `serve`: what it prints, where it listens, which processes are its."""

    def __init__(self, data_dir: Path, *arguments: str, log: str = "log", **environment: str) -> None:
        self.mark = uuid.uuid4().hex
        self.lines: list[str] = []
        self.address = ""
        self.log = data_dir / log
        with self.log.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-c", STANDINS, *(arguments or ("serve", "--port", "0"))],
                env={**os.environ, "DATA_DIR": str(data_dir), "MARK": self.mark, **environment},
                cwd=data_dir,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
            )

    def line(self, start: str) -> str:
        """Wait for the next line that begins so; return its rest."""
        for raw in self.process.stdout:
            self.lines.append(raw.decode().strip())
            if self.lines[-1].startswith(start):
                return self.lines[-1].removeprefix(start).strip()
        pytest.fail(f"{start!r} never came: {self.lines}, {self.log.read_text()}")

    def said(self, start: str) -> str:
        """The rest of the newest line that began so; waited for where none has come yet."""
        for line in reversed(self.lines):
            if line.startswith(start):
                return line.removeprefix(start).strip()
        return self.line(start)

    def get(self, address: str) -> str:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            return answer.read().decode()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        with self.process.stdout:
            self.lines += [line.decode().strip() for line in self.process.stdout]
        return self.process.wait(PATIENCE)

    def left(self) -> list[str]:
        """Name the living processes that came from this one, PostgreSQL among them."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                ours = f"MARK={self.mark}".encode() in (entry / "environ").read_bytes()
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if command and (ours or str(self.log.parent) in command):
                    found.append(command)
        return found


@pytest.fixture(scope="module")
def data_dir(open_dir: Path) -> Path:
    folder = open_dir / "roles"
    folder.mkdir(mode=0o711)
    return folder


@pytest.fixture
def serve(data_dir: Path) -> Iterator[Callable[..., Served]]:
    started: list[Served] = []

    def start(*arguments: str, **environment: str) -> Served:
        started.append(Served(data_dir, *arguments, **environment))
        return started[-1]

    yield start
    for served in started:
        if not served.process.stdout.closed:
            served.process.kill()
            served.process.communicate()
            # Its PostgreSQL ends in good order, and takes its pid file along.
            eventually(lambda served=served: served.left() == [])


@pytest.fixture(scope="module")
def running(open_dir: Path) -> Iterator[Served]:
    """One `serve` for the tests that leave it as it was."""
    folder = open_dir / "running"
    folder.mkdir(mode=0o711)
    served = Served(folder)
    served.address = served.line("listening on")
    yield served
    assert served.end() == 0
    assert sum(line.startswith("listening on") for line in served.lines) == 1


def test_serve_answers_and_ends_in_good_order(serve):
    served = serve()
    address = served.said("listening on")
    for role in ROLES:
        served.said(f"{role} runs as")
    assert f"public {address}" in served.lines
    assert served.get(address).isdigit()
    assert served.end() == 0
    assert [line for line in served.lines if line.endswith("ends")] == ["worker ends", "clock ends"]
    assert served.left() == []


def test_a_killed_serve_leaves_nothing_behind(serve):
    served = serve()
    served.line("listening on")
    assert len(served.left()) >= 6
    served.process.kill()
    eventually(lambda: served.left() == [])


def test_a_role_that_ends_is_started_again(running):
    runs = {role: int(running.said(f"{role} runs as")) for role in ROLES}
    os.kill(runs["worker"], signal.SIGKILL)
    assert int(running.line("worker runs as")) != runs["worker"]
    # As a worker does whose database goes away: with success.
    os.kill(runs["clock"], signal.SIGTERM)
    running.line("clock ends")
    assert int(running.line("clock runs as")) != runs["clock"]


def test_a_killed_web_process_comes_back_at_the_same_address(running):
    answering = int(running.get(running.address))
    gunicorn = int(Path(f"/proc/{answering}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(gunicorn, signal.SIGKILL)
    eventually(lambda: not Path(f"/proc/{answering}").exists())
    assert int(running.get(running.address)) != answering


def test_a_killed_database_comes_back(running):
    pid_file = running.log.parent / "postgres" / "data" / "postmaster.pid"
    os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)

    def answers() -> bool:
        with suppress(urllib.error.HTTPError):
            return running.get(running.address).isdigit()
        return False

    eventually(answers)


def test_a_second_serve_is_refused_in_one_line(running):
    data_dir = running.log.parent
    second = subprocess.run(
        [sys.executable, "-m", "scheduler", "serve", "--port", "0"],
        env={**os.environ, "DATA_DIR": str(data_dir)},
        cwd=data_dir,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert second.stderr == (
        f"convene: another process (pid {running.process.pid}) already serves from {data_dir}: only one may\n"
    )


@pytest.mark.parametrize("role", ["worker", "clock"])
def test_a_role_alone_finds_the_database_of_serve(running, role):
    alone = Served(running.log.parent, role, log="alone.log")
    alone.line(f"{role} runs as")
    assert alone.end() == 0
    assert alone.lines[-1] == f"{role} ends"


def test_web_alone_finds_the_database_of_serve(running):
    web = Served(running.log.parent, "web", "--port", "0", log="alone.log")
    assert web.get(web.line("listening on")).isdigit()
    assert web.end() == 0


def test_an_address_that_is_taken_is_said_in_one_line(serve):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        served = serve("serve", "--port", str(port))
        assert served.process.wait(PATIENCE) == 1
    assert (
        served.log.read_text() == f"convene: cannot listen on 127.0.0.1 port {port}: Address already in use\n"
    )


def test_the_demo_prints_its_lines_before_it_listens(serve):
    served = serve("demo", "--port", "0")
    served.line("listening on")
    lines = [line for line in served.lines if not line.startswith(("public", "worker", "clock"))]
    assert lines[:2] == ["API key: cvn_demo", "candidate: /c/demo"]


def test_a_demo_that_fails_ends_everything_with_one_line(serve):
    served = serve("demo", "--port", "0", STANDIN_DEMO="broken")
    assert served.process.wait(PATIENCE) == 1
    assert served.log.read_text().splitlines()[-1] == "convene: the demo failed: no calendars"
    assert served.left() == []


def test_the_demo_ends_with_the_process_that_started_it(serve, data_dir):
    starter = subprocess.Popen(
        [
            "/bin/sh",
            "-c",
            '"$0" "$@" & wait',
            sys.executable,
            "-c",
            STANDINS,
            "demo",
            "--port",
            "0",
            "--with-parent",
        ],
        env={**os.environ, "DATA_DIR": str(data_dir), "MARK": "starter"},
        cwd=data_dir,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    for line in starter.stdout:
        if line.startswith(b"listening on"):
            break
    starter.kill()
    starter.communicate()  # its output ends when the last process that holds it does
    assert b"MARK=starter" not in b"".join(_environments())


def test_ctrl_c_ends_it_too_and_a_shifted_clock_is_said_by_every_role(serve):
    served = serve(CLOCK_OFFSET_SECONDS="3600")
    for begun in ("listening on", *(f"{role} runs as" for role in ROLES)):
        served.said(begun)
    assert served.end(signal.SIGINT) == 0
    assert served.left() == []
    assert served.log.read_text().count("now() is shifted by CLOCK_OFFSET_SECONDS=3600") == 3


def test_a_signal_before_everything_has_started_leaves_nothing_behind(serve, data_dir):
    served = serve()
    eventually((data_dir / "postgres" / "data" / "postmaster.pid").exists)
    assert served.end() == 0
    assert served.left() == []


def _environments() -> Iterator[bytes]:
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            yield (entry / "environ").read_bytes()
