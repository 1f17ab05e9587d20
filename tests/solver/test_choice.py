# SPDX-License-Identifier: Apache-2.0
"""The set of options: different, cheap, and told why."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

from scheduler.solver.check import recount
from scheduler.solver.model import propose
from scheduler.solver.problem import Weights
from tests.solver.builders import (
    Gap,
    person,
    problem,
    reasons_that_count,
    room,
    seat,
    session,
    span,
    weekly,
)

WEEK = span("00:00", "23:00").padded(timedelta(0), timedelta(days=6))
ADA, BEN = person("Ada", "coding"), person("Ben", "coding")


def test_options_are_spread_over_days_and_halves_of_the_day():
    options = propose(problem(ADA, BEN, window=WEEK, options=4)).options
    assert {option.start.day for option in options} == {30, 1}
    assert {option.start.hour < 12 for option in options} == {True, False}
    assert [o.start for o in options] == sorted(o.start for o in options)


def test_no_single_calendar_holds_all_options_where_two_people_could():
    options = propose(problem(ADA, BEN, window=WEEK, options=4)).options
    assert {person for option in options for person in option.people} == {"ada", "ben"}


def test_a_long_list_is_simply_every_start_with_its_best_seats():
    loaded = replace(BEN, load=3), replace(ADA, load=1)
    options = propose(problem(*loaded, options=200)).options
    assert [f"{o.start:%H:%M}" for o in options] == [f"{hour:02}:00" for hour in range(9, 17)]
    assert {tuple(o.people) for o in options} == {("ada",)}


def test_weights_decide():
    indifferent = Weights(day=0, same_day=0, same_half=0, same_person=0, overlapping=0)
    question = problem(ADA, window=WEEK, options=2).evolve(weights=indifferent)
    assert [o.cost for o in propose(question).options] == [0, 0]


def reasons(question):
    (option,) = propose(question).options
    counted = reasons_that_count(option)
    assert (option.cost, counted) == recount(question, option)
    return [(reason.code, reason.text, reason.value) for reason in counted]


def test_reasons_say_in_words_what_counts():
    ada = person(
        "Ada", "coding", hours=("09:00", "10:00"), load=2, preferred_hours=(weekly("13:00", "15:00"),)
    )
    cat = person("Cat", "design", hours=("10:30", "11:30"))
    busy = replace(ada, busy=person("X", busy=[("00:00", "23:00")]).busy)
    question = problem(
        busy,
        cat,
        sessions=(session("coding"), session("design", seat("design"))),
        window=WEEK,
        grid=30,
        gap=Gap(0, 60),
    )
    assert reasons(question) == [
        ("day", "On Tuesday 1 December, 1 day after the first possible day", 150),
        ("waiting", "30 minutes of waiting between interviews", 60),
        ("load", "Ada has 2 recent interviews", 90),
        ("load", "Cat is new and counts like the others, with 2 recent interviews", 90),
        ("preferred_hours", "Coding is outside the preferred hours of Ada", 60),
    ]


def test_a_second_day_and_a_missing_stand_in_count():
    early, late = (
        person("Ada", "coding", hours=("16:00", "17:00")),
        person("Ben", "design", hours=("09:00", "10:00")),
    )
    away = person("Cat", "coding", hours=("05:00", "06:00"))
    question = problem(
        early,
        late,
        away,
        sessions=(session("coding"), session("design", seat("design"))),
        window=WEEK,
        max_days=2,
        gap=Gap(0, 0),
        candidate_hours=(time(8), time(20)),
    )
    assert reasons(question) == [
        ("day", "Ends on Tuesday 1 December, 1 day after the first possible day", 150),
        ("days", "Needs 2 days", 120),
        ("no_cover", "Nobody could stand in as interviewer for Coding", 30),
    ]


def test_a_loop_keeps_its_room_when_it_can():
    sessions = tuple(replace(session(key), room_capacity=2) for key in ("one", "two"))
    elm, oak = room("Elm", 2, busy=[("10:00", "17:00")]), room("Oak", 8)
    people = (
        person("Ada", "coding", hours=("09:00", "11:00")),
        person("Ben", "coding", hours=("09:00", "11:00")),
    )
    (option,) = propose(problem(*people, sessions=sessions, rooms=(elm, oak))).options
    assert [s.room.name for s in option.sessions] == ["Oak", "Oak"]
    forced = problem(
        *people,
        sessions=sessions,
        rooms=(elm, replace(oak, busy=elm.busy[:0] + person("X", busy=[("09:00", "10:00")]).busy)),
    )
    assert ("room_change", "1 change of room", 30) in reasons(forced)


def test_another_room_on_another_day_is_no_change():
    sessions = tuple(replace(session(key), room_capacity=2) for key in ("one", "two"))
    people = (
        person("Ada", "coding", hours=("16:00", "17:00")),
        person("Ben", "coding", hours=("09:00", "10:00")),
    )
    elm, oak = room("Elm", 2, busy=[span("09:00", "10:00", 1)]), room("Oak", 2, busy=[("16:00", "17:00")])
    question = problem(
        *people,
        sessions=sessions,
        rooms=(elm, oak),
        window=WEEK,
        max_days=2,
        candidate_hours=(time(8), time(20)),
    )
    later = question.evolve(
        interviewers=(people[0], replace(people[1], busy=person("X", busy=[("08:00", "11:00")]).busy))
    )
    (option,) = propose(later).options
    assert [s.room.name for s in option.sessions] == ["Elm", "Oak"]
    assert "room_change" not in {reason.code for reason in option.reasons}
