# SPDX-License-Identifier: Apache-2.0
"""Jobs as people see them: what waits, what runs, what failed for good and why, to be tried once more."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import Any

import psycopg.errors
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from scheduler.db import pages, rows
from scheduler.db.jobs import LOCK, RETRY, Job
from scheduler.db.pages import Page
from scheduler.domain.errors import Conflict, NotFound
from scheduler.domain.intervals import format_instant
from scheduler.services import organizations
from scheduler.services.parts import Parts

#: packages of ours, whose lines say where an error came from
OURS = ("scheduler.", "calendars.")


GONE = sa.text("not exists (select from procrastinate_jobs j where j.id = job_failures.job_id)")


def reason_of(error: BaseException) -> str:
    """What kind of error it was and where in our code, without its words: those may be about people."""
    kind = type(error).__name__
    if isinstance(error, DBAPIError) and isinstance(error.orig, psycopg.Error):
        kind = f"{type(error.orig).__name__} ({error.orig.sqlstate or 'no answer'})"
    ours = [
        (frame.f_globals["__name__"], frame.f_code.co_name, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__")).startswith(OURS)
    ]
    if not ours:
        return kind
    module, function, line = ours[-1]
    return f"{kind} in {function}, line {line} of {module}"


def keep_reason(parts: Parts, organization_id: str, number: int, reason: str) -> None:
    """Why a job failed last."""
    kept = {"reason": reason, "failed_at": parts.now()}
    with parts.database.transaction(organization_id) as session:
        session.execute(
            insert(rows.JobFailure)
            .values(job_id=number, organization_id=organization_id, **kept)
            .on_conflict_do_update(index_elements=["job_id"], set_=kept)
        )


def find(
    parts: Parts,
    organization_id: str,
    *,
    status: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    query = sa.select(Job).where(Job.organization_id == organization_id)
    if status:
        query = query.where(Job.status == status)
    with parts.database.transaction(organization_id) as session:
        return pages.page(session, query, Job, limit=limit, cursor=cursor).mapped(view)


def everywhere(parts: Parts, status: str | None = None) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """The jobs of every organisation and of none, with whose they are."""
    chosen = [Job.status == status] if status else []
    for organization_id in (None, *organizations.every(parts)):
        with _rows_of(parts, organization_id) as session:
            query = sa.select(Job).where(_belongs_to(organization_id), *chosen).order_by(Job.number)
            found = [(organization_id, view(job)) for job in session.scalars(query)]
        yield from found


def retry(parts: Parts, organization_id: str | None, job_id: str) -> dict[str, Any]:
    """Have a failed job tried once more. Raises NotFound, or Conflict when there is nothing to retry."""
    with _rows_of(parts, organization_id) as session:
        session.execute(LOCK, {"number": _job(session, organization_id, job_id).number})
        job = _job(session, organization_id, job_id)  # it may have ended meanwhile
        if job.status == "running":
            raise Conflict("This job is running; there is nothing to retry.")
        if job.status == "failed":
            _put_back(session, job)
            session.refresh(job)
        return view(job)


def retry_anywhere(parts: Parts, job_id: str) -> dict[str, Any]:
    """The same, whosever it is."""
    with parts.database.lookup() as session:
        owner = session.execute(sa.select(Job.organization_id).where(Job.id == job_id)).one_or_none()
    if owner is None:
        raise NotFound("There is no such job.")
    return retry(parts, owner.organization_id, job_id)


def _put_back(session: Session, job: Job) -> None:
    try:
        with session.begin_nested():
            session.execute(RETRY, {"number": job.number})
    except IntegrityError as error:
        if isinstance(error.orig, psycopg.errors.UniqueViolation):
            raise Conflict("The same job is waiting already.", code="already_queued") from error
        raise


def _job(session: Session, organization_id: str | None, job_id: str) -> Job:
    query = sa.select(Job).where(Job.id == job_id, _belongs_to(organization_id))
    job = session.scalar(query.execution_options(populate_existing=True))
    if job is None:
        raise NotFound("There is no such job.")
    return job


def _belongs_to(organization_id: str | None) -> sa.ColumnElement[bool]:
    return Job.organization_id.is_not_distinct_from(organization_id)


def _rows_of(parts: Parts, organization_id: str | None) -> Any:
    return parts.database.transaction(organization_id) if organization_id else parts.database.lookup()


def forget_failures(parts: Parts, organization_id: str) -> None:
    """Let go of the reasons of jobs that are gone."""
    with parts.database.transaction(organization_id) as session:
        session.execute(sa.delete(rows.JobFailure).where(GONE))


def view(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "task": job.task,
        "status": job.status,
        "about": {name: id_ for name, id_ in job.args.items() if name != "organization_id"},
        "attempts": job.attempts,
        "reason": job.reason,
        "created_at": format_instant(job.created_at),
        "failed_at": format_instant(job.failed_at) if job.failed_at else None,
    }
