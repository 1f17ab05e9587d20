# SPDX-License-Identifier: Apache-2.0
"""Questions about several candidates at once, at random and small enough to try everything."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from scheduler.solver.many.problem import AssignProblem, PlannedCandidate
from scheduler.solver.problem import Weights
from tests.solver.random_problems import problems

ZONES = ["Europe/London", "Asia/Kolkata"]

small = settings(
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@st.composite
def many_problems(draw, most=3, sessions=(1, 1, 2), rules=None):
    """The people, rooms and time of one problem, with the plans and candidates of several."""
    drawn = [
        draw(problems(sessions=sessions, days=(1,), zones=ZONES, grids=(60,), most=3))
        for _ in range(draw(st.integers(1, most)))
    ]
    first = drawn[0]
    names = [person.id for person in first.interviewers]
    candidates = []
    for number, each in enumerate(drawn):
        candidates.append(
            PlannedCandidate(
                candidate=replace(each.candidate, id=f"c{number}", time_zone="Europe/London"),
                plan=replace(each.plan, **(rules or {})),
                met=frozenset(draw(st.sampled_from([[], [], names[:1]]))),
                preferred=frozenset(draw(st.sampled_from([[], names[:1], names[1:]]))),
            )
        )
    return AssignProblem(
        candidates=tuple(candidates),
        window=first.window,
        now=first.now,
        interviewers=first.interviewers,
        rooms=first.rooms,
        overbook=first.overbook,
        day_zone=first.day_zone,
        between_interviews=draw(st.sampled_from([0, 0, 15, 30])),
        weights=Weights(
            session_day=draw(st.sampled_from([0, 7])),
            load_step=draw(st.sampled_from([0, 45, 200])),
            room_change=0,
            waiting_step=first.weights.waiting_step,
            breaks_are_waiting=first.weights.breaks_are_waiting,
        ),
    )
