# SPDX-License-Identifier: Apache-2.0
"""The clock role: says when. It puts jobs into the queue and never does them; any number may run."""

from __future__ import annotations

import logging
import threading
from datetime import UTC

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from scheduler.services.parts import Parts

logger = logging.getLogger(__name__)

#: every so many seconds -> this job; None: every tick (CLOCK_TICK_SECONDS)
TABLE: tuple[tuple[float | None, str], ...] = (
    (None, "sweep"),
    (5, "rescue"),
    (300, "verify_invariants"),
    (60, "refresh"),
    (3600, "tidy"),
)


def run(parts: Parts, stop: threading.Event) -> None:
    """Tick until `stop` is set."""
    scheduler = BackgroundScheduler(
        timezone=UTC,
        # A tick that was missed while the machine slept is made up for once, however late.
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 300},
    )
    for seconds, task in TABLE:
        scheduler.add_job(
            _tick, "interval", seconds=seconds or parts.tick_seconds, args=(parts, task), id=task
        )
    scheduler.start()
    for _, task in TABLE:
        _tick(parts, task)
    stop.wait()
    scheduler.shutdown(wait=True)


def _tick(parts: Parts, task: str) -> None:
    try:
        with parts.database.lookup() as session:
            parts.defer(session, task)
            parts.reach("clock.ticked")
    except (DBAPIError, PoolTimeout) as error:
        # The next tick tries again; what is due does not get lost by being late.
        logger.warning("the database did not take the %s tick: %s", task, type(error).__name__)
