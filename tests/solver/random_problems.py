# SPDX-License-Identifier: Apache-2.0
"""Small problems in which every rule can bite, drawn from a source of chance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from scheduler.domain.errors import Invalid
from scheduler.solver.problem import Problem

EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
#: an ordinary week, and weeks in which clocks change in London and Berlin, New York, Lord Howe (by half an
#: hour)
FIRST_DAYS = [
    datetime(2026, 11, 23, tzinfo=UTC),
    datetime(2026, 10, 24, tzinfo=UTC),
    datetime(2026, 3, 28, tzinfo=UTC),
    datetime(2026, 3, 7, tzinfo=UTC),
    datetime(2026, 4, 4, tzinfo=UTC),
]
ZONES = ["Europe/London", "Europe/Berlin", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe"]
small = settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


class Chance:
    """Draws from Hypothesis, so that what fails is shrunk."""

    def __init__(self, draw):
        self.draw = draw

    def choose(self, *choices):
        return self.draw(st.sampled_from(choices))

    def number(self, low, high):
        return self.draw(st.integers(low, high))


def _stretch(chance, base, days, lengths):
    start = base + timedelta(days=chance.number(0, days - 1), minutes=chance.number(6 * 12, 18 * 12) * 5)
    return {
        "start": start.isoformat(),
        "end": (start + timedelta(minutes=chance.choose(*lengths))).isoformat(),
    }


def _person(chance, number, base, days, skills, zones):
    held = [_stretch(chance, base, days, (30, 60)) for _ in range(chance.number(0, 1))]
    return {
        "id": f"p{number}",
        "name": f"P{number}",
        "time_zone": chance.choose(*zones),
        "working_hours": [
            {
                "days": EVERY_DAY,
                "start": chance.choose("00:30", "08:00", "09:30"),
                "end": chance.choose("00:00", "17:00", "13:00"),
            }
        ],
        "preferred_hours": chance.choose([], [{"days": EVERY_DAY, "start": "10:00", "end": "13:00"}]),
        "qualifications": [
            {"skill": skill, "level": chance.choose(*["qualified"] * 5, "shadow")}
            for skill in skills
            if chance.choose(True, True, True, False)
        ],
        "limits": {"per_day": chance.choose(None, 2, 1), "per_week": chance.choose(None, 3, 1)},
        "buffer": {"before": chance.choose(0, 15), "after": chance.choose(0, 0, 10)},
        "busy": [
            _stretch(chance, base, days, (15, 30, 60, 150)) | {"kind": chance.choose("busy", "busy", "focus")}
            for _ in range(chance.number(0, 3))
        ],
        "booked": [{**item, "buffer": {"before": 15, "after": 0}} for item in held],
        "load": chance.choose(None, 0, 1, 3),
        "met": chance.choose(*[False] * 9, True),
    }


def _seat(chance, people, skills):
    if chance.choose(True, False, False, False, False):
        return {"role": "named", "interviewers": [person["id"] for person in people[: chance.number(1, 3)]]}
    return {"skill": chance.choose(*skills), "count": chance.choose(*[1] * 6, 2)}


def _session(chance, number, people, skills):
    seats = [_seat(chance, people, skills)]
    if chance.choose(False, False, False, True):
        seats.append(_seat(chance, people, skills) | {"role": "second"})
    if chance.choose(False, False, True):
        optional = chance.choose(True, True, True, False)
        seats.append({"skill": skills[0], "level": "shadow", "role": "shadow", "optional": optional})
    return {
        "key": f"s{number}",
        "title": f"S{number}",
        "minutes": chance.choose(30, 45, 60),
        "seats": seats,
        "after": [f"s{number - 1}"] if number and chance.choose(False, False, True) else [],
        "room": chance.choose(None, None, None, {"capacity": 2}, {"capacity": 4}),
        "buffer": chance.choose(None, None, None, {"before": 15, "after": 15}),
    }


def _breaks(chance):
    lunch = {"name": "Lunch", "minutes": 30, "between": ["11:00", "12:30"]}
    late_lunch = lunch | {"between": ["10:30", "12:00"]}
    tea = {"name": "Tea", "minutes": 15, "between": ["10:00", "11:00"]}
    return chance.choose([], [lunch], [tea, late_lunch])


def _plan(chance, sessions, grids):
    return {
        "name": "Plan",
        "sessions": sessions,
        "order": chance.choose("fixed", "any"),
        "gap": {"min": chance.choose(0, 0, 15), "max": chance.choose(None, 15, 60)},
        "max_days": chance.choose(1, 1, 2),
        "grid": chance.choose(*grids),
        "breaks": _breaks(chance),
        "candidate_hours": {"start": "08:00", "end": chance.choose("00:00", "15:00", "12:30")},
        "notice_hours": chance.choose(0, 10),
        "horizon_days": chance.choose(14, 14, 1),
        "distinct_interviewers": chance.choose(True, False),
    }


def _room(chance, number, base, days):
    busy = [_stretch(chance, base, days, (60, 120))]
    return {"id": f"r{number}", "name": f"R{number}", "capacity": 2 * number + 2, "busy": busy}


@st.composite
def problems(draw, sessions=(1,), days=(1, 2), zones=ZONES, grids=(15, 30, 60), most=6):
    """A problem that can be read; plans that contradict themselves are drawn again."""
    chance = Chance(draw)
    length = chance.choose(*days)
    base = chance.choose(*FIRST_DAYS)
    skills = ["a", "b"][: chance.number(1, 2)]
    people = [_person(chance, n, base, length, skills, zones) for n in range(chance.number(2, most))]
    offered = [_stretch(chance, base, length, (300, 600)) for _ in range(chance.choose(0, 0, 0, 0, 2))]
    loop = [_session(chance, n, people, skills) for n in range(chance.choose(*sessions))]
    data = {
        "format": 1,
        "plan": _plan(chance, loop, grids),
        "window": {"start": base.isoformat(), "end": (base + timedelta(days=length)).isoformat()},
        "now": base.isoformat(),
        "candidate": {
            "id": "candy",
            "time_zone": chance.choose(None, *zones),
            "availability": offered,
        },
        "interviewers": people,
        "rooms": [_room(chance, n, base, length) for n in range(chance.choose(3, 2, 0))],
        "overbook": chance.choose([], ["focus"]),
        "day_zone": chance.choose(None, None, *zones),
        "options": 1,
        "weights": {
            "waiting_step": chance.choose(1, 1, 30),
            "breaks_are_waiting": chance.choose(False, True),
        },
    }
    try:
        return Problem.from_json(data)
    except Invalid:
        return draw(st.nothing())
