# SPDX-License-Identifier: Apache-2.0
"""The made-up instances, and what answers to them cost."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from benchmarks._costs import better, worth
from benchmarks.from_bench import problem_of
from benchmarks.instances import made
from benchmarks.rivals import plain_loops
from benchmarks.to_bench import answers, solution
from scheduler.solver.model import propose


@pytest.mark.parametrize("name", ["a3x12d5", "b50x30", "c10w4"])
def test_a_seed_always_gives_the_same_instance_and_another_seed_another(name):
    assert made(name, 7) == made(name, 7)
    assert made(name, 7)["interviewers"] != made(name, 8)["interviewers"]
    assert json.loads(json.dumps(made(name, 7))) == made(name, 7)


@pytest.mark.parametrize("name", ["a4x20d10", "b50x30", "c10w4"])
def test_people_are_as_busy_as_real_ones_and_their_time_is_in_order(name):
    people = made(name, 3)["interviewers"]
    for stretches in [one["work"] for one in people] + [one["busy"] for one in people]:
        assert all(start < end for start, end in stretches)
        assert all(before[1] < after[0] for before, after in pairwise(stretches))
    work = sum(end - start for one in people for start, end in one["work"])
    busy = sum(end - start for one in people for start, end in one["busy"])
    assert 0.4 < busy / work < 0.8


def test_hours_stand_on_the_clock_their_people_live_by():
    instance = made("c50w8", 2)
    berlin = next(one for one in instance["interviewers"] if one["tz"] == "Europe/Berlin")
    winter, summer = berlin["work"][0][0] % 1440, berlin["work"][-1][0] % 1440
    assert winter - summer == 60


def test_an_instance_is_solved_and_its_cost_is_the_one_that_is_counted():
    instance = made("a1x5d5", 4)
    outcome = propose(problem_of(instance))
    found = solution(instance, outcome.to_json())
    assert worth(instance, found) == (len(outcome.options), sum(option.cost for option in outcome.options))


def test_plain_loops_and_masks_find_the_same_starts():
    instance = made("c1w4", 5)
    assert plain_loops.solve(instance, 1, 1)["answer"] == answers(instance)


def test_a_plan_costs_its_last_day_its_waiting_its_days_and_the_load():
    instance = {
        "kind": "propose",
        "grid": 15,
        "sessions": [{"id": 0, "duration": 60}, {"id": 1, "duration": 30}, {"id": 2, "duration": 30}],
        "interviewers": [{"id": 0, "load": 1}, {"id": 1, "load": 4}, {"id": 2, "load": 0}],
    }
    plan = [
        {"session": 0, "start": 600, "interviewers": [0]},
        {"session": 1, "start": 690, "interviewers": [1]},
        {"session": 2, "start": 1440 + 600, "interviewers": [2]},
    ]
    assert worth(instance, {"plans": [plan]}) == (1, 10 * 1 + 2 * 2 + 8 * 1 + 3 * 5)


def test_a_schedule_costs_its_days_its_strangers_and_uneven_load():
    instance = {
        "kind": "batch",
        "candidates": [{"id": 0, "preferred": [0]}, {"id": 1, "preferred": []}, {"id": 2, "preferred": []}],
    }
    schedule = [
        {"candidate": 0, "sessions": [{"start": 600, "interviewers": [0]}]},
        {"candidate": 1, "sessions": [{"start": 2 * 1440 + 600, "interviewers": [0]}]},
    ]
    assert worth(instance, {"schedule": schedule}) == (2, 10 * 2 + 3 + 2 * 3)


def test_more_comes_before_cheaper():
    assert better((3, 900), (2, 10))
    assert better((3, 10), (3, 11))
    assert not better((2, 10), (2, 10))
