# SPDX-License-Identifier: Apache-2.0
"""Why there is nothing, and what would help."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

import pytest

from scheduler.domain.intervals import Interval
from scheduler.solver.explain import explain_none, has_plan
from scheduler.solver.model import propose
from scheduler.solver.outcome import Impossible, Solved
from scheduler.solver.problem import CandidateFacts, Unreadable
from tests.solver.builders import Gap, at, person, problem, room, seat, session, span, weekly

ADA = person("Ada", "coding", hours=("09:00", "12:00"))
BEN = person("Ben", "design", hours=("09:00", "12:00"))
TWO = (session("coding"), session("design", seat("design")))


def why(question):
    outcome = propose(question)
    assert isinstance(outcome, Impossible)
    return outcome.explanation


def codes(question):
    return [blocker.code for blocker in why(question).blockers]


def test_unreadable_calendars_are_not_the_same_as_no_times():
    lost = (Unreadable("ada", "the password was refused", "Ada"),)
    explanation = why(problem().evolve(unreadable=lost))
    assert [b.code for b in explanation.blockers] == ["calendars_unreadable"]
    assert explanation.unreadable == (("ada", "the password was refused"),)
    assert "No calendar could be read" in explanation.summary


def test_a_named_person_whose_calendar_is_unreadable_is_named():
    sessions = [session("coding", seat(None, "eve"))]
    question = problem(ADA, sessions=sessions).evolve(unreadable=(Unreadable("eve", "timeout", "Eve"),))
    assert [b.text for b in why(question).blockers] == [
        "The calendar of Eve, needed for Coding, could not be read."
    ]


def test_a_skill_nobody_has_is_named():
    assert [b.text for b in why(problem(BEN)).blockers] == [
        "No interviewer has the skill coding, needed for Coding."
    ]


def test_too_few_different_people_are_counted():
    both = (session("coding"), session("again", seat("coding")))
    assert codes(problem(ADA, sessions=both)) == ["not_enough_people"]
    one = session("coding", seat("coding"), seat(None, "ada"))
    assert codes(problem(ADA, sessions=[one])) == ["not_enough_people"]


def test_a_busy_person_who_is_needed_is_named_with_the_times():
    ada = person("Ada", "coding", hours=("09:00", "12:00"), busy=[("08:00", "12:00")])
    (blocker,) = why(problem(ada)).blockers
    assert (blocker.code, blocker.interviewer_id, blocker.session_key) == ("busy", "ada", "coding")
    assert "busy Mon 30 Nov 08:00–12:00" in blocker.text


def test_only_what_is_needed_for_the_contradiction_is_blamed():
    hours = {"candidate_hours": (time(13), time(18))}
    assert codes(problem(ADA, **hours, gap=Gap(0, 30))) == ["candidate_hours", "busy"]


def test_each_blocker_taken_away_alone_would_open_an_answer():
    two_days = span("00:00", "23:00").padded(timedelta(0), timedelta(days=1))
    hours = {"candidate_hours": (time(9), time(10)), "gap": Gap(0, 15)}
    question = problem(ADA, BEN, sessions=TWO, window=two_days, **hours)
    assert codes(question) == ["max_days", "candidate_hours"]
    assert not has_plan(question)
    assert has_plan(question.evolve(plan=replace(question.plan, max_days=2)))
    assert has_plan(question.evolve(plan=replace(question.plan, candidate_hours=(time(9), time(11)))))


def test_a_room_that_does_not_exist_is_said():
    inside = [session("coding", room_capacity=6)]
    assert codes(problem(ADA, sessions=inside, rooms=(room("Elm", 4),))) == ["no_room"]


def test_notice_and_horizon_are_told_apart():
    assert codes(problem(ADA, notice_hours=48)) == ["notice"]
    later = problem(ADA, window=span("00:00", "23:00", 20))
    assert codes(later) == ["horizon"]


def apply(question, relaxation):
    """The question with the JSON Patch of a relaxation applied to `{plan, window}`, by the book (RFC
    6902).
    """
    document = question.to_json()
    for step in relaxation.patch:
        assert step["op"] == "replace"
        *way, last = step["path"].split("/")[1:]
        place = document
        for name in way:
            place = place[name]
        assert last in place
        place[last] = step["value"]
    return type(question).from_json(document)


@pytest.mark.parametrize(
    ("question", "texts"),
    [
        (
            problem(ADA, BEN, sessions=TWO, candidate_hours=(time(9), time(10)), options=3),
            ["Ask the candidate for times between 07:00 and 22:00"],
        ),
        (
            problem(
                ADA,
                replace(BEN, working_hours=(weekly("14:00", "17:00"),)),
                sessions=TWO,
                gap=Gap(0, 30),
                options=2,
            ),
            ["Allow any time between sessions"],
        ),
        (
            problem(replace(ADA, working_hours=(weekly("14:00", "15:00"),)), BEN, sessions=TWO, options=1),
            ["Allow any order of sessions"],
        ),
        (problem(ADA, notice_hours=20), ["Accept 2 hours of notice"]),
    ],
)
def test_each_relaxation_opens_as_many_options_as_it_says(question, texts):
    relaxations = why(question).relaxations
    assert [item.text for item in relaxations] == texts
    for item in relaxations:
        relaxed = propose(apply(question, item))
        assert isinstance(relaxed, Solved)
        assert len(relaxed.options) == item.options_gained


def test_a_longer_search_is_proposed_only_as_far_as_calendars_were_read():
    away = person("Ada", "coding", hours=("09:00", "12:00"), busy=[("00:00", "23:59")])
    question = problem(away, options=4)
    assert why(question).relaxations == ()
    read = Interval(at("00:00"), at("00:00", 3))
    (longer,) = why(question.evolve(calendars_read=read)).relaxations
    assert longer.patch == ({"op": "replace", "path": "/window/end", "value": "2026-12-03T00:00:00Z"},)
    assert longer.options_gained == 4


def test_the_horizon_is_lengthened_with_the_window():
    away = person("Ada", "coding", hours=("09:00", "12:00"), busy=[("00:00", "23:59")])
    question = problem(away, horizon_days=1).evolve(calendars_read=Interval(at("00:00"), at("00:00", 30)))
    (longer,) = why(question).relaxations
    assert [step["path"] for step in longer.patch] == ["/window/end", "/plan/horizon_days"]
    assert isinstance(propose(apply(question, longer)), Solved)


def test_fewer_options_than_wanted_are_explained():
    candy = CandidateFacts(id="candy", time_zone="Europe/London")
    question = problem(ADA, options=5, candidate=candy, notice_hours=10)
    outcome = propose(question)
    assert len(outcome.options) == 2
    assert outcome.explanation.summary == "There are only 2 possible starts; 5 options were asked for."
    assert [item.options_gained for item in outcome.explanation.relaxations] == [1]


def test_nothing_is_explained_when_all_options_are_there():
    assert propose(problem(ADA, options=3)).explanation is None


def test_an_explanation_always_has_a_blocker():
    tiny = problem(ADA, window=Interval(at("09:00"), at("09:00") + timedelta(minutes=30)))
    assert explain_none(tiny).blockers != ()
