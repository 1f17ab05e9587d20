# SPDX-License-Identifier: Apache-2.0
"""Named places at which a rehearsal may end the process, as a power cut would.

`KILL_AT=pick.committed` ends the process with SIGKILL when it gets there, `KILL_AT=pick.committed:3` when it
gets there for the third time. Without KILL_AT a point is a call that does nothing.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable

Reach = Callable[[str], None]

#: where they are: what has been done when it is reached, and what has not
POINTS = {
    "once.claimed": "an Idempotency-Key is taken; nothing is done",
    "once.carried_out": "the request is carried out; its answer is not kept",
    "once.kept": "the answer is kept; nobody has heard it",
    "run.written": "a run is written and its job asked for; not committed",
    "run.committed": "a run is committed; nobody has heard of it",
    "solve.taken": "a run is being solved; no calendar is read",
    "solve.looked": "the calendars are read; nothing is solved",
    "solve.solved": "the options are found; nothing is stored",
    "solve.stored": "options, links, mails and events are written; not committed",
    "solve.committed": "all of that is committed; the job is not finished",
    "refresh.solved": "fresh options are found for somebody who had none left; nothing is stored",
    "refresh.stored": "they are written; not committed",
    "confirm.booked": "one of those who are booked at once is; the others are not",
    "confirm.finished": "all of them are, and the run says so; not committed",
    "link.revoked": "a link is taken back; not committed",
    "link.resent": "a link is to be mailed again; not committed",
    "hold.written": "options are held, and what calendars should show of it; not committed",
    "hold.ended": "holds whose time has passed are let go; not committed",
    "pick.looked": "the calendars are read again; no transaction is open",
    "pick.locked": "the candidate, the people and the rooms are locked",
    "pick.reserved": "the booking and what it occupies are written",
    "pick.announced": "mails, entries and the event are written; not committed",
    "pick.committed": "the booking is committed; nobody has heard of it",
    "cancel.released": "a cancelled booking's people are free; not committed",
    "cancel.announced": "the mails and the event of a cancellation are written; not committed",
    "cancel.committed": "a cancellation is committed; nobody has heard of it",
    "erase.changed": "a candidate is erased, with all that follows from it; not committed",
    "erase.committed": "an erasure is committed; nobody has heard of it",
    "fresh.found": "times to move an interview to are found; nothing is stored",
    "fresh.stored": "they are on offer; not committed",
    "move.changed": "an interview and those it occupies are moved; nobody is told, nothing is committed",
    "move.told": "mails, entries and the event of a move are written; not committed",
    "move.committed": "a move is committed; nobody has heard of it",
    "replace.looked": "who, or which room, could take a place is known; no transaction is open",
    "replace.changed": "somebody else, or another room, is in place; nobody is told, nothing is committed",
    "replace.told": "mails, entries and the event of it are written; not committed",
    "replace.committed": "a replacement is committed; nobody has heard of it",
    "errand.begun": "a job is fetched; nothing is done",
    "errand.done": "a job's work is done; the job is not finished",
    "entry.claimed": "a calendar entry is claimed; the calendar has not been asked",
    "entry.written": "the calendar has it; we have not written that down",
    "entry.kept": "we have written that down",
    "mail.claimed": "a mail is claimed; the mail server has not been asked",
    "mail.handed_over": "the mail server has it; we have not written that down",
    "mail.kept": "we have written that down",
    "feed.published": "events have their places, web hooks are owed them; not committed",
    "hook.claimed": "a web hook is to be called; nobody has been asked",
    "hook.answered": "the receiver has the event; we have not written that down",
    "hook.kept": "we have written that down",
    "verify.claimed": "an entry is to be compared; the calendar has not been asked",
    "verify.found": "the calendar was asked; nothing is compared",
    "verify.compared": "what differs is written down; not committed",
    "sync.claimed": "a calendar is claimed; nobody has been asked what changed there",
    "sync.answered": "the provider has said what changed; nothing is kept",
    "sync.kept": "what follows from that is written; not committed",
    "watch.opened": "the provider will tell of changes; we have not written that down",
    "notice.looked": "calendars were looked at for what lies over interviews; nothing is written",
    "repair.taken": "what bookings have lost is to be repaired; no calendar is read",
    "repair.looked": "the calendars are read for it; nothing is solved",
    "repair.solved": "it is known who comes; nothing is written",
    "repair.written": "one booking has other people; not committed",
    "repair.left": "a loss is left to a person, with the choices; not committed",
    "sweep.begun": "the clock's sweep has begun",
    "sweep.deferred": "due mails are on their way; nothing else is",
    "expire.changed": "an offer's end is written; not committed",
    "complete.changed": "an interview's end is written; not committed",
    "rescue.put_back": "the job of a dead worker is put back; those of others are not",
    "clock.ticked": "a tick is asked for; not committed",
    "migrate.applied": "a migration is carried out; not committed",
    "migrate.committed": "all migrations are committed; others may not migrate yet",
}


def pass_by(_point: str) -> None:
    """Go on, as everywhere but in a rehearsal."""


def kill_at(wanted: str) -> Reach:
    """End the process at a point, `name` or `name:how often it is reached`. Raises ValueError."""
    name, _, times = wanted.partition(":")
    if name not in POINTS or not (times or "1").isdigit():
        raise ValueError("is none of the points of docs/reliability.md")
    left = itertools.count(int(times or 1) - 1, -1)

    def reach(point: str) -> None:
        if point == name and next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return reach
