# SPDX-License-Identifier: Apache-2.0
"""Who could start what when, for all candidates on one timeline.

Times are ticks of the timeline; of these only the *starts* matter, ticks at which some session of some
candidate could start at all, and everything is kept as matrices of people by starts. Sessions of the same
length, buffer and grid, for which people's recent interviews count alike, have one matrix: a *shape*.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, reduce
from math import gcd
from operator import or_
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from scheduler.domain.hours import day_of, week_of
from scheduler.domain.intervals import Interval, merge
from scheduler.domain.people import Buffer, Qualification
from scheduler.domain.plans import Plan, Seat, Session
from scheduler.solver.many.problem import AssignProblem, PlannedCandidate
from scheduler.solver.reach import PersonStarts, Reach, candidate_hours, trains
from scheduler.solver.timeline import Timeline, common_tick, run

Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

#: dearer than every answer there can be
NEVER = 1 << 40


class NotExpressible(Exception):
    """A plan asks something of its candidate's people that matrices of single starts cannot say."""


@dataclass(frozen=True)
class SeatAsk:
    """A required seat: how many people, and who could sit there as positions among the interviewers."""

    count: int
    pool: Whole
    #: what each of the pool costs because the candidate's interviews are preferably held by others
    other: Whole
    #: 1 for those of the pool who do not sit in the session that is booked
    newcomer: Whole


@dataclass(frozen=True)
class SessionAsk:
    """One session of one candidate."""

    shape: int
    seats: tuple[SeatAsk, ...]
    #: starts at which the session alone could take place, as a mask of ticks
    mask: int
    #: classes of rooms that are large enough; None: no room is needed
    rooms: tuple[int, ...] | None


@dataclass(frozen=True)
class Ask:
    """One candidate's sessions."""

    index: int
    plan: Plan
    sessions: tuple[SessionAsk, ...]
    #: the tick at which each session is booked (-1: between ticks; None: it is not); empty: nothing is
    booked: tuple[int | None, ...] = ()

    @property
    def possible(self) -> bool:
        return all(session.mask for session in self.sessions)


@dataclass
class Shape:
    """Sessions alike in length, buffer, grid and loads; filled once all starts are known."""

    ticks: int
    #: by person, the recent interviews that count; a newcomer's depend on whom they share a pool with
    loads: tuple[int, ...]
    masks: dict[int, PersonStarts] = field(default_factory=dict)
    #: by person, the starts they could hold by themselves
    able: dict[int, int] = field(default_factory=dict)
    buffers: dict[int, Buffer] = field(default_factory=dict)
    #: people by starts: what a seat costs, NEVER where the person cannot
    cost: Whole = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    #: ticks kept free before the start and from it on, by person
    before: list[int] = field(default_factory=list)
    length: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class RoomClass:
    """Rooms of one size that are free at the same times: as good as one room that takes several at once."""

    rooms: tuple[int, ...]
    free: int


