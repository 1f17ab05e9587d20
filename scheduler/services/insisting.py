# SPDX-License-Identifier: Apache-2.0
"""Writing where others write, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import psycopg.errors
from sqlalchemy.exc import DBAPIError

from scheduler.domain.errors import SlotTaken

#: lost races and deadlocks are tried again this often before the time counts as gone
TRIES = 4
TAKEN = "That time has just been taken."

Written = TypeVar("Written")


def insist(write: Callable[[], Written]) -> Written:
    """Write in a transaction; after a lost race or a deadlock once more, with what is true then.

    Raises SlotTaken when the time has gone.
    """
    for attempt in range(TRIES):
        try:
            return write()
        except DBAPIError as error:
            if not _worth_another_try(error) or attempt == TRIES - 1:
                if _lost_race(error):
                    raise SlotTaken(TAKEN) from None
                raise
    raise SlotTaken(TAKEN)


def _worth_another_try(error: DBAPIError) -> bool:
    return isinstance(
        error.orig,
        psycopg.errors.ExclusionViolation
        | psycopg.errors.DeadlockDetected
        | psycopg.errors.SerializationFailure,
    )


def _lost_race(error: DBAPIError) -> bool:
    return isinstance(error.orig, psycopg.errors.ExclusionViolation)
