# SPDX-License-Identifier: Apache-2.0
"""The worker role: carries out jobs until it is told to stop."""

from __future__ import annotations

import asyncio
import threading

import procrastinate
import psycopg

from scheduler.db.session import SERVICE_ROLE
from scheduler.jobs.tasks import make_app
from scheduler.services.parts import Parts

#: one thread for solving, which is all processor, and several each for mail and for calendars, which is all
#: waiting: a vendor that hangs keeps no mail waiting
CONCURRENCY = {"solve": 1, "quick": 3, "calendars": 4}
#: seconds between looks at the queue, for jobs that no notification announces
POLL_SECONDS = 1.0
HEARTBEAT_SECONDS = 5.0
#: seconds that a job under way may take to finish after the word to stop
PATIENCE = 20.0


def run(parts: Parts, stop: threading.Event) -> None:
    """Work until `stop` is set, then finish what is under way. Returns early when the database goes away."""
    asyncio.run(_work(parts, stop))


async def _work(parts: Parts, stop: threading.Event) -> None:
    connector = procrastinate.PsycopgConnector(
        conninfo=parts.database.url, configure=_become_service_role, min_size=1, max_size=8
    )
    app = make_app(connector, parts)
    async with app.open_async():
        workers = asyncio.gather(
            *(_worker(app, queue, concurrency) for queue, concurrency in CONCURRENCY.items())
        )
        loop = asyncio.get_running_loop()
        watcher = threading.Thread(
            target=lambda: (stop.wait(), loop.call_soon_threadsafe(workers.cancel)), daemon=True
        )
        watcher.start()
        try:
            await workers
        except asyncio.CancelledError:
            if not stop.is_set():
                raise


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
