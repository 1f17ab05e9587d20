# SPDX-License-Identifier: Apache-2.0
"""Alembic's entry: runs on the connection that migrate.py gives it."""

from __future__ import annotations

from alembic import context

from scheduler.db.rows import Base


def ours(name: str | None, kind: str, _parents: object) -> bool:
    """Procrastinate's tables come with its own schema and are not compared with ours."""
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


def applied(*_step: object, **_about: object) -> None:
    """After each migration."""
    context.config.attributes["reach"]("migrate.applied")


def run() -> None:
    connection = context.config.attributes["connection"]
    # A migration that would have to wait for long fails instead of stopping the service behind it.
    connection.exec_driver_sql("set lock_timeout = '10s'")
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=ours,
        on_version_apply=applied,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
