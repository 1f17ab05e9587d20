# SPDX-License-Identifier: Apache-2.0
"""Problems for each rule of a plan alone: nothing asked of it, just kept, just broken. They are small enough
to be asked of everything that solves.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

from scheduler.domain.intervals import Interval
from scheduler.solver.problem import Weights
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
        two(max_days=2),
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
