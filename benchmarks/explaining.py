# SPDX-License-Identifier: Apache-2.0
"""Why there is nothing, and what would help: python -m benchmarks.explaining [SEED]

Impossible plans of four sessions among thirty people over ten working days, each kind of impossibility in
turn: the times are those of a whole answer, the proof that there is nothing included.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import time as wall
from typing import Any

from benchmarks._demo import say, share
from scheduler.domain.hours import WeeklyHours
from scheduler.domain.intervals import Interval
from scheduler.domain.people import Buffer, Limits, Qualification
from scheduler.domain.plans import Break, Gap, Plan, Seat, Session
from scheduler.solver.model import propose
from scheduler.solver.outcome import Impossible
from scheduler.solver.problem import (
    BookedInterview,
    BusyBlock,
    CandidateFacts,
    InterviewerFacts,
    Problem,
    RoomFacts,
)

EACH = 5
PEOPLE, DAYS = 30, 10
MONDAY = datetime(2026, 11, 30, tzinfo=UTC)
WINDOW = Interval(MONDAY, MONDAY + timedelta(days=12))
READ = WINDOW.padded(timedelta(days=1), timedelta(days=8))
WORK = ("mon", "tue", "wed", "thu", "fri")
ZONES = ("Europe/London", "Europe/Berlin", "Europe/Madrid", "Europe/Athens")
SKILLS = ("screen", "coding", "design", "values")

Change = Callable[[random.Random, Problem], Problem]


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    propose(next(instances(seed, full_calendars)))  # imports and caches are warm from here on
    seconds: list[float] = []
    for change in KINDS:
        own = []
        for problem in instances(seed, change):
            began = time.perf_counter()
            outcome = propose(problem)
            own.append(time.perf_counter() - began)
            assert isinstance(outcome, Impossible)
            last = outcome.explanation
        seconds += own
        found = f"{len(last.blockers)} blockers, {len(last.relaxations)} relaxations"
        print(f"  {change.__name__.replace('_', ' ')}: worst of {EACH} {max(own):.2f} s; the last: {found}")
    figure = f"median {statistics.median(seconds):.2f} s, 95 % within {share(seconds, 0.95):.2f} s"
    say("an impossible plan explained", f"{figure}, worst of {len(seconds)} {max(seconds):.2f} s", "2 s")


def instances(seed: int, change: Change) -> Iterator[Problem]:
    """Problems made impossible in this way; those that are not, all the same, are passed over."""
    chance = random.Random(f"{seed} {change.__name__}")
    found = 0
    while found < EACH:
        problem = change(chance, question(chance))
        if isinstance(propose(problem.evolve(options=1)), Impossible):
            found += 1
            yield problem


def question(chance: random.Random, *, busy: float = 0.45) -> Problem:
    """A plan that usually has options: about half of everybody's time is taken."""
    sessions = tuple(
        Session(
            key=skill,
            title=skill.capitalize(),
            minutes=chance.choice((45, 60)),
            seats=(Seat(skill=skill, count=2 if skill == "design" else 1),),
        )
        for skill in SKILLS
    )
    plan = Plan(
        name="Onsite",
        sessions=sessions,
        order=chance.choice(("fixed", "any")),
        gap=Gap(0, 60),
        breaks=(Break(name="Lunch", minutes=45, earliest=wall(12), latest=wall(14)),),
        candidate_hours=(wall(8), wall(18)),
        horizon_days=14,
    )
    return Problem(
        plan=plan,
        window=WINDOW,
        now=MONDAY - timedelta(days=1),
        candidate=CandidateFacts(id="candy", time_zone="Europe/London"),
        interviewers=tuple(_person(chance, number, busy) for number in range(PEOPLE)),
        rooms=tuple(RoomFacts(id=f"r{n}", name=f"Room {n}", capacity=4 + n) for n in range(3)),
        calendars_read=READ,
        options=8,
    )


def _person(chance: random.Random, number: int, busy: float) -> InterviewerFacts:
    skills = chance.sample(SKILLS, chance.randint(1, 2))
    return InterviewerFacts(
        id=f"p{number}",
        name=f"Person {number}",
        time_zone=chance.choice(ZONES),
        working_hours=(WeeklyHours(WORK, wall(9), wall(17, 30)),),
        qualifications=tuple(Qualification(skill) for skill in skills),
        limits=Limits(chance.choice((2, 3, None)), None),
        buffer=Buffer(0, chance.choice((0, 5, 15))),
        busy=tuple(_meetings(chance, busy)),
        load=chance.randint(0, 6),
    )


