# SPDX-License-Identifier: Apache-2.0
"""Transactions. Each belongs to one organisation, and PostgreSQL shows it that organisation's rows alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

#: owns nothing, may read and write rows; made by the migrations
SERVICE_ROLE = "convene_service"


class Database:
    """The way to PostgreSQL for one process: a pool of connections that act as the service's role."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self._engine = sa.create_engine(
            sa.make_url(url).set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=14,
            pool_pre_ping=True,
            # Names and what people wrote belong in no log.
            hide_parameters=True,
            pool_timeout=10,
            connect_args={"connect_timeout": 5},
        )
        sa.event.listen(self._engine, "connect", _become_service_role)

    @contextmanager
    def transaction(self, organization_id: str) -> Iterator[Session]:
        """One transaction of one organisation; commits when the block ends well, rolls back when it does
        not.
        """
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            _belong_to(session, organization_id)
            yield session

    @contextmanager
    def snapshot(self, organization_id: str) -> Iterator[Session]:
        """The organisation's rows as they are at one moment, to look at only."""
        with Session(self._engine) as session, session.begin():
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
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
    connection.autocommit = True
    connection.execute(f"set role {SERVICE_ROLE}")
    connection.autocommit = False
