# SPDX-License-Identifier: Apache-2.0
"""Each rule alone, three ways: nothing asked of it, just kept, just broken.

Judge, search and constraint model have to agree; and where it is broken, it is this rule alone that stands in
the way: without it the constraint model finds a plan, in which the judge finds nothing else wrong.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

import pytest

from scheduler.domain.intervals import Interval
from scheduler.solver.check import recount, violations
from scheduler.solver.drafts import best_rooms, to_option
from scheduler.solver.model import propose
from scheduler.solver.outcome import Impossible, Solved
from scheduler.solver.problem import Weights
from scheduler.solver.reach import Reach
from scheduler.solver.rules import HARD, SOFT
from scheduler.solver.timing import Timing
from tests.solver.builders import (
    MONDAY,
    BookedInterview,
    Break,
    Buffer,
    BusyBlock,
    CandidateFacts,
    Gap,
    Limits,
    at,
    modelled,
    person,
    problem,
    room,
    seat,
    session,
    span,
    weekly,
)

BOTH = (session("coding"), session("design", seat("design")))
LUNCH = (Break(name="Lunch", minutes=30, earliest=time(12), latest=time(13)),)
TWO_DAYS = span("00:00", "23:00").padded(timedelta(0), timedelta(days=1))


def ada(start="09:00", end="10:00", **facts):
    return person("Ada", "coding", hours=(start, end), **facts)


def ben(start="10:00", end="11:00", **facts):
    return person("Ben", "design", hours=(start, end), **facts)


def two(one=None, other=None, **plan):
    """Coding with Ada, then design with Ben."""
    return problem(one or ada(), other or ben(), sessions=BOTH, **{"grid": 15, **plan})


def horizon(now_before_monday, **plan):
    return problem(ada("11:00", "12:00"), **plan).evolve(now=MONDAY - timedelta(minutes=now_before_monday))


def again(buffer, second, **plan):
    """Ada holds both sessions, at nine and at another time."""
    sessions = (session("coding"), session("again", seat("coding")))
    times = (span("09:00", "10:00"), Interval(at(second), at(second) + timedelta(hours=1)))
    candy = CandidateFacts(id="candy", time_zone="Europe/London", availability=times)
    plan = {"distinct_interviewers": False, "grid": 15, **plan}
    return problem(ada("09:00", "17:00", buffer=buffer), sessions=sessions, candidate=candy, **plan)


def in_room(**taken):
    rooms = (room("Elm", 4, **taken),)
    return problem(ada(), sessions=[session("coding", room_capacity=4)], rooms=rooms)


def taught(*levels):
    people = [person("Max", "coding:shadow"), person("Rob", "coding:reverse_shadow")]
    seats = [seat("coding"), *(seat("coding", level=level) for level in levels)]
    return problem(ada(), *people, sessions=[session("coding", *seats)])


def monday_and_tuesday(max_days):
    one = replace(ada(), working_hours=(weekly("09:00", "10:00", ["mon"]),))
    other = replace(ben(), working_hours=(weekly("09:00", "10:00", ["tue"]),))
    return two(one, other, window=TWO_DAYS, max_days=max_days)


def limited(most):
    held = BookedInterview(span("15:00", "16:00"))
    return problem(ada(booked=[held], limits=Limits(per_day=most)))


#: rule: free, nearly broken, broken, and what the judge calls it
HARD_CASES = {
    "window": (
        problem(ada()),
        problem(ada(), window=span("09:00", "10:00")),
        problem(ada(), window=span("09:00", "09:59")),
        "window",
    ),
    "notice": (
        problem(ada()),
        problem(ada(), notice_hours=9),
        problem(ada(), notice_hours=9).evolve(now=MONDAY + timedelta(minutes=1)),
        "notice",
    ),
    "horizon": (
        horizon(0),
        horizon(12 * 60, horizon_days=1),
        horizon(12 * 60 + 1, horizon_days=1),
        "horizon",
    ),
    "candidate_hours": (
        problem(ada()),
        problem(ada(), candidate_hours=(time(9), time(10))),
        problem(ada(), candidate_hours=(time(9), time(9, 59))),
        "candidate_hours",
    ),
    "grid": (
        problem(ada("09:15", "10:45"), grid=15),
        problem(ada("09:15", "11:00")),
        problem(ada("09:15", "10:45")),
        "grid",
    ),
    "outside_hours": (
        problem(ada("00:00", "00:00")),
        problem(ada("09:00", "10:00")),
        problem(ada("09:00", "09:59")),
        "outside_hours",
    ),
    "busy": (
        problem(ada()),
        problem(ada(busy=[("10:00", "11:00")])),
        problem(ada(busy=[("09:59", "11:00")])),
        "busy",
    ),
    "limit": (limited(None), limited(2), limited(1), "limit_per_day"),
    "seats": (
        problem(ada()),
        problem(ada(), person("Cat", "coding"), sessions=[session("coding", seat("coding", count=2))]),
        problem(ada(), sessions=[session("coding", seat("coding", count=2))]),
        "seats grid",  # nobody sits there, so it is on nobody's clock either
    ),
    "two_trainees": (taught(), taught("shadow"), taught("shadow", "reverse_shadow"), "two_trainees"),
    "distinct_interviewers": (
        again(Buffer(), "10:00"),
        again(Buffer(), "10:00", distinct_interviewers=True).evolve(
            interviewers=(ada("09:00", "17:00"), person("Cat", "coding"))
        ),
        again(Buffer(), "10:00", distinct_interviewers=True),
        "distinct_interviewers",
    ),
    "buffer": (
        again(Buffer(), "10:15"),
        again(Buffer(10, 5), "10:15"),
        again(Buffer(10, 6), "10:15"),
        "buffer",
    ),
    "no_room": (
        in_room(),
        in_room(busy=[("10:00", "11:00")]),
        in_room(busy=[("09:59", "11:00")]),
        "room",
    ),
    "order": (
        two(ada(), ben("08:00", "09:00"), order="any"),
        two(ada(), ben("10:00", "11:00")),
        two(ada(), ben("08:00", "09:00")),
        "order",
    ),
    "gap_min": (two(), two(gap=Gap(15), other=ben("10:15", "11:15")), two(gap=Gap(15)), "gap_min"),
    "break": (
        two(ada("11:00", "12:00"), ben("12:15", "13:15")),
        two(ada("11:00", "12:00"), ben("12:30", "13:30"), breaks=LUNCH),
        two(ada("11:00", "12:00"), ben("12:15", "13:15"), breaks=LUNCH),
        "break",
    ),
    "gap_max": (
        two(other=ben("11:00", "12:00")),
        two(other=ben("10:45", "11:45"), gap=Gap(0, 45)),
        two(other=ben("11:00", "12:00"), gap=Gap(0, 45)),
        "gap_max",
    ),
    "max_days": (monday_and_tuesday(31), monday_and_tuesday(2), monday_and_tuesday(1), "max_days"),
}


def judged(question, draft):
    """The option a draft of the constraint model means, and what the judge says against it."""
    reach = Reach(question, question.open_window)
    timing = Timing(question, reach.line)
    rooms = best_rooms(reach, timing, draft.placed)
    option = to_option(reach, timing, draft, rooms=rooms[1] if rooms else {}, guests=())
    return option, {violation.code for violation in violations(question, option)}


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


def loaded(load, other):
    people = replace(ada(), load=load), replace(person("Cat", "coding", hours=("09:00", "10:00")), load=other)
    return problem(*people)


def covered(*more):
    people = (
        person("Cat", "coding", hours=more) if more else person("Cat", "coding", busy=[("09:00", "10:00")])
    )
    return problem(ada(), people)


def rooms_for(*busy):
    rooms = room("Elm", 4, busy=busy), room("Oak", 4, busy=[("09:00", "10:00")])
    sessions = tuple(replace(item, room_capacity=4) for item in BOTH)
    return problem(ada(), ben(), sessions=sessions, rooms=rooms, grid=15)


def over(start, end, *kinds):
    focus = BusyBlock(span(start, end), "focus")
    return problem(ada(busy=[focus], buffer=Buffer(0, 5)), grid=15).evolve(overbook=kinds)


def later(day):
    return problem(replace(ada(), working_hours=(weekly("09:00", "10:00", [day]),)), window=TWO_DAYS)


#: wish: a problem in which it is granted, one in which it is not, and what that counts
SOFT_CASES = {
    "day": (later("mon"), later("tue"), Weights().day),
    "days": (
        monday_and_tuesday(2).evolve(weights=Weights(day=0, extra_day=0)),
        monday_and_tuesday(2).evolve(weights=Weights(day=0)),
        Weights().extra_day,
    ),
    "waiting": (two(), two(other=ben("10:15", "11:15")), 15 * Weights().waiting_minute),
    "load": (loaded(0, 2), loaded(3, 2), 2 * Weights().load),
    "preferred_hours": (
        problem(ada(preferred_hours=(weekly("09:00", "10:00"),))),
        problem(ada(preferred_hours=(weekly("09:00", "09:45"),))),
        Weights().preferred_hours,
    ),
    "overbooked": (
        over("10:05", "11:00", "focus"),
        over("10:04", "11:00", "focus"),
        Weights().overbooked,
    ),
    "room_change": (rooms_for(), rooms_for(("10:00", "11:00")), Weights().room_change),
    "no_cover": (covered("09:00", "10:00"), covered(), Weights().no_cover),
}


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