def _meetings(chance: random.Random, busy: float) -> Iterator[BusyBlock]:
    for day in range((READ.end - READ.start) // timedelta(days=1)):
        at = READ.start + timedelta(days=day, hours=8)
        while at < READ.start + timedelta(days=day, hours=18):
            minutes = timedelta(minutes=chance.choice((30, 60, 90)))
            if chance.random() < busy:
                yield BusyBlock(Interval(at, at + minutes))
            at += minutes


def _with(problem: Problem, **plan: Any) -> Problem:
    return problem.evolve(plan=replace(problem.plan, **plan))


def _seated(problem: Problem, number: int, seat: Seat) -> Problem:
    sessions = list(problem.plan.sessions)
    sessions[number] = replace(sessions[number], seats=(seat,))
    return _with(problem, sessions=tuple(sessions))


def _changed(problem: Problem, ids: frozenset[str], **facts: Any) -> Problem:
    people = tuple(replace(p, **facts) if p.id in ids else p for p in problem.interviewers)
    return problem.evolve(interviewers=people)


def full_calendars(chance: random.Random, problem: Problem) -> Problem:
    """Everybody is busy nearly all the time, and the loop has to fit into one day."""
    people = tuple(replace(p, busy=tuple(_meetings(chance, 0.88))) for p in problem.interviewers)
    return problem.evolve(interviewers=people)


def the_one_needed_is_away(chance: random.Random, problem: Problem) -> Problem:
    """A named person is on holiday for the whole window."""
    one = chance.randrange(PEOPLE)
    named = _seated(problem, chance.randrange(4), Seat(interviewers=(f"p{one}",)))
    return _changed(named, frozenset({f"p{one}"}), busy=(BusyBlock(WINDOW, "out_of_office"),))


def two_who_never_meet(chance: random.Random, problem: Problem) -> Problem:
    """Two named people, one of whom works mornings and the other afternoons."""
    one, other = chance.sample(range(PEOPLE), 2)
    named = _seated(problem, chance.randrange(4), Seat(interviewers=(f"p{one}", f"p{other}"), count=2))
    for number, hours in ((one, (wall(8), wall(12))), (other, (wall(13), wall(17)))):
        facts = {"working_hours": (WeeklyHours(WORK, *hours),), "time_zone": "Europe/London"}
        named = _changed(named, frozenset({f"p{number}"}), **facts)
    return named


def too_short_a_day(chance: random.Random, problem: Problem) -> Problem:
    """The candidate can be asked for less time than one day's sessions need."""
    start = chance.randint(9, 14)
    return _with(problem, candidate_hours=(wall(start), wall(start + 3)))


def few_offered_times(chance: random.Random, problem: Problem) -> Problem:
    """The candidate offered two hours on some days."""
    days = chance.sample(range(11), 4)
    offered = (MONDAY + timedelta(days=day, hours=chance.randint(9, 15)) for day in sorted(days))
    times = tuple(Interval(start, start + timedelta(hours=2)) for start in offered)
    return problem.evolve(candidate=replace(problem.candidate, availability=times))


def limits_are_reached(chance: random.Random, problem: Problem) -> Problem:
    """Everybody with one skill has held as many interviews this week and the next as they may."""
    skill = Qualification(chance.choice(SKILLS))
    ids = frozenset(p.id for p in problem.interviewers if skill in p.qualifications)
    held = tuple(
        BookedInterview(Interval(start, start + timedelta(hours=1)))
        for start in (MONDAY + timedelta(days=day, hours=7) for day in (0, 7))
    )
    return _changed(problem, ids, booked=held, limits=Limits(None, 1))


def no_room_is_free(chance: random.Random, problem: Problem) -> Problem:
    """One session needs a room, and the only ones large enough are taken."""
    number = chance.randrange(4)
    sessions = list(problem.plan.sessions)
    sessions[number] = replace(sessions[number], room_capacity=5)
    rooms = tuple(replace(r, busy=(BusyBlock(WINDOW),)) if r.capacity > 4 else r for r in problem.rooms)
    return _with(problem, sessions=tuple(sessions)).evolve(rooms=rooms)


def several_things_at_once(chance: random.Random, problem: Problem) -> Problem:
    """Fuller calendars, a short day and little time between sessions."""
    people = tuple(replace(p, busy=tuple(_meetings(chance, 0.86))) for p in problem.interviewers)
    return _with(problem.evolve(interviewers=people), candidate_hours=(wall(10), wall(16)), gap=Gap(0, 15))


KINDS: tuple[Change, ...] = (
    full_calendars,
    the_one_needed_is_away,
    two_who_never_meet,
    too_short_a_day,
    few_offered_times,
    limits_are_reached,
    no_room_is_free,
    several_things_at_once,
)

if __name__ == "__main__":
    main()
