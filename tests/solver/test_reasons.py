# SPDX-License-Identifier: Apache-2.0
"""Why these people, what the next best would cost, and who could stand in."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from scheduler.solver.check import recount, violations
from scheduler.solver.model import propose
from scheduler.solver.outcome import Solved
from tests.solver.builders import BusyBlock, person, problem, seat, session, span, weekly
from tests.solver.random_problems import problems, small

NINE = ("09:00", "10:00")


def told(question, *codes):
    """The texts of the one option's reasons of these kinds."""
    (option,) = propose(question).options
    return [reason.text for reason in option.reasons if reason.code in (codes or ("people", "cover"))]


def coder(name, **facts):
    return person(name, "coding", hours=NINE, **facts)


def test_the_next_best_is_told_with_what_it_would_cost_and_why():
    assert told(problem(coder("Ada", load=1), coder("Ben", load=3), coder("Cat", load=2))) == [
        "Ada for Coding; Cat would cost 45 more: 1 more recent interview",
        "Could stand in for Coding: Cat and Ben",
    ]


def test_one_who_would_cost_the_same_is_told():
    assert told(problem(coder("Ada"), coder("Ben")), "people") == ["Ada for Coding; Ben would cost the same"]


def test_preferred_hours_and_focus_time_are_named():
    late = coder("Ben", preferred_hours=(weekly("14:00", "15:00"),))
    deep = coder("Ben", busy=[BusyBlock(span(*NINE), "focus")])
    assert told(problem(coder("Ada"), late), "people") == [
        "Ada for Coding; Ben would cost 60 more: outside preferred hours"
    ]
    assert told(problem(coder("Ada"), deep).evolve(overbook=("focus",)), "people") == [
        "Ada for Coding; Ben would cost 200 more: over something in the calendar"
    ]


def test_where_nobody_else_is_free_or_allowed_it_is_said():
    away = coder("Ben", busy=[NINE])
    assert told(problem(coder("Ada"), away)) == ["Ada for Coding: nobody else could then"]
    assert told(problem(coder("Ada"), sessions=[session("coding", seat(None, "ada"))])) == [
        "Ada for Coding: nobody else may"
    ]


def test_who_sits_in_another_session_stands_in_for_nobody():
    both = person("Ben", "coding", "design")
    sessions = (session("coding"), session("design", seat("design")))
    question = problem(coder("Ada"), both, sessions=sessions)
    assert told(question) == ["Ada for Coding: nobody else could then", "Ben for Design: nobody else may"]


def test_seats_of_one_session_are_told_apart_and_many_stand_ins_are_counted():
    people = [coder(name) for name in ("Ada", "Ben", "Cat", "Dan", "Eve", "Flo")]
    panel = session("coding", seat("coding", role="lead"), seat(None, "flo", role="guest"))
    assert told(problem(*people, sessions=[panel])) == [
        "Ada for Coding (lead); Ben would cost the same",
        "Could stand in for Coding (lead): Ben, Cat, Dan and 1 more",
        "Flo for Coding (guest): nobody else may",
    ]


@settings(small, max_examples=12)
@given(problems(sessions=(1, 2, 3), days=(1, 2)))
def test_the_difference_is_what_the_judge_counts_with_the_other_person_in_the_seat(question):
    outcome = propose(question)
    for option in outcome.options if isinstance(outcome, Solved) else ():
        assert option.cost == recount(question, option)[0] == sum(reason.value for reason in option.reasons)
        assert violations(question, option) == ()
        names = {one.name: one for one in question.interviewers}
        for reason in option.reasons:
            if reason.code != "people" or " would cost " not in reason.text:
                continue
            title = reason.text.split(" for ")[1].split(";")[0].split(" (")[0]
            seated = reason.text.split(" for ")[0].replace(" and ", ", ").split(", ")
            other = reason.text.split("; ")[1].split(" would cost ")[0]
            said = reason.text.split(" would cost ")[1]
            more = 0 if said == "the same" else int(said.split()[0]) * (-1 if " less" in said else 1)
            costs = {_swapped(question, option, title, one, names[other]) for one in seated}
            assert option.cost + more in costs


def _swapped(question, option, title, leaving, coming):
    """What the option costs with somebody else in the place of one of a session's people."""
    sessions = tuple(
        replace(
            placed,
            interviewers=tuple(
                replace(one, id=coming.id, name=coming.name)
                if one.name == leaving and not one.optional
                else one
                for one in placed.interviewers
            ),
        )
        if placed.title == title
        else placed
        for placed in option.sessions
    )
    return recount(question, option.evolve(sessions=sessions))[0]
