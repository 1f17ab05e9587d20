# SPDX-License-Identifier: Apache-2.0
"""The public benchmark's instances of many candidates: its cost is ours, to the point."""

from __future__ import annotations

from benchmarks.from_bench import problem_of
from benchmarks.to_bench import solution
from scheduler.solver.many.assign import assign

DAY = 1440
WORK = [[day * DAY + 540, day * DAY + 720] for day in range(2)]
INSTANCE = {
    "kind": "batch",
    "name": "small",
    "seed": 1,
    "base": "2026-03-02T00:00:00+00:00",
    "grid": 15,
    "days": 2,
    "buffer": 15,
    "max_gap": 60,
    "room_capacity": 1,
    "interviewers": [
        {
            "id": number,
            "tz": "Europe/London",
            "hours": [[0, "09:00", "12:00"], [1, "09:00", "12:00"]],
            "work": WORK,
            "busy": busy,
            "skills": ["x"],
            "load": 4,
            "max_per_day": 2,
        }
        for number, busy in enumerate([[], [[540, 600]], [[540, 2000]]])
    ],
    "candidates": [
        {
            "id": number,
            "tz": "Europe/London",
            "windows": [[540, 700], [DAY + 540, DAY + 720]],
            "sessions": [{"duration": 45, "k": 1, "pool": [0, 1, 2]}] * sessions,
            "preferred": [number],
        }
        for number, sessions in enumerate([2, 1, 1])
    ],
}


def cost_of(schedule):
    """Days, steps of load and people who are not preferred, as the benchmark's page has them."""
    held = [person for item in schedule for session in item["sessions"] for person in session["interviewers"]]
    days = sum(10 * (session["start"] // DAY) for item in schedule for session in item["sessions"])
    load = sum(held.count(person) * (held.count(person) + 1) for person in set(held))
    other = sum(
        3
        for item in schedule
        for session in item["sessions"]
        for person in session["interviewers"]
        if person != item["candidate"]
    )
    return days + load + other


def test_an_instance_costs_what_the_benchmark_says():
    outcome = assign(problem_of(INSTANCE))
    schedule = solution(INSTANCE, outcome.to_json())["schedule"]
    assert [item["candidate"] for item in schedule] == [0, 1, 2]
    assert outcome.proof == "optimal"
    assert sum(option.cost for option in outcome.options.values()) == cost_of(schedule)
    assert [stage.objective for stage in outcome.figures.stages] == [0, cost_of(schedule)]


def test_buffer_gap_and_rooms_of_an_instance_are_kept():
    schedule = solution(INSTANCE, assign(problem_of(INSTANCE)).to_json())["schedule"]
    spans = sorted(
        (s["start"], s["interviewers"][0], item["candidate"]) for item in schedule for s in item["sessions"]
    )
    for start, person, candidate in spans:
        for later, other, whose in spans:
            if (later, other, whose) > (start, person, candidate):
                assert later >= start + 45
                assert person != other or later >= start + 60
                assert candidate != whose or later <= start + 45 + 60
