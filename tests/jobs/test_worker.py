# SPDX-License-Identifier: Apache-2.0
"""The worker and the clock, with real threads and a real queue."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import procrastinate
import psycopg
import pytest
import sqlalchemy as sa

from scheduler import clock
from scheduler.db.embedded import EmbeddedPostgres
from scheduler.db.migrate import migrate
from scheduler.db.session import Database
from scheduler.jobs import tasks, worker
from scheduler.jobs.queue import Queue
from scheduler.services import jobs, organizations
from scheduler.services.links import Links
from scheduler.services.parts import Parts
from tests.patience import PATIENCE, eventually

LEFT_BY_A_DEAD_WORKER = """
    with dead as (
        insert into procrastinate_workers (last_heartbeat) values (now() - interval '1 minute') returning id
    )
    update procrastinate_jobs set status = 'doing', worker_id = dead.id from dead
"""
WAIT_AN_HOUR = "update procrastinate_jobs set scheduled_at = now() + interval '1 hour' where status = 'todo'"
#: in one statement, so that no other thread finds it before it is to wait
THE_SAME_IN_AN_HOUR = """
    insert into procrastinate_jobs (queue_name, task_name, queueing_lock, args, scheduled_at)
    select queue_name, task_name, queueing_lock, args, now() + interval '1 hour' from procrastinate_jobs
    where task_name = 'publish_events'
