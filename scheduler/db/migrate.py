# SPDX-License-Identifier: Apache-2.0
"""Bring a database to the newest schema."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
#: any number, the same for everybody who migrates: two machines at once wait for each other
LOCK = 7_263_368_001


def migrate(url: str, reach: Callable[[str], None] = lambda _point: None) -> None:
    """Run every migration that is missing, as the owner of the tables. Safe twice, and from two machines at
    once. `reach` is called at scheduler.points.
    """
    # Imported by whoever migrates: the web process has no other use for it.
    from alembic import command  # noqa: PLC0415

    engine = sa.create_engine(owner_url(url), poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            connection.execute(sa.text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
            connection.commit()
            try:
                command.upgrade(_config(connection, reach), "head")
                connection.commit()
                reach("migrate.committed")
            finally:
                connection.rollback()
                connection.execute(sa.text("select pg_advisory_unlock(:lock)"), {"lock": LOCK})
                connection.commit()
    finally:
        engine.dispose()


def owner_url(url: str) -> sa.URL:
    """The URL as given, for SQLAlchemy with psycopg 3."""
    return sa.make_url(url).set(drivername="postgresql+psycopg")


def _config(connection: sa.Connection, reach: Callable[[str], None]) -> Config:
    from alembic.config import Config  # noqa: PLC0415  # see migrate

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["reach"] = reach
    return config
