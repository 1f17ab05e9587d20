# SPDX-License-Identifier: Apache-2.0
"""Search, constraint model and a plain enumeration that asks the judge find the same on small problems."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

from hypothesis import HealthCheck, given, settings

from scheduler.solver.check import recount, violations
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
from tests.solver.builders import all_options, starts_by_judge
from tests.solver.random_problems import problems

small = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@settings(small, max_examples=20)
@given(problems(sessions=(1,), most=3))
def test_one_session_has_the_same_starts_for_the_masks_and_for_the_judge(question):
    judged = starts_by_judge(question, minutes=15)
    assert list(availability(question, "s0").starts) == judged
    outcome = propose(question.evolve(options=200))
    assert [o.start for o in getattr(outcome, "options", ())] == judged[:200]


def cheapest_by_enumeration(question):
    """The least cost of any two-session plan that the judge lets pass; None when there is none."""
    step = timedelta(minutes=question.plan.grid)
    count = (question.window.end - question.window.start) // step
    instants = [question.window.start + n * step for n in range(count)]
    single = {
        s.key: [start for start in availability(question, s.key).starts if start in set(instants)]
        for s in question.plan.sessions
    }
    best = None
    for starts in product(*single.values()):
        placed = list(zip(single, starts, strict=True))
        for option in all_options(question, placed):
            if not violations(question, option):
                cost = recount(question, option)[0]
                best = cost if best is None else min(best, cost)
    return best


@settings(small, max_examples=15)
@given(problems(sessions=(2,), days=(1,), zones=["Europe/London", "Europe/Berlin"], grids=(60,), most=3))
def test_two_sessions_cost_the_least_that_enumeration_finds(question):
    outcome = propose(question)
    best = cheapest_by_enumeration(question)
    if best is None:
        assert isinstance(outcome, Impossible)
    else:
        assert [option.cost for option in outcome.options] == [best]


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
