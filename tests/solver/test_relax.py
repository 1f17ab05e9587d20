# SPDX-License-Identifier: Apache-2.0
"""What would open options: each change, applied as the API would, opens as many as it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

import pytest
from hypothesis import given, settings

from scheduler.domain.intervals import Interval
from scheduler.domain.people import Buffer
from scheduler.domain.plans import Plan
from scheduler.solver.model import propose
from scheduler.solver.outcome import Impossible, Solved
from scheduler.solver.relax import relaxations
from tests.solver.builders import (
    Break,
    BusyBlock,
    Gap,
    at,
    person,
    problem,
    room,
    seat,
    session,
    span,
    weekly,
)
from tests.solver.patching import patched, relaxed
from tests.solver.random_problems import problems, small

ADA = person("Ada", "coding", hours=("09:00", "12:00"))
BEN = person("Ben", "design", hours=("09:00", "12:00"))
AFTERNOON = replace(BEN, working_hours=(weekly("14:00", "17:00"),))
TWO = (session("coding"), session("design", seat("design")))
ALL_DAY = BusyBlock(span("00:00", "23:59"))
READ = Interval(at("00:00"), at("00:00", 8))


def helps(question):
    """The texts and gains of what would help; every one has been applied and solved."""
    outcome = propose(question)
    found = 0 if isinstance(outcome, Impossible) else len(outcome.options)
    given = outcome.explanation.relaxations
    for item in given:
        again = propose(relaxed(question, item))
        assert isinstance(again, Solved)
        assert len(again.options) == found + item.options_gained
    gains = [item.options_gained for item in given]
    assert gains == sorted(gains, reverse=True)
    return [(item.text, item.options_gained) for item in given]


@settings(small, max_examples=12)
@given(problems(sessions=(1, 2, 3), days=(1, 2)))
def test_each_change_opens_as_many_options_as_it_says(question):
    read = question.window.padded(timedelta(days=1), timedelta(days=3))
    question = question.evolve(options=3, calendars_read=read)
    outcome = propose(question)
    if getattr(outcome, "explanation", None):
        helps(question)


@pytest.mark.parametrize(
    ("question", "told"),
    [
        (
            problem(ADA, BEN, sessions=TWO, candidate_hours=(time(9), time(10)), options=3),
            ("Ask the candidate for times between 07:00 and 22:00", 2),
        ),
        (
            problem(ADA, AFTERNOON, sessions=TWO, gap=Gap(0, 30), options=2),
            ("Allow any time between sessions", 2),
        ),
        (
            problem(replace(ADA, working_hours=(weekly("14:00", "15:00"),)), BEN, sessions=TWO),
            ("Allow any order of sessions", 1),
        ),
        (
            problem(
                replace(ADA, working_hours=(weekly("14:00", "15:00"),)),
                BEN,
                sessions=(TWO[0], replace(TWO[1], after=("coding",))),
                order="any",
            ),
            ("Allow any order, whatever should come after what", 1),
        ),
        (problem(ADA, notice_hours=20), ("Accept 2 hours of notice", 1)),
        (
            problem(ADA, sessions=(session("coding"), session("again", seat("coding")))),
            ("Let somebody meet the candidate twice", 1),
        ),
        (
            problem(
                person("Ada", "coding", hours=("11:00", "12:00")),
                person("Ben", "design", hours=("12:00", "13:00")),
                sessions=TWO,
                breaks=(Break(name="Lunch", minutes=30, earliest=time(11, 30), latest=time(12, 30)),),
            ),
            ("Leave out Lunch", 1),
        ),
        (
            problem(
                person("Ada", "coding", hours=("11:00", "12:00")),
                person("Ben", "design", hours=("12:00", "13:00")),
                sessions=TWO,
                gap=Gap(15),
            ),
            ("Let sessions follow each other without a gap", 1),
        ),
        (
            problem(person("Ada", "coding", hours=("09:30", "10:30"))),
            ("Let sessions start every 15 minutes", 1),
        ),
        (
            problem(person("Ada", "coding", hours=("09:20", "10:20")), options=2),
            ("Let sessions start every 5 minutes", 1),
        ),
        (
            problem(
                person(
                    "Ada", "coding", hours=("09:00", "10:00"), busy=[("10:00", "11:00")], buffer=Buffer(0, 5)
                )
            ),
            ("Do without free time before and after interviews", 1),
        ),
        (
            problem(
                ADA, sessions=[session("coding", room_capacity=6)], rooms=(room("Elm", 4), room("Nook", 2))
            ),
            ("Hold Coding in a room for 4 people", 1),
        ),
        (
            problem(ADA, sessions=[session("coding", room_capacity=6)]),
            ("Hold Coding without a room", 1),
        ),
        (
            problem(ADA, sessions=[session("coding", seat("coding", count=2))], options=3),
            ("Hold Coding with 1 person instead of 2", 3),
        ),
        (
            problem(ADA, sessions=[session("coding", seat("coding"), seat("coding", level="shadow"))]),
            ("Hold Coding without anybody in training where none is free", 1),
        ),
        (
            problem(
                ADA,
                person("Cat", "coding:shadow"),
                sessions=[
                    session("coding", seat("coding", count=2, role="host"), seat("coding", level="shadow"))
                ],
            ),
            ("Hold Coding with 1 person instead of 2 as host", 1),
        ),
    ],
)
def test_a_change_of_the_plan_is_proposed(question, told):
    assert told in helps(question)


def test_another_person_is_proposed_who_knows_what_the_named_one_knows():
    away = person("Ada", "coding", busy=[ALL_DAY])
    cat, dan = person("Cat", "coding", hours=("09:00", "11:00")), person("Dan", "design")
    question = problem(away, cat, dan, sessions=[session("coding", seat(None, "ada"))], options=4)
    (item,) = relaxations(question, 0)
    assert helps(question) == [("Let Cat hold Coding too", 2)]
    assert item.patch == (
        {
            "op": "replace",
            "path": "/plan/sessions/0/seats/0",
            "value": {"role": "interviewer", "count": 1, "optional": False, "interviewers": ["ada", "cat"]},
        },
    )


def test_of_the_people_who_could_be_asked_the_most_helpful_is_proposed():
    away = person("Ada", "coding", busy=[ALL_DAY])
    others = (
        person("Cat", "coding", hours=("09:00", "10:00")),
        person("Dan", "coding", hours=("09:00", "12:00")),
    )
    question = problem(away, *others, sessions=[session("coding", seat(None, "ada"))], options=4)
    assert helps(question) == [("Let Dan hold Coding too", 3)]


def test_who_has_met_the_candidate_is_proposed_only_with_leave_to_meet_twice():
    away, met = person("Ada", "coding", busy=[ALL_DAY]), person("Cat", "coding", met=True)
    question = problem(away, met, sessions=[session("coding", seat(None, "ada"))])
    assert helps(question) == [("Let somebody meet the candidate twice and let Cat hold Coding too", 1)]


def test_who_learns_to_lead_is_proposed_where_nobody_qualified_is_free():
    away, learner = person("Ada", "coding", busy=[ALL_DAY]), person("Cat", "coding:reverse_shadow")
    watcher = person("Dan", "coding:shadow")
    question = problem(away, learner, watcher)
    assert helps(question) == [("Let Cat, who is in training for coding, hold Coding too", 1)]


def test_a_longer_search_is_proposed_by_its_last_day_as_far_as_it_helps():
    busy = person("Ada", "coding", hours=("09:00", "12:00"), busy=[ALL_DAY])
    question = problem(busy, options=4, horizon_days=30).evolve(calendars_read=READ)
    assert helps(question) == [
        ("Search until Wednesday 2 December", 4),
        ("Search until Tuesday 1 December", 3),
    ]
    (longer, _) = relaxations(question, 0)
    assert longer.patch == ({"op": "replace", "path": "/window/end", "value": "2026-12-03T00:00:00Z"},)


def test_a_longer_search_ends_with_a_day_of_the_candidates_calendar():
    tokyo = problem(person("Ada", "coding", busy=[ALL_DAY]), candidate_hours=(time(0), time(0)))
    tokyo = tokyo.evolve(candidate=replace(tokyo.candidate, time_zone="Asia/Tokyo"), calendars_read=READ)
    (longer,) = relaxations(tokyo, 0)
    # 00:00 in Tokyo is 15:00 UTC of the day before
    assert (longer.text, longer.patch[0]["value"]) == (
        "Search until the end of Tuesday 1 December",
        "2026-12-01T15:00:00Z",
    )


def test_a_longer_search_is_proposed_only_as_far_as_calendars_were_read():
    away = person("Ada", "coding", busy=[Interval(at("00:00"), at("00:00", 3))])
    question = problem(away, horizon_days=30)
    assert helps(question) == []
    assert helps(question.evolve(calendars_read=Interval(at("00:00"), at("09:30", 3)))) == []
    assert helps(question.evolve(calendars_read=Interval(at("00:00"), at("10:00", 3)))) == [
        ("Search until Thursday 3 December", 1)
    ]


def test_the_horizon_is_lengthened_with_the_window():
    away = person("Ada", "coding", busy=[ALL_DAY])
    question = problem(away, horizon_days=1).evolve(calendars_read=READ)
    (longer,) = relaxations(question, 0)
    assert [step["path"] for step in longer.patch] == ["/window/end", "/plan/horizon_days"]
    assert helps(question) == [("Search until Tuesday 1 December", 1)]


def test_the_horizon_alone_is_lengthened_in_a_window_that_reaches_beyond_it():
    away = person("Ada", "coding", busy=[ALL_DAY])
    question = problem(away, horizon_days=1, window=Interval(at("00:00"), at("00:00", 3)))
    assert helps(question) == [("Look ahead as far as Wednesday 2 December", 1)]


def test_the_horizon_alone_is_lengthened_where_calendars_were_read_past_the_window():
    away = person("Ada", "coding", busy=[ALL_DAY])
    question = problem(away, horizon_days=1, window=Interval(at("00:00"), at("00:00", 2)))
    (further, *_) = relaxations(question.evolve(calendars_read=READ), 0)
    assert further.text == "Look ahead as far as Tuesday 1 December"
    assert [step["path"] for step in further.patch] == ["/plan/horizon_days"]


def test_a_longer_search_on_the_last_day_itself_says_the_hour():
    morning = Interval(at("00:00"), at("09:30"))
    question = problem(ADA, window=morning).evolve(calendars_read=Interval(at("00:00"), at("10:00")))
    assert ("Search until 10:00 on Monday 30 November", 1) in helps(question)
    until_midnight = question.evolve(calendars_read=READ)
    assert ("Search until the end of Monday 30 November", 1) in helps(until_midnight)


def test_where_no_change_alone_is_enough_two_together_are_proposed():
    shut = problem(
        person("Ada", "coding", hours=("06:00", "07:30")),
        sessions=[session("coding", seat("coding", count=2))],
        candidate_hours=(time(8), time(12)),
    )
    early = replace(shut.interviewers[0], working_hours=(weekly("07:00", "08:00"),))
    assert helps(shut.evolve(interviewers=(early,))) == [
        (
            "Ask the candidate for times between 07:00 and 22:00 and hold Coding with 1 person instead of 2",
            1,
        )
    ]


def test_a_plan_with_a_change_applied_says_what_was_meant():
    question = problem(ADA, sessions=[session("coding", room_capacity=6)])
    (item,) = relaxations(question, 0)
    document = {"plan": question.plan.to_json(), "window": question.to_json()["window"]}
    plan = Plan.from_json(patched(document, item.patch)["plan"])
    assert plan.sessions[0].room_capacity is None
