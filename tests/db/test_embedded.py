# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from scheduler.db.embedded import (
    AlreadyRunning,
    EmbeddedPostgres,
    NoPlace,
    NotRunning,
    ServerFailed,
    attach,
    attach_or_start,
    home,
)
from scheduler.db.embedded.orphans import _processes_of
from tests.patience import PATIENCE

OWNER_SCRIPT = """
import sys, time
from pathlib import Path
from scheduler.db.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), purpose=sys.argv[2])
server.start()
print(server.pid, flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture
def data_dir(open_dir: Path) -> Path:
    folder = Path(tempfile.mkdtemp(dir=open_dir))
    folder.chmod(0o711)
    return folder


@pytest.fixture(scope="module")
def warm_dir(open_dir: Path) -> Path:
    """A DATA_DIR whose server has been started and stopped before."""
    folder = open_dir / "warm"
    folder.mkdir(mode=0o711)
    with EmbeddedPostgres(folder):
        pass
    return folder


@pytest.fixture
def owner(warm_dir: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start other processes that own the server of `warm_dir`."""
    started: list[subprocess.Popen[str]] = []

    def start(purpose: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", OWNER_SCRIPT, str(warm_dir), purpose],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline().strip().isdigit()
        return process

    yield start
    for process in started:
        process.communicate()


def wait_until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def ask(url: str, query: str = "SELECT 1") -> object:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchone()[0]


def answers(url: str) -> bool:
    try:
        return ask(url) == 1
    except psycopg.OperationalError:
        return False


def cluster_of(data_dir: Path) -> Path:
    return (data_dir / "postgres").resolve() / "data"


def test_what_was_written_is_there_after_a_restart(data_dir):
    with EmbeddedPostgres(data_dir) as server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with EmbeddedPostgres(data_dir) as server:
        assert ask(server.url, "SELECT answer FROM kept") == 42
    assert _processes_of(cluster_of(data_dir)) == []


def test_the_server_keeps_what_it_acknowledges_and_speaks_utc(warm_dir):
    with EmbeddedPostgres(warm_dir) as server:
        assert ask(server.url, "SHOW synchronous_commit") == "on"
        assert ask(server.url, "SHOW timezone") == "UTC"
        assert ask(server.url, "SHOW data_checksums") == "on"
        assert ask(server.url, "SHOW listen_addresses") == ""
        assert ask(server.url, "SELECT current_database()") == "convene"


def test_a_killed_server_comes_back(warm_dir):
    with EmbeddedPostgres(warm_dir) as server:
        server.watch()
        killed = server.pid
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: server.pid != killed and answers(server.url), "the server did not come back")


def test_revive_leaves_a_living_server_alone(warm_dir):
    with EmbeddedPostgres(warm_dir) as server:
        before = server.pid
        assert server.revive() is False
        assert server.pid == before


def test_a_killed_owner_leaves_no_server_behind(owner, warm_dir):
    process = owner("serve")
    process.kill()
    wait_until(lambda: _processes_of(cluster_of(warm_dir)) == [], "the server outlived its owner")


def test_a_server_left_behind_is_ended_before_a_new_one_starts(warm_dir):
    with EmbeddedPostgres(warm_dir) as first:
        orphan = first.pid
        # Let go of everything but the server, as an owner on a system without parent-death signals would.
        first._lock.give_up()
        with EmbeddedPostgres(warm_dir) as second:
            assert second.pid != orphan
            assert answers(second.url)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "17",
        "{pid}\n/somewhere\n1\n5432\n\n\n\nready\n",
        "{pid}\n{data}\n1\n5432\n/tmp\n\n  1 2\nready   \n",
    ],
    ids=["empty", "half-written", "a reused pid", "a reused pid and our folder"],
)
def test_a_stale_pid_file_is_no_server(warm_dir, content):
    cluster = cluster_of(warm_dir)
    # A living process that is no server: this one.
    (cluster / "postmaster.pid").write_text(content.format(pid=os.getpid(), data=cluster))
    (warm_dir / "postgres" / "socket" / ".s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n")
    with pytest.raises(NotRunning):
        attach(warm_dir)
    with EmbeddedPostgres(warm_dir) as server:
        assert answers(server.url)


