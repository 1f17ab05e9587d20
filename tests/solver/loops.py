# SPDX-License-Identifier: Apache-2.0
"""Loops of as many sessions as one likes that can take place, and that anything can solve."""

from __future__ import annotations

from datetime import time, timedelta
from random import Random

from scheduler.domain.intervals import Interval
from tests.solver.builders import at, person, problem, seat, session, span

HALF_HOUR = timedelta(minutes=30)


def loop(sessions, *, chance=0, days=2, options=2, **plan):
    """A loop of so many half hours, each with people of its own, whose calendars and loads are drawn."""
    draw = Random(f"loop {sessions} {chance}")
    people = [
        person(
            f"P{n}{m}",
            f"skill{n}",
            hours=("09:00", "15:00"),
            busy=[_busy_half_hour(draw, day) for day in range(days) for _ in range(3)],
            load=draw.randint(0, 3),
        )
        for n in range(sessions)
        for m in range(2)
    ]
    talks = [session(f"s{n}", seat(f"skill{n}"), minutes=30) for n in range(sessions)]
    window = span("08:00", "16:00").padded(timedelta(0), timedelta(days=days - 1))
    rules = {"grid": 30, "candidate_hours": (time(9), time(15)), "sessions": talks, **plan}
    return problem(*people, window=window, options=options, **rules)


def _busy_half_hour(draw, day):
    begin = at("09:00", day) + draw.randrange(12) * HALF_HOUR
    return Interval(begin, begin + HALF_HOUR)
