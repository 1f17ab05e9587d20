# SPDX-License-Identifier: Apache-2.0
"""Bring a database to the newest schema."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).parent / "migrations"
#: any number, the same for everybody who migrates: two machines at once wait for each other
LOCK = 7_263_368_001


def migrate(url: str) -> None:
    """Run every migration that is missing, as the owner of the tables. Safe twice, and from two machines at
    once.
    """
    engine = sa.create_engine(owner_url(url), poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            connection.execute(sa.text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
            connection.commit()
            try:
                command.upgrade(_config(connection), "head")
                connection.commit()
            finally:
                connection.rollback()
                connection.execute(sa.text("select pg_advisory_unlock(:lock)"), {"lock": LOCK})
                connection.commit()
    finally:
        engine.dispose()


def owner_url(url: str) -> sa.URL:
    """The URL as given, for SQLAlchemy with psycopg 3."""
    return sa.make_url(url).set(drivername="postgresql+psycopg")


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """The revision of the newest schema."""
    revision = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    if revision is None:
        raise FileNotFoundError(f"there are no migrations in {MIGRATIONS}")
    return revision
