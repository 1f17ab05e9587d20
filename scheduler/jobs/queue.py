# SPDX-License-Identifier: Apache-2.0
"""The queue as those see it who put jobs into it."""

from __future__ import annotations

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy.orm import Session

#: which queue a task waits in, so that solving never keeps mail waiting
QUEUES = {
    "solve_run": "solve",
    "refresh_options": "solve",
    "send_message": "quick",
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


class Queue:
    """Puts jobs on the caller's transaction."""

    def __init__(self) -> None:
        # Never opened: every job travels on a connection that is somebody's transaction already.
        self._app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())

    def defer(self, session: Session, task: str, **ids: str) -> None:
        """The job exists when the transaction commits. The same job twice in the queue is one."""
        lock = ":".join([task, *(ids[name] for name in sorted(ids))])
        session.flush()
        connection = session.connection()
        driver_connection = connection.connection.driver_connection
        try:
            # The savepoint keeps the transaction alive when the job is in the queue already. It is the
            # connection's: the session's own would only be set at its next statement, after ours.
            with connection.begin_nested():
                self._app.configure_task(
                    task, queue=QUEUES[task], queueing_lock=lock, connection=driver_connection
                ).defer(**ids)
        except AlreadyEnqueued:
            pass
