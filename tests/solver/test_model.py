# SPDX-License-Identifier: Apache-2.0
"""What happens when the search is cut off: the constraint model decides, and never more is claimed than is
known.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from scheduler.solver import choice, model
from scheduler.solver.check import Violation, violations
from scheduler.solver.drafts import Draft
from scheduler.solver.model import WrongAnswer, propose
from scheduler.solver.outcome import Impossible, OutOfTime, Solved
from scheduler.solver.problem import Problem
from scheduler.solver.search import Search
from tests.solver.builders import Gap, person, problem, seat, session

PEOPLE = person("Ada", "coding"), person("Ben", "coding", "design"), person("Cat", "design")
LOOP = (session("coding"), session("design", seat("design")), session("again", seat("coding")))
QUESTION = problem(*PEOPLE, sessions=LOOP, order="any", gap=Gap(0, 60), options=3)


@pytest.fixture
def blind(monkeypatch):
    """A search that is cut off before it finds anything."""

    def found_nothing(self: Search, first: object, **_limits: object) -> Draft | None:
        self.undecided = self.unproven = True
        return None

    monkeypatch.setattr(Search, "from_start", found_nothing)


def test_the_model_takes_over_when_the_search_is_cut_off(blind):
    outcome = propose(QUESTION, seconds=60)
    assert isinstance(outcome, Solved)
    assert len({option.start for option in outcome.options}) == 3
    assert [violations(QUESTION, option) for option in outcome.options] == [()] * 3
    assert [stage.name for stage in outcome.figures.stages] == ["search", "model"]


def test_the_model_is_deterministic(blind):
    first, second = (propose(QUESTION, seconds=60).to_json() | {"figures": None} for _ in range(2))
    assert first == second


def test_the_models_first_option_is_as_cheap_as_the_searchs(blind, monkeypatch):
    one = QUESTION.evolve(options=1)
    modelled = propose(one, seconds=60)
    monkeypatch.undo()
    assert [o.cost for o in modelled.options] == [o.cost for o in propose(one).options]


def test_the_model_proves_that_there_is_nothing(blind):
    apart = (
        person("Ada", "coding", hours=("09:00", "10:00")),
        person("Ben", "design", hours=("15:00", "16:00")),
    )
    none = problem(*apart, sessions=LOOP[:2], gap=Gap(0, 60))
    assert isinstance(propose(none, seconds=60), Impossible)


def test_without_time_nothing_is_claimed(blind):
    outcome = propose(QUESTION, seconds=0)
    assert outcome == OutOfTime(best=(), bound=None)


def test_an_option_that_breaks_a_rule_never_leaves(monkeypatch):
    monkeypatch.setattr(model, "violations", lambda *_: (Violation("busy", "Ada is busy"),))
    with pytest.raises(WrongAnswer, match="Ada is busy"):
        propose(QUESTION)


def test_little_work_finds_options_all_the_same(monkeypatch):
    monkeypatch.setattr(choice, "DECIDING", 1)
    monkeypatch.setattr(choice, "LEAST_DECIDING", 1)
    outcome = propose(QUESTION, seconds=60)
    assert len(outcome.options) == 3


def test_figures_tell_the_gap():
    (stage,) = propose(QUESTION.evolve(options=1)).figures.stages
    assert (stage.name, stage.objective, stage.bound, stage.gap) == ("search", 0, 0, 0.0)
    assert propose(QUESTION.evolve(options=1)).proof == "optimal"


def test_another_process_gives_the_same_answer():
    """Hashing is seeded anew in each process; nothing may hang on the order of a set."""
    code = (
        "import json, sys; from scheduler.solver.problem import Problem;"
        "from scheduler.solver.model import propose; question = Problem.from_json(json.load(sys.stdin));"
        "print(json.dumps(propose(question).to_json() | {'figures': 0}))"
    )
    here = json.dumps(propose(Problem.from_json(QUESTION.to_json())).to_json() | {"figures": 0})
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(QUESTION.to_json()),
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == here
