# SPDX-License-Identifier: Apache-2.0
"""Whether this process can do its work."""

from __future__ import annotations

import functools

import sqlalchemy as sa

from scheduler.db import migrate
from scheduler.domain.errors import Unavailable
from scheduler.services.parts import Parts


def check(parts: Parts) -> None:
    """Raises Unavailable when the database's schema is not the one this version works with."""
    with parts.database.lookup() as session:
        version = session.scalar(sa.text("select version_num from alembic_version"))
    if version != _newest_schema():
        raise Unavailable("The database is not at the newest schema.", code="schema_out_of_date")


@functools.cache
def _newest_schema() -> str:
    return migrate.newest()
