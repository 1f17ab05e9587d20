# SPDX-License-Identifier: Apache-2.0
"""Each rule alone, three ways: nothing asked of it, just kept, just broken.

Judge, search and constraint model have to agree; and where it is broken, it is this rule alone that stands in
the way: without it the constraint model finds a plan, in which the judge finds nothing else wrong.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.solver.check import recount, violations
from scheduler.solver.model import propose
from scheduler.solver.outcome import Impossible, Solved
from scheduler.solver.rules import HARD, SOFT
from tests.solver.builders import (
    BusyBlock,
    judged,
    modelled,
    person,
    problem,
    seat,
    session,
    span,
)
from tests.solver.rule_cases import BOTH, HARD_CASES, SOFT_CASES, ada, ben, in_room, over


def test_every_hard_rule_has_its_cases():
    assert list(HARD_CASES) == [rule.code for rule in HARD]


@pytest.mark.parametrize("code", HARD_CASES)
def test_a_hard_rule_alone_decides(code):
    free, nearly, broken, words = HARD_CASES[code]
    for allowed in (free, nearly):
        outcome = propose(allowed)
        assert isinstance(outcome, Solved)
        assert violations(allowed, outcome.options[0]) == ()
        assert judged(allowed, modelled(allowed))[1] == set()
    assert isinstance(propose(broken), Impossible)
    assert modelled(broken) is None
    without = modelled(broken, tuple(rule for rule in HARD if rule.code != code))
    assert without is not None
    assert judged(broken, without)[1] == set(words.split())


def test_every_wish_has_its_cases():
    assert list(SOFT_CASES) == [wish.code for wish in SOFT]


@pytest.mark.parametrize("code", SOFT_CASES)
def test_a_wish_alone_counts_what_its_weight_says(code):
    granted, refused, cost = SOFT_CASES[code]
    for question, expected in ((granted, 0), (refused, cost)):
        option = propose(question).options[0]
        reached = judged(question, modelled(question))[0]
        assert (option.cost, reached.cost) == (expected, expected)
        assert {r.code for r in recount(question, option)[1] if r.value} == ({code} if expected else set())


def test_focus_time_blocks_where_nothing_may_be_overbooked():
    assert isinstance(propose(over("09:00", "10:00")), Impossible)
    assert isinstance(propose(over("09:00", "10:00", "tentative")), Impossible)
    assert isinstance(propose(over("09:00", "10:00", "focus")), Solved)


def test_what_may_not_be_overbooked_blocks_beside_what_may():
    busy = [BusyBlock(span("09:00", "10:00"), "focus"), BusyBlock(span("09:30", "09:45"), "out_of_office")]
    assert isinstance(propose(problem(ada(busy=busy)).evolve(overbook=("focus",))), Impossible)


def test_a_rooms_time_is_never_overbooked():
    taken = BusyBlock(span("09:00", "10:00"), "focus")
    question = in_room(busy=()).evolve(overbook=("focus",))
    (elm,) = question.rooms
    assert isinstance(propose(question.evolve(rooms=(replace(elm, busy=(taken,)),))), Impossible)


def test_optional_people_are_not_called_from_their_focus_time():
    watched = session("coding", seat("coding"), seat("design", role="guest", optional=True))
    focus = BusyBlock(span("09:00", "10:00"), "focus")
    free, deep = ben("09:00", "10:00"), ben("09:00", "10:00", busy=[focus])
    panels = []
    for guest in (free, deep):
        question = problem(ada(), guest, sessions=[watched]).evolve(overbook=("focus",))
        (option,) = propose(question).options
        panels.append((option.people, violations(question, option)))
    assert panels == [({"ada", "ben"}, ()), ({"ada"}, ())]


def test_the_judge_refuses_optional_people_in_their_focus_time():
    watched = session("coding", seat("coding"), seat("design", role="guest", optional=True))
    question = problem(ada(), ben("09:00", "10:00"), sessions=[watched])
    (option,) = propose(question).options
    deep = ben("09:00", "10:00", busy=[BusyBlock(span("09:30", "09:45"), "focus")])
    changed = question.evolve(interviewers=(ada(), deep), overbook=("focus",))
    assert [violation.code for violation in violations(changed, option)] == ["busy"]


def test_a_newcomer_counts_with_the_lower_median_of_those_they_share_a_pool_with():
    coders = [
        person(name, "coding", load=load) for name, load in (("Cat", 2), ("Dan", 9), ("Eve", 4), ("Flo", 6))
    ]
    idle = [person(name, "design", load=0) for name in ("Gus", "Hal", "Ida", "Jim", "Kim")]
    new = person("New", "coding")
    question = problem(new, *coders, *idle, sessions=BOTH)
    assert question.load_of(new) == 4
    assert [question.load_of(one) for one in coders] == [2, 9, 4, 6]


def test_a_newcomer_alone_in_their_pool_counts_like_everybody_and_the_first_of_all_for_nothing():
    new, gus = person("New", "coding"), person("Gus", "design", load=3)
    assert problem(new, gus, sessions=BOTH).load_of(new) == 3
    assert problem(new).load_of(new) == 0


def test_a_newcomer_whose_pool_has_held_nothing_has_held_nothing():
    new, cat, gus = person("New", "coding"), person("Cat", "coding", load=0), person("Gus", "design", load=5)
    assert problem(new, cat, gus, sessions=BOTH).load_of(new) == 0
