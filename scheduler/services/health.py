# SPDX-License-Identifier: Apache-2.0
"""Whether this process can do its work."""

from __future__ import annotations

from scheduler.db.state import at_newest_schema
from scheduler.domain.errors import Unavailable
from scheduler.services.parts import Parts


def check(parts: Parts) -> None:
    """Raises Unavailable when the database's schema is not the one this version works with."""
    with parts.database.lookup() as session:
        if not at_newest_schema(session):
            raise Unavailable("The database is not at the newest schema.", code="schema_out_of_date")
