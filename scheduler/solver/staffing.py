# SPDX-License-Identifier: Apache-2.0
"""What a recruiter could change about who holds a session: one more person to ask, fewer people, nobody in
training.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from scheduler.domain.plans import Seat, Session, seat_to_json
from scheduler.solver.changes import Change, Ladder, of_plan, people_words, put, with_session
from scheduler.solver.problem import InterviewerFacts, Problem
from scheduler.solver.reach import Reach, trains

#: people tried for one seat, those first who could hold the session at most times
MOST_TRIED = 3
#: people an API's seat can name
MOST_NAMED = 200
IN_TRAINING = "reverse_shadow"


def others(problem: Problem) -> Iterator[tuple[Change, ...]]:
    """For each required seat the people who could be asked too, one by one."""
    reach = Reach(problem, problem.open_window) if problem.open_window else None
    for number, index, seat in _required(problem):
        people = _others(problem, reach, problem.plan.sessions[number], seat) if reach else []
        yield tuple(_asked_too(problem, number, index, person) for person in people)


def ladders(problem: Problem) -> Iterator[Ladder]:
    """For each required seat fewer people than it asks for."""
    for number, index, _ in _required(problem):
        yield tuple(_fewer(problem, number, index))


def _required(problem: Problem) -> Iterator[tuple[int, int, Seat]]:
    for number, session in enumerate(problem.plan.sessions):
        yield from ((number, index, seat) for index, seat in enumerate(session.seats) if not seat.optional)


def _changed(problem: Problem, number: int, index: int, seat: Seat, text: str) -> Change:
    session = problem.plan.sessions[number]
    seats = (*session.seats[:index], seat, *session.seats[index + 1 :])
    plan = with_session(problem.plan, number, replace(session, seats=seats))
    return of_plan(problem, plan, text, put(f"/plan/sessions/{number}/seats/{index}", seat_to_json(seat)))


def _others(problem: Problem, reach: Reach, session: Session, seat: Seat) -> list[InterviewerFacts]:
    """People who may not sit here yet and could be asked to: for a seat by name, who knows what one of the
    named knows; for a seat by skill, who leads such interviews in training.
    """
    pool = problem.pool(seat)
    if len(pool) >= MOST_NAMED or trains(seat):
        return []
    known = {item for person in pool for item in person.qualifications if item.level == "qualified"}
    found = [
        person
        for person in problem.interviewers
        if person not in pool
        and not (person.met and problem.plan.distinct_interviewers)
        and (known & set(person.qualifications) if seat.interviewers else _learns(person, seat))
    ]
    return sorted(found, key=lambda person: -_chances(reach, person, session))[:MOST_TRIED]


def _learns(person: InterviewerFacts, seat: Seat) -> bool:
    return any((item.skill, item.level) == (seat.skill, IN_TRAINING) for item in person.qualifications)


def _chances(reach: Reach, person: InterviewerFacts, session: Session) -> int:
    """At how many times the person could hold the session."""
    starts = reach.person(reach.position[person.id], session)
    return (starts.able & reach.open).bit_count()


def _asked_too(problem: Problem, number: int, index: int, person: InterviewerFacts) -> Change:
    session = problem.plan.sessions[number]
    seat = session.seats[index]
    ids = [*(one.id for one in problem.pool(seat)), person.id]
    named = Seat(
        role=seat.role, count=seat.count, interviewers=tuple(dict.fromkeys((*seat.interviewers, *ids)))
    )
    learning = "" if seat.interviewers else f", who is in training for {seat.skill},"
    return _changed(problem, number, index, named, f"Let {person.name}{learning} hold {session.title} too")


def _fewer(problem: Problem, number: int, index: int) -> Iterator[Change]:
    session = problem.plan.sessions[number]
    seat = session.seats[index]
    for count in range(seat.count - 1, 0, -1):
        text = f"Hold {session.title} with {people_words(count)} instead of {seat.count}"
        if len(session.seats) > 1:
            text += f" as {seat.role}"
        yield _changed(problem, number, index, replace(seat, count=count), text)
    if trains(seat):
        text = f"Hold {session.title} without anybody in training where none is free"
        yield _changed(problem, number, index, replace(seat, optional=True), text)
