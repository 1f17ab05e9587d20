# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sqlalchemy as sa

from scheduler.db.session import Database
from scheduler.jobs.queue import Queue


def waiting(database: Database) -> int:
    with database.lookup() as session:
        return session.scalars(sa.text("select count(*) from procrastinate_jobs where status = 'todo'")).one()


def test_a_job_exists_when_its_cause_is_committed_and_only_then(database_url):
    database, queue = Database(database_url), Queue()

    with database.lookup() as session:
        queue.defer(session, "send_message", organization_id="org_1", message_id="msg_1")
        assert waiting(database) == 0
    assert waiting(database) == 1
    with database.lookup() as session:
        queue.defer(session, "send_message", organization_id="org_1", message_id="msg_2")
        session.rollback()
    assert waiting(database) == 1
    database.close()


def test_the_same_job_twice_is_one_and_spoils_nothing(database_url):
    database, queue = Database(database_url), Queue()

    with database.transaction("org_1") as session:
        for _ in range(2):
            queue.defer(session, "write_entry", organization_id="org_1", entry_id="cal_1")
        assert session.scalar(sa.text("select 1")) == 1

    assert waiting(database) == 1
    database.close()


def take(database: Database) -> str | None:
    """What a worker would begin with now."""
    with database.lookup() as session:
        return session.scalar(
            sa.text("select args ->> 'entry_id' from procrastinate_fetch_job_v2(array['calendars'], null)")
        )


def test_a_job_that_waits_already_waits_for_everybody_who_wants_it(database_url):
    """A worker who took it before they commit would not see what it is for."""
    database, queue = Database(database_url), Queue()
    with database.lookup() as session:
        queue.defer(session, "write_entry", organization_id="org_1", entry_id="cal_1")

    taken: list[str | None] = []
    with database.lookup() as session:
        for entry_id in ("cal_2", "cal_1"):
            queue.defer(session, "write_entry", organization_id="org_1", entry_id=entry_id)
        sa.event.listen(session, "before_commit", lambda _: taken.append(take(database)))
    taken += [take(database), take(database), take(database)]

    assert taken == [None, "cal_1", "cal_2", None]
    database.close()


def test_what_a_savepoint_undoes_takes_nobody_elses_job_with_it(database_url):
    database, queue = Database(database_url), Queue()

    with database.lookup() as session:
        queue.defer(session, "write_entry", organization_id="org_1", entry_id="cal_1")
        with session.begin_nested() as savepoint:
            savepoint.rollback()

    assert waiting(database) == 1
    database.close()
