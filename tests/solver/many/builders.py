# SPDX-License-Identifier: Apache-2.0
"""Small problems of many candidates in few words, and the best answer to them by trying everything."""

from __future__ import annotations

from datetime import time, timedelta

from scheduler.domain.intervals import Interval
from scheduler.domain.plans import Plan
from scheduler.solver.check import violations
from scheduler.solver.many.assign import assign
from scheduler.solver.many.changes import changes_of
from scheduler.solver.many.judge import recounted, violations_of_all
from scheduler.solver.many.problem import AssignProblem, PlannedCandidate
from scheduler.solver.problem import CandidateFacts, Weights
from scheduler.solver.starts import availability
from tests.solver.builders import MONDAY, all_options, at, session, span

#: what a test does not ask about costs nothing
COUNTED = "day waiting_minute extra_day load preferred_hours room_change no_cover session_day load_step"
FREE = dict.fromkeys([*COUNTED.split(), "other_people"], 0)


def candidate(name, *sessions, offered=(), met=(), preferred=(), booked=None, **rules):
    """`offered` as (start, end) of that Monday, or spans; one session of an hour unless told otherwise."""
    rules = {"grid": 60, "notice_hours": 0, "candidate_hours": (time(0), time(0)), **rules}
    return PlannedCandidate(
        candidate=CandidateFacts(
            id=name.lower(),
            time_zone="Europe/London",
            availability=tuple(item if isinstance(item, Interval) else span(*item) for item in offered),
        ),
        plan=Plan(name="Plan", sessions=sessions or (session("coding"),), **rules),
        met=frozenset(met),
        preferred=frozenset(preferred),
        booked=booked,
    )


def many(*candidates, people, days=1, weights=None, **more):
    """From Monday 00:00 for so many days; weights that are not given are 0."""
    return AssignProblem(
        candidates=candidates,
        interviewers=tuple(people),
        window=Interval(at("00:00"), at("00:00", days)),
        now=MONDAY,
        weights=Weights(**{**FREE, **(weights or {})}),
        **more,
    )


def placed(question):
    """Who is placed when with whom: by candidate, (start, people) of each session."""
    return {
        id_: [(f"{s.start:%H:%M}", *(p.id for p in s.interviewers)) for s in option.sessions]
        for id_, option in assign(question).options.items()
    }


def value(question, outcome):
    """How many lose their booking, how many are left out, how many sessions move, how many people join, and
    what the others cost.
    """
    options = outcome.options.values()
    changes = [change for item in outcome.assignments for change in item.changes]
    return (
        lost(question, outcome.options),
        len(question.candidates) - len(options),
        sum(change.moved for change in changes),
        sum(len(change.joining) for change in changes),
        sum(option.cost for option in options),
    )


def lost(question, kept):
    """How many have something booked, and nothing in an answer for these candidates."""
    return sum(1 for item in question.candidates if question.agreed(item) and item.id not in kept)


def best_by_trying(question):
    """The best value of all answers that the judge lets pass."""
    choices = [[None, *_allowed(question.problem(index))] for index in range(len(question.candidates))]
    best = None
    stack = [({}, 0)]
    while stack:
        chosen, index = stack.pop()
        if index == len(choices):
            cost = sum(option.cost for option in recounted(question, chosen).values())
            kept = {question.candidates[number].id for number in chosen}
            found = (lost(question, kept), len(choices) - len(chosen), *changes_of(question, chosen), cost)
            best = found if best is None else min(best, found)
            continue
        for option in choices[index]:
            tried = chosen if option is None else {**chosen, index: option}
            if option is None or not violations_of_all(question, tried):
                stack.append((tried, index + 1))
    return best


def _allowed(question):
    """Every option of one candidate that the judge lets pass."""
    keys = [s.key for s in question.plan.sessions]
    starts = {key: availability(question, key).starts for key in keys}
    times = [[]]
    for key in keys:
        times = [[*before, (key, start)] for before in times for start in starts[key]]
    return [o for each in times for o in all_options(question, each) if not violations(question, o)]


__all__ = ["at", "best_by_trying", "candidate", "many", "placed", "timedelta", "value"]
