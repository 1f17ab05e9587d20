# SPDX-License-Identifier: Apache-2.0
"""Where the database stands."""

from __future__ import annotations

from functools import cache

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db.migrate import MIGRATIONS

#: what to do about a schema that is not there, or old
MIGRATE = "run: python -m scheduler migrate"


class NotMigrated(Exception):
    """The database is not at the newest schema."""


def check(url: str) -> None:
    """Raises NotMigrated, or psycopg.OperationalError when the database cannot be reached."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        found = connection.execute("select to_regclass('alembic_version') is not null").fetchone()
        if not found or not found[0]:
            raise NotMigrated(f"The database has no schema yet; {MIGRATE}")
        version = connection.execute("select version_num from alembic_version").fetchone()
    if not version or version[0] != newest_revision():
        raise NotMigrated(f"The database is not at the newest schema; {MIGRATE}")


@cache
def newest_revision() -> str:
    """The revision this program expects: files are named by it. Alembic is too heavy for a health check."""
    return max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def at_newest_schema(session: Session) -> bool:
    found: str | None = session.scalar(sa.text("select version_num from alembic_version"))
    return found == newest_revision()
