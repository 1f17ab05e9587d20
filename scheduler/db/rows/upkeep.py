# SPDX-License-Identifier: Apache-2.0
"""What the service keeps about its own work."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.db.rows.base import Base, Json, JsonList, key, tenant


class Breach(Base):
    """A promise of the service that was found broken; open until a later look finds it kept again."""

    __tablename__ = "breaches"
    __table_args__ = (
        sa.Index(
            "uq_breaches_open",
            "organization_id",
            "promise",
            unique=True,
            postgresql_where=sa.text("resolved_at is null"),
        ),
    )

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    promise: Mapped[str]
    #: of the rows that break it, as they were seen last
    ids: Mapped[JsonList]
    found_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]
    resolved_at: Mapped[dt.datetime | None]


class JobFailure(Base):
    """Why a job of an organisation failed last: the kind of error and where, nothing personal."""

    __tablename__ = "job_failures"

    #: Procrastinate's; no foreign key ties us to tables that are its own
    job_id: Mapped[int] = mapped_column(sa.BigInteger(), primary_key=True, autoincrement=False)
    organization_id: Mapped[str] = tenant()
    reason: Mapped[str]
    failed_at: Mapped[dt.datetime]


class IdempotencyKey(Base):
    """The first answer to a POST, kept for 24 h and given again for the same key and body."""

    __tablename__ = "idempotency_keys"

    api_key_id: Mapped[str] = mapped_column(
        sa.ForeignKey("api_keys.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = tenant()
    fingerprint: Mapped[bytes]
    #: None while the first request is still running
    status: Mapped[int | None]
    #: until when that first request may be believed to be running, by the database's clock
    lease_until: Mapped[dt.datetime]
    headers: Mapped[Json]
    body: Mapped[bytes | None]
    created_at: Mapped[dt.datetime] = mapped_column(index=True)
