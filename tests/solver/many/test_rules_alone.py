# SPDX-License-Identifier: Apache-2.0
"""Each rule and each weight of many candidates alone, three ways: nothing asked of it, just kept, just
broken.

Assigning, repairing, capacity and the judge of whole answers have to agree on it.
"""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import product

import pytest

from scheduler.domain.people import Buffer, Limits
from scheduler.solver.many.assign import assign
from scheduler.solver.many.capacity import alike, capacity
from scheduler.solver.many.judge import AGREED, violations_of_all
from scheduler.solver.many.problem import REPAIR
from scheduler.solver.outcome import OPTIMAL
from scheduler.solver.problem import Weights
from scheduler.solver.rules import HARD
from tests.solver.builders import (
    all_options,
    at,
    judged,
    modelled,
    person,
    problem,
    room,
    session,
)
from tests.solver.many.builders import candidate, many
from tests.solver.rule_cases import HARD_CASES, LUNCH, SOFT_CASES, ada, ben, two


def repair(asked, *booked):
    """The candidates with these options booked, to be repaired."""
    candidates = zip(asked.candidates, booked, strict=True)
    return asked.evolve(
        ask=REPAIR, candidates=tuple(replace(item, booked=option) for item, option in candidates)
    )


def kept(asked):
    """The candidates who have an option, and whether anything was changed for them."""
    outcome = assign(asked)
    assert all(item.explanation.blockers for item in outcome.assignments if item.option is None)
    return [(item.candidate_id, bool(item.changes)) for item in outcome.assignments if item.option]


def codes(asked, *options):
    """What the judge calls the faults of a whole answer."""
    wrong = violations_of_all(asked, dict(enumerate(options)))
    return {violation.code for found in wrong.values() for violation in found}


# rules of one plan


@pytest.mark.parametrize("code", HARD_CASES)
def test_a_rule_of_a_plan_decides_who_is_placed_and_how_many_there_can_be(code):
    free, nearly, broken, words = HARD_CASES[code]
    for allowed in (free, nearly):
        assert kept(alike(allowed, 1)) == [("1", False)]
        assert capacity(allowed).candidates > 0
    assert kept(alike(broken, 1)) == []
    assert (capacity(broken).candidates, capacity(broken).proof) == (0, OPTIMAL)
    assert codes(alike(broken, 1), against(broken, code)) == set(words.split())


def against(broken, code):
    """An option that breaks this rule alone."""
    return judged(broken, modelled(broken, tuple(rule for rule in HARD if rule.code != code)))[0]


@pytest.mark.parametrize("code", HARD_CASES)
def test_a_booking_stays_as_it_is_while_the_rule_is_kept_and_is_lost_with_it(code):
    _, nearly, broken, _ = HARD_CASES[code]
    (option,) = assign(alike(nearly, 1)).options.values()
    assert kept(repair(alike(nearly, 1), option)) == [("1", False)]
    stays = code in AGREED  # what is agreed needs no notice any more
    lost = repair(alike(broken, 1), against(broken, code))
    assert kept(lost) == ([("1", False)] if stays else [])


# rules between candidates


def coders(*hours, number=1, **facts):
    names = ("Ada", "Bob")[:number]
    return problem(*(person(name, "coding", hours=hours, **facts) for name in names), grid=15)


def indoors(*rooms, until="10:00"):
    people = [person(name, "coding", hours=("09:00", until)) for name in ("Ada", "Bob")]
    return problem(*people, sessions=[session("coding", room_capacity=2)], rooms=rooms)


#: rule: for two candidates free, nearly broken, broken; when two interviews would break it, and as what
SHARED_CASES = {
    "one at a time": (
        coders("09:00", "10:00", number=2),
        coders("09:00", "11:00"),
        coders("09:00", "10:59"),
        ("09:00", "09:45"),
        "busy",
    ),
    "buffers add up": (
        coders("09:00", "11:15"),
        coders("09:00", "11:15", buffer=Buffer(10, 5)),
        coders("09:00", "11:15", buffer=Buffer(10, 6)),
        ("09:00", "10:15"),
        "buffer",
    ),
    "a limit per day": (
        coders("09:00", "11:00"),
        coders("09:00", "11:00", limits=Limits(per_day=2)),
        coders("09:00", "11:00", limits=Limits(per_day=1)),
        ("09:00", "10:00"),
        "limit_per_day",
    ),
    "a limit per week": (
        coders("09:00", "11:00"),
        coders("09:00", "11:00", limits=Limits(per_week=2)),
        coders("09:00", "11:00", limits=Limits(per_week=1)),
        ("09:00", "10:00"),
        "limit_per_week",
    ),
    "a room for each": (
        indoors(room("Elm"), room("Oak")),
        indoors(room("Elm"), until="11:00"),
        indoors(room("Elm"), room("Ash", capacity=1)),
        ("09:00", "09:00"),
        "room_busy",
    ),
}


def clashing(question, starts):
    """Two options at these times that break as few rules as any two then do."""
    each = [list(all_options(question, [("coding", at(start))])) for start in starts]
    return min(product(*each), key=lambda pair: len(codes(alike(question, 2), *pair)))


@pytest.mark.parametrize("rule", SHARED_CASES)
def test_a_rule_between_candidates_decides_how_many_are_placed(rule):
    free, nearly, broken, starts, code = SHARED_CASES[rule]
    for allowed in (free, nearly):
        assert len(kept(alike(allowed, 2))) == 2
        assert capacity(allowed).candidates >= 2
    outcome = assign(alike(broken, 2))
    assert (len(outcome.options), outcome.proof) == (1, OPTIMAL)
    assert capacity(broken).candidates == 1
    assert codes(alike(broken, 2), *clashing(broken, starts)) == {code}