def test_an_unfinished_initdb_is_begun_again(data_dir):
    half_made = data_dir / "postgres" / "data.new"
    with EmbeddedPostgres(data_dir):
        pass
    cluster_of(data_dir).rename(half_made)
    (half_made / "global" / "pg_control").unlink()
    with EmbeddedPostgres(data_dir) as server:
        assert answers(server.url)
    assert not half_made.exists()


def test_a_second_serve_is_refused_and_told_who_is_first(owner, warm_dir):
    process = owner("serve")
    with pytest.raises(AlreadyRunning, match=rf"pid {process.pid}\b"):
        EmbeddedPostgres(warm_dir, purpose="serve").start()


def test_a_command_uses_the_server_of_serve_and_leaves_it_running(owner, warm_dir):
    owner("serve")
    with attach_or_start(warm_dir) as url:
        assert answers(url)
    assert answers(url)
    assert attach(warm_dir) == url


def test_a_command_alone_has_a_server_as_long_as_it_lasts(warm_dir):
    with attach_or_start(warm_dir) as url:
        assert answers(url)
    assert not answers(url)


def test_serve_waits_for_a_command_to_end(owner, warm_dir):
    process = owner("command")
    process.stdin.close()
    with EmbeddedPostgres(warm_dir, purpose="serve") as server:
        assert answers(server.url)
    process.stdin = None


def test_a_role_without_serve_says_what_to_do(tmp_path):
    with pytest.raises(NotRunning, match="start `serve` first, or give DATABASE_URL"):
        attach(tmp_path)


@pytest.mark.parametrize(
    "name", ["a, b", 'say "x"', "l" * 120], ids=["a comma", "quotes", "too long for a socket"]
)
def test_any_path_will_do(data_dir, name):
    folder = data_dir / name
    folder.mkdir()
    with EmbeddedPostgres(folder) as server:
        assert answers(server.url)
        assert attach_url_of(folder) == server.url
    short = home.socket_folder(folder)
    if short.parent == home.SHORT_FOLDER:
        short.rmdir()


def attach_url_of(folder: Path) -> str:
    with (folder / "postgres.lock").open() as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return attach(folder)


def test_a_folder_that_somebody_else_put_in_our_way_is_refused(data_dir):
    with EmbeddedPostgres(data_dir):
        pass
    (data_dir / "postgres" / "socket").chmod(0o755)
    with pytest.raises(NoPlace, match="alone"):
        EmbeddedPostgres(data_dir).start()


def test_the_data_of_another_version_is_not_touched(data_dir):
    with EmbeddedPostgres(data_dir):
        pass
    (cluster_of(data_dir) / "PG_VERSION").write_text("16\n")
    with pytest.raises(ServerFailed, match="PostgreSQL 16"):
        EmbeddedPostgres(data_dir).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another account to run the server as")
def test_as_root_a_data_dir_out_of_reach_is_kept_elsewhere_and_said_so(data_dir, monkeypatch):
    monkeypatch.setattr(home, "ELSEWHERE", data_dir / "elsewhere")
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    said: list[str] = []
    with EmbeddedPostgres(closed, say=said.append) as server:
        assert answers(server.url)
    assert closed.stat().st_mode & 0o777 == 0o700
    assert (closed / "postgres").resolve().parent == data_dir / "elsewhere"
    where = f"kept in {(closed / 'postgres').resolve()}"
    assert sum(line.endswith(where) for line in said) == 1
    # The second time it is found, and said again.
    with EmbeddedPostgres(closed, say=said.append):
        pass
    assert sum(line.endswith(where) for line in said) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another account to run the server as")
def test_as_root_programs_out_of_reach_are_copied(data_dir, monkeypatch):
    monkeypatch.setattr(home, "ELSEWHERE", data_dir / "elsewhere")
    real = home._can_run
    monkeypatch.setattr(
        home, "_can_run", lambda account, programs: data_dir in programs.parents and real(account, programs)
    )
    said: list[str] = []
    with EmbeddedPostgres(data_dir, say=said.append) as server:
        assert answers(server.url)
        program = Path(f"/proc/{server.pid}/exe").readlink()
    assert data_dir / "elsewhere" in program.parents
    assert sum("programs are run from" in line for line in said) == 1
