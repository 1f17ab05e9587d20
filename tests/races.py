# SPDX-License-Identifier: Apache-2.0
"""Things that happen at the same moment."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

import sqlalchemy as sa

from scheduler.domain.errors import Refusal
from tests.patience import PATIENCE


def at_once(*verbs) -> list[object]:
    """Run these together; what each answered, or the code of its refusal."""
    answers: list[object] = [None] * len(verbs)
    together = threading.Barrier(len(verbs))

    def run(number: int, verb) -> None:
        together.wait()
        try:
            answers[number] = verb()
        except Refusal as refusal:
            answers[number] = refusal.reason
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test shall see it
            answers[number] = error

    threads = [threading.Thread(target=run, args=item) for item in enumerate(verbs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _somebody_waits(town) -> bool:
    """For a lock, in the database of this test: other tests have their own on the same server."""
    waiting = sa.text(
        "select count(*) from pg_locks wanted join pg_locks held using (pid)"
        " join pg_database d on d.oid = held.database"
        " where not wanted.granted and d.datname = current_database()"
    )
    with town.parts.database.lookup() as session:
        return bool(session.scalar(waiting))


class Beside:
    """A verb in a thread of its own, which has ended or waits for a lock when its maker goes on."""

    def __init__(self, town, verb) -> None:
        self._verb, self.error = verb, None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        while self._thread.is_alive() and not _somebody_waits(town):
            self._thread.join(0.02)

    def _run(self) -> None:
        try:
            self._verb()
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test shall see it
            self.error = error

    def end(self) -> BaseException | None:
        self._thread.join()
        return self.error


@contextmanager
def after(statement, do):
    """Once, right after the first statement in which all of these words are."""
    done = []

    def look(_connection, _cursor, sent, *_):
        if not done and all(word in sent for word in statement):
            done.append(sent)
            do()

    sa.event.listen(sa.Engine, "after_cursor_execute", look)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "after_cursor_execute", look)
    assert done != []


def wait_until_somebody_waits(town) -> None:
    give_up = time.monotonic() + PATIENCE
    while not _somebody_waits(town):
        assert time.monotonic() < give_up, "nobody waits for a lock"
        time.sleep(0.02)
