# SPDX-License-Identifier: Apache-2.0
"""Plans: their JSON form, their defaults, and what contradicts itself."""

from __future__ import annotations

from datetime import time

import pytest

from scheduler.domain.errors import Invalid
from scheduler.domain.people import Buffer
from scheduler.domain.plans import Break, Gap, Plan, Seat, Session

SEAT = {"role": "interviewer", "skill": "coding"}
SMALL = {"name": "Screen", "sessions": [{"key": "a", "title": "A", "minutes": 30, "seats": [SEAT]}]}
FULL = Plan(
    id="plan_1",
    external_id="ext",
    name="Loop",
    sessions=(
        Session(
            key="a",
            title="A",
            minutes=45,
            seats=(Seat(skill="coding", level="shadow", count=2), Seat(role="lead", interviewers=("ivw_1",))),
            room_capacity=4,
            conference="teams",
            buffer=Buffer(5, 10),
        ),
        Session(
            key="b",
            title="B",
            minutes=30,
            seats=(Seat(skill="x", optional=True),),
            after=("a",),
            location="Elm",
        ),
    ),
    order="any",
    gap=Gap(5, 30),
    max_days=2,
    grid=30,
    breaks=(Break(name="Lunch", minutes=30, earliest=time(11, 30), latest=time(14)),),
    candidate_hours=(time(9), time(0)),
    reminders=(60,),
    reschedule_limit=1,
    distinct_interviewers=False,
    holds=True,
)


def test_a_plan_survives_json():
    assert Plan.from_json(FULL.to_json()) == FULL
    assert Plan.from_json(FULL.to_json()).to_json() == FULL.to_json()


def test_a_small_plan_has_the_defaults():
    plan = Plan.from_json(SMALL)
    assert plan == Plan(
        name="Screen", sessions=(Session(key="a", title="A", minutes=30, seats=(Seat(skill="coding"),)),)
    )
    assert Plan.from_json(plan.to_json()) == plan


def test_reminders_are_told_once_each_the_longest_first():
    assert Plan.from_json({**SMALL, "reminders": [60, 1440, 60]}).reminders == (1440, 60)


def test_a_plan_knows_whom_and_what_it_needs():
    assert (FULL.people_named, FULL.skills, FULL.needs_rooms) == ({"ivw_1"}, {"coding", "x"}, True)
    assert FULL.session("b").title == "B"


def loop(*sessions, **more):
    base = [{"title": "S", "minutes": 30, "seats": [SEAT]} | session for session in sessions]
    return {"name": "Loop", "sessions": base, **more}


@pytest.mark.parametrize(
    ("data", "pointers"),
    [
        (loop({"key": "a"}, {"key": "a"}), ["/sessions/1/key"]),
        (loop({"key": "a", "after": ["a"]}), ["/sessions/0/after/0"]),
        (loop({"key": "a", "after": ["z"]}), ["/sessions/0/after/0"]),
        (loop({"key": "a", "after": ["b"]}, {"key": "b", "after": ["a"]}, order="any"), ["/sessions"]),
        (loop({"key": "a", "after": ["b"]}, {"key": "b"}), ["/sessions"]),
        (loop({"key": "a", "seats": [{"role": "x"}]}), ["/sessions/0/seats/0"]),
        (loop({"key": "a", "seats": [SEAT | {"interviewers": ["i"]}]}), ["/sessions/0/seats/0"]),
        (
            loop({"key": "a", "seats": [{"count": 2, "interviewers": ["i", "i"]}]}),
            ["/sessions/0/seats/0/count"],
        ),
        (loop({"key": "a"}, gap={"min": 30, "max": 15}), ["/gap/max"]),
        (
            loop({"key": "a"}, breaks=[{"name": "L", "minutes": 61, "between": ["12:00", "13:00"]}]),
            ["/breaks/0/between"],
        ),
        (loop({"key": "a"}, candidate_hours={"start": "18:00", "end": "09:00"}), ["/candidate_hours/end"]),
        (
            loop({"key": "a"}, gap={"min": 2, "max": 1}, candidate_hours={"start": "10:00", "end": "10:00"}),
            ["/gap/max", "/candidate_hours/end"],
        ),
    ],
)
def test_contradictions_are_named_all_at_once(data, pointers):
    with pytest.raises(Invalid) as refusal:
        Plan.from_json(data)
    assert [error.pointer for error in refusal.value.errors] == pointers


@pytest.mark.parametrize(
    "data",
    [
        loop({"key": "a", "after": ["b"]}, {"key": "b"}, order="any"),
        loop({"key": "a"}, {"key": "b", "after": ["a"]}),
        loop({"key": "a"}, gap={"min": 15, "max": 15}),
        loop({"key": "a"}, breaks=[{"name": "L", "minutes": 60, "between": ["12:00", "13:00"]}]),
        loop({"key": "a"}, candidate_hours={"start": "00:00", "end": "00:00"}),
    ],
)
def test_what_is_nearly_a_contradiction_is_a_plan(data):
    assert Plan.from_json(data).name == "Loop"


def test_a_plan_stored_with_more_sessions_than_are_accepted_now_stays_readable():
    [session] = SMALL["sessions"]
    stored = {**SMALL, "sessions": [{**session, "key": f"talk{number}"} for number in range(20)]}
    assert len(Plan.from_json(stored).sessions) == 20
