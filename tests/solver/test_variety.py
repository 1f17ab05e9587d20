# SPDX-License-Identifier: Apache-2.0
"""The best set of different options: as good as any other way finds, and its bound never says too much."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from scheduler.solver.apart import sets
from scheduler.solver.check import set_violations
from scheduler.solver.model import propose
from scheduler.solver.outcome import OPTIMAL, Solved
from tests.solver.best_sets import best_by_model, best_by_trying, cost_of, every_option
from tests.solver.builders import person, problem, session, span
from tests.solver.loops import loop
from tests.solver.random_problems import problems

small = settings(
    phases=[Phase.reuse, Phase.generate],
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


def told(question, outcome):
    """What a set costs, by counting its pairs and by its figures, and its bound."""
    stage = outcome.figures.stages[-1]
    cost = cost_of(question, outcome.options)
    assert (stage.objective, set_violations(question, outcome.options)) == (cost, ())
    assert (outcome.proof == OPTIMAL) == (stage.bound == cost)
    return cost, stage.bound


@settings(small)
@given(problems(sessions=(1, 2, 2), days=(1, 2), grids=(60,), most=3))
def test_no_set_costs_less_than_the_bound_and_none_less_than_one_that_is_called_optimal(question):
    question = question.evolve(options=3)
    options = every_option(question)
    wanted = min(3, len({option.start for option in options}))
    outcome = propose(question)
    if wanted == 0:
        assert not isinstance(outcome, Solved)
        return
    assert len(outcome.options) == wanted
    cost, bound = told(question, outcome)
    best = best_by_trying(question, options, wanted)
    assert bound <= best <= cost
    assert cost <= best * 1.05


@pytest.mark.parametrize("chance", range(2))
def test_sets_of_three_sessions_are_those_that_trying_everything_finds(chance):
    question = loop(3, chance=chance, days=1, grid=60, order="any")
    cost, bound = told(question, propose(question))
    assert bound <= best_by_trying(question, every_option(question), 2) == cost


LOOPS = [
    *(loop(number) for number in range(2, 9)),
    *(loop(number, order="any") for number in range(2, 6)),
    loop(2, options=4),
    loop(3, options=3, max_days=2, order="any"),
]


@pytest.mark.parametrize("question", LOOPS)
def test_the_constraint_model_finds_no_better_set(question):
    cost, bound = told(question, propose(question))
    best = best_by_model(question)
    assert bound <= best == cost


def test_a_set_that_is_proven_is_called_optimal():
    assert [propose(loop(number)).proof for number in (1, 2, 3)] == [OPTIMAL] * 3


def test_a_long_loop_needs_no_search_where_the_tables_find_enough():
    outcome = propose(loop(5))
    assert [stage.name for stage in outcome.figures.stages] == ["variety"]
    assert outcome.figures.first_seconds <= outcome.figures.last_seconds


def test_where_there_are_fewer_options_than_wanted_the_search_says_so():
    question = loop(4, options=20).evolve(window=span("09:00", "12:30"))
    outcome = propose(question)
    assert len(outcome.options) == 4
    assert outcome.explanation.summary == "There are only 4 possible starts; 20 options were asked for."
    assert outcome.figures.stages[0].name == "search"


def test_stopped_early_it_gives_the_first_set_and_says_so():
    question = loop(5, options=4)
    hurried, patient = (propose(question, seconds=seconds) for seconds in (1e-9, 60))
    assert (len(hurried.options), hurried.proof) == (4, "stopped")
    assert told(question, patient)[0] < cost_of(question, hurried.options)


def test_what_its_tables_cannot_hold_is_searched_alone(monkeypatch):
    monkeypatch.setattr(sets, "takes", lambda *_: False)
    assert [stage.name for stage in propose(loop(5)).figures.stages] == ["search"]


def test_plans_in_which_somebody_sits_twice_are_bounded_as_well():
    again = problem(
        person("Ada", "coding", hours=("09:00", "12:00")),
        person("Ben", "coding", hours=("09:00", "12:00"), load=1),
        sessions=[session("one"), session("two")],
        distinct_interviewers=False,
        options=2,
    )
    cost, bound = told(again, propose(again))
    assert bound <= best_by_trying(again, every_option(again), 2) == cost