class Board:
    """All asks of an AssignProblem, and the matrices they share. Raises NotExpressible."""

    def __init__(self, problem: AssignProblem) -> None:
        self.problem, self.weights = problem, problem.weights
        self.people = problem.people
        zones = {person.zone for person in self.people}
        zones |= {self.zone(item) for item in problem.candidates}
        if problem.day_zone:
            zones.add(ZoneInfo(problem.day_zone))
        plans = list(dict.fromkeys(item.plan for item in problem.candidates))
        tick = common_tick(plans, self.people, zones, problem.span)
        tick = gcd(tick, problem.between_interviews, *_minutes_booked(problem))
        self.line = Timeline.over(problem.span, tick)
        self.between = self.line.ticks(problem.between_interviews)
        self._position = {person.id: index for index, person in enumerate(self.people)}
        self._reaches: dict[int, Reach] = {}
        self._kept: dict[Hashable, Any] = {}
        self.shapes: list[Shape] = []
        self._shape_of: dict[Hashable, int] = {}
        self.room_classes = self._room_classes()
        self.asks = tuple(self._ask(index, item) for index, item in enumerate(problem.candidates))
        self._measure()

    # candidates

    def zone(self, item: PlannedCandidate) -> ZoneInfo:
        """The candidate's zone, as their Problem has it."""
        if item.candidate.time_zone:
            return ZoneInfo(item.candidate.time_zone)
        return self.problem.problem(self.problem.candidates.index(item)).candidate_zone

    def days_zone(self, item: PlannedCandidate) -> ZoneInfo:
        """Where the candidate's days begin."""
        return ZoneInfo(self.problem.day_zone) if self.problem.day_zone else self.zone(item)

    def _ask(self, index: int, item: PlannedCandidate) -> Ask:
        if len(item.plan.sessions) > 1 and not item.plan.distinct_interviewers:
            raise NotExpressible("somebody may meet the candidate twice")
        opened = self._open(index, item)
        sessions = tuple(self._session(index, item, opened, s) for s in item.plan.sessions)
        return Ask(index, item.plan, sessions, self._booked(item))

    def _booked(self, item: PlannedCandidate) -> tuple[int | None, ...]:
        agreed = self.problem.agreed(item)
        at = [agreed.get(session.key) for session in item.plan.sessions]
        return tuple(self._tick(placed.start) if placed else None for placed in at) if agreed else ()

    def booked_room(self, item: PlannedCandidate, session: Session) -> int | None:
        """The room that is booked for a session, as a position among the rooms."""
        placed = self.problem.agreed(item).get(session.key)
        booked = placed.room.id if placed and placed.room else None
        return next((n for n, room in enumerate(self.problem.rooms) if room.id == booked), None)

    def _tick(self, instant: datetime) -> int:
        tick = self.line.index(instant)
        return tick if self.line.instant(tick) == instant else -1

    def _open(self, index: int, item: PlannedCandidate) -> int:
        """Ticks inside window, notice and horizon at which the candidate can."""
        key = ("open", item.plan.notice_hours, item.plan.horizon_days)
        if key not in self._kept:
            window = self.problem.open_window(item.plan)
            self._kept[key] = self.line.inside((window,)) if window else 0
        opened: int = self._kept[key] | self.line.inside(
            merge(placed.interval for placed in self.problem.agreed(item).values())
        )
        if self.problem.ignore_candidate_hours:
            return opened
        hours_key = ("hours", self.zone(item).key, item.plan.candidate_hours)
        if hours_key not in self._kept:
            span = Interval(self.line.origin, self.line.instant(self.line.length))
            hours = candidate_hours(self.problem.problem(index), span)
            self._kept[hours_key] = self.line.inside(hours)
        opened &= self._kept[hours_key]
        said = merge(item.candidate.availability)
        return opened & self.line.inside(said) if said else opened

    def _session(self, index: int, item: PlannedCandidate, opened: int, session: Session) -> SessionAsk:
        required = [seat for seat in session.seats if not seat.optional]
        pools = [self._pool(seat, item) for seat in required]
        shape = self._shape(index, item.plan, session)
        key = ("able", shape, *pools, *(seat.count for seat in required))
        if key not in self._kept:
            self._kept[key] = self._able(index, shape, session, pools)
        mask = run(opened, self.shapes[shape].ticks) & self._kept[key]
        rooms = self._rooms_for(session, self.booked_room(item, session))
        if rooms is not None:
            mask &= reduce(or_, (self._room_free(room, self.shapes[shape].ticks) for room in rooms), 0)
        if sum(s.count for s in required if trains(s)) > 1:
            mask = 0
        seats = tuple(
            SeatAsk(
                seat.count,
                np.array(pool, np.int64),
                self._other(pool, item),
                self._newcomer(pool, item, session),
            )
            for seat, pool in zip(required, pools, strict=True)
        )
        return SessionAsk(shape, seats, mask, rooms)

    def _other(self, pool: tuple[int, ...], item: PlannedCandidate) -> Whole:
        if not item.preferred:
            return np.zeros(len(pool), np.int64)
        cost = self.weights.other_people
        return np.array([0 if self.people[p].id in item.preferred else cost for p in pool], np.int64)

    def _newcomer(self, pool: tuple[int, ...], item: PlannedCandidate, session: Session) -> Whole:
        placed = self.problem.agreed(item).get(session.key)
        if placed is None:
            return np.zeros(len(pool), np.int64)
        known = {panelist.id for panelist in placed.interviewers}
        return np.array([int(self.people[p].id not in known) for p in pool], np.int64)

    def _pool(self, seat: Seat, item: PlannedCandidate) -> tuple[int, ...]:
        """Who may sit in this seat at all, as `Problem.pool` has it."""
        key = ("pool", seat.interviewers, seat.skill, seat.level)
        if key not in self._kept:
            if seat.interviewers:
                named = dict.fromkeys(seat.interviewers)
                self._kept[key] = tuple(self._position[id_] for id_ in named if id_ in self._position)
            else:
                wanted = Qualification(seat.skill or "", seat.level)
                self._kept[key] = tuple(i for i, p in enumerate(self.people) if wanted in p.qualifications)
        pool: tuple[int, ...] = self._kept[key]
        if item.plan.distinct_interviewers:
            met = item.met
            pool = tuple(p for p in pool if not self.people[p].met and self.people[p].id not in met)
        return pool

    def _shape(self, index: int, plan: Plan, session: Session) -> int:
        loads = self._loads(index, plan)
        key = (session.minutes, session.buffer, plan.grid, loads)
        if key not in self._shape_of:
            self._shape_of[key] = len(self.shapes)
            self.shapes.append(Shape(self.line.ticks(session.minutes), loads))
            if plan.grid not in self._reaches:
                self._reaches[plan.grid] = Reach(
                    self.problem.problem(index), self.problem.span, line=self.line
                )
        return self._shape_of[key]

    def _loads(self, index: int, plan: Plan) -> tuple[int, ...]:
        if not self.weights.load:
            return (0,) * len(self.people)
        key = ("loads", plan, self.problem.candidates[index].met)
        if key not in self._kept:
            own = self.problem.problem(index)
            self._kept[key] = tuple(own.load_of(person) for person in self.people)
        loads: tuple[int, ...] = self._kept[key]
        return loads

    def _able(self, index: int, shape: int, session: Session, pools: Sequence[tuple[int, ...]]) -> int:
        """Starts at which every seat by itself could be filled."""
        here, reach = self.shapes[shape], self._reaches[self.problem.candidates[index].plan.grid]
        people = {p for pool in pools for p in pool}
        for person in people - here.masks.keys():
            starts = reach.person(person, session)
            here.masks[person], here.able[person] = starts, starts.able & starts.grid
            here.buffers[person] = self.people[person].buffer_for(session)
        places = sum(seat.count for seat in session.seats if not seat.optional)
        if places > 1 and len({here.masks[p].grid for p in people}) > 1:
            raise NotExpressible("a panel keeps several clocks")
        able = -1
        for pool in pools:
            able &= reduce(or_, (here.able[p] for p in pool), 0)
        return able

    # rooms

    def _room_classes(self) -> tuple[RoomClass, ...]:
        reach_line = self.line
        classes: dict[tuple[int, int], list[int]] = {}
        for index, room in enumerate(self.problem.rooms):
            taken = [block.during for block in room.busy]
            taken += [item.buffer.around(item.during) for item in room.booked]
            free = reach_line.all & ~reach_line.touched(taken)
            classes.setdefault((room.capacity, free), []).append(index)
        ordered = sorted(classes.items())
        return tuple(RoomClass(tuple(rooms), free) for (_, free), rooms in ordered)

    def _rooms_for(self, session: Session, booked: int | None) -> tuple[int, ...] | None:
        """The classes of rooms that are large enough; first that of the booked one, kept among equals."""
        if session.room_capacity is None:
            return None
        rooms, classes = self.problem.rooms, self.room_classes
        large = (
            number
            for number, each in enumerate(classes)
            if rooms[each.rooms[0]].capacity >= session.room_capacity
        )
        return tuple(sorted(large, key=lambda number: booked not in classes[number].rooms))

    def _room_free(self, room: int, ticks: int) -> int:
        key = ("room", room, ticks)
        if key not in self._kept:
            self._kept[key] = run(self.room_classes[room].free, ticks)
        free: int = self._kept[key]
        return free

    # matrices

    def _measure(self) -> None:
        """Which ticks are starts, and the matrix of each shape."""
        used = reduce(or_, (session.mask for ask in self.asks for session in ask.sessions), 0)
        self.starts: Whole = np.flatnonzero(self._bits([used])[0])
        self.ticks: list[int] = self.starts.tolist()
        #: the column of each tick that is a start
        self.column = {tick: column for column, tick in enumerate(self.ticks)}
        for shape in self.shapes:
            people = range(len(self.people))
            masks = [shape.masks.get(p) for p in people]
            able = self._bits([shape.able.get(p, 0) for p in people])[:, self.starts]
            liked = self._bits([m.preferred if m else 0 for m in masks])[:, self.starts]
            cost = np.array(shape.loads, np.int64)[:, None] * self.weights.load
            cost = cost + np.where(liked, 0, self.weights.preferred_hours)
            over = self._bits([m.overbooked if m else 0 for m in masks])[:, self.starts]
            cost = cost + np.where(over, self.weights.overbooked, 0)
            shape.cost = np.where(able, cost, NEVER)
            kept = [shape.buffers.get(p, Buffer()) for p in people]
            shape.before = [self.line.ticks(b.before) for b in kept]
            shape.length = [shape.ticks + self.line.ticks(b.after) + self.between for b in kept]

        self.left = [self._left(person) for person in range(len(self.people))]

    def _left(self, index: int) -> dict[str, dict[int | None, int]]:
        """For each limit of a person, how many more interviews a day or week takes; None: one without any
        booked ones.
        """
        person = self.people[index]
        zone = self.problem.limits_in(person)
        left: dict[str, dict[int | None, int]] = {}
        for unit, most in (("day", person.limits.per_day), ("week", person.limits.per_week)):
            if most is None:
                continue
            here: dict[int | None, int] = {None: most}
            for item in person.booked:
                number = self._number(unit, item.during.start, zone)
                if number is not None:
                    here[number] = here.get(number, most) - 1
            left[unit] = here
        return left

    def _number(self, unit: str, instant: datetime, zone: ZoneInfo) -> int | None:
        """The number of a day or week as `units` counts it; None: none of the timeline's."""
        day = day_of(instant, zone)
        if unit == "day":
            return day.toordinal()
        return self._weeks(zone).get(week_of(instant, zone))

    def _weeks(self, zone: ZoneInfo) -> dict[tuple[int, int], int]:
        days = self.line.days(zone)
        weeks = [week_of(self.line.instant(first), zone) for _, first, _ in days]
        return {week: number for number, week in enumerate(dict.fromkeys(weeks))}

    @cached_property
    def rooms_asked(self) -> tuple[tuple[int, int], ...]:
        """Each (class of rooms, shape) in which some session could take place."""
        asked = {
            (room, session.shape)
            for ask in self.asks
            for session in ask.sessions
            for room in session.rooms or ()
        }
        return tuple(sorted(asked))

    def capacity(self, row: tuple[str, int, int]) -> int:
        """How much fits: ("time", person, tick), ("room", class, tick) or (unit, person, number)."""
        kind, owner, number = row
        if kind == "time":
            return 1
        if kind == "room":
            return len(self.room_classes[owner].rooms)
        left = self.left[owner][kind]
        return left.get(number, left[None])

    def over(self, prices: Iterable[tuple[int, float]], before: int, length: int) -> Floats:
        """By start, the sum of the (tick, price) between so many ticks before it and `length` after it."""
        by_tick = np.zeros(self.line.length + 1)
        for tick, price in prices:
            by_tick[tick + 1] = price
        total = np.cumsum(by_tick)
        ends = np.minimum(self.starts + length, self.line.length)
        found: Floats = total[ends] - total[np.maximum(self.starts - before, 0)]
        return found

    def room_open(self, room: int, shape: int) -> Flags:
        """By start, whether the calendars of this class of rooms leave the time."""
        key = ("open room", room, shape)
        if key not in self._kept:
            free = self._room_free(room, self.shapes[shape].ticks)
            self._kept[key] = self._bits([free])[0][self.starts]
        found: Flags = self._kept[key]
        return found

    def _bits(self, masks: Sequence[int]) -> Flags:
        size = self.line.length // 8 + 1
        joined = b"".join(mask.to_bytes(size, "little") for mask in masks)
        flags = np.unpackbits(np.frombuffer(joined, np.uint8).reshape(-1, size), axis=1, bitorder="little")
        return flags.astype(np.bool_)

    def columns_of(self, mask: int) -> Whole:
        """The columns of the starts in a mask of ticks."""
        flags = self._bits([mask])[0]
        found: Whole = np.flatnonzero(flags[self.starts])
        return found

    def units(self, person: int, unit: str) -> Whole:
        """For each start, the number of the day or week it counts in for this person's limits."""
        zone = self.problem.limits_in(self.people[person])
        key = (unit, zone.key)
        if key not in self._kept:
            days = self.line.days(zone)
            numbers = [self._number(unit, self.line.instant(first), zone) for _, first, _ in days]
            firsts = np.array([first for _, first, _ in days])
            self._kept[key] = np.array(numbers)[np.searchsorted(firsts, self.starts, "right") - 1]
        found: Whole = self._kept[key]
        return found


def _minutes_booked(problem: AssignProblem) -> list[int]:
    """The minutes of the hour at which sessions are booked, which are ticks if they are whole minutes."""
    starts = (placed.start for item in problem.candidates for placed in problem.agreed(item).values())
    return [start.minute for start in starts if not start.second and not start.microsecond]
