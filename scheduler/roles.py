# SPDX-License-Identifier: Apache-2.0
"""The roles of a process: `web`, `worker`, `clock`, and `serve`, which is all three and their database."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from scheduler.db.embedded import EmbeddedError, EmbeddedPostgres, attach, attach_or_start
from scheduler.points import kill_at, pass_by
from scheduler.processes import give_way
from scheduler.settings import Settings
from scheduler.supervisor import Child, EndedEarly, Supervisor

logger = logging.getLogger(__name__)

# A little more than gunicorn's own patience with requests under way.
WEB_STOP_SECONDS = 12
# A job under way may be a solver run; one that is cut off is taken up again after the next start.
WORKER_STOP_SECONDS = 30
#: where processors are scarce, whoever waits in front of a screen comes before mail and searches
WORKER_NICENESS = 10
CLOCK_STOP_SECONDS = 5


class CannotListen(Exception):
    """The address to listen on cannot be had."""


def web(settings: Settings, host: str, port: int) -> None:
    """Answer requests until SIGTERM. Raises CannotListen or EmbeddedError."""
    listener = _bind(host, port)
    address = _address(host, listener)
    settings = _with_running_database(settings.listening_on(host, listener.getsockname()[1]))
    _run_web(settings, listener, lambda: print(f"listening on {address}", flush=True))


def worker(settings: Settings) -> None:
    """Carry out jobs until SIGTERM. Raises EmbeddedError."""
    _run_worker(_with_running_database(settings))


def clock(settings: Settings) -> None:
    """Put what is due into the queue until SIGTERM. Raises EmbeddedError."""
    _run_clock(_with_running_database(settings))


def serve(settings: Settings, host: str, port: int, *, demo: bool = False) -> None:
    """Run everything until SIGTERM, the embedded PostgreSQL included; with `demo`, a demo organisation too.

    Raises CannotListen, EmbeddedError or ChildFailed when it cannot begin.
    """
    # Until the supervisor takes over, ending early must still end what has been started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ExitStack() as stack:
        listener = stack.enter_context(_bind(host, port))
        settings = settings.listening_on(host, listener.getsockname()[1])
        postgres = None
        if settings.database_url is None:
            postgres = EmbeddedPostgres(settings.data_dir, purpose="serve")
            postgres.begin()
            stack.callback(postgres.stop)
            settings = settings.with_database(postgres.url)
        _import_what_is_shared()  # takes a while, in which the server comes up
        if postgres is not None:
            postgres.finish()
        supervisor = stack.enter_context(
            Supervisor(
                look=lambda: _revive(postgres) if postgres else None,
                forget=postgres.forget if postgres else lambda: None,
            )
        )
        try:
            supervisor.run_once("the migration", lambda: _migrate(settings))
            _run_children(supervisor, settings, listener, _address(host, listener), demo=demo)
        except EndedEarly:
            logger.info("ended before everything had started")


def migrate(settings: Settings) -> None:
    """Bring the database to the newest schema. Raises EmbeddedError."""
    with running_database(settings) as running:
        _migrate(running)


@contextmanager
def running_database(settings: Settings) -> Iterator[Settings]:
    """Yield settings that name a database which is there, if need be for as long as the block.

    Raises EmbeddedError.
    """
    if settings.database_url is not None:
        yield settings
        return
    with attach_or_start(settings.data_dir) as url:
        yield settings.with_database(url)


@contextmanager
def migrated_database(settings: Settings) -> Iterator[Settings]:
    """As `running_database`; the embedded one, which nobody else looks after, is brought up to date too.

    Raises NotMigrated where the database that the settings name is not.
    """
    from scheduler.db import state

    with running_database(settings) as running:
        if settings.database_url is None:
            _migrate(running)
        else:
            state.check(_database_url(running))
        yield running


def _run_children(
    supervisor: Supervisor, settings: Settings, listener: socket.socket, address: str, *, demo: bool
) -> None:
    opening = _Opening(address, expected={"web", "demo"} if demo else {"web"})
    reading, writing = os.pipe()

    def tell_parent() -> None:
        os.write(writing, b"\n")

    def web_is_ready() -> None:
        os.read(reading, 1)
        opening.has("web")

    supervisor.on_readable(reading, web_is_ready)
    if demo:
        supervisor.begin("the demo", lambda: _make_demo(settings), lambda lines: opening.has("demo", lines))
    supervisor.run(
        [
            Child(
                name="web",
                target=lambda: _run_web(settings, listener, tell_parent),
                stop_seconds=WEB_STOP_SECONDS,
            ),
            Child(name="worker", target=lambda: _run_worker(settings), stop_seconds=WORKER_STOP_SECONDS),
            Child(name="clock", target=lambda: _run_clock(settings), stop_seconds=CLOCK_STOP_SECONDS),
        ]
    )


def _revive(postgres: EmbeddedPostgres) -> None:
    try:
        postgres.revive()
    except (EmbeddedError, OSError) as error:  # the supervisor looks again in a second
        logger.error("the embedded PostgreSQL could not be brought back: %s", error)  # noqa: TRY400


class _Opening:
    """Says `listening on …`, once, when everything that was to be there is there."""

    def __init__(self, address: str, *, expected: set[str]) -> None:
        self._address = address
        self._expected = expected
        self._lines: list[str] = []

    def has(self, part: str, text: str = "") -> None:
        self._lines += text.splitlines()
        self._expected.discard(part)
        if not self._expected:
            print(*self._lines, f"listening on {self._address}", sep="\n", flush=True)


def _import_what_is_shared() -> None:
    """Import, before the fork, what the children have in common.

    Not OR-Tools, which is the worker's alone, nor anything that would start a thread.
    """
    import scheduler.app
    import scheduler.clock
    import scheduler.wiring  # noqa: F401


def _migrate(settings: Settings) -> str:
    from scheduler.db.migrate import migrate

    migrate(_database_url(settings), kill_at(settings.kill_at) if settings.kill_at else pass_by)
    return ""


def _make_demo(settings: Settings) -> str:
    from scheduler import demo, wiring

    return "\n".join(demo.ensure(wiring.build(settings), settings))


def _run_web(settings: Settings, listener: socket.socket, ready: Callable[[], None]) -> None:
    from scheduler import app, web, wiring

    _warn_of_rehearsal(settings)
    web.run(
        lambda: app.create_app(wiring.build(settings), trusted_proxies=settings.trusted_proxies),
        listener,
        ready,
    )


def _run_worker(settings: Settings) -> None:
    from scheduler import wiring
    from scheduler.jobs import worker

    _warn_of_rehearsal(settings)
    give_way(WORKER_NICENESS)
    worker.run(wiring.build(settings), _stop_on_signals())


def _run_clock(settings: Settings) -> None:
    from scheduler import clock, wiring

    _warn_of_rehearsal(settings)
    clock.run(wiring.build(settings), _stop_on_signals())


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _warn_of_rehearsal(settings: Settings) -> None:
    if settings.clock_offset_seconds:
        logger.warning("now() is shifted by CLOCK_OFFSET_SECONDS=%s", settings.clock_offset_seconds)
    if settings.kill_at:
        logger.warning("this process ends itself at KILL_AT=%s", settings.kill_at)


def _with_running_database(settings: Settings) -> Settings:
    """Settings with a database that answers and has our schema; else NotMigrated or OperationalError."""
    from scheduler.db import state

    if settings.database_url is None:
        settings = settings.with_database(attach(settings.data_dir))
    state.check(_database_url(settings))
    return settings


def _database_url(settings: Settings) -> str:
    if settings.database_url is None:
        raise ValueError("the settings name no database yet")
    return settings.database_url.reveal()


def _bind(host: str, port: int) -> socket.socket:
    from scheduler.web import bind

    try:
        return bind(host, port)
    except OSError as error:
        raise CannotListen(f"cannot listen on {host} port {port}: {error.strerror or error}") from error


def _address(host: str, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
