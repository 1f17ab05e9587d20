# SPDX-License-Identifier: Apache-2.0
"""Look at everything the service leans on, and say in a line each whether it is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import sqlalchemy as sa
from cryptography.fernet import Fernet

from calendars.errors import CalendarError
from scheduler import wiring
from scheduler.db.session import SERVICE_ROLE, Database
from scheduler.db.state import MIGRATE, at_newest_schema, has_schema
from scheduler.messages.errors import SendError
from scheduler.messages.senders import make_sender
from scheduler.settings import Settings

#: seconds by which this machine's clock may differ from the database's
CLOCK_TOLERANCE = 5


class Unwell(Exception):
    """Something is not as it should be."""


def run(settings: Settings) -> int:
    """Print the findings; 1 if any is bad."""
    worst = 0
    for name, look in _looks(settings):
        try:
            print(f"ok      {name}: {look()}")
        except (Unwell, CalendarError, SendError, sa.exc.SQLAlchemyError) as error:
            print(f"FAILED  {name}: {' '.join(str(getattr(error, 'orig', None) or error).split())}")
            worst = 1
    return worst


def _looks(settings: Settings) -> Iterator[tuple[str, Callable[[], str]]]:
    parts = wiring.build(settings)
    yield "database", lambda: _database(parts.database)
    yield "role", lambda: _role(parts.database)
    for name, provider in parts.providers.items():
        yield f"calendars ({name})", provider.probe
    yield "mail", make_sender(settings.mail_url.reveal(), settings.data_dir).probe
    yield "keys", lambda: _keys(settings)
    yield "clock", lambda: _clock(parts.database, settings)


def _database(database: Database) -> str:
    with database.lookup() as session:
        version = session.scalar(sa.text("show server_version"))
        if not has_schema(session):
            raise Unwell(f"there is no schema yet; {MIGRATE}")
        if not at_newest_schema(session):
            raise Unwell(f"the schema is not the newest; {MIGRATE}")
    return f"PostgreSQL {version}, newest schema"


def _role(database: Database) -> str:
    with database.lookup() as session:
        role, powerful, owned = session.execute(
            sa.text(
                "select current_user, r.rolsuper or r.rolbypassrls,"
                " (select count(*) from pg_class c where c.relowner = r.oid)"
                " from pg_roles r where r.rolname = current_user"
            )
        ).one()
    if role != SERVICE_ROLE or powerful or owned:
        raise Unwell(f"acts as {role}, which may do more than the service needs")
    return f"acts as {role}, which owns nothing"


def _keys(settings: Settings) -> str:
    for position, key in enumerate(settings.secret_keys, start=1):
        try:
            Fernet(key.reveal())
        except ValueError as error:
            raise Unwell(f"key {position} of SECRET_KEYS is not a Fernet key") from error
    return f"{len(settings.secret_keys)} in use"


def _clock(database: Database, settings: Settings) -> str:
    with database.lookup() as session:
        there: datetime = session.scalars(sa.select(sa.func.clock_timestamp())).one()
    apart = abs((datetime.now(UTC) - there).total_seconds())
    if apart > CLOCK_TOLERANCE:
        raise Unwell(f"this machine and the database are {apart:.0f} s apart")
    shifted = f", shifted by {settings.clock_offset_seconds:g} s" if settings.clock_offset_seconds else ""
    return f"agrees with the database within {CLOCK_TOLERANCE} s{shifted}"
