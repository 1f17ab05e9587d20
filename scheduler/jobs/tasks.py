# SPDX-License-Identifier: Apache-2.0
"""The tasks: fetch by id, call one verb. Every one may run twice; the verbs see to it that nothing happens
twice.
"""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Any

import procrastinate
from procrastinate.connector import BaseConnector
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from scheduler.jobs.queue import QUEUES
from scheduler.services import delivery, entries, solving, upkeep
from scheduler.services.parts import Parts

logger = logging.getLogger(__name__)

#: after so many failures a job is given up, and stays in the table with its reason
MOST_ATTEMPTS = 8
LONGEST_WAIT = 300
#: how long the queue remembers jobs that went well
JOBS_KEPT_HOURS = 72


class BackOff(BaseRetryStrategy):
    """Wait twice as long after each failure, up to five minutes, with jitter so that a crowd spreads out."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if job.attempts >= MOST_ATTEMPTS:
            return None
        wait = min(LONGEST_WAIT, 2**job.attempts)
        return RetryDecision(retry_in={"seconds": round(wait * random.uniform(0.5, 1))})  # noqa: S311  # spreads load


def make_app(connector: BaseConnector, parts: Parts) -> procrastinate.App:
    """The tasks bound to these parts."""
    app = procrastinate.App(connector=connector)

    def task(function: Any, *, with_job: bool = False) -> None:
        name = function.__name__
        app.task(name=name, queue=QUEUES[name], retry=BackOff(), pass_context=with_job)(function)

    def solve_run(context: procrastinate.JobContext, organization_id: str, run_id: str) -> None:
        try:
            solving.solve(parts, organization_id, run_id)
        except Exception:
            if context.job is not None and context.job.attempts >= MOST_ATTEMPTS:
                solving.give_up(
                    parts, organization_id, run_id, "The search failed, and trying again did not help."
                )
            raise

    def refresh_options(organization_id: str, run_candidate_id: str) -> None:
        solving.refresh(parts, organization_id, run_candidate_id)

    def send_message(organization_id: str, message_id: str) -> None:
        delivery.deliver(parts, organization_id, message_id)

    def write_entry(organization_id: str, entry_id: str) -> None:
        entries.write(parts, organization_id, entry_id)

    def sweep() -> None:
        upkeep.sweep(parts)

    async def tidy() -> None:
        await asyncio.to_thread(upkeep.tidy, parts)
        await app.job_manager.delete_old_jobs(nb_hours=JOBS_KEPT_HOURS)

    async def rescue() -> None:
        await _rescue(app)

    task(solve_run, with_job=True)
    for function in (refresh_options, send_message, write_entry, sweep, tidy, rescue):
        task(function)
    return app


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
