# SPDX-License-Identifier: Apache-2.0
"""Repairing what is booked: who cannot be kept, what moves, who changes, in that order as few as can be."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.domain.intervals import Interval
from scheduler.solver.many.assign import assign
from scheduler.solver.many.board import Board, NotExpressible
from scheduler.solver.many.judge import violations_of_all
from scheduler.solver.many.problem import REPAIR, AssignProblem
from scheduler.solver.outcome import OPTIMAL
from scheduler.solver.problem import BusyBlock
from tests.solver.builders import at, person, seat, session, span
from tests.solver.many.builders import best_by_trying, candidate, many, value
from tests.solver.many.random_problems import many_problems, small


def booked(question, **changes):
    """The question with everybody's answer booked, to be repaired, and something changed since."""
    options = assign(question).options
    candidates = tuple(replace(item, booked=options.get(item.id)) for item in question.candidates)
    return question.evolve(ask=REPAIR, candidates=candidates, **changes)


def busy(who, *stretches):
    return replace(who, busy=(*who.busy, *(BusyBlock(span(*stretch)) for stretch in stretches)))


def repaired(question):
    """What is changed, as (candidate, session, moved, leaving, joining)."""
    return [
        (item.candidate_id, each.session_key, each.moved, *each.leaving, *each.joining)
        for item in assign(question).assignments
        for each in item.changes
    ]


ADA, BOB = person("Ada", "coding"), person("Bob", "coding", hours=("09:00", "12:00"))


def test_nothing_changes_where_nothing_is_lost():
    question = booked(many(candidate("Ann"), candidate("Ben"), people=[ADA, BOB], weights={"load_step": 5}))
    assert repaired(question) == []
    assert repaired(question.evolve(weights=replace(question.weights, load_step=0, load=100))) == []


def test_somebody_who_is_lost_is_replaced_at_the_same_time():
    question = many(candidate("Ann", offered=[("09:00", "12:00")]), people=[ADA, BOB])
    ill = booked(question, interviewers=(busy(ADA, ("00:00", "23:59")), BOB))
    assert repaired(ill) == [("ann", "coding", False, "ada", "bob")]


def test_a_time_moves_only_when_nobody_else_can_come():
    question = many(candidate("Ann", offered=[("09:00", "12:00")]), people=[ADA, BOB])
    both = booked(question, interviewers=(busy(ADA, ("09:00", "10:00")), busy(BOB, ("09:00", "10:00"))))
    assert repaired(both) == [("ann", "coding", True)]


def test_two_people_change_before_one_session_moves():
    nine, later = [("09:00", "10:00")], [("09:00", "11:00")]
    cat = person("Cat", load=9)
    people = [ADA, replace(BOB, load=0), cat]
    two = session("two", seat(None, "bob", "cat"))
    question = many(
        candidate("Ann", offered=nine),
        candidate("Ben", two, offered=nine),
        people=people,
        weights={"load": 1},
    )
    ill = booked(question, interviewers=(busy(ADA, ("00:00", "23:59")), *people[1:]))
    ill = ill.evolve(
        candidates=tuple(
            replace(item, candidate=candidate(item.id, offered=later).candidate) for item in ill.candidates
        )
    )
    assert repaired(ill) == [("ann", "coding", False, "ada", "bob"), ("ben", "two", False, "bob", "cat")]
    assert value(ill, assign(ill)) == best_by_trying(ill)


def test_who_cannot_be_kept_is_handed_over_with_blockers():
    question = many(candidate("Ann"), people=[ADA])
    gone = booked(question, interviewers=(busy(ADA, ("00:00", "23:59")),))
    assignment = assign(gone).assignments[0]
    assert assignment.option is None
    assert assignment.explanation.blockers


