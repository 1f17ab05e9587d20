# SPDX-License-Identifier: Apache-2.0
"""Whether there is a plan, without costs: the same as the search finds."""

from __future__ import annotations

from hypothesis import given, settings

from scheduler.solver.deciding import Deciding, count_starts, more_plans
from scheduler.solver.reach import Reach
from scheduler.solver.search import Search
from scheduler.solver.timing import Timing
from tests.solver.builders import person, problem, session
from tests.solver.random_problems import problems, small

ADA = person("Ada", "coding", hours=("09:00", "12:00"))


@settings(small, max_examples=40)
@given(problems(sessions=(1, 2, 3), days=(1, 2, 3)))
def test_plans_begin_at_the_times_at_which_the_search_finds_one(question):
    if question.open_window is None:
        assert more_plans(question, than=0) is False
        return
    reach = Reach(question, question.open_window)
    search = Search(reach, Timing(question, reach.line))
    firsts = search.first_starts()
    found = sum(search.from_start(first, deciding=20_000, improving=0) is not None for first in firsts)
    deciding = Deciding(question)
    counted = deciding.count(10_000)
    assert counted < found if deciding.undecided and counted != found else counted == found


def test_options_are_counted_up_to_the_number_wanted():
    assert [count_starts(problem(ADA, options=wanted)) for wanted in (1, 3, 5)] == [1, 3, 3]


def test_more_than_there_are_is_not_possible():
    assert more_plans(problem(ADA), than=2)
    assert not more_plans(problem(ADA), than=3)


def test_a_window_that_leaves_no_time_has_no_plan():
    late = problem(ADA, notice_hours=48)
    assert (more_plans(late, than=0), count_starts(late)) == (False, 0)


def test_what_the_budget_cuts_off_is_not_known(monkeypatch):
    monkeypatch.setattr("scheduler.solver.deciding.BRANCHES", 0)
    both = (session("coding"), session("again"))
    question = problem(ADA, person("Ben", "coding"), sessions=both)
    assert (more_plans(question, than=0), count_starts(question)) == (None, 0)
