# SPDX-License-Identifier: Apache-2.0
"""An instance of the public interview-scheduling benchmark as a Problem: python -m benchmarks.from_bench FILE

Kind "propose" becomes one candidate's loop, kind "batch" an AssignProblem, both with weights that say the
benchmark's cost exactly; of kind "availability" the query named with `--query` (default 0) becomes a question
about one session.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from scheduler.domain.hours import WEEKDAYS, WeeklyHours, expand
from scheduler.domain.intervals import Interval, merge, subtract
from scheduler.domain.people import Limits, Qualification
from scheduler.domain.plans import Break, Gap, Plan, Seat, Session
from scheduler.solver.many.problem import AssignProblem, PlannedCandidate
from scheduler.solver.problem import (
    BusyBlock,
    CandidateFacts,
    InterviewerFacts,
    Problem,
    RoomFacts,
    Weights,
)

UTC_ZONE = "UTC"
ALL_DAY = (time(0), time(0))
#: "10*day(last session) + 2*idle grid steps + 8*(days used - 1) + 3*load", and nothing else
COST = {"day": 10, "waiting_minute": 2, "extra_day": 8, "load": 3}
#: "10*day(session) + sum over interviewers a*(a+1) + pref (0 preferred, else 3)", and nothing else
BATCH_COST = {"session_day": 10, "load_step": 2, "other_people": 3, "day": 0, "waiting_minute": 0} | {
    "extra_day": 0,
    "load": 0,
}
NOT_COUNTED = (
    "preferred_hours",
    "room_change",
    "no_cover",
    "same_day",
    "overlapping",
    "same_half",
    "same_person",
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Print the Problem of a benchmark instance.")
    parser.add_argument("file", help="an instance; - reads standard input")
    parser.add_argument("--query", type=int, default=0, help="of kind availability: which query")
    arguments = parser.parse_args()
    text = sys.stdin.read() if arguments.file == "-" else Path(arguments.file).read_text(encoding="utf-8")
    json.dump(problem_of(json.loads(text), query=arguments.query).to_json(), sys.stdout)


def problem_of(instance: dict[str, Any], *, query: int = 0) -> Problem | AssignProblem:
    """The Problem of an instance; ids are the benchmark's numbers with `c`, `p`, `s` or `r` in front."""
    kind = instance["kind"]
    if kind == "batch":
        return _batch(instance)
    if kind == "propose":
        return _propose(instance)
    if kind == "availability":
        return _availability(instance, instance["queries"][query])
    raise SystemExit(f"there is no Problem for instances of kind {kind}")


def _propose(instance: dict[str, Any]) -> Problem:
    base, lunch = datetime.fromisoformat(instance["base"]), instance["lunch"]
    window = Interval(base, base + timedelta(days=instance["days"]))
    plan = Plan(
        name=instance["name"],
        sessions=tuple(_session(item, instance["precedence"]) for item in instance["sessions"]),
        order="any",
        max_days=instance["max_days"],
        grid=instance["grid"],
        breaks=(
            Break(
                name="lunch",
                minutes=lunch["minutes"],
                earliest=_wall(lunch["from"]),
                latest=_wall(lunch["to"]),
            ),
        ),
        candidate_hours=ALL_DAY,
        notice_hours=0,
        horizon_days=instance["days"] + 1,
    )
    # an empty list would mean that the candidate has not said: one who can never come is said to be free
    # before it all begins
    never = (Interval(base - timedelta(days=1), base),)
    return Problem(
        plan=plan,
        window=window,
        now=base,
        candidate=CandidateFacts(
            id="candidate",
            time_zone=instance["candidate"]["tz"],
            availability=_intervals(base, instance["candidate"]["windows"]) or never,
        ),
        interviewers=tuple(_person(item, window) for item in instance["interviewers"]),
        rooms=tuple(_room(item, base) for item in instance["rooms"]),
        day_zone=UTC_ZONE,
        options=instance["k_plans"],
        options_apart=True,
        seed=instance["seed"],
        weights=Weights(
            **COST, **dict.fromkeys(NOT_COUNTED, 0), waiting_step=instance["grid"], breaks_are_waiting=True
        ),
    )


def _batch(instance: dict[str, Any]) -> AssignProblem:
    base = datetime.fromisoformat(instance["base"])
    window = Interval(base, base + timedelta(days=instance["days"]))
    return AssignProblem(
        candidates=tuple(_planned(instance, item, window) for item in instance["candidates"]),
        window=window,
        now=base,
        interviewers=tuple(_with_limit(item, window) for item in instance["interviewers"]),
        rooms=tuple(
            RoomFacts(id=f"r{number}", name=f"Room {number}", capacity=1)
            for number in range(instance["room_capacity"] or 0)
        ),
        day_zone=UTC_ZONE,
        between_interviews=instance["buffer"],
        seed=instance["seed"],
        weights=Weights(**BATCH_COST, **dict.fromkeys(NOT_COUNTED, 0)),
    )