"""


@dataclass
class Nothing:
    sent: list = field(default_factory=list)


@pytest.fixture
def parts() -> Iterator[Callable[..., Parts]]:
    """Makes the parts of a service on a database; its connections are closed whatever the test has found."""
    databases = []

    def make(database_url: str, **fields) -> Parts:
        databases.append(Database(database_url))
        usual = {
            "database": databases[-1],
            "now": lambda: datetime.now(UTC),
            "providers": {},
            "mail": Nothing(),
            "links": Links(["key"], ""),
            "defer": Queue().defer,
        }
        return Parts(**usual | fields)

    yield make
    for database in databases:
        database.close()


def count(database: Database, condition: str) -> int:
    with database.lookup() as session:
        return session.scalars(sa.text(f"select count(*) from procrastinate_jobs where {condition}")).one()


def left_by_a_dead_worker(ours: Parts, *tasks: str) -> None:
    """As a worker leaves them that was killed in the middle of these, a minute ago."""
    with ours.database.lookup() as session:
        for task in tasks:
            ours.defer(session, task)
    with ours.database.lookup() as session:
        session.execute(sa.text(LEFT_BY_A_DEAD_WORKER))


@contextmanager
def running(role, ours: Parts) -> Iterator[tuple[threading.Thread, threading.Event]]:
    """It is told to stop at the end, whatever the test has found, and has to."""
    stop = threading.Event()
    thread = threading.Thread(target=role.run, args=(ours, stop))
    thread.start()
    try:
        yield thread, stop
    finally:
        stop.set()
        thread.join(PATIENCE)
    assert not thread.is_alive()


def test_a_worker_does_what_is_in_the_queue_and_stops_when_told(parts, database_url):
    ours = parts(database_url)
    with running(worker, ours):
        with ours.database.lookup() as session:
            ours.defer(session, "sweep")
        eventually(lambda: count(ours.database, "task_name = 'sweep' and status = 'succeeded'") == 1)


def test_a_worker_that_is_told_to_stop_finishes_what_is_under_way(parts, database_url):
    """The other queues, which have nothing to do, end at once and must not take the connections along."""
    begun, go_on = threading.Event(), threading.Event()

    def now() -> datetime:
        begun.set()
        go_on.wait(PATIENCE)
        return datetime.now(UTC)

    ours = parts(database_url, now=now)
    with running(worker, ours) as (thread, stop):
        with ours.database.lookup() as session:
            ours.defer(session, "sweep")
        assert begun.wait(PATIENCE)

        stop.set()
        thread.join(1)
        assert thread.is_alive()
        go_on.set()

    assert count(ours.database, "status = 'succeeded'") == 1


def test_queues_that_are_full_of_what_hangs_keep_no_other_waiting(parts, database_url):
    """However few processors there are: each job under way has a thread."""
    under_way, go_on = threading.Semaphore(0), threading.Event()

    def hang(point: str) -> None:
        if point == "errand.begun":
            under_way.release()
            go_on.wait(PATIENCE)

    ours = parts(database_url, reach=hang)
    hanging = {
        "solve": ("solve_run", "run_id"),
        "mail": ("send_message", "message_id"),
        "calendars": ("write_entry", "entry_id"),
    }
    with ours.database.lookup() as session:
        for queue, (task, about) in hanging.items():
            for number in range(worker.CONCURRENCY[queue]):
                ours.defer(session, task, **{about: str(number)}, organization_id="org_1")
    with running(worker, ours):
        try:
            for queue in hanging:
                for _ in range(worker.CONCURRENCY[queue]):
                    assert under_way.acquire(timeout=PATIENCE), "a job has no thread"
            with ours.database.lookup() as session:
                ours.defer(session, "sweep")
            eventually(lambda: count(ours.database, "task_name = 'sweep' and status = 'succeeded'") == 1)
        finally:
            go_on.set()


def test_the_clock_puts_jobs_into_the_queue_and_does_none(parts, database_url):
    ours = parts(database_url, tick_seconds=0.2)
    with running(clock, ours):
        eventually(lambda: count(ours.database, "task_name in ('sweep', 'rescue', 'tidy')") == 3)
    assert count(ours.database, "status <> 'todo'") == 0


def test_a_job_left_by_a_dead_worker_is_taken_up_by_another(parts, database_url):
    ours = parts(database_url)
    left_by_a_dead_worker(ours, "sweep")
    with ours.database.lookup() as session:
        ours.defer(session, "rescue")

    with running(worker, ours):
        eventually(lambda: count(ours.database, "task_name = 'sweep' and status = 'succeeded'") == 1)


def test_a_job_left_by_a_dead_worker_gives_way_to_one_that_waits_and_keeps_no_other_from_being_taken_up(
    parts,
    database_url,
):
    ours = parts(database_url)
    left_by_a_dead_worker(ours, "sweep", "tidy")
    with ours.database.lookup() as session:
        ours.defer(session, "sweep")
    with ours.database.lookup() as session:
        session.execute(sa.text(WAIT_AN_HOUR))
        ours.defer(session, "rescue")

    with running(worker, ours):
        for task in ("tidy", "rescue"):
            eventually(
                lambda task=task: count(ours.database, f"task_name = '{task}' and status = 'succeeded'") == 1
            )
    assert count(ours.database, "task_name = 'sweep' and status = 'todo'") == 1
    assert count(ours.database, "task_name = 'sweep'") == 1


def test_a_job_that_fails_gives_way_to_the_same_that_was_asked_for_meanwhile(parts, database_url):
    """Nobody else would take it up: its worker lives."""
    asked = threading.Event()

    def fail(point: str) -> None:
        if point == "errand.begun":
            with ours.database.lookup() as session:
                session.execute(sa.text(THE_SAME_IN_AN_HOUR))
            asked.set()
            raise RuntimeError

    ours = parts(database_url, reach=fail)
    organization_id = organizations.create(ours, name="Acme")
    with ours.database.lookup() as session:
        ours.defer(session, "publish_events", organization_id=organization_id)

    with running(worker, ours):
        assert asked.wait(PATIENCE)
        eventually(lambda: count(ours.database, "task_name = 'publish_events'") == 1)
        assert count(ours.database, "status = 'todo'") == 1


def test_a_rescue_goes_on_when_another_has_seen_to_a_job_in_between(parts, database_url):
    def rescue_the_second(point: str) -> None:
        if point == "rescue.put_back":  # of the first; the list of them is older than this
            with ours.database.lookup() as session:
                session.execute(sa.text("delete from procrastinate_jobs where task_name = 'tidy'"))

    ours = parts(database_url, reach=rescue_the_second)
    left_by_a_dead_worker(ours, "refresh", "tidy", "sweep")
    with ours.database.lookup() as session:
        ours.defer(session, "rescue")

    with running(worker, ours):
        eventually(lambda: count(ours.database, "task_name = 'sweep' and status = 'succeeded'") == 1)
        eventually(lambda: count(ours.database, "task_name = 'rescue' and status = 'succeeded'") == 1)


def test_the_longest_wait_until_an_orphan_is_taken_up_is_below_half_a_minute():
    looks = {task: seconds for seconds, task in clock.TABLE}
    # Its last sign of life, silence, the clock's next look, and two fetches: of the rescue and of the job.
    waits = (worker.HEARTBEAT_SECONDS, tasks.SILENCE, looks["rescue"], 2 * worker.POLL_SECONDS)
    assert sum(waits) < 30


def test_a_job_that_keeps_killing_its_worker_is_given_up_with_the_reason(parts, database_url):
    ours = parts(database_url)
    organization_id = organizations.create(ours, name="Acme")
    with ours.database.transaction(organization_id) as session:
        ours.defer(session, "send_message", organization_id=organization_id, message_id="msg_1")
    with ours.database.lookup() as session:
        session.execute(
            sa.text(
                "with dead as (insert into procrastinate_workers (last_heartbeat)"
                " values (now() - interval '1 minute') returning id)"
                " update procrastinate_jobs set status = 'doing', worker_id = dead.id, attempts = :tries"
                " from dead"
            ),
            {"tries": tasks.MOST_ATTEMPTS},
        )
    with ours.database.lookup() as session:
        ours.defer(session, "rescue")

    with running(worker, ours):
        eventually(lambda: jobs.find(ours, organization_id, status="failed").data)

    [given_up] = jobs.find(ours, organization_id, status="failed").data
    assert given_up["reason"] == "Its worker died in the middle of it; it was given up after 9 tries."


def test_a_query_of_the_queue_that_is_lost_ends_the_worker_and_one_that_is_refused_does_not(
    database_url, postgres_url
):
    """How a job ended may be what was lost; a worker that lives would keep the job for ever."""

    async def ask() -> tuple[bool, bool]:
        connector = worker._Connector(conninfo=database_url, min_size=1, max_size=1, timeout=0.5)
        await connector.open_async()
        with pytest.raises(procrastinate.exceptions.ConnectorException):
            await connector.execute_query_async("select nonsense")
        refused = connector.lost.is_set()
        with psycopg.connect(postgres_url, autocommit=True) as owner:
            name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
            owner.execute(f"alter database {name} allow_connections false")
            owner.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
        with pytest.raises(procrastinate.exceptions.ConnectorException):
            await connector.execute_query_async("select 1")
        await connector.close_async()
        return refused, connector.lost.is_set()

    assert asyncio.run(ask()) == (False, True)


def test_worker_and_clock_go_on_after_the_database_was_killed(parts, open_dir):
    folder = Path(tempfile.mkdtemp(dir=open_dir))
    folder.chmod(0o711)
    with EmbeddedPostgres(folder) as server:
        migrate(server.url)
        ours = parts(server.url, tick_seconds=0.3)
        swept = "task_name = 'sweep' and status = 'succeeded'"
        with running(worker, ours) as (at_work, _), running(clock, ours) as (ticking, _):
            eventually(lambda: count(ours.database, swept) > 0)
            for _ in range(2):
                os.kill(server.pid, signal.SIGKILL)
                eventually(server.revive)
                before = count(ours.database, swept)
                eventually(lambda before=before: count(ours.database, swept) > before)
            assert at_work.is_alive()
            assert ticking.is_alive()
