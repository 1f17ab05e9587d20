# SPDX-License-Identifier: Apache-2.0
"""Whether this process can do its work."""

from __future__ import annotations

import sqlalchemy as sa

from scheduler.db.state import at_newest_schema
from scheduler.domain.errors import Unavailable
from scheduler.services.parts import Parts
from scheduler.services.promises import PROMISES

BROKEN = sa.text("select promise, organizations from broken_promises()")


def check(parts: Parts) -> None:
    """Raises Unavailable when the database's schema is not the one this version works with."""
    with parts.database.lookup() as session:
        if not at_newest_schema(session):
            raise Unavailable("The database is not at the newest schema.", code="schema_out_of_date")


def broken_promises(parts: Parts) -> dict[str, int]:
    """For each promise, by its name, for how many organisations the last look found it broken."""
    with parts.database.lookup() as session:
        broken = {row.promise: row.organizations for row in session.execute(BROKEN)}
    return {promise.name: broken.get(promise.name, 0) for promise in PROMISES}
