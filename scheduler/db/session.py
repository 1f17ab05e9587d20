# SPDX-License-Identifier: Apache-2.0
"""Transactions. Each belongs to one organisation, and PostgreSQL shows it that organisation's rows alone."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

#: owns nothing, may read and write rows; made by the migrations
SERVICE_ROLE = "convene_service"
#: statements that the server keeps parsed for each connection; a service of this size has some 200
PREPARED = 300
#: of one process at once. Whoever comes later waits for one of them: a new one would have to learn the
#: catalogue and every statement first, just when there is the least time for it.
CONNECTIONS = 10
BEGIN = "begin"
#: of one organisation from its first moment on, in one round trip
BEGIN_OF = BEGIN + "; select set_config('convene.organization_id', {}, true)"
SNAPSHOT = "begin isolation level repeatable read"


class Database:
    """The way to PostgreSQL for one process: a pool of connections that act as the service's role."""

    def __init__(self, url: str, *, pool_size: int = CONNECTIONS) -> None:
        self.url = url
        self._engine = sa.create_engine(
            sa.make_url(url).set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=0,
            # What was used last is warm: its statements are prepared, its catalogue is read.
            pool_use_lifo=True,
            # Names and what people wrote belong in no log.
            hide_parameters=True,
            pool_timeout=10,
            connect_args={"connect_timeout": 5},
        )
        sa.event.listen(self._engine, "connect", _become_service_role)
        sa.event.listen(self._engine, "checkout", _refuse_if_ended)
        sa.event.listen(self._engine, "begin", _begin)

    @contextmanager
    def transaction(self, organization_id: str) -> Iterator[Session]:
        """One transaction of one organisation; commits when the block ends well, rolls back when it does
        not. Whoever is in one begins no other: ten threads that did would wait for each other's connections.
        """
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            session.connection(execution_options={"opening": _begin_of(organization_id)})
            yield session

    @contextmanager
    def transaction_of(self, lookup: str, key: bytes) -> Iterator[tuple[Session, str | None]]:
        """A transaction of the organisation that one of the owner's look-up functions finds by a key, and the
        id that it finds with it. Where it finds nothing, the transaction is nobody's.
        """
        with self.lookup() as session:
            belong = sa.func.set_config("convene.organization_id", sa.column("organization_id"), True)
            query = sa.select(sa.column("id"), belong).select_from(getattr(sa.func, lookup)(key))
            found = session.execute(query).one_or_none()
            yield session, found.id if found else None

    @contextmanager
    def snapshot(self, organization_id: str) -> Iterator[Session]:
        """The organisation's rows as they are at one moment, to look at only."""
        with Session(self._engine) as session, session.begin():
            session.connection(execution_options={"opening": SNAPSHOT})
            _belong_to(session, organization_id)
            yield session

    @contextmanager
    def lookup(self) -> Iterator[Session]:
        """A transaction of no organisation: it sees no tenant's rows, and may call the owner's look-up
        functions.
        """
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        self._engine.dispose()


def _belong_to(session: Session, organization_id: str) -> None:
    session.execute(
        sa.text("select set_config('convene.organization_id', :id, true)"), {"id": organization_id}
    )


def _become_service_role(connection: psycopg.Connection, _record: object) -> None:
    # Transactions are begun by _begin, with what else must be said first.
    connection.autocommit = True
    connection.prepared_max = PREPARED
    connection.execute(f"set role {SERVICE_ROLE}")


def _begin_of(organization_id: str) -> str:
    # The driver takes a percent sign for the beginning of a parameter.
    return BEGIN_OF.format(psycopg.sql.quote(organization_id)).replace("%", "%%")


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("opening", BEGIN))


def _refuse_if_ended(connection: psycopg.Connection, _record: object, _proxy: object) -> None:
    """Have a connection that the server has ended replaced before it is used: on one that is idle the server
    has nothing to say but that. It costs no round trip, as asking the server would.
    """
    idle = select.poll()
    idle.register(connection.fileno(), select.POLLIN)
    if idle.poll(0):
        raise sa.exc.InvalidatePoolError