def _planned(instance: dict[str, Any], item: dict[str, Any], window: Interval) -> PlannedCandidate:
    sessions = tuple(
        Session(
            key=f"s{number}",
            title=f"Session {number}",
            minutes=session["duration"],
            seats=(Seat(count=session["k"], interviewers=tuple(f"p{person}" for person in session["pool"])),),
            room_capacity=1 if instance["room_capacity"] is not None else None,
        )
        for number, session in enumerate(item["sessions"])
    )
    plan = Plan(
        name=f"{len(sessions)} sessions",
        sessions=sessions,
        gap=Gap(0, instance["max_gap"]),
        grid=instance["grid"],
        candidate_hours=ALL_DAY,
        notice_hours=0,
        horizon_days=instance["days"] + 1,
    )
    never = (Interval(window.start - timedelta(days=1), window.start),)
    return PlannedCandidate(
        candidate=CandidateFacts(
            id=f"c{item['id']}",
            time_zone=item["tz"],
            availability=_intervals(window.start, item["windows"]) or never,
        ),
        plan=plan,
        preferred=frozenset(f"p{person}" for person in item["preferred"]),
    )


def _with_limit(item: dict[str, Any], window: Interval) -> InterviewerFacts:
    """The instance's load is of no account here; new interviews are."""
    return replace(_person(item, window), load=0, limits=Limits(per_day=item["max_per_day"]))


def _availability(instance: dict[str, Any], query: dict[str, Any]) -> Problem:
    base = datetime.fromisoformat(instance["base"])
    window = Interval(base, base + timedelta(days=instance["days"]))
    asked = tuple(f"p{number}" for number in query["people"])
    seat = Seat(count=len(asked) if query["mode"] == "all" else 1, interviewers=asked)
    return Problem(
        plan=Plan(
            name=instance["name"],
            sessions=(Session(key="s0", title="Meeting", minutes=query["duration"], seats=(seat,)),),
            grid=query["step"],
            notice_hours=0,
            horizon_days=instance["days"] + 1,
        ),
        window=window,
        now=base,
        candidate=CandidateFacts(id="nobody"),
        ignore_candidate_hours=True,
        interviewers=tuple(_person(item, window) for item in instance["interviewers"]),
        day_zone=UTC_ZONE,
    )


def _session(item: dict[str, Any], precedence: list[list[int]]) -> Session:
    return Session(
        key=f"s{item['id']}",
        title=f"{item['skill']} {item['id']}",
        minutes=item["duration"],
        seats=(Seat(count=item["k"], interviewers=tuple(f"p{number}" for number in item["pool"])),),
        after=tuple(f"s{before}" for before, then in precedence if then == item["id"]),
        room_capacity=1 if item["room"] else None,
    )


def _person(item: dict[str, Any], window: Interval) -> InterviewerFacts:
    person = InterviewerFacts(
        id=f"p{item['id']}",
        name=f"Person {item['id']}",
        time_zone=item["tz"],
        working_hours=_hours(item["hours"]),
        qualifications=tuple(Qualification(skill) for skill in item["skills"]),
        load=item["load"],
    )
    busy = _intervals(window.start, item["busy"])
    work = _intervals(window.start, item["work"])
    if expand(person.working_hours, person.zone, window) != work:  # the instance's own expansion counts
        person = replace(person, working_hours=(WeeklyHours(WEEKDAYS, *ALL_DAY),))
        busy = merge((*busy, *subtract((window,), work)))
    return replace(person, busy=tuple(BusyBlock(block) for block in busy))


def _room(item: dict[str, Any], base: datetime) -> RoomFacts:
    busy = tuple(BusyBlock(block) for block in _intervals(base, item["busy"]))
    return RoomFacts(id=f"r{item['id']}", name=f"Room {item['id']}", capacity=1, busy=busy)


def _hours(rules: list[list[Any]]) -> tuple[WeeklyHours, ...]:
    days: dict[tuple[str, str], list[str]] = {}
    for weekday, start, end in rules:
        days.setdefault((start, end), []).append(WEEKDAYS[weekday])
    return tuple(
        WeeklyHours(tuple(names), time.fromisoformat(start), time.fromisoformat(end))
        for (start, end), names in days.items()
    )


def _intervals(base: datetime, pairs: list[list[int]]) -> tuple[Interval, ...]:
    pieces = (
        Interval(base + timedelta(minutes=start), base + timedelta(minutes=end))
        for start, end in pairs
        if start < end
    )
    return merge(pieces)


def _wall(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)


if __name__ == "__main__":
    main()
