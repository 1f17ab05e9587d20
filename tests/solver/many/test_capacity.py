# SPDX-License-Identifier: Apache-2.0
"""How many candidates a plan can take, and who is the bottleneck."""

from __future__ import annotations

import json

from hypothesis import given, settings

from scheduler.domain.people import Buffer, Limits
from scheduler.solver.many.assign import assign
from scheduler.solver.many.capacity import alike, capacity
from scheduler.solver.many.judge import violations_of_all
from scheduler.solver.many.outcome import Capacity
from scheduler.solver.outcome import OPTIMAL
from scheduler.solver.problem import CAPACITY, Problem
from tests.solver.builders import at, person, problem, room, seat, session, span
from tests.solver.many.random_problems import small
from tests.solver.random_problems import problems


def counted(question):
    outcome = capacity(question)
    assert outcome.candidates <= outcome.at_most
    assert len(outcome.options) == outcome.candidates
    asked = alike(question, outcome.candidates)
    assert violations_of_all(asked, dict(enumerate(outcome.options))) == {}
    assert Capacity.from_json(json.loads(json.dumps(outcome.to_json()))) == outcome
    return outcome.candidates, outcome.at_most


def test_people_can_take_as_many_as_their_time_lets_them():
    ada = person("Ada", "coding", hours=("09:00", "12:00"))
    assert counted(problem(ada)) == (3, 3)
    assert counted(problem(ada, person("Bob", "coding", hours=("09:00", "10:00")))) == (4, 4)
    assert counted(problem(person("Ada", "coding", hours=("09:00", "12:00"), busy=[("10:00", "11:00")]))) == (
        2,
        2,
    )
    assert counted(problem(person("Ada", "coding", hours=("09:00", "09:30")))) == (0, 0)


def test_limits_and_buffers_lower_it():
    def takes(**facts):
        return counted(problem(person("Ada", "coding", hours=("09:00", "12:00"), **facts)))

    assert takes(limits=Limits(per_day=2)) == (2, 2)
    assert takes(limits=Limits(per_week=1)) == (1, 1)
    assert takes(limits=Limits(per_day=2), booked=[("07:00", "08:00")]) == (1, 1)
    assert takes(buffer=Buffer(0, 30)) == (2, 2)


def test_rooms_lower_it_and_are_named():
    people = [person(name, "coding", hours=("09:00", "11:00")) for name in ("Ada", "Bob")]
    question = problem(*people, sessions=[session("coding", room_capacity=2)], rooms=(room("One"),))
    assert counted(question) == (2, 2)
    narrowest = capacity(question).pools[0]
    assert (narrowest.room_ids, narrowest.candidates) == (("one",), 2)
    assert narrowest.text == "Rooms: 1 room could hold 2 interviews in the window."


def test_the_bottleneck_is_the_pool_that_takes_the_fewest_in_words():
    people = [
        person("Ada", "coding", hours=("09:00", "12:00")),
        person("Bob", "coding", hours=("09:00", "12:00")),
        person("Cat", "design", hours=("10:00", "12:00")),
    ]
    loop = [session("coding"), session("design", seat("design"))]
    outcome = capacity(problem(*people, sessions=loop))
    assert (outcome.candidates, outcome.at_most, outcome.proof) == (2, 2, OPTIMAL)
    assert outcome.pools[0].interviewer_ids == ("cat",)
    assert outcome.pools[0].text == "Design: 1 person could hold 2 interviews in the window (Cat 2)."
    assert [pool.candidates for pool in outcome.pools] == [2, 6]


def test_people_shared_by_two_sessions_are_counted_once():
    people = [person(name, "coding", "design", hours=("09:00", "11:00")) for name in ("Ada", "Bob")]
    loop = [session("coding"), session("design", seat("design"))]
    outcome = capacity(problem(*people, sessions=loop))
    assert (outcome.candidates, outcome.at_most) == (2, 2)
    assert outcome.pools[0].session_keys == ("coding", "design")


def test_people_the_candidate_has_met_count_where_they_may_come_again():
    ada = person("Ada", "coding", hours=("09:00", "12:00"), met=True)
    assert counted(problem(ada)) == (0, 0)
    assert counted(problem(ada, distinct_interviewers=False)) == (3, 3)


def test_one_more_candidate_cannot_be_placed():
    people = [
        person("Ada", "coding", hours=("09:00", "12:00")),
        person("Bob", "coding", hours=("11:00", "13:00")),
    ]
    pair = session("pair", seat("coding", count=2))
    question = problem(*people, sessions=[pair])
    assert counted(question) == (1, 1)
    assert len(assign(alike(question, 2)).options) == 1


def test_the_window_and_the_candidates_time_are_kept():
    ada = person("Ada", "coding")
    offered = problem(ada).candidate
    narrow = problem(ada, candidate=type(offered)(id="x", availability=(span("09:00", "11:00"),)))
    assert counted(narrow) == (2, 2)
    assert counted(problem(ada, window=span("15:00", "23:00"))) == (2, 2)
    assert at("15:00") <= min(o.start for o in capacity(problem(ada, window=span("15:00", "23:00"))).options)


@settings(small, max_examples=20)
@given(problems(sessions=(1, 2), days=(1,), grids=(60,), most=3))
def test_what_is_taken_is_right_and_one_more_is_refused_where_it_is_proven(question):
    question = question.evolve(ask=CAPACITY)
    assert Problem.from_json(question.to_json()) == question
    outcome = capacity(question)
    taken = dict(enumerate(outcome.options))
    assert violations_of_all(alike(question, outcome.candidates), taken) == {}
    more = assign(alike(question, outcome.candidates + 1))
    if outcome.proof == OPTIMAL:
        assert len(more.options) == outcome.candidates
