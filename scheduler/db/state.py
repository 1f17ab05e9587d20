# SPDX-License-Identifier: Apache-2.0
"""Where the database stands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

from scheduler.db.migrate import MIGRATIONS


def newest_revision() -> str | None:
    """The revision that this program expects."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head()


def at_newest_schema(session: Session) -> bool:
    found: str | None = session.scalar(sa.text("select version_num from alembic_version"))
    return found == newest_revision()
