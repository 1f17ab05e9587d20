# SPDX-License-Identifier: Apache-2.0
"""What stands in the way whatever anybody's calendar says: people, rooms and time that are not there.

All of it has to change before there can be an answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from scheduler.domain.options import Blocker
from scheduler.solver.panels import Anybody, Distinct, Fit, Slot, cheapest
from scheduler.solver.problem import Problem


def certain(problem: Problem) -> Iterator[Blocker]:
    """What stands in the way whatever anybody's calendar says."""
    if not problem.interviewers and problem.unreadable:
        count = len(problem.unreadable)
        text = "The only calendar" if count == 1 else f"All {count} calendars"
        yield Blocker(code="calendars_unreadable", text=f"{text} could not be read.")
        return
    missing = tuple(_missing_people(problem))
    yield from missing or _too_few_people(problem)
    for session in problem.plan.sessions:
        if session.room_capacity is not None and not any(
            room.capacity >= session.room_capacity for room in problem.rooms
        ):
            text = f"There is no room for {session.room_capacity} people for {session.title}."
            yield Blocker(code="no_room", text=text, session_key=session.key)
    yield from _no_time_at_all(problem)


def _missing_people(problem: Problem) -> Iterator[Blocker]:
    unreadable = {item.id: item.name or item.id for item in problem.unreadable}
    for session in problem.plan.sessions:
        if sum(s.count for s in session.seats if s.skill and s.level != "qualified" and not s.optional) > 1:
            text = f"{session.title} asks for two people in training, and there may be one."
            yield Blocker(code="two_trainees", text=text, session_key=session.key)
        for seat in session.seats:
            pool = problem.pool(seat)
            if seat.optional or len(pool) >= seat.count:
                continue
            lost = [unreadable[id_] for id_ in seat.interviewers if id_ in unreadable]
            if lost:
                text = f"The calendar of {', '.join(lost)}, needed for {session.title}, could not be read."
                yield Blocker(code="calendar_unreadable", text=text, session_key=session.key)
            elif seat.skill:
                level = "" if seat.level == "qualified" else f" at level {seat.level}"
                who = "No interviewer has" if not pool else f"Only {len(pool)} of {seat.count} needed have"
                text = f"{who} the skill {seat.skill}{level}, needed for {session.title}."
                yield Blocker(code="no_interviewer", text=text, session_key=session.key)
            else:
                text = f"Only {len(pool)} of the {seat.count} people needed for {session.title} can be asked."
                yield Blocker(code="no_interviewer", text=text, session_key=session.key)


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
