# SPDX-License-Identifier: Apache-2.0
"""Where the database stands."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db.migrate import MIGRATIONS


@cache
def newest_revision() -> str:
    """The revision this program expects: files are named by it. Alembic is too heavy for a health check."""
    return max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def at_newest_schema(session: Session) -> bool:
    found: str | None = session.scalar(sa.text("select version_num from alembic_version"))
    return found == newest_revision()
