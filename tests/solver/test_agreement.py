# SPDX-License-Identifier: Apache-2.0
"""Search, constraint model and a plain enumeration that asks the judge find the same on small problems."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from scheduler.solver.check import violations
from scheduler.solver.choice import Choice
from scheduler.solver.drafts import best_rooms, optional_people, to_option
from scheduler.solver.model import propose
from scheduler.solver.outcome import Impossible, Solved
from scheduler.solver.problem import Problem
from scheduler.solver.reach import Reach
from scheduler.solver.search import Search
from scheduler.solver.starts import availability
from scheduler.solver.timing import Timing
from scheduler.solver.variables import Variables
from tests.solver.best_sets import every_option
from tests.solver.builders import starts_by_judge
from tests.solver.loops import loop
from tests.solver.random_problems import problems, small


@settings(small, max_examples=20)
@given(problems(sessions=(1,), most=3))
def test_one_session_has_the_same_starts_for_the_masks_and_for_the_judge(question):
    judged = starts_by_judge(question, minutes=15)
    assert list(availability(question, "s0").starts) == judged
    outcome = propose(question.evolve(options=200))
    assert [o.start for o in getattr(outcome, "options", ())] == judged[:200]


def costs_the_least_of_all(question):
    """One option, as cheap as the cheapest that the judge lets pass; none when there is none."""
    outcome = propose(question)
    best = min((option.cost for option in every_option(question)), default=None)
    if best is None:
        assert isinstance(outcome, Impossible)
    else:
        assert [option.cost for option in outcome.options] == [best]


@settings(small, max_examples=15)
@given(problems(sessions=(2,), days=(1,), zones=["Europe/London", "Europe/Berlin"], grids=(60,), most=3))
def test_two_sessions_cost_the_least_that_enumeration_finds(question):
    costs_the_least_of_all(question)


@pytest.mark.parametrize("chance", range(4))
@pytest.mark.parametrize("order", ["fixed", "any"])
def test_three_sessions_cost_the_least_that_enumeration_finds(chance, order):
    costs_the_least_of_all(loop(3, chance=chance, days=1, grid=60, order=order, options=1))


@settings(small, max_examples=20)
@given(problems(sessions=(2, 3), days=(1, 2)))
def test_search_and_constraint_model_agree_on_what_is_possible_and_what_it_costs(question):
    if question.open_window is None:
        return
    reach = Reach(question, question.open_window)
    timing = Timing(question, reach.line)
    searched = Choice(Search(reach, timing), 1).best()
    modelled, _, _ = Variables(reach, timing).solve(seconds=30, workers=1)
    assert [draft.cost for draft in searched] == ([modelled.cost] if modelled else [])
    for draft in (*searched, *([modelled] if modelled else [])):
        rooms = best_rooms(reach, timing, draft.placed)[1]
        guests = optional_people(reach, timing, draft)
        option = to_option(reach, timing, draft, rooms=rooms, guests=guests)
        assert (violations(question, option), option.cost) == ((), draft.cost)


@settings(small, max_examples=20)
@given(problems(sessions=(1, 2, 3)))
def test_every_option_passes_the_judge_starts_at_its_own_time_and_costs_the_sum_of_its_reasons(question):
    outcome = propose(question.evolve(options=6))
    options = outcome.options if isinstance(outcome, Solved) else ()
    assert [violations(question, option) for option in options] == [()] * len(options)
    assert len({option.start for option in options}) == len(options)
    assert [option.cost for option in options] == [sum(r.value for r in o.reasons) for o in options]


@settings(small, max_examples=15)
@given(problems(sessions=(1, 2, 3)))
def test_the_same_problem_gets_the_same_answer_byte_for_byte(question):
    again = Problem.from_json(question.to_json())
    assert again == question
    first, second = (propose(q.evolve(options=4)).to_json() | {"figures": None} for q in (question, again))
    assert first == second
