# SPDX-License-Identifier: Apache-2.0
"""Other people for exactly the same times: what a pick needs when somebody has been lost since the offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from scheduler.domain.intervals import Interval
from scheduler.domain.options import Option, OptionSession
from scheduler.domain.plans import Session
from scheduler.solver.drafts import (
    Draft,
    Placed,
    Seated,
    best_rooms,
    fit_for,
    optional_people,
    slots_for,
    to_option,
)
from scheduler.solver.panels import Slot, cheapest
from scheduler.solver.problem import Problem
from scheduler.solver.reach import Reach
from scheduler.solver.timing import Timing

#: dearer than any panel: one person fewer to change outweighs all else
CHANGE = 1 << 40


def seat(problem: Problem, option: Option) -> Option | None:
    """The option with its own people and rooms where they still can, else others who are free.

    As few people change as possible, then the least loaded come in. None when the times cannot be kept.
    The id is
    kept; cost and reasons are recounted.
    """
    if problem.open_window is None or not problem.open_window.contains(Interval(option.start, option.end)):
        return None
    reach = Reach(problem, Interval(option.start, option.end))
    timing = Timing(problem, reach.line)
    placed = _placed(problem, timing, option)
    if placed is None or not _times_hold(reach, timing, placed):
        return None
    own = _own_places(problem, option)
    slots = [_own_first(slot, own) for slot in slots_for(reach, placed)]
    panels = cheapest(slots, fit_for(reach, timing, placed))
    rooms = best_rooms(reach, timing, placed, _own_rooms(problem, option))
    if panels.people is None or rooms is None:
        return None
    seated = tuple(
        Seated(session=slot.session, seat=slot.seat, person=person)
        for slot, person in zip(slots, panels.people, strict=True)
    )
    draft = Draft(placed=placed, seated=seated, cost=0, end=timing.minute(option.end))
    guests = optional_people(reach, timing, draft, own)
    return to_option(reach, timing, draft, rooms=rooms[1], guests=guests).evolve(id=option.id)


def _placed(problem: Problem, timing: Timing, option: Option) -> tuple[Placed, ...] | None:
    """The sessions of the option by position; None when they are not those of the plan."""
    position = {session.key: index for index, session in enumerate(problem.plan.sessions)}
    if sorted(session.key for session in option.sessions) != sorted(position):
        return None
    if any(s.interval.duration != problem.plan.session(s.key).duration for s in option.sessions):
        return None
    if any(timing.instant(timing.minute(s.start)) != s.start for s in option.sessions):
        return None
    placed = ((position[s.key], timing.minute(s.start)) for s in option.sessions)
    return tuple(sorted(placed, key=lambda pair: pair[1]))


def _times_hold(reach: Reach, timing: Timing, placed: Sequence[Placed]) -> bool:
    """Each session can take place then, and together they keep order, gaps, breaks and days."""
    tick = reach.line.minutes
    if any(minute % tick or not reach.sessions[s].starts >> minute // tick & 1 for s, minute in placed):
        return False
    sessions = reach.plan.sessions
    spans = [(minute, minute + sessions[s].minutes) for s, minute in placed]
    if any(spans[i][1] > spans[i + 1][0] for i in range(len(spans) - 1)):
        return False
    if not _in_order([sessions[s] for s, _ in placed], reach):
        return False
    days = [timing.day(start) for start, _ in spans]
    if days[-1] - days[0] >= reach.plan.max_days:
        return False
    by_day = groupby(spans, key=lambda span: timing.day(span[0]))
    return all(timing.waiting(day, tuple(group)) is not None for day, group in by_day)


def _in_order(sequence: Sequence[Session], reach: Reach) -> bool:
    if reach.plan.order == "fixed":
        return list(sequence) == list(reach.plan.sessions)
    seen: set[str] = set()
    for session in sequence:
        if not seen.issuperset(session.after):
            return False
        seen.add(session.key)
    return True


def _own_places(problem: Problem, option: Option) -> frozenset[tuple[int, int, int]]:
    """(session, seat, person) as the option has them; a role that two seats share counts for both."""
    position = {person.id: index for index, person in enumerate(problem.interviewers)}
    at = {session.key: session for session in option.sessions}
    return frozenset(
        (index, number, position[panelist.id])
        for index, session in enumerate(problem.plan.sessions)
        for number, wanted in enumerate(session.seats)
        for panelist in at[session.key].interviewers
        if (panelist.role, panelist.optional) == (wanted.role, wanted.optional) and panelist.id in position
    )


def _own_first(slot: Slot, own: frozenset[tuple[int, int, int]]) -> Slot:
    choices = (
        (cost if (slot.session, slot.seat, person) in own else cost + CHANGE, person)
        for cost, person in slot.choices
    )
    return replace(slot, choices=tuple(sorted(choices)))


def _own_rooms(problem: Problem, option: Option) -> dict[int, int]:
    rooms = {room.id: index for index, room in enumerate(problem.rooms)}
    at: dict[str, OptionSession] = {session.key: session for session in option.sessions}
    placed = ((index, at[session.key].room) for index, session in enumerate(problem.plan.sessions))
    return {index: rooms[room.id] for index, room in placed if room and room.id in rooms}
