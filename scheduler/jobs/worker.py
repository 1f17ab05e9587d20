# SPDX-License-Identifier: Apache-2.0
"""The worker role: carries out jobs until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, LiteralString

import procrastinate
import psycopg

from scheduler.db.session import SERVICE_ROLE
from scheduler.jobs.tasks import make_app
from scheduler.services.parts import Parts

logger = logging.getLogger(__name__)

#: what is raised when nobody answers at the other end
OUT_OF_REACH = (procrastinate.exceptions.ConnectorException, psycopg.Error)
#: one thread for solving, which is all processor, and several each for mail, web hooks and calendars, which
#: is all waiting: a vendor that hangs keeps no mail waiting, nor do both keep what the clock asks for waiting
CONCURRENCY = {"solve": 1, "mail": 3, "hooks": 6, "quick": 2, "calendars": 4}
#: for all of them together, and one that looks up the database's address; asyncio's own are as many as there
#: are processors, and a few
THREADS = sum(CONCURRENCY.values()) + 1
#: seconds between looks at the queue, for jobs that no notification announces
POLL_SECONDS = 1.0
HEARTBEAT_SECONDS = 5.0
#: seconds that a job under way may take to finish after the word to stop
PATIENCE = 20.0
#: seconds until the database is looked for again
PAUSE_SECONDS = 0.5
#: seconds between two looks whether it is time to stop
LOOK_SECONDS = 0.1


def run(parts: Parts, stop: threading.Event) -> None:
    """Work until `stop` is set, then finish what is under way. While the database is away, look for it again
    and again.
    """
    while not stop.is_set():
        try:
            asyncio.run(_work(parts, stop))
        except OUT_OF_REACH as error:
            logger.warning("the database went away: %s", type(error).__name__)
        stop.wait(PAUSE_SECONDS)


async def _work(parts: Parts, stop: threading.Event) -> None:
    """Until `stop` is set, or the database goes away: then it raises one of OUT_OF_REACH, or returns."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="job"))
    connector = _Connector(
        conninfo=parts.database.url, configure=_become_service_role, min_size=1, max_size=8
    )
    app = make_app(connector, parts)
    async with app.open_async():
        workers = [
            asyncio.create_task(_worker(app, queue, concurrency))
            for queue, concurrency in CONCURRENCY.items()
        ]
        told = asyncio.create_task(_told(stop))
        lost = asyncio.create_task(connector.lost.wait())
        await asyncio.wait((*workers, told, lost), return_when=asyncio.FIRST_COMPLETED)
        for task in (*workers, told, lost):
            task.cancel()
        # All of them, whatever ended one: those with a job under way need the connections to finish it.
        ends = await asyncio.gather(*workers, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end


class _Connector(procrastinate.PsycopgConnector):
    """Notices when the database did not take something. It may have been how a job ended: Procrastinate then
    leaves the job to a worker that lives and knows nothing of it. So that worker has to end; its jobs are
    taken up again like those of any dead one.
    """

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self.lost = asyncio.Event()

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        try:
            await super().execute_query_async(query, **arguments)
        except procrastinate.exceptions.ConnectorException as error:
            if isinstance(error.__cause__, psycopg.OperationalError):
                self.lost.set()
            raise


async def _told(stop: threading.Event) -> None:
    while not stop.is_set():  # noqa: ASYNC110  # it is set from outside the loop
        await asyncio.sleep(LOOK_SECONDS)


async def _worker(app: procrastinate.App, queue: str, concurrency: int) -> None:
    await app.run_worker_async(
        queues=[queue],
        name=queue,
        concurrency=concurrency,
        fetch_job_polling_interval=POLL_SECONDS,
        update_heartbeat_interval=HEARTBEAT_SECONDS,
        shutdown_graceful_timeout=PATIENCE,
        install_signal_handlers=False,
    )


async def _become_service_role(connection: psycopg.AsyncConnection) -> None:
    await connection.set_autocommit(True)
    await connection.execute(f"set role {SERVICE_ROLE}".encode())
