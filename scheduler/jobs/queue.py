# SPDX-License-Identifier: Apache-2.0
"""The queue as those see it who put jobs into it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Session, SessionTransaction

#: which queue a task waits in: neither a search nor a mail server that hangs may keep the others waiting
QUEUES = {
    "solve_run": "solve",
    "refresh_options": "solve",
    "repair_bookings": "solve",
    "notice_losses": "calendars",
    "check_bookings": "calendars",
    "send_message": "mail",
    "publish_events": "quick",
    "erase_candidate": "quick",
    "call_webhook": "hooks",
    "write_entry": "calendars",
    "verify_entry": "calendars",
    "sync_calendar": "calendars",
    "watch_calendar": "calendars",
    "end_channel": "calendars",
    "refresh_calendars": "calendars",
    "refresh": "quick",
    "verify_organization": "quick",
    "verify_invariants": "quick",
    "sweep": "quick",
    "rescue": "quick",
    "tidy": "quick",
}


#: what procrastinate's own function does for jobs that nothing like is waiting, and no error for the others
PUT = sa.text("""
    insert into procrastinate_jobs (queue_name, task_name, queueing_lock, args)
    select * from unnest(:queues, :tasks, :locks, :args)
    on conflict do nothing
    returning queueing_lock
""").bindparams(
    *(sa.bindparam(name, type_=ARRAY(sa.Text())) for name in ("queues", "tasks", "locks")),
    sa.bindparam("args", type_=ARRAY(JSONB())),
)
HOLD_BACK = sa.text("""
    select queueing_lock from procrastinate_jobs where status = 'todo' and queueing_lock = any(:locks)
    for key share
""").bindparams(sa.bindparam("locks", type_=ARRAY(sa.Text())))
#: where a session keeps its jobs until it commits
_JOBS = "convene.jobs"

Jobs = dict[str, tuple[str, dict[str, str]]]


class Queue:
    """Puts jobs on the caller's transaction."""

    def defer(self, session: Session, task: str, **ids: str) -> None:
        """The job exists when the transaction commits. The same job twice in the queue is one."""
        lock = ":".join([task, *(ids[name] for name in sorted(ids))])
        jobs: Jobs = session.info.setdefault(_JOBS, {})
        jobs[lock] = task, ids


@sa.event.listens_for(Session, "before_commit")
def _put(session: Session) -> None:
    """All jobs of a transaction by one statement, as the last thing that it does."""
    if session.in_nested_transaction():
        return
    jobs: Jobs = session.info.pop(_JOBS, {})
    # In one order for everybody, so that two who put the same jobs wait for each other and not in a ring.
    left = sorted(jobs)
    while left:
        put = session.scalars(PUT, _columns({lock: jobs[lock] for lock in left})).all()
        left = [lock for lock in left if lock not in set(put)]
        if left:
            # The same job is waiting. It waits for us now: a worker who took it before our commit would not
            # see what it is for. One that somebody has taken meanwhile stands in nobody's way.
            held = session.scalars(HOLD_BACK, {"locks": left}).all()
            left = [lock for lock in left if lock not in set(held)]


@sa.event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, undone: SessionTransaction) -> None:
    if not undone.nested:
        session.info.pop(_JOBS, None)


def _columns(jobs: Jobs) -> dict[str, list[Any]]:
    return {
        "queues": [QUEUES[task] for task, _ in jobs.values()],
        "tasks": [task for task, _ in jobs.values()],
        "locks": list(jobs),
        "args": [ids for _, ids in jobs.values()],
    }
