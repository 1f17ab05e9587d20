# SPDX-License-Identifier: Apache-2.0
"""Assigning and trying everything agree on small problems; the same problem gets the same answer."""

from __future__ import annotations

from hypothesis import given, settings

from scheduler.solver.many.assign import assign
from scheduler.solver.many.board import Board, NotExpressible
from scheduler.solver.many.judge import violations_of_all
from scheduler.solver.many.outcome import Assigned
from scheduler.solver.many.problem import AssignProblem
from scheduler.solver.outcome import OPTIMAL, STOPPED
from tests.solver.builders import person, session
from tests.solver.many.builders import best_by_trying, candidate, many, value
from tests.solver.many.random_problems import many_problems, small


@settings(small, max_examples=25)
@given(many_problems(rules={"distinct_interviewers": True}))
def test_as_many_are_placed_at_the_cost_that_trying_everything_finds(question):
    try:
        Board(question)
    except NotExpressible:
        return
    outcome = assign(question)
    assert value(question, outcome) == best_by_trying(question)
    assert outcome.proof == OPTIMAL


@settings(small, max_examples=10)
@given(many_problems(sessions=(1, 2)))
def test_every_answer_passes_the_judge_and_is_the_same_again(question):
    again = AssignProblem.from_json(question.to_json())
    assert again == question
    first, second = assign(question), assign(again)
    assert first.to_json() | {"figures": None} == second.to_json() | {"figures": None}
    position = {item.id: index for index, item in enumerate(question.candidates)}
    assert violations_of_all(question, {position[id_]: o for id_, o in first.options.items()}) == {}
    assert [o.cost for o in first.options.values()] == [
        sum(reason.value for reason in o.reasons) for o in first.options.values()
    ]
    assert Assigned.from_json(first.to_json()) == first


def test_who_is_left_out_follows_the_seed_and_the_ids_and_not_the_order_of_the_list():
    def left_out(seed, names, **rules):
        loop = (session("one"), session("two")) if rules else ()
        offered = [("09:00", "11:00")] if rules else [("09:00", "10:00")]
        four = [candidate(name, *loop, offered=offered, **rules) for name in names]
        outcome = assign(many(*four, people=[person("Ada", "coding")], seed=seed))
        return {item.candidate_id for item in outcome.assignments if item.option is None}

    names = ["Ann", "Ben", "Cem", "Dia"]
    for rules in ({}, {"distinct_interviewers": False}):
        drawn = [left_out(seed, names, **rules) for seed in range(6)]
        assert drawn == [left_out(seed, names[::-1], **rules) for seed in range(6)]
        assert len({frozenset(each) for each in drawn}) > 1
        assert {len(each) for each in drawn} == {3}


def test_a_clock_that_comes_first_leaves_the_first_answer_and_says_so():
    people = [person("Ada", "coding"), person("Bob", "coding", hours=("14:00", "17:00"))]
    two = [candidate(name, offered=[("09:00", "11:00")]) for name in ("Ann", "Ben")]
    question = many(*two, people=people, weights={"load_step": 10})
    hurried, patient = assign(question, seconds=1e-9), assign(question)
    assert (hurried.proof, patient.proof) == (STOPPED, OPTIMAL)
    assert value(question, hurried) == value(question, patient) == (0, 0, 0, 0, 30)
    bounds = [outcome.figures.stages[-1].bound for outcome in (hurried, patient)]
    assert bounds == [20, 30]
