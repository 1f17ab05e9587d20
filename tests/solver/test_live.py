# SPDX-License-Identifier: Apache-2.0
"""What is found while somebody waits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scheduler.solver.check import violations
from scheduler.solver.live import found_at_once
from scheduler.solver.model import propose
from scheduler.solver.problem import Problem

CASES = Path(__file__).parents[1] / "cases"


def problem(name: str) -> Problem:
    return Problem.from_json(json.loads((CASES / f"{name}.json").read_text())["problem"])


@pytest.mark.parametrize("name", ["onsite_loop", "autumn_clock_change"])
def test_as_much_is_found_as_is_proposed_and_all_of_it_is_right(name: str) -> None:
    found = found_at_once(problem(name))
    assert len(found) == len(propose(problem(name)).options) > 0
    assert [violations(problem(name), option) for option in found] == [()] * len(found)


@pytest.mark.parametrize("name", ["no_one_has_the_skill", "loop_longer_than_the_day"])
def test_where_nothing_fits_nothing_is_found(name: str) -> None:
    assert found_at_once(problem(name)) == ()


def test_a_window_that_is_over_has_no_options() -> None:
    late = problem("onsite_loop")
    assert found_at_once(late.evolve(now=late.window.end)) == ()


def test_it_never_loads_ortools() -> None:
    program = (
        "import json, sys; from scheduler.solver.live import found_at_once; "
        "from scheduler.solver.problem import Problem; "
        "found = found_at_once(Problem.from_json(json.load(sys.stdin)['problem'])); "
        "print(len(found), 'ortools' in sys.modules)"
    )
    text = (CASES / "onsite_loop.json").read_text()
    done = subprocess.run(
        [sys.executable, "-c", program], input=text, capture_output=True, text=True, check=True
    )
    count, loaded = done.stdout.split()
    assert (int(count) > 0, loaded) == (True, "False")
