# SPDX-License-Identifier: Apache-2.0
"""Options of which no session overlaps a session of another: as many as possible, then the cheapest set."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count, product

import pytest
from hypothesis import HealthCheck, given, settings

from scheduler.solver.apart import sets
from scheduler.solver.check import recount, set_violations, violations
from scheduler.solver.choice import Choice
from scheduler.solver.model import propose
from scheduler.solver.outcome import Impossible, Solved
from scheduler.solver.problem import BusyBlock, Problem, Weights
from scheduler.solver.reach import Reach
from scheduler.solver.search import Search
from scheduler.solver.starts import availability
from scheduler.solver.timing import Timing
from scheduler.solver.together import solve_together
from tests.solver.builders import Break, all_options, at, person, problem, seat, session, span
from tests.solver.random_problems import problems

small = settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
WEEK = span("00:00", "23:00").padded(timedelta(0), timedelta(days=6))
ADA, BEN = person("Ada", "coding"), person("Ben", "design")
LOOP = (session("coding"), session("design", seat("design")))


def apart(*people, **more):
    return problem(*people, **more).evolve(options_apart=True)


def answered(question, *, looks=None):
    """What the fast path says; nothing when there is no time at all. It is stopped after so many looks."""
    if question.open_window is None:
        return None
    reach = Reach(question, question.open_window)
    timing = Timing(question, reach.line)
    looked = count()
    search = sets.Search(
        reach, timing, report=lambda _: None, stop=lambda: looks is not None and next(looked) >= looks
    )
    return reach, timing, search.run()


def test_a_day_is_shared_out_among_as_many_options_as_fit():
    outcome = propose(apart(ADA, BEN, sessions=LOOP, options=9))
    assert isinstance(outcome, Solved)
    assert [f"{o.start:%H:%M}" for o in outcome.options] == ["09:00", "11:00", "13:00", "15:00"]
    assert outcome.proof == "optimal"


def test_one_option_may_lie_in_the_gap_of_another():
    ada = person("Ada", "coding", busy=[("10:00", "12:00")])
    ben = person("Ben", "design", busy=[("09:00", "10:00"), ("13:00", "17:00")])
    cat = person("Cat", "coding", hours=("10:00", "11:00"))
    outcome = propose(apart(ada, ben, cat, sessions=LOOP, options=5))
    one, other = outcome.options
    assert other.start < one.end
    starts = sorted(s.start for option in outcome.options for s in option.sessions)
    assert [f"{start:%H:%M}" for start in starts] == ["09:00", "10:00", "11:00", "12:00"]


def test_more_options_come_before_cheaper_ones():
    """The cheapest option alone would lie where it leaves no room for two."""
    middle = person("Cat", "coding", hours=("09:30", "10:30"), load=0)
    ada = person("Ada", "coding", hours=("09:00", "11:00"), load=3)
    two = apart(middle, ada, grid=30, options=2)
    assert [f"{o.start:%H:%M}" for o in propose(two).options] == ["09:00", "10:00"]
    assert [f"{o.start:%H:%M}" for o in propose(two.evolve(options=1)).options] == ["09:30"]


def test_an_option_may_take_two_days():
    early, late = (
        person("Ada", "coding", hours=("15:00", "17:00")),
        person("Ben", "design", hours=("09:00", "11:00")),
    )
    outcome = propose(apart(early, late, sessions=LOOP, window=WEEK, max_days=2, options=20))
    assert {(option.end.date() - option.start.date()).days for option in outcome.options} == {1}
    assert len(outcome.options) == 12  # two a day begin on six days of the seven


def test_a_break_that_is_owed_is_left_free():
    lunch = Break(name="Lunch", minutes=60, earliest=at("12:00").time(), latest=at("13:00").time())
    people = (
        person("Ada", "coding", hours=("11:00", "12:00")),
        person("Ben", "design", hours=("12:30", "14:00")),
    )
    (option,) = propose(apart(*people, sessions=LOOP, breaks=(lunch,), grid=30, options=4)).options
    assert [f"{s.start:%H:%M}" for s in option.sessions] == ["11:00", "13:00"]


def test_what_may_be_overbooked_has_its_price():
    focus = BusyBlock(span("09:00", "16:00"), "focus")
    ada = replace(person("Ada", "coding"), busy=(focus,))
    outcome = propose(apart(ada, options=2).evolve(overbook=("focus",)))
    assert [(f"{o.start:%H:%M}", o.cost) for o in outcome.options] == [("09:00", 200), ("16:00", 0)]


@pytest.mark.parametrize("looks", [1, 2, 3, 5, 8])
def test_a_bound_is_never_less_than_nothing_however_early_the_search_was_stopped(looks):
    people = [
        person(name, skill, load=load, busy=[busy])
        for name, skill, load, busy in (
            ("Ada", "coding", 0, ("10:00", "12:00")),
            ("Ben", "design", 4, ("09:00", "11:00")),
            ("Cat", "coding", 5, ("13:00", "15:00")),
            ("Dan", "design", 1, ("12:00", "14:00")),
        )
    ]
    _, _, found = answered(apart(*people, sessions=LOOP, options=8, window=WEEK), looks=looks)
    assert found.bound is None or 0 <= found.bound <= sum(column.cost for column in found.columns)


def test_what_cannot_be_is_explained():
    away = person("Ben", "design", hours=("09:00", "09:30"))
    assert isinstance(propose(apart(ADA, away, sessions=LOOP, options=3)), Impossible)


def test_too_few_options_are_explained():
    outcome = propose(apart(ADA, BEN, sessions=LOOP, options=9, window=span("00:00", "14:00")))
    summary = "There are only 2 options at times of their own; 9 options were asked for."
    assert outcome.explanation.summary == summary


def test_a_relaxation_counts_options_that_keep_apart():
    """In any order there are three starts, and two options of which no session overlaps."""
    late, early = (
        person("Ada", "coding", hours=("11:00", "13:00")),
        person("Ben", "design", hours=("09:00", "11:00")),
    )
    outcome = propose(apart(late, early, sessions=LOOP, options=9, grid=30))
    gains = {relaxation.text: relaxation.options_gained for relaxation in outcome.explanation.relaxations}
    assert gains["Allow any order of sessions"] == 2


def test_figures_tell_every_improvement_and_the_bound():
    outcome = propose(apart(ADA, BEN, sessions=LOOP, options=3).evolve(weights=Weights(day=10)))
    (stage,) = outcome.figures.stages
    assert (stage.name, stage.objective, stage.bound, stage.gap) == ("apart", 0, 0, 0.0)
    assert [(item.options, item.objective) for item in stage.improvements][-1] == (3, 0)
    assert outcome.figures.first_seconds <= outcome.figures.last_seconds <= outcome.figures.total_seconds


@pytest.fixture
def old_way(monkeypatch):
    """Nothing is taken by the fast path."""
    monkeypatch.setattr(sets, "takes", lambda *_: False)


def test_the_constraint_model_answers_what_the_fast_path_does_not_take(old_way):
    outcome = propose(apart(ADA, BEN, sessions=LOOP, options=2), seconds=60)
    assert [stage.name for stage in outcome.figures.stages] == ["apart", "model"]
    assert len(outcome.options) == 2
    assert outcome.proof == "optimal"


def test_a_large_question_is_answered_option_by_option_and_nothing_is_claimed(old_way, monkeypatch):
    monkeypatch.setattr("scheduler.solver.together.MOST_STARTS", 0)
    outcome = propose(apart(ADA, BEN, sessions=LOOP, options=9), seconds=60)
    assert len(outcome.options) >= 2
    assert outcome.proof == "feasible"


def test_plans_over_many_days_in_a_long_window_are_for_the_constraint_model():
    long = span("00:00", "23:00").padded(timedelta(0), timedelta(days=60))
    sessions = tuple(session(f"s{n}") for n in range(8))
    question = apart(ADA, sessions=sessions, window=long, max_days=8, horizon_days=60)
    assert not sets.takes(question, Reach(question, question.open_window))
    few = replace(question, plan=replace(question.plan, max_days=2))
    assert sets.takes(few, Reach(few, few.open_window))


def codes(question, *options):
    return [violation.code for violation in set_violations(question, options)]


def test_the_judge_refuses_a_set_whose_options_overlap():
    free = propose(apart(ADA, BEN, sessions=LOOP, options=2)).options
    (other,) = propose(apart(ADA, BEN, sessions=LOOP, window=span("10:00", "13:00"))).options
    question = apart(ADA, BEN, sessions=LOOP, options=2)
    assert codes(question, *free) == []
    assert codes(question, free[0], other) == ["options_apart"]
    assert codes(question.evolve(options_apart=False), free[0], other) == []
    assert codes(question, free[0], free[0]) == ["options_alike", "options_apart"]
    assert codes(question.evolve(options=1), *free) == ["options"]


@settings(small, max_examples=25)
@given(problems(sessions=(1, 2, 3), days=(1, 2)))
def test_the_best_single_option_is_the_one_the_search_finds(question):
    found = answered(question)
    if found is None:
        return
    reach, timing, answer = found
    searched = Choice(Search(reach, timing), 1).best()
    assert [column.cost for column in answer.columns] == [draft.cost for draft in searched]
    assert (answer.most, answer.optimal) == (True, bool(answer.columns))


@settings(small, max_examples=12)
@given(problems(sessions=(1, 2), days=(1, 2), grids=(30, 60), most=4))
def test_the_best_set_is_the_one_of_the_constraint_model(question):
    found = answered(question.evolve(options=3, options_apart=True))
    if found is None:
        return
    reach, timing, answer = found
    modelled = solve_together(reach, timing, seconds=30)
    assert (answer.most, answer.optimal) == (True, bool(answer.columns))
    if modelled.optimal:
        assert len(answer.columns) == len(modelled.drafts)
        assert sum(column.cost for column in answer.columns) == modelled.objective


def every_plan(question):
    """All plans the judge lets pass: what they cost at least, by the times they take."""
    step = timedelta(minutes=question.plan.grid)
    count = (question.window.end - question.window.start) // step
    instants = {question.window.start + n * step for n in range(count)}
    single = {
        s.key: [start for start in availability(question, s.key).starts if start in instants]
        for s in question.plan.sessions
    }
    plans = {}
    for starts in product(*single.values()):
        for option in all_options(question, list(zip(single, starts, strict=True))):
            if not violations(question, option):
                times = tuple(sorted(s.interval for s in option.sessions))
                plans[times] = min(recount(question, option)[0], plans.get(times, 1 << 30))
    return list(plans.items())


def best_set(plans, wanted, taken=()):
    """The most, then the cheapest, by trying: (-number, cost)."""
    best = (0, 0)
    for n, (times, cost) in enumerate(plans if wanted else ()):
        if not any(a.overlaps(b) for a in times for b in taken):
            number, rest = best_set(plans[n + 1 :], wanted - 1, (*taken, *times))
            best = min(best, (number - 1, cost + rest))
    return best


@settings(small, max_examples=8)
@given(problems(sessions=(1, 2), days=(1,), zones=["Europe/London", "Europe/Berlin"], grids=(60,), most=3))
def test_the_best_set_is_the_one_that_trying_everything_finds(question):
    question = question.evolve(options=3, options_apart=True)
    outcome = propose(question)
    options = outcome.options if isinstance(outcome, Solved) else ()
    assert (-len(options), sum(option.cost for option in options)) == best_set(every_plan(question), 3)
    assert set_violations(question, options) == ()


@settings(small, max_examples=8)
@given(problems(sessions=(2, 3)))
def test_the_same_question_gets_the_same_set_byte_for_byte(question):
    question = question.evolve(options=4, options_apart=True)
    again = Problem.from_json(question.to_json())
    first, second = (propose(q).to_json() | {"figures": None} for q in (question, again))
    assert first == second


def test_an_answer_that_the_clock_cut_short_says_so():
    question = apart(ADA, BEN, sessions=LOOP, options=9)
    assert propose(question, seconds=1e-9).proof == "stopped"
    assert propose(question, seconds=60).proof == "optimal"


def test_stopped_early_it_gives_what_it_has_and_claims_nothing():
    question = apart(ADA, BEN, sessions=LOOP, options=9)
    reach = Reach(question, question.open_window)
    search = sets.Search(reach, Timing(question, reach.line), report=lambda _: None, stop=lambda: True)
    answer = search.run()
    assert len(answer.columns) == 4
    assert not answer.optimal
    assert not answer.most
