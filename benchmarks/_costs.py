# SPDX-License-Identifier: Apache-2.0
"""What an answer in the benchmark's form comes to, counted in one way for everybody's answers."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

DAY = 1440


def worth(instance: dict[str, Any], answer: dict[str, Any]) -> tuple[int, int]:
    """How many plans, or candidates with a time, and what these cost; being left out costs nothing here."""
    if instance["kind"] == "propose":
        return len(answer["plans"]), sum(_plan(instance, plan) for plan in answer["plans"])
    return len(answer["schedule"]), _schedule(instance, answer["schedule"])


def better(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """More comes first, then less cost."""
    return (-one[0], one[1]) < (-other[0], other[1])


def _plan(instance: dict[str, Any], plan: list[dict[str, Any]]) -> int:
    minutes = {session["id"]: session["duration"] for session in instance["sessions"]}
    load = {person["id"]: person["load"] for person in instance["interviewers"]}
    days = defaultdict(list)
    for placed in plan:
        days[placed["start"] // DAY].append((placed["start"], placed["start"] + minutes[placed["session"]]))
    idle = sum(_idle(placed) // instance["grid"] for placed in days.values())
    loads = sum(load[person] for placed in plan for person in placed["interviewers"])
    return 10 * max(days) + 2 * idle + 8 * (len(days) - 1) + 3 * loads


def _idle(placed: list[tuple[int, int]]) -> int:
    """Minutes of a day between its first start and its last end in which nothing is held."""
    return max(end for _, end in placed) - min(placed)[0] - sum(end - start for start, end in placed)


def _schedule(instance: dict[str, Any], schedule: list[dict[str, Any]]) -> int:
    preferred = {candidate["id"]: set(candidate["preferred"]) for candidate in instance["candidates"]}
    new: Counter[int] = Counter()
    cost = 0
    for item in schedule:
        for session in item["sessions"]:
            cost += 10 * (session["start"] // DAY)
            cost += sum(3 for person in session["interviewers"] if person not in preferred[item["candidate"]])
            new.update(session["interviewers"])
    return cost + sum(count * (count + 1) for count in new.values())
