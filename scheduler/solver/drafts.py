# SPDX-License-Identifier: Apache-2.0
"""A complete plan while it is being made: times and people by position, and how it becomes an Option."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from scheduler.domain.hours import day_of, week_of
from scheduler.domain.options import Option, OptionSession, Panelist, RoomRef
from scheduler.solver.check import recount
from scheduler.solver.panels import Distinct, Fit, Slot
from scheduler.solver.problem import Problem
from scheduler.solver.reach import Reach, trains
from scheduler.solver.timing import Timing

#: a session's position in the plan and the minute it starts
Placed = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Seated:
    """Somebody in a required seat, all by position."""

    session: int
    seat: int
    person: int


@dataclass(frozen=True, kw_only=True)
class Draft:
    """All sessions placed, all required seats filled; rooms and optional people follow from that."""

    #: in order of time
    placed: tuple[Placed, ...]
    seated: tuple[Seated, ...]
    cost: int
    #: the minute the last session ends
    end: int

    @property
    def start(self) -> int:
        return self.placed[0][1]

    @cached_property
    def people(self) -> frozenset[int]:
        return frozenset(item.person for item in self.seated)


@dataclass(frozen=True)
class Repeated:
    """People may sit in several sessions: touching ones share their reservation, others keep both buffers."""

    problem: Problem
    on_grid: Mapping[int, frozenset[int] | None]
    starts: Mapping[int, datetime]

    def clocks(self, session: int) -> frozenset[int] | None:
        return self.on_grid.get(session)

    def may_also(self, person: int, session: int, others: Sequence[int]) -> bool:
        return all(self._apart(person, session, other) for other in others) and self._within_limits(
            person, session, others
        )

    def _apart(self, person: int, one: int, other: int) -> bool:
        before, after = sorted((one, other), key=lambda session: self.starts[session])
        sessions, who = self.problem.plan.sessions, self.problem.interviewers[person]
        free = self.starts[after] - (self.starts[before] + sessions[before].duration)
        kept = who.buffer_for(sessions[before]).after_delta + who.buffer_for(sessions[after]).before_delta
        return not free or free >= kept

    def _within_limits(self, person: int, session: int, others: Sequence[int]) -> bool:
        who = self.problem.interviewers[person]
        zone = self.problem.limits_in(who)
        for most, unit in ((who.limits.per_day, day_of), (who.limits.per_week, week_of)):
            if most is None:
                continue
            held: list[Hashable] = [unit(item.during.start, zone) for item in who.booked]
            held += [unit(self.starts[other], zone) for other in others]
            if held.count(unit(self.starts[session], zone)) >= most:
                return False
        return True


def fit_for(reach: Reach, timing: Timing, placed: Sequence[Placed]) -> Fit:
    """What the panels of sessions placed like this ask of each other."""
    tick = reach.line.minutes
    on_grid = {session: reach.sessions[session].clocks(minute // tick) for session, minute in placed}
    if reach.plan.distinct_interviewers:
        return Distinct(on_grid)
    return Repeated(reach.problem, on_grid, {session: timing.instant(minute) for session, minute in placed})


def slots_for(reach: Reach, placed: Sequence[Placed]) -> list[Slot]:
    return [
        Slot(session, seat, choices)
        for session, minute in placed
        for seat, choices in reach.sessions[session].slots(minute // reach.line.minutes)
    ]


def best_rooms(
    reach: Reach, timing: Timing, placed: Sequence[Placed], keep: Mapping[int, int] | None = None
) -> tuple[int, dict[int, int]] | None:
    """Changes of room and the room of each session that needs one; None when one of them finds none.

    First as few rooms other than those to `keep` as possible, then the fewest changes between consecutive
    sessions of a day, then the smallest rooms.
    """
    tick = reach.line.minutes
    inside = [
        (
            session,
            timing.day(minute),
            {
                room: reach.problem.rooms[room].capacity
                for room, mask in reach.sessions[session].rooms.items()
                if mask >> minute // tick & 1
            },
        )
        for session, minute in placed
        if reach.plan.sessions[session].needs_room
    ]
    return fewest_changes(inside, keep or {})


def fewest_changes(
    inside: Iterable[tuple[int, Hashable, Mapping[int, int]]], keep: Mapping[int, int]
) -> tuple[int, dict[int, int]] | None:
    """The same for sessions in order of time: position, day, and the rooms free then with how many they
    hold.
    """
    ways: dict[int, tuple[tuple[int, int, int], tuple[int, ...]]] = {-1: ((0, 0, 0), ())}
    sessions: list[int] = []
    last_day: Hashable = None
    for session, day, rooms in inside:
        following: dict[int, tuple[tuple[int, int, int], tuple[int, ...]]] = {}
        for room, size in rooms.items():
            other = int(keep.get(session, room) != room)
            following[room] = min(
                (
                    (new + other, changes + int(day == last_day and before not in (-1, room)), sizes + size),
                    (*taken, room),
                )
                for before, ((new, changes, sizes), taken) in ways.items()
            )
        if not following:
            return None
        sessions.append(session)
        ways, last_day = following, day
    (_, changes, _), taken = min(ways.values())
    return changes, dict(zip(sessions, taken, strict=True))


def optional_people(
    reach: Reach, timing: Timing, draft: Draft, prefer: frozenset[tuple[int, int, int]] = frozenset()
) -> list[Seated]:
    """Whoever is free for the optional seats once the required ones are filled, the least loaded first.

    `prefer` holds (session, seat, person) that come first where they still can.
    """
    sits: dict[int, list[int]] = {}
    for item in draft.seated:
        sits.setdefault(item.person, []).append(item.session)
    fit = fit_for(reach, timing, draft.placed)
    found: list[Seated] = []
    for session, minute in draft.placed:
        here = reach.sessions[session]
        training = any(trains(here.session.seats[s.seat]) for s in draft.seated if s.session == session)
        for seat, person in _optional_choices(reach, session, minute, prefer):
            already = sits.get(person, [])
            filled = [(item.session, item.seat) for item in found].count((session, seat))
            if filled == here.session.seats[seat].count or session in already:
                continue
            if (training and trains(here.session.seats[seat])) or not fit.may_also(person, session, already):
                continue
            training = training or trains(here.session.seats[seat])
            sits.setdefault(person, []).append(session)
            found.append(Seated(session=session, seat=seat, person=person))
    return found


def _optional_choices(
    reach: Reach, session: int, minute: int, prefer: frozenset[tuple[int, int, int]]
) -> Iterator[tuple[int, int]]:
    here, tick = reach.sessions[session], minute // reach.line.minutes
    for seat, wanted in enumerate(here.session.seats):
        if wanted.optional:
            free = (here.people[p].able & ~here.people[p].overbooked for p in here.pools[seat])
            able = [p for p, starts in zip(here.pools[seat], free, strict=True) if starts >> tick & 1]
            able.sort(key=lambda p: ((session, seat, p) not in prefer, here.seat_cost(p, tick), p))
            yield from ((seat, person) for person in able)


def to_option(
    reach: Reach,
    timing: Timing,
    draft: Draft,
    *,
    rooms: Mapping[int, int],
    guests: Sequence[Seated],
) -> Option:
    """The draft in the words of the domain, with its cost and reasons recounted by the judge."""
    problem = reach.problem
    sessions = []
    for session, minute in draft.placed:
        wanted = problem.plan.sessions[session]
        room = problem.rooms[rooms[session]] if session in rooms else None
        start = timing.instant(minute)
        seated = sorted(
            (item for item in (*draft.seated, *guests) if item.session == session),
            key=lambda item: (item.seat, item.person),
        )
        sessions.append(
            OptionSession(
                key=wanted.key,
                title=wanted.title,
                start=start,
                end=start + wanted.duration,
                interviewers=tuple(_panelist(problem, item) for item in seated),
                room=RoomRef(room.id, room.name) if room else None,
            )
        )
    option = Option(sessions=tuple(sessions))
    cost, reasons = recount(problem, option)
    return option.evolve(cost=cost, reasons=reasons)


def _panelist(problem: Problem, item: Seated) -> Panelist:
    person = problem.interviewers[item.person]
    seat = problem.plan.sessions[item.session].seats[item.seat]
    return Panelist(person.id, person.name, seat.role, seat.optional)
