# SPDX-License-Identifier: Apache-2.0
"""Availability as everybody writes it first: for each start, for each person, look through the list of what
they have on.
"""

from __future__ import annotations

import time
from typing import Any

from benchmarks.rivals._telling import compete


def starts(instance: dict[str, Any], query: dict[str, Any]) -> list[int]:
    people = [person for person in instance["interviewers"] if person["id"] in set(query["people"])]
    enough = all if query["mode"] == "all" else any
    last = instance["days"] * 1440 + 1440 - query["duration"]
    return [
        start
        for start in range(0, last, query["step"])
        if enough(free(person, start, start + query["duration"]) for person in people)
    ]


def free(person: dict[str, Any], start: int, end: int) -> bool:
    """At work, and nothing on."""
    return any(a <= start and end <= b for a, b in person["work"]) and not any(
        a < end and start < b for a, b in person["busy"]
    )


def solve(instance: dict[str, Any], _seconds: float, repeats: int) -> dict[str, Any]:
    found, seconds = [], []
    for query in instance["queries"]:
        times = []
        for _ in range(repeats):
            began = time.perf_counter()
            answer = starts(instance, query)
            times.append(time.perf_counter() - began)
        found.append(answer)
        seconds.append(sorted(times)[len(times) // 2])
    return {"answer": {"answers": found}, "seconds": seconds}


if __name__ == "__main__":
    compete(solve)
