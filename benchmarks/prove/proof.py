# SPDX-License-Identifier: Apache-2.0
"""What a scenario shows, and the words that scenarios have in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from benchmarks.prove.crowd import Answer, Request, p99, statuses
from benchmarks.prove.offers import Offered


@dataclass(kw_only=True)
class Proof:
    """What one scenario showed."""

    #: what was asked of the service
    what: str
    figures: str
    #: ids of bookings that somebody was told of
    acknowledged: set[str] = field(default_factory=set)
    #: names of what did not hold
    broken: list[str] = field(default_factory=list)
    #: how long each answer to a crowd took
    seconds: list[float] = field(default_factory=list)


def book(offered: Offered, option_id: str, due: float = 0.0, about: object = None) -> Request:
    return Request(path=f"/c/{offered.token}/book", body={"option": option_id}, due=due, about=about)


def booked(answers: Iterable[Answer]) -> set[str]:
    return {str(answer.body["id"]) for answer in answers if answer.status == 201}


def expect(counted: object, wanted: object, promise: str) -> list[str]:
    return [] if counted == wanted else [promise]


def figures_of(answers: list[Answer]) -> str:
    counted = ", ".join(f"{times} x {status}" for status, times in sorted(statuses(answers).items()))
    return f"{counted}, p99 {p99(seconds_of(answers)):.2f} s"


def seconds_of(answers: Iterable[Answer]) -> list[float]:
    return [answer.seconds for answer in answers]