def test_somebody_new_takes_no_time_that_is_booked():
    one = [("09:00", "10:00")]
    had = booked(many(candidate("Had", offered=one), people=[ADA])).candidates
    question = many(candidate("New", offered=one), *had, people=[ADA]).evolve(ask=REPAIR)
    outcome = assign(question)
    assert list(outcome.options) == ["had"]
    assert outcome.proof == OPTIMAL
    assert [(stage.name, stage.objective, stage.bound) for stage in outcome.figures.stages[:2]] == [
        ("bookings lost", 0, 0),
        ("left out", 1, 1),
    ]


def test_one_booking_is_kept_before_two_new_candidates_take_place():
    long = session("coding", minutes=120)
    had = booked(many(candidate("Had", long, offered=[("09:00", "11:00")]), people=[ADA])).candidates
    new = [
        candidate("Ann", offered=[("09:00", "10:00")]),
        candidate("Ben", offered=[("10:00", "11:00")]),
    ]
    question = many(*new, *had, people=[ADA]).evolve(ask=REPAIR)
    outcome = assign(question)
    assert list(outcome.options) == ["had"]
    assert value(question, outcome) == best_by_trying(question) == (0, 2, 0, 0, 0)


def test_what_stays_needs_no_notice_and_what_moves_does():
    question = many(candidate("Ann", notice_hours=0, offered=[("09:00", "12:00")]), people=[ADA, BOB])
    late = booked(question)
    plan = replace(question.candidates[0].plan, notice_hours=24)
    late = late.evolve(candidates=(replace(late.candidates[0], plan=plan),), now=at("08:30"))
    assert repaired(late) == []
    assert repaired(late.evolve(interviewers=(busy(ADA, ("09:00", "10:00")), BOB))) == [
        ("ann", "coding", False, "ada", "bob")
    ]
    nobody = late.evolve(interviewers=(busy(ADA, ("09:00", "10:00")), busy(BOB, ("09:00", "10:00"))))
    assert assign(nobody).options == {}


def test_what_is_booked_beyond_the_window_stays():
    question = booked(many(candidate("Ann", offered=[("09:00", "12:00")]), people=[ADA]))
    later = question.evolve(window=Interval(at("10:00"), at("23:00")))
    assert repaired(later) == []
    assert violations_of_all(later, {0: assign(later).options["ann"]}) == {}


def test_the_figures_tell_each_stage():
    question = many(candidate("Ann", offered=[("09:00", "12:00")]), people=[ADA, BOB])
    ill = booked(question, interviewers=(busy(ADA, ("00:00", "23:59")), BOB))
    stages = assign(ill).figures.stages
    assert [(stage.name, stage.objective, stage.bound) for stage in stages] == [
        ("left out", 0, 0),
        ("sessions moved", 0, 0),
        ("people changed", 1, 1),
        ("cost", 0, 0),
    ]


@st.composite
def broken(draw):
    """Small answers of which somebody has become busy for a while, or has left."""
    question = draw(many_problems(rules={"distinct_interviewers": True}))
    try:
        Board(question)
    except NotExpressible:
        return draw(st.nothing())
    options = assign(question).options
    people = list(question.interviewers)
    number = draw(st.integers(0, len(people) - 1))
    if draw(st.booleans()):
        held = [s.interval for o in options.values() for s in o.sessions]
        during = draw(st.sampled_from(held)) if held else question.window
        people[number] = replace(people[number], busy=(*people[number].busy, BusyBlock(during)))
    else:
        people.pop(number)
    new = draw(st.sampled_from([None, *(item.id for item in question.candidates)]))
    candidates = tuple(
        replace(item, booked=None if item.id == new else options.get(item.id)) for item in question.candidates
    )
    return question.evolve(ask=REPAIR, candidates=candidates, interviewers=tuple(people))


@settings(small, max_examples=25)
@given(broken())
def test_a_repair_changes_the_least_that_trying_everything_finds(question):
    outcome = assign(question)
    assert value(question, outcome) == best_by_trying(question)
    assert outcome.proof == OPTIMAL
    assert AssignProblem.from_json(question.to_json()) == question
    position = {item.id: index for index, item in enumerate(question.candidates)}
    assert violations_of_all(question, {position[id_]: o for id_, o in outcome.options.items()}) == {}
