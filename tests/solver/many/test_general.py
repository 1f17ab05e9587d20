# SPDX-License-Identifier: Apache-2.0
"""Plans that columns cannot say are placed one after the other: right, and not proven."""

from __future__ import annotations

from dataclasses import replace

from scheduler.solver.many.assign import assign
from scheduler.solver.many.problem import REPAIR
from scheduler.solver.outcome import OPTIMAL
from scheduler.solver.problem import BusyBlock
from tests.solver.builders import person, session, span
from tests.solver.many.builders import best_by_trying, candidate, many, value

LOOP = (session("one"), session("two"))
AGAIN = {"distinct_interviewers": False, "offered": [("09:00", "13:00")]}


def test_somebody_may_meet_a_candidate_twice_and_others_in_between():
    question = many(
        candidate("Ann", *LOOP, **AGAIN), candidate("Ben", *LOOP, **AGAIN), people=[person("Ada", "coding")]
    )
    outcome = assign(question)
    assert value(question, outcome) == best_by_trying(question) == (0, 0, 0, 0, 0)
    assert outcome.proof == OPTIMAL


def test_who_could_never_take_place_is_told_from_who_was_left_out():
    three = [candidate(name, *LOOP, **AGAIN) for name in ("Ann", "Ben", "Cem")]
    nobody = candidate("Dia", session("sales", minutes=600), **AGAIN)
    question = many(*three, nobody, people=[person("Ada", "coding")])
    outcome = assign(question)
    assert len(outcome.options) == 2
    assert next((stage.objective, stage.bound) for stage in outcome.figures.stages) == (2, 1)
    assert [bool(item.explanation) for item in outcome.assignments].count(True) == 2


def test_somebody_new_takes_no_time_that_is_booked():
    question = many(
        candidate("Had", *LOOP, **AGAIN), people=[person("Ada", "coding", hours=("09:00", "11:00"))]
    )
    had = replace(question.candidates[0], booked=assign(question).options["had"])
    longer = candidate("New", *LOOP, **AGAIN)
    repaired = assign(question.evolve(ask=REPAIR, candidates=(longer, had)))
    assert list(repaired.options) == ["had"]
    assert value(question, repaired)[0] == 0


def test_a_repair_keeps_times_before_people():
    people = [person("Ada", "coding"), person("Bob", "coding")]
    question = many(candidate("Ann", *LOOP, **AGAIN), people=people)
    kept = assign(question).options["ann"]
    held = kept.sessions[0].interviewers[0].id
    away = BusyBlock(span("00:00", "23:59"))
    changed = question.evolve(
        ask=REPAIR,
        candidates=(replace(question.candidates[0], booked=kept),),
        interviewers=tuple(replace(p, busy=(away,)) if p.id == held else p for p in people),
    )
    repaired = assign(changed)
    assert [s.start for s in repaired.options["ann"].sessions] == [s.start for s in kept.sessions]
    assert [change.moved for change in repaired.assignments[0].changes] == [False, False]
