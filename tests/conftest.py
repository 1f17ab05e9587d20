# SPDX-License-Identifier: Apache-2.0
"""What all tests share: a clean environment, no network, and a real PostgreSQL."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from scheduler.db.embedded import EmbeddedPostgres
from scheduler.db.migrate import migrate
from tests.guard import sitecustomize as guard

OURS = (
    *("DATABASE_URL", "DATA_DIR", "PUBLIC_URL", "SECRET_KEYS", "MAIL_URL", "MAIL_FROM", "ICS_DIR"),
    *("CLOCK_TICK_SECONDS", "CLOCK_OFFSET_SECONDS", "TRUSTED_PROXIES", "LOG_LEVEL", "LOG_FORMAT", "PORT"),
)
OTHERS = ("GOOGLE_", "MICROSOFT_", "PG", "FLASK_", "GUNICORN_", "LISTEN_")
for name in list(os.environ):
    if name in OURS or name.startswith(OTHERS):
        del os.environ[name]

# The same examples everywhere, and none judged by the time it takes on a busy machine. For new ones:
# pytest --hypothesis-profile=anew
settings.register_profile(
    "ours", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("anew", settings.get_profile("ours"), derandomize=False)
settings.load_profile("ours")

_reached_for: list[str] = []
_numbers = itertools.count(1)
guard.hold_back(_reached_for.append)


@pytest.fixture(scope="session", autouse=True)
def _held_back_too() -> None:
    """The processes that tests start find the guard, and the packages from wherever they are started.

    Not when this is imported: the processes that share the tests between them have a guard that tells
    the test.
    """
    folders = (guard.__file__.rpartition(os.sep)[0], str(Path(__file__).parents[1]))
    os.environ["PYTHONPATH"] = os.pathsep.join(folders)


@pytest.fixture(autouse=True)
def _no_network() -> Iterator[None]:
    """Fail the test that reached for another machine, even where the code swallowed the refusal."""
    _reached_for.clear()
    yield
    assert _reached_for == []


@pytest.fixture(scope="session")
def open_dir() -> Iterator[Path]:
    """A temporary folder that the account of an embedded PostgreSQL can reach, unlike pytest's own ones."""
    folder = Path(tempfile.mkdtemp(prefix="convene-tests-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_url(open_dir: Path) -> Iterator[str]:
    """The session's PostgreSQL, as its owner, in a database that stays empty."""
    data_dir = open_dir / "session"
    data_dir.mkdir(mode=0o711)
    with EmbeddedPostgres(data_dir) as server:
        server.watch()
        with psycopg.connect(server.url, autocommit=True) as connection:
            # Made to be thrown away: what is written need not outlast the machine.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.url


@pytest.fixture(scope="session")
def _template(postgres_url: str) -> str:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE template_convene")
    migrate(_named(postgres_url, "template_convene"))
    return "template_convene"


@pytest.fixture
def database_url(postgres_url: str, _template: str) -> Iterator[str]:
    """A database of the newest schema for this test alone, as its owner."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {_template}")
        yield _named(postgres_url, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _named(url: str, database: str) -> str:
    return url.replace("/convene?", f"/{database}?")
