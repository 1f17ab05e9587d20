# SPDX-License-Identifier: Apache-2.0
"""Procrastinate's schema, as its release 3.10 ships it.

The file is read from the installed package, whose version is locked; `tests/db/test_migrations.py` compares
its digest with the one recorded there, so that a newer release cannot change this revision unnoticed.
"""

from __future__ import annotations

from importlib.resources import files

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema = (files("procrastinate.sql") / "schema.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(schema.replace("%", "%%"))


def downgrade() -> None:
    op.execute("drop schema public cascade; create schema public")
