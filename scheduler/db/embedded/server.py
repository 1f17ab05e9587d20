# SPDX-License-Identifier: Apache-2.0
"""Starting, watching and ending the server."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self
from urllib.parse import quote

from scheduler.db.embedded.errors import AlreadyRunning, EmbeddedError, NotRunning, ServerFailed
from scheduler.db.embedded.home import MAJOR_VERSION, Home, home_of, socket_folder
from scheduler.db.embedded.lock import Lock, Purpose
from scheduler.db.embedded.orphans import end_orphans
from scheduler.processes import die_with_parent

logger = logging.getLogger(__name__)

DATABASE = "convene"
OWNER = "postgres"

# Crash recovery replays what was written since the last checkpoint: minutes at the very worst.
READY_SECONDS = 600
SAY_SO_AFTER_SECONDS = 5
STOP_SECONDS = 60
ATTACH_SECONDS = 60
POLL_SECONDS = 0.02
LARGEST_LOG_BYTES = 10_000_000

SERVER_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "synchronous_commit": "on",
    # A web process takes up to 24, a worker up to 40 while it is busy, the clock a few.
    "max_connections": "100",
    "shared_buffers": "32MB",
    "log_min_messages": "warning",
    # Nothing of a statement, whose values may be personal, goes into the server's log.
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    # Memory of its own for each would be felt at rest, and nothing here needs them.
    "autovacuum_max_workers": "2",
    "max_parallel_workers": "2",
    "io_method": "sync",
    "max_logical_replication_workers": "0",
}


class EmbeddedPostgres:
    """The one server of a DATA_DIR, from `start()` to `stop()`.

    Its owner either calls `revive()` when a child has ended, or leaves that to the thread of `watch()`.
    """

    def __init__(
        self, data_dir: Path, *, purpose: Purpose = "command", say: Callable[[str], None] = logger.warning
    ) -> None:
        self._data_dir = data_dir
        self._purpose: Purpose = purpose
        self._say = say
        self._lock = Lock(data_dir)
        self._home: Home | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The URL of the database, as its owner."""
        return _url(self._data_dir)

    @property
    def pid(self) -> int | None:
        """The postmaster's process id, None while there is no server."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the server and create the database, waiting until both are there.

        Raises AlreadyRunning, NoPlace or ServerFailed.
        """
        self.begin()
        self.finish()

    def begin(self) -> None:
        """The first half of `start`, for callers with something to do while the server comes up."""
        self._lock.take(self._purpose)
        with self._or_stop():
            self._home = home_of(self._data_dir, self._say)
            end_orphans(self._home)
            _make_cluster(self._home)
            self._launch(self._home)

    def finish(self) -> None:
        """The second half of `start`."""
        with self._or_stop():
            self._wait_until_ready()
            _create_database(self._data_dir)

    def watch(self) -> None:
        """Bring the server back, from a thread, whenever it ends before `stop()`."""
        self._watcher = threading.Thread(target=self._keep_alive, name="postgres-watch", daemon=True)
        self._watcher.start()

    def revive(self) -> bool:
        """Start the server again if it has ended; False when it is alive. Raises ServerFailed."""
        if self._process is None or self._home is None or self._process.poll() is None:
            return False
        logger.warning("the embedded PostgreSQL has ended (%s): starting it again", self._process.returncode)
        end_orphans(self._home)
        self._launch(self._home)
        self._wait_until_ready()
        return True

    def stop(self) -> None:
        """End the server, orderly if it lets us, and give up the lock."""
        self._stopping.set()
        self._end_process()
        if self._watcher is not None:
            self._watcher.join()
            self._end_process()  # one that the watcher was just bringing back
        self._lock.give_up()

    def forget(self) -> None:
        """In a forked child: let go of the lock, which stays the parent's."""
        self._lock.forget()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _launch(self, home: Home) -> None:
        _make_room_in(home.log)
        parent = os.getpid()
        # The folder is the account's: a link it put there is not followed.
        descriptor = os.open(home.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "ab") as log:  # noqa: PTH123  a descriptor, not a path
            self._process = subprocess.Popen(
                _server_command(home),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us, who end it in good order
                preexec_fn=lambda: die_with_parent(signal.SIGINT, parent),  # noqa: PLW1509  only calls prctl
                **home.account.process_options(),
            )

    def _end_process(self) -> None:
        if self._process is None:
            return
        # Fast shutdown; then immediate, which costs a recovery at the next start; then by force.
        for number, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            self._process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
                return

    @contextmanager
    def _or_stop(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.stop()
            raise

    def _wait_until_ready(self) -> None:
        home, process = self._home, self._process
        if home is None or process is None:
            raise ServerFailed("the embedded PostgreSQL has not been started")
        began = time.monotonic()
        said = False
        while not _is_ready(home.cluster, process.pid):
            waited = time.monotonic() - began
            if process.poll() is not None:
                raise ServerFailed(f"the embedded PostgreSQL did not start: {_last_line(home.log)}")
            if waited > READY_SECONDS:
                raise ServerFailed(
                    f"the embedded PostgreSQL is not ready after {READY_SECONDS} s: see {home.log}"
                )
            if waited > SAY_SO_AFTER_SECONDS and not said:
                said = True
                self._say("the embedded PostgreSQL is recovering from an unclean end; waiting for it")
            time.sleep(POLL_SECONDS)

    def _keep_alive(self) -> None:
        while not self._stopping.is_set():
            if self._process is not None:
                self._process.wait()
            if self._stopping.is_set():
                return
            try:
                self.revive()
            except (EmbeddedError, OSError) as error:
                if not self._stopping.wait(1):
                    logger.error("the embedded PostgreSQL could not be brought back, trying again: %s", error)  # noqa: TRY400


@contextmanager
def attach_or_start(data_dir: Path) -> Iterator[str]:
    """Yield the URL of the running server, or of one that lives as long as the block.

    Raises EmbeddedError.
    """
    server = EmbeddedPostgres(data_dir, purpose="command")
    try:
        server.start()
    except AlreadyRunning:
        yield attach(data_dir)
        return
    server.watch()
    try:
        yield server.url
    finally:
        server.stop()


def attach(data_dir: Path) -> str:
    """Return the URL of the server that `serve` runs, waiting while it starts. Raises NotRunning."""
    cluster = (data_dir / "postgres").resolve() / "data"
    deadline = time.monotonic() + ATTACH_SECONDS
    while not _is_ready(cluster):
        if time.monotonic() > deadline or not Lock(data_dir).is_taken():
            raise NotRunning
        time.sleep(POLL_SECONDS)
    if not Lock(data_dir).is_taken():  # the pid file of a server that was killed
        raise NotRunning
    _create_database(data_dir)
    return _url(data_dir)


def _url(data_dir: Path, database: str = DATABASE) -> str:
    return f"postgresql://{OWNER}@/{database}?host={quote(str(socket_folder(data_dir)), safe='')}&port=5432"


def _server_command(home: Home) -> list[str]:
    # The setting is a list: quoted, a comma or a space in the path stays part of it.
    sockets = '"' + str(home.sockets).replace('"', '""') + '"'
    settings = {**SERVER_SETTINGS, "unix_socket_directories": sockets}
    command = [str(home.programs / "postgres"), "-D", str(home.cluster)]
    return command + [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _make_cluster(home: Home) -> None:
    """Run `initdb` beside the place of the cluster and move it there once it is whole."""
    if home.cluster.exists():
        version = (home.cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        if version != str(MAJOR_VERSION):
            raise ServerFailed(f"{home.cluster} was made by PostgreSQL {version}, this is {MAJOR_VERSION}")
        return
    unfinished = home.cluster.with_suffix(".new")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    made = home.account.run(
        home.programs / "initdb",
        *("--pgdata", str(unfinished), "--username", OWNER, "--no-instructions", "--data-checksums"),
        *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
        # Only the account itself can enter the folder of the socket.
        *("--auth-local=trust", "--auth-host=scram-sha-256"),
    )
    if made.returncode != 0:
        raise ServerFailed(f"initdb failed: {made.stderr.strip()}")
    unfinished.rename(home.cluster)


def _create_database(data_dir: Path) -> None:
    import psycopg  # noqa: PLC0415  late, since `--help` and `solve` come past here

    try:
        with psycopg.connect(_url(data_dir, "postgres"), autocommit=True) as connection:
            query = "SELECT FROM pg_database WHERE datname = %s"
            if connection.execute(query, [DATABASE]).fetchone() is None:
                with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                    connection.execute(f"CREATE DATABASE {DATABASE}")
    except psycopg.OperationalError as error:
        raise ServerFailed(f"the embedded PostgreSQL does not answer: {error}") from error


def _is_ready(cluster: Path, pid: int | None = None) -> bool:
    """Tell whether the server says so in its pid file (pid first, state eighth), as `pg_ctl` does."""
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready" and (pid is None or lines[0] == str(pid))


def _make_room_in(log: Path) -> None:
    if log.exists() and log.stat().st_size > LARGEST_LOG_BYTES:
        log.replace(log.with_suffix(".log.old"))


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else f"see {log}"
