# SPDX-License-Identifier: Apache-2.0
"""
When to ask again, and when to stop asking.

The vendors' clients are told not to retry: Google's ignores ``Retry-After`` and gives up on quota errors,
MSAL and requests retry some things and not others. Here is the one rule for all providers: a call that failed
in passing is tried again after what the provider asked for, else after a random share of a wait that doubles;
never beyond the caller's deadline, and never sleeping through a wait that a job had better be parked for.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from calendars.errors import NoTime, Outage, TryLater
from calendars.values import in_utc

Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How long one call may be tried. Seconds; ``deadline`` is a value of `time.monotonic`."""

    attempts: int = 4
    first_wait: float = 0.5
    #: A longer wait is not slept through: the error goes to the caller, who parks the job.
    longest_wait: float = 8.0
    deadline: float | None = None

    def left(self) -> float | None:
        """Seconds until the deadline, never negative; None without one."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())


class Breaker:
    """
    Stops asking a provider that is down: after so many outages in a row everybody is told at once, without a
    call, until a rest is over; then one call tries whether it is back. Safe to use from several threads.
    """

    def __init__(self, name: str, *, after: int = 5, rest: float = 20.0) -> None:
        self.name = name
        self._after, self._rest = after, rest
        self._lock = threading.Lock()
        self._outages = 0
        self._resting_until = 0.0

    def check(self) -> None:
        """Raises Outage while the provider rests; the first to come after that may try."""
        with self._lock:
            left = self._resting_until - time.monotonic()
            if self._outages < self._after:
                return
            if left > 0:
                raise Outage(f"{self.name} is not answering; it is asked again soon.", retry_after=left)
            self._resting_until = time.monotonic() + self._rest

    def answered(self) -> None:
        """It works."""
        with self._lock:
            self._outages = 0

    def failed(self) -> None:
        """One more outage."""
        with self._lock:
            self._outages += 1
            if self._outages >= self._after:
                self._resting_until = time.monotonic() + self._rest


def retrying(
    call: Callable[[], Answer],
    *,
    budget: Budget,
    breaker: Breaker,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """
    The call's answer, tried again while that may help.

    Raises the call's TryLater when the budget is used up or the wait it asks for is too long, Outage when the
    breaker is open, and every other error at once. Only an `Outage` moves the breaker: a limit that one
    mailbox ran into says nothing about the others, and `NoTime` nothing at all.
    """
    wait = budget.first_wait
    for attempt in range(1, budget.attempts + 1):
        breaker.check()
        try:
            answer = call()
        except TryLater as error:
            if isinstance(error, Outage):
                breaker.failed()
            elif not isinstance(error, NoTime):
                breaker.answered()
            pause = _pause(error, wait)
            left = budget.left()
            too_long = pause > budget.longest_wait or (left is not None and pause >= left)
            if attempt == budget.attempts or too_long:
                raise
        except Exception:
            # It was refused, and a refusal is an answer.
            breaker.answered()
            raise
        else:
            breaker.answered()
            return answer
        sleep(pause)
        wait *= 2
    raise AssertionError("a budget allows at least one attempt")


def _pause(error: TryLater, wait: float) -> float:
    """What the provider asked for and a little more, so that a crowd does not come back at once."""
    spread = random.random()  # noqa: S311  # spreads load, keeps no secret
    return wait * spread if error.retry_after is None else error.retry_after + spread * 0.25 * wait


def seconds_to_wait(retry_after: str | None, now: datetime) -> float | None:
    """
    ``Retry-After`` in either form (RFC 9110, 10.2.3) as seconds from now, never negative.

    None when it is absent or says nothing that can be understood.
    """
    if not retry_after:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, (in_utc(moment) - in_utc(now)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
