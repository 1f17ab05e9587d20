# SPDX-License-Identifier: Apache-2.0
"""The worker and the clock, with real threads and a real queue."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa

from scheduler import clock
from scheduler.db.session import Database
from scheduler.jobs import worker
from scheduler.jobs.queue import Queue
from scheduler.services.links import Links
from scheduler.services.parts import Parts

DEADLINE = 30


@dataclass
class Nothing:
    sent: list = field(default_factory=list)


def parts(database_url: str, **fields) -> Parts:
    usual = {
        "database": Database(database_url),
        "now": lambda: datetime.now(UTC),
        "providers": {},
        "mail": Nothing(),
        "links": Links(["key"], ""),
        "defer": Queue().defer,
    }
    return Parts(**usual | fields)


def count(database: Database, condition: str) -> int:
    with database.lookup() as session:
        return session.scalars(sa.text(f"select count(*) from procrastinate_jobs where {condition}")).one()


def eventually(happens) -> None:
    deadline = time.monotonic() + DEADLINE
    while not happens():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def running(target, *arguments) -> tuple[threading.Thread, threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=target, args=(*arguments, stop))
    thread.start()
    return thread, stop


def test_a_worker_does_what_is_in_the_queue_and_stops_when_told(database_url):
    ours = parts(database_url)
    thread, stop = running(worker.run, ours)
    with ours.database.lookup() as session:
        ours.defer(session, "sweep")

    eventually(lambda: count(ours.database, "task_name = 'sweep' and status = 'succeeded'") == 1)
    stop.set()
    thread.join(DEADLINE)

    assert not thread.is_alive()
    ours.database.close()


def test_the_clock_puts_jobs_into_the_queue_and_does_none(database_url):
    ours = parts(database_url, tick_seconds=0.2)
    thread, stop = running(clock.run, ours)

    eventually(lambda: count(ours.database, "task_name in ('sweep', 'rescue', 'tidy')") == 3)
    stop.set()
    thread.join(DEADLINE)

    assert not thread.is_alive()
    assert count(ours.database, "status <> 'todo'") == 0
    ours.database.close()


def test_a_job_left_by_a_dead_worker_is_taken_up_by_another(database_url):
    ours = parts(database_url)
    with ours.database.lookup() as session:
        ours.defer(session, "sweep")
        # As a worker leaves it that was killed in the middle, a minute ago.
        session.execute(
            sa.text(
                "with dead as (insert into procrastinate_workers (last_heartbeat)"
                " values (now() - interval '1 minute') returning id)"
                " update procrastinate_jobs set status = 'doing', worker_id = dead.id from dead"
            )
        )
    with ours.database.lookup() as session:
        ours.defer(session, "rescue")

    thread, stop = running(worker.run, ours)
    eventually(lambda: count(ours.database, "task_name = 'sweep' and status = 'succeeded'") == 1)
    stop.set()
    thread.join(DEADLINE)
    ours.database.close()
