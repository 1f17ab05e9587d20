# SPDX-License-Identifier: Apache-2.0
"""Procrastinate's jobs as rows to read. The tables are its own: no row-level security guards them, so whoever
asks for an organisation's jobs must say whose.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from scheduler.db.rows import Base, JobFailure, Json

_jobs = sa.table(
    "procrastinate_jobs",
    sa.column("id", sa.BigInteger()),
    sa.column("task_name", sa.Text()),
    sa.column("status", sa.Text()),
    sa.column("args", JSONB()),
    sa.column("attempts", sa.Integer()),
)
_events = sa.table(
    "procrastinate_events",
    sa.column("job_id", sa.BigInteger()),
    sa.column("type", sa.Text()),
    sa.column("at", sa.DateTime(timezone=True)),
)
#: procrastinate's words for what is not over, and ours
STATUSES = {"todo": "queued", "doing": "running", "failed": "failed"}


def _of_jobs(event: str) -> sa.ScalarSelect[Any]:
    """When this last happened to a job."""
    happened = sa.cast(_events.c.type, sa.Text()) == event
    return (
        sa.select(sa.func.max(_events.c.at)).where(_events.c.job_id == _jobs.c.id, happened).scalar_subquery()
    )


_shown = (
    sa.select(
        (sa.literal("job_") + sa.cast(_jobs.c.id, sa.Text())).label("id"),
        _jobs.c.id.label("number"),
        _jobs.c.args["organization_id"].astext.label("organization_id"),
        _jobs.c.args,
        _jobs.c.task_name.label("task"),
        sa.case(STATUSES, value=sa.cast(_jobs.c.status, sa.Text())).label("status"),
        _jobs.c.attempts,
        JobFailure.reason,
        # One that somebody wrote by hand has no history.
        sa.func.coalesce(_of_jobs("deferred"), sa.text("'epoch'::timestamptz")).label("created_at"),
        sa.func.coalesce(JobFailure.failed_at, _of_jobs("failed")).label("failed_at"),
    )
    .select_from(_jobs.outerjoin(JobFailure, JobFailure.job_id == _jobs.c.id))
    .where(sa.cast(_jobs.c.status, sa.Text()).in_(STATUSES))
    .subquery("jobs")
)


class Job(Base):
    """A job that is not over: it waits, runs, or has failed for good."""

    __table__ = _shown
    __mapper_args__ = {"primary_key": [_shown.c.number]}  # noqa: RUF012  # as SQLAlchemy declares it

    id: Mapped[str]
    number: Mapped[int]
    #: None: the clock's own, of no organisation
    organization_id: Mapped[str | None]
    #: the organisation's id, and what it is about
    args: Mapped[Json]
    task: Mapped[str]
    status: Mapped[str]
    #: how often it has failed, or was lost with its worker
    attempts: Mapped[int]
    reason: Mapped[str | None]
    created_at: Mapped[dt.datetime]
    failed_at: Mapped[dt.datetime | None]


LOCK = sa.text("select from procrastinate_jobs where id = :number for update")
RETRY = sa.text("select procrastinate_retry_job_v2(:number, now(), null, null, null)")
