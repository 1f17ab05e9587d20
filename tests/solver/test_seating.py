# SPDX-License-Identifier: Apache-2.0
"""Other people for the same times."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given

from scheduler.domain.people import Limits
from scheduler.solver.check import recount, violations
from scheduler.solver.model import propose
from scheduler.solver.problem import BookedInterview, BusyBlock
from scheduler.solver.seating import seat
from tests.solver import builders
from tests.solver.builders import MONDAY, at, person, problem, reasons_that_count, room, session, span
from tests.solver.random_problems import problems, small

ADA, BEN, CAT = (person(name, "coding") for name in ("Ada", "Ben", "Cat"))
FREE = problem(replace(ADA, load=0), replace(BEN, load=2), replace(CAT, load=1))


def busy(who, start, end):
    return replace(who, busy=(BusyBlock(span(start, end)),))


def without(question, *lost):
    """The same question with these people busy all day."""
    people = tuple(busy(p, "00:00", "23:00") if p.id in lost else p for p in question.interviewers)
    return question.evolve(interviewers=people)


def panel(option):
    return [who.id for s in option.sessions for who in s.interviewers]


def test_an_option_whose_people_are_free_stays_as_it_is():
    option = propose(FREE).options[0].evolve(id="opt_1")
    assert seat(FREE, option) == option.evolve(reasons=reasons_that_count(option))


def test_the_least_loaded_comes_in_for_somebody_lost():
    option = propose(FREE).options[0]
    assert panel(option) == ["ada"]
    assert panel(seat(without(FREE, "ada"), option)) == ["cat"]
    assert seat(without(FREE, "ada", "ben", "cat"), option) is None


def test_own_people_stay_even_when_others_have_less_to_do():
    option = propose(FREE).options[0]
    busier = FREE.evolve(interviewers=(replace(ADA, load=9), *FREE.interviewers[1:]))
    assert panel(seat(busier, option)) == ["ada"]


def test_as_few_people_as_possible_change():
    two = (session("coding"), session("again"))
    question = problem(ADA, BEN, CAT, sessions=two)
    option = propose(question).options[0]
    lost, kept = panel(option)
    changed = panel(seat(without(question, lost), option))
    assert changed[1] == kept
    assert changed[0] not in (lost, kept)


def test_somebody_lost_may_swap_places_with_a_colleague_of_the_same_loop():
    ben, ada = person("Ben", "coding", "design"), person("Ada", "coding")
    sessions = session("coding"), session("design", builders.seat("design"))
    question = problem(ada, ben, person("Cat", "coding"), sessions=sessions)
    option = propose(question).options[0]
    assert panel(seat(without(question, "ada"), option)) == ["cat", "ben"]


def test_limits_reached_since_the_offer_count():
    option = propose(FREE).options[0]
    full = replace(ADA, limits=Limits(per_day=1), booked=(BookedInterview(span("15:00", "16:00")),))
    assert panel(seat(FREE.evolve(interviewers=(full, BEN)), option)) == ["ben"]


def test_another_room_is_found_and_the_own_one_kept():
    rooms = room("Elm", 4), room("Oak", 8)
    question = problem(ADA, sessions=[session("coding", room_capacity=2)], rooms=rooms)
    option = propose(question).options[0]
    assert option.sessions[0].room.name == "Elm"
    taken = question.evolve(rooms=(room("Elm", 4, busy=[("09:30", "10:00")]), rooms[1]))
    in_oak = seat(taken, option)
    assert in_oak.sessions[0].room.name == "Oak"
    assert seat(question, in_oak).sessions[0].room.name == "Oak"


def test_optional_people_who_are_lost_do_not_matter():
    watched = session(
        "coding", builders.seat("coding"), builders.seat(None, "max", optional=True, role="guest")
    )
    question = problem(ADA, person("Max"), sessions=[watched])
    option = propose(question).options[0]
    assert panel(option) == ["ada", "max"]
    assert panel(seat(without(question, "max"), option)) == ["ada"]


def test_times_that_have_become_too_soon_are_gone():
    question = problem(ADA, notice_hours=1)
    option = propose(question).options[0]
    assert seat(question.evolve(now=at("08:30")), option) is None


def test_times_off_the_grid_or_in_the_wrong_order_are_gone():
    question = problem(ADA, BEN, sessions=(session("coding"), session("again")))
    option = propose(question).options[0]
    first, second = option.sessions
    moved = replace(first, start=first.start.replace(minute=7), end=first.end.replace(minute=7))
    swapped = (
        replace(first, start=second.start, end=second.end),
        replace(second, start=first.start, end=first.end),
    )
    assert seat(question, option.evolve(sessions=(moved,))) is None
    assert seat(question, option.evolve(sessions=swapped)) is None
    assert seat(question, option.evolve(sessions=(first,))) is None


def test_an_option_outside_the_window_is_gone():
    option = propose(FREE).options[0]
    assert seat(FREE.evolve(window=span("12:00", "13:00")), option) is None
    assert seat(FREE.evolve(now=MONDAY.replace(year=2027)), option) is None


@small
@given(problems(sessions=(1, 2)), problems(sessions=(1,)))
def test_whatever_is_seated_passes_the_judge(question, other):
    outcome = propose(question)
    people = question.interviewers
    changed = question.evolve(
        interviewers=tuple(replace(p, busy=other.interviewers[0].busy) for p in people[:1]) + people[1:]
    )
    for option in getattr(outcome, "options", ()):
        assert seat(question, option) == option.evolve(reasons=reasons_that_count(option))
        again = seat(changed, option)
        if again is None:
            assert violations(changed, option) != ()
        else:
            assert violations(changed, again) == ()
            assert [s.start for s in again.sessions] == [s.start for s in option.sessions]
            assert (again.cost, again.reasons) == recount(changed, again)
