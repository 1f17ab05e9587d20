# SPDX-License-Identifier: Apache-2.0
"""The tasks: fetch by id, call one verb. Every one may run twice; the verbs see to it that nothing happens
twice.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Any

import procrastinate
import psycopg
import sqlalchemy as sa
from procrastinate.connector import BaseConnector
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from scheduler.jobs.queue import QUEUES
from scheduler.services import (
    calling,
    delivery,
    entries,
    feed,
    invariants,
    jobs,
    noticing,
    reconciling,
    refreshing,
    repairing,
    retention,
    solving,
    syncing,
    upkeep,
)
from scheduler.services.parts import Parts

logger = logging.getLogger(__name__)

#: what the database's driver and pool raise
OUT_OF_REACH = (sa.exc.DBAPIError, sa.exc.TimeoutError)
#: after so many failures a job is given up, and stays in the table with its reason
MOST_ATTEMPTS = 8
LONGEST_WAIT = 300
GIVEN_UP = "The search failed, and trying again did not help."
#: how long the queue remembers jobs that went well
JOBS_KEPT_HOURS = 72
#: and those that failed for good
FAILED_KEPT_HOURS = 30 * 24


class BackOff(BaseRetryStrategy):
    """Wait twice as long after each failure, up to five minutes, with jitter so that a crowd spreads out."""

    def get_retry_decision(
        self,
        *,
        exception: BaseException,  # noqa: ARG002  # the base class says so
        job: Job,
    ) -> RetryDecision | None:
        if job.attempts >= MOST_ATTEMPTS:
            return None
        wait = min(LONGEST_WAIT, 2**job.attempts)
        return RetryDecision(retry_in={"seconds": round(wait * random.uniform(0.5, 1))})  # noqa: S311  # spreads load


#: what is done for one organisation, about something of it that is named by its id
ERRANDS: dict[str, Callable[..., None]] = {
    "solve_run": solving.solve,
    "refresh_options": refreshing.refresh,
    "notice_losses": noticing.notice,
    "check_bookings": noticing.check,
    "repair_bookings": repairing.repair,
    "send_message": delivery.deliver,
    "publish_events": feed.publish,
    "erase_candidate": retention.erase,
    "call_webhook": calling.call,
    "write_entry": entries.write,
    "verify_entry": reconciling.verify,
    "sync_calendar": syncing.sync,
    "watch_calendar": syncing.watch,
    "end_channel": syncing.end_channel,
    "refresh_calendars": syncing.refresh,
    "verify_organization": invariants.verify,
}
#: the clock asks for these again soon enough: they are not retried
ASKED_AGAIN = frozenset({"end_channel", "refresh_calendars", "check_bookings", "verify_organization"})


def make_app(connector: BaseConnector, parts: Parts) -> procrastinate.App:
    """The tasks bound to these parts."""
    app = procrastinate.App(connector=connector)
    app.job_manager = _Jobs(connector)
    for name, verb in ERRANDS.items():
        _add_errand(app, parts, name, verb)
    _add_upkeep(app, parts)
    return app


def _add_errand(app: procrastinate.App, parts: Parts, name: str, verb: Callable[..., None]) -> None:
    retry = False if name in ASKED_AGAIN else BackOff()

    @app.task(name=name, queue=QUEUES[name], retry=retry, pass_context=True)
    def errand(context: procrastinate.JobContext, /, organization_id: str, **about: str) -> None:
        parts.reach("errand.begun")
        try:
            verb(parts, organization_id, **about)
        except Exception as error:
            _keep_reason(parts, organization_id, context.job, jobs.reason_of(error))
            if name == "solve_run" and context.job.attempts >= MOST_ATTEMPTS:
                solving.give_up(parts, organization_id, about["run_id"], GIVEN_UP)
            raise
        parts.reach("errand.done")


def _keep_reason(parts: Parts, organization_id: str, job: Job, reason: str) -> None:
    try:
        jobs.keep_reason(parts, organization_id, job.id or 0, reason)
    except OUT_OF_REACH:
        # The database is what fails, as likely as not; the job's own error is the one to be told.
        logger.warning("why job %s (%s) failed could not be kept: %s", job.id, job.task_name, reason)


def _add_upkeep(app: procrastinate.App, parts: Parts) -> None:
    # The clock asks again soon enough: these are not retried.
    @app.task(name="sweep", queue=QUEUES["sweep"])
    def sweep() -> None:
        upkeep.sweep(parts)

    @app.task(name="refresh", queue=QUEUES["refresh"])
    def refresh() -> None:
        upkeep.refresh(parts)

    @app.task(name="verify_invariants", queue=QUEUES["verify_invariants"])
    def verify_invariants() -> None:
        upkeep.verify_invariants(parts)

    @app.task(name="tidy", queue=QUEUES["tidy"])
    async def tidy() -> None:
        await asyncio.to_thread(upkeep.tidy, parts)
        await app.job_manager.delete_old_jobs(nb_hours=JOBS_KEPT_HOURS)
        await app.job_manager.delete_old_jobs(nb_hours=FAILED_KEPT_HOURS, include_failed=True)

    @app.task(name="rescue", queue=QUEUES["rescue"])
    async def rescue() -> None:
        await _rescue(app, parts)


LOST = "Its worker died in the middle of it; it was given up after {} tries."
#: a worker that has not been heard of for this many seconds is taken for dead
SILENCE = 15


async def _rescue(app: procrastinate.App, parts: Parts) -> None:
    """Give the jobs of workers that died to somebody else; one that keeps killing its worker is given up."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=SILENCE):
        try:
            if job.attempts >= MOST_ATTEMPTS:
                await _give_up(app, parts, job)
            else:
                await _put_back(app, job)
        except procrastinate.exceptions.ConnectorException as error:
            if not isinstance(error.__cause__, psycopg.errors.RaiseException):
                raise
            # It is not what it was when we looked: another rescue has seen to it.
        parts.reach("rescue.put_back")


async def _give_up(app: procrastinate.App, parts: Parts, job: Job) -> None:
    logger.error("job %s (%s) was given up: its worker died %s times", job.id, job.task_name, job.attempts)
    if "organization_id" in job.task_kwargs:
        owner, why = str(job.task_kwargs["organization_id"]), LOST.format(job.attempts + 1)
        await asyncio.to_thread(_keep_reason, parts, owner, job, why)
    await app.job_manager.finish_job(job, status=procrastinate.jobs.Status.FAILED, delete_job=False)


async def _put_back(app: procrastinate.App, job: Job) -> None:
    logger.warning("job %s (%s) was left by a worker that died; trying it again", job.id, job.task_name)
    await app.job_manager.retry_job(job)


class _Jobs(JobManager):
    """A job that is to be tried again gives way where the same has been asked for since, and waits: that one
    does what this one would. Procrastinate fails then, and leaves the job to a worker that forgets it.
    """

    async def retry_job(self, job: Job, *args: Any, **how: Any) -> None:
        try:
            await super().retry_job(job, *args, **how)
        except procrastinate.exceptions.UniqueViolation:
            await self.finish_job(job, status=procrastinate.jobs.Status.ABORTED, delete_job=True)
