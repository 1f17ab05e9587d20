# SPDX-License-Identifier: Apache-2.0
"""The tasks: fetch by id, call one verb. Every one may run twice; the verbs see to it that nothing happens
twice.
"""

from __future__ import annotations

import asyncio
import logging
import random

import procrastinate
from procrastinate.connector import BaseConnector
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from scheduler.jobs.queue import QUEUES
from scheduler.services import delivery, entries, invariants, reconciling, solving, syncing, upkeep
from scheduler.services.parts import Parts

logger = logging.getLogger(__name__)

#: after so many failures a job is given up, and stays in the table with its reason
MOST_ATTEMPTS = 8
LONGEST_WAIT = 300
GIVEN_UP = "The search failed, and trying again did not help."
#: how long the queue remembers jobs that went well
JOBS_KEPT_HOURS = 72


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


def make_app(connector: BaseConnector, parts: Parts) -> procrastinate.App:
    """The tasks bound to these parts."""
    app = procrastinate.App(connector=connector)
    _add_solving(app, parts)
    _add_errands(app, parts)
    _add_upkeep(app, parts)
    return app


def _add_solving(app: procrastinate.App, parts: Parts) -> None:
    @app.task(name="solve_run", queue=QUEUES["solve_run"], retry=BackOff(), pass_context=True)
    def solve_run(context: procrastinate.JobContext, organization_id: str, run_id: str) -> None:
        try:
            solving.solve(parts, organization_id, run_id)
        except Exception:
            if context.job.attempts >= MOST_ATTEMPTS:
                solving.give_up(parts, organization_id, run_id, GIVEN_UP)
            raise

    @app.task(name="refresh_options", queue=QUEUES["refresh_options"], retry=BackOff())
    def refresh_options(organization_id: str, run_candidate_id: str) -> None:
        solving.refresh(parts, organization_id, run_candidate_id)


def _add_errands(app: procrastinate.App, parts: Parts) -> None:
    @app.task(name="send_message", queue=QUEUES["send_message"], retry=BackOff())
    def send_message(organization_id: str, message_id: str) -> None:
        delivery.deliver(parts, organization_id, message_id)

    @app.task(name="write_entry", queue=QUEUES["write_entry"], retry=BackOff())
    def write_entry(organization_id: str, entry_id: str) -> None:
        entries.write(parts, organization_id, entry_id)

    @app.task(name="verify_entry", queue=QUEUES["verify_entry"], retry=BackOff())
    def verify_entry(organization_id: str, entry_id: str) -> None:
        reconciling.verify(parts, organization_id, entry_id)

    @app.task(name="sync_calendar", queue=QUEUES["sync_calendar"], retry=BackOff())
    def sync_calendar(organization_id: str, state_id: str) -> None:
        syncing.sync(parts, organization_id, state_id)

    @app.task(name="watch_calendar", queue=QUEUES["watch_calendar"], retry=BackOff())
    def watch_calendar(organization_id: str, state_id: str) -> None:
        syncing.watch(parts, organization_id, state_id)

    # Asked for again soon enough: not retried.
    @app.task(name="end_channel", queue=QUEUES["end_channel"])
    def end_channel(organization_id: str, state_id: str, channel_id: str, resource: str) -> None:
        syncing.end_channel(parts, organization_id, state_id, channel_id, resource)

    @app.task(name="refresh_calendars", queue=QUEUES["refresh_calendars"])
    def refresh_calendars(organization_id: str) -> None:
        syncing.refresh(parts, organization_id)

    @app.task(name="verify_organization", queue=QUEUES["verify_organization"])
    def verify_organization(organization_id: str) -> None:
        invariants.verify(parts, organization_id)


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

    @app.task(name="rescue", queue=QUEUES["rescue"])
    async def rescue() -> None:
        await _rescue(app)


#: a worker that has not been heard of for this many seconds is taken for dead
SILENCE = 15


async def _rescue(app: procrastinate.App) -> None:
    """Give the jobs of workers that died to somebody else; one that keeps killing its worker is given up."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=SILENCE):
        if job.attempts >= MOST_ATTEMPTS:
            logger.error(
                "job %s (%s) was given up: its worker died %s times", job.id, job.task_name, job.attempts
            )
            await app.job_manager.finish_job(job, status=procrastinate.jobs.Status.FAILED, delete_job=False)
        else:
            logger.warning(
                "job %s (%s) was left by a worker that died; trying it again", job.id, job.task_name
            )
            await app.job_manager.retry_job(job)