@pytest.mark.parametrize("rule", SHARED_CASES)
def test_of_two_bookings_that_clash_one_stays_as_it_is(rule):
    _, nearly, broken, starts, _ = SHARED_CASES[rule]
    both = assign(alike(nearly, 2)).options.values()
    assert kept(repair(alike(nearly, 2), *both)) == [("1", False), ("2", False)]
    ((_, changed),) = kept(repair(alike(broken, 2), *clashing(broken, starts)))
    assert not changed


def test_minutes_between_interviews_are_a_rule_of_many_alone():
    question = alike(coders("09:00", "11:15", buffer=Buffer(0, 5)), 2)
    both = list(assign(question.evolve(between_interviews=10)).options.values())
    assert [len(kept(question.evolve(between_interviews=minutes))) for minutes in (0, 10, 11)] == [2, 2, 1]
    assert codes(question.evolve(between_interviews=10), *both) == set()
    assert codes(question.evolve(between_interviews=11), *both) == {"buffer"}
    assert len(kept(repair(question, *both).evolve(between_interviews=11))) == 1


# weights

NOTHING = Weights(
    **{field.name: 0 for field in fields(Weights) if field.name not in ("version", "waiting_step")}
    | {"breaks_are_waiting": False}
)
#: of a wish, the weight it counts with, where that has another name
NAMES = {"days": "extra_day", "waiting": "waiting_minute"}
LOOP = candidate("Ann", session("one"), session("two"))
PAIR = [person("Ada", "coding"), person("Bob", "coding")]
AWAY = [person("Ada", "coding", busy=[("00:00", "23:59")]), PAIR[1]]
ANN, BEN = candidate("Ann"), candidate("Ben")

#: weight: a problem in which the wish is granted, one in which it is not, and what both cost if it is 7
WEIGHT_CASES = {
    "session_day": (many(LOOP, people=PAIR, days=2), many(LOOP, people=AWAY, days=2), 0, 14),
    "load_step": (many(ANN, BEN, people=PAIR), many(ANN, BEN, people=PAIR[:1]), 14, 21),
    "other_people": (
        many(replace(ANN, preferred=frozenset(["bob"])), people=PAIR),
        many(replace(ANN, preferred=frozenset(["bob"])), people=PAIR[:1]),
        0,
        7,
    ),
} | {
    NAMES.get(code, code): (alike(granted, 1), alike(refused, 1), 0, 7 * cost // getattr(Weights(), weight))
    for code, (granted, refused, cost) in SOFT_CASES.items()
    for weight in [NAMES.get(code, code)]
    if code != "no_cover"
}
#: in a set of options for one candidate alone, and of stand-ins, of whom others leave fewer
UNCOUNTED = {"same_day", "overlapping", "same_half", "same_person", "no_cover"}
#: not costs, but how waiting is counted
WAYS_OF_WAITING = {"waiting_step", "breaks_are_waiting"}


def cost(asked, **weights):
    """What an answer costs under these weights alone, told alike by its options and its figures."""
    outcome = assign(asked.evolve(weights=replace(NOTHING, **weights)))
    total = sum(option.cost for option in outcome.options.values())
    stage = outcome.figures.stages[-1]
    assert (stage.objective, stage.bound <= total) == (total, True)
    assert (stage.bound == total) == (outcome.proof == OPTIMAL)
    return total


def test_every_weight_has_its_cases():
    named = {field.name for field in fields(Weights)} - {"version"}
    assert {*WEIGHT_CASES, *UNCOUNTED, *WAYS_OF_WAITING} == named


@pytest.mark.parametrize("weight", WEIGHT_CASES)
def test_a_weight_counts_what_it_says_where_the_wish_cannot_be_granted(weight):
    granted, refused, least, most = WEIGHT_CASES[weight]
    assert (cost(refused), cost(granted, **{weight: 7}), cost(refused, **{weight: 7})) == (0, least, most)


@pytest.mark.parametrize("weight", WEIGHT_CASES)
def test_what_is_booked_costs_the_same_when_it_is_repaired(weight):
    _, refused, _, most = WEIGHT_CASES[weight]
    asked = refused.evolve(weights=replace(NOTHING, **{weight: 7}))
    options = assign(asked).options
    assert cost(repair(refused, *(options[item.id] for item in asked.candidates)), **{weight: 7}) == most


def test_how_many_could_stand_in_is_not_counted():
    _, alone, _ = SOFT_CASES["no_cover"]
    assert cost(alike(alone, 1), no_cover=7) == 0


def test_waiting_counts_in_whole_steps():
    waits = alike(two(other=ben("10:15", "11:15")), 1)
    found = [cost(waits, waiting_minute=2, waiting_step=step) for step in (1, 15, 16)]
    assert found == [30, 2, 0]


def test_owed_breaks_are_waiting_where_the_weights_say_so():
    after = (("12:30", "13:30"), ("12:45", "13:45"))
    lunch = [alike(two(ada("11:00", "12:00"), ben(*hours), breaks=LUNCH), 1) for hours in after]
    assert [cost(each, waiting_minute=2) for each in lunch] == [0, 30]
    assert [cost(each, waiting_minute=2, breaks_are_waiting=True) for each in lunch] == [60, 90]
