# SPDX-License-Identifier: Apache-2.0
"""What stands in the way whatever anybody's calendar says: people, rooms and time that are not there.

All of it has to change before there can be an answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from scheduler.domain.options import Blocker
from scheduler.domain.people import Qualification
from scheduler.domain.plans import Seat, Session
from scheduler.domain.wording import list_words
from scheduler.solver.changes import people_words
from scheduler.solver.panels import Anybody, Distinct, Fit, Slot, cheapest
from scheduler.solver.problem import InterviewerFacts, Problem, Unreadable


def certain(problem: Problem) -> Iterator[Blocker]:
    """What stands in the way whatever anybody's calendar says."""
    if not problem.interviewers and problem.unreadable:
        count = len(problem.unreadable)
        text = "The only calendar" if count == 1 else f"All {count} calendars"
        yield Blocker(code="calendars_unreadable", text=f"{text} could not be read.")
        return
    yield from too_few(problem)
    for session in problem.plan.sessions:
        if session.room_capacity is not None and not any(
            room.capacity >= session.room_capacity for room in problem.rooms
        ):
            text = f"There is no room for {people_words(session.room_capacity)} for {session.title}."
            yield Blocker(code="no_room", text=text, session_key=session.key)
    yield from _no_time_at_all(problem)


def too_few(problem: Problem) -> tuple[Blocker, ...]:
    """Seats for which there are not enough people, whatever their calendars say."""
    return tuple(_missing_people(problem)) or tuple(_too_few_people(problem))


def _missing_people(problem: Problem) -> Iterator[Blocker]:
    for session in problem.plan.sessions:
        if sum(s.count for s in session.seats if s.skill and s.level != "qualified" and not s.optional) > 1:
            text = f"{session.title} asks for two people in training, and there may be one."
            yield Blocker(code="two_trainees", text=text, session_key=session.key)
        if all(seat.optional for seat in session.seats):
            text = f"Everybody in {session.title} is optional, and somebody has to hold it."
            yield Blocker(code="no_interviewer", text=text, session_key=session.key)
        for seat in session.seats:
            if not seat.optional and len(problem.pool(seat)) < seat.count:
                code, text = _missing(problem, session, seat)
                yield Blocker(code=code, text=text, session_key=session.key)


def _missing(problem: Problem, session: Session, seat: Seat) -> tuple[str, str]:
    """Why too few may sit here: calendars that could not be read, people met before, or nobody else is
    there.
    """
    level = "" if seat.level == "qualified" else f" at level {seat.level}"
    lost = [item.name or item.id for item in problem.unreadable if _asks_for(seat, item)]
    if lost:
        has = "has" if len(lost) == 1 else "have"
        needed = "" if seat.interviewers else f"who {has} the skill {seat.skill}{level}, "
        calendar = "The calendar" if len(lost) == 1 else "The calendars"
        text = f"{calendar} of {list_words(lost)}, {needed}needed for {session.title}, could not be read."
        return "calendar_unreadable", text
    met = [person.name for person in problem.interviewers if person.met and _asks_for(seat, person)]
    if met and problem.plan.distinct_interviewers:
        who = "those named" if seat.interviewers else f"those with the skill {seat.skill}{level}"
        has = "has" if len(met) == 1 else "have"
        text = f"Of {who} for {session.title}, {list_words(met)} {has} met the candidate already."
        return "distinct_interviewers", text
    found = len(problem.pool(seat))
    if seat.skill:
        who = f"Only {found} of {seat.count} needed have" if found else "No interviewer has"
        return "no_interviewer", f"{who} the skill {seat.skill}{level}, needed for {session.title}."
    text = f"Only {found} of the {seat.count} people needed for {session.title} can be asked."
    return "no_interviewer", text


def _asks_for(seat: Seat, person: InterviewerFacts | Unreadable) -> bool:
    if seat.interviewers:
        return person.id in seat.interviewers
    return Qualification(seat.skill or "", seat.level) in person.qualifications


def _too_few_people(problem: Problem) -> Iterator[Blocker]:
    """Enough for each seat, and too few for all of them."""
    position = {person.id: index for index, person in enumerate(problem.interviewers)}
    slots = [
        Slot(number, index, tuple((0, position[person.id]) for person in problem.pool(seat)))
        for number, session in enumerate(problem.plan.sessions)
        for index, seat in enumerate(session.seats)
        if not seat.optional
        for _ in range(seat.count)
    ]
    for number, session in enumerate(problem.plan.sessions):
        own = [slot for slot in slots if slot.session == number]
        if _cannot_sit(own, Anybody()):
            text = f"{session.title} needs {len(own)} different people, and there are too few for its seats."
            yield Blocker(code="not_enough_people", text=text, session_key=session.key)
            return
    if problem.plan.distinct_interviewers and _cannot_sit(slots, Distinct({})):
        text = f"The sessions need {len(slots)} different people, and there are too few for their seats."
        yield Blocker(code="not_enough_people", text=text)


def _cannot_sit(slots: list[Slot], fit: Fit) -> bool:
    panels = cheapest(slots, fit)
    return panels.proven and panels.people is None


def _no_time_at_all(problem: Problem) -> Iterator[Blocker]:
    if problem.open_window is not None:
        return
    plan = problem.plan
    if replace(problem, plan=replace(plan, notice_hours=0)).open_window is not None:
        text = f"The window is over before the {plan.notice_hours} hours of notice are."
        yield Blocker(code="notice", text=text)
    else:
        text = f"The window does not lie within the next {plan.horizon_days} days."
        yield Blocker(code="horizon", text=text)
