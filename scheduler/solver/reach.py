# SPDX-License-Identifier: Apache-2.0
"""Who could sit where, when: bit masks of starts for each session, person and room, one session at a time.

What several sessions of one plan ask of each other (order, gaps, breaks, distinct people) is for timing
and panels.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, reduce
from operator import or_
from zoneinfo import ZoneInfo

from scheduler.domain.hours import WeeklyHours, day_of, expand, hours_on, local_days, week_of
from scheduler.domain.intervals import Interval, merge
from scheduler.domain.people import Buffer
from scheduler.domain.plans import Plan, Seat, Session
from scheduler.solver.panels import Choice, Distinct, Slot, cheapest
from scheduler.solver.problem import InterviewerFacts, Problem, RoomFacts
from scheduler.solver.timeline import Minutes, Timeline, at_least, positions, run, tick_minutes

TRAINING = ("reverse_shadow", "shadow")


def trains(seat: Seat) -> bool:
    """Somebody in training sits here."""
    return bool(seat.skill) and seat.level in TRAINING


@dataclass(frozen=True, kw_only=True)
class PersonStarts:
    """Starts at which one person could hold one session; each mask is silent about the others."""

    #: inside working hours
    hours: int
    #: no calendar event and no other interview in the way, the buffer kept towards them
    clear: int
    #: limits per day and week not yet reached
    within_limits: int
    #: this person's clock shows a multiple of the grid
    grid: int
    #: inside preferred hours; every start when they have none
    preferred: int
    #: over calendar events that may be overbooked at a price
    overbooked: int

    @cached_property
    def able(self) -> int:
        """All but the grid, which any one of the panel keeps for all."""
        return self.hours & self.clear & self.within_limits


class SessionStarts:
    """One session: who and which rooms could take part at which starts, and the starts that fill every
    seat.
    """

    def __init__(self, reach: Reach, session: Session) -> None:
        problem = reach.problem
        self.session = session
        self.ticks = reach.line.ticks(session.minutes)
        #: starts that window, notice, horizon and candidate leave
        self.open = run(reach.open, self.ticks)
        #: who may sit in each seat, as positions in `problem.interviewers`
        self.pools = tuple(
            tuple(reach.position[person.id] for person in problem.pool(seat)) for seat in session.seats
        )
        everybody = dict.fromkeys(person for pool in self.pools for person in pool)
        self.people = {person: reach.person(person, session) for person in everybody}
        self.rooms = {
            index: reach.room(index, self.ticks)
            for index, room in enumerate(problem.rooms)
            if session.room_capacity is not None and room.capacity >= session.room_capacity
        }
        self.required = tuple(i for i, seat in enumerate(session.seats) if not seat.optional)
        self._weights = problem.weights
        self.load = {p: problem.load_of(problem.interviewers[p]) for p in everybody}
        self._slots: dict[int, tuple[tuple[int, tuple[Choice, ...]], ...]] = {}

    @cached_property
    def starts(self) -> int:
        """Starts at which this session alone could take place: seats and room."""
        return self.seatable & self.room_free

    @cached_property
    def room_free(self) -> int:
        return reduce(or_, self.rooms.values(), 0) if self.session.needs_room else -1

    @cached_property
    def seatable(self) -> int:
        """Starts at which all required seats can be filled at once, whatever the room."""
        if self.two_trainees:
            return 0
        bits = self.open
        for i in self.required:
            bits &= at_least((self.people[p].able for p in self.pools[i]), self.session.seats[i].count)
        asked = {p for i in self.required for p in self.pools[i]}
        bits &= reduce(or_, (self.people[p].able & self.people[p].grid for p in asked), 0)
        return bits if self._counting_is_enough else self._with_a_panel(bits)

    @property
    def two_trainees(self) -> bool:
        """The plan itself asks for two people in training."""
        return sum(s.count for s in self.session.seats if trains(s) and not s.optional) > 1

    @cached_property
    def _counting_is_enough(self) -> bool:
        """No two seats compete for one person, and one clock is as good as another."""
        asked = [p for i in self.required for p in self.pools[i]]
        return len(asked) == len(set(asked)) and self.one_clock

    @cached_property
    def one_clock(self) -> bool:
        return len({self.people[p].grid for i in self.required for p in self.pools[i]}) <= 1

    def _with_a_panel(self, bits: int) -> int:
        known: dict[Hashable, bool] = {}
        found = 0
        for tick in positions(bits):
            slots, clocks = self.slots(tick), self.clocks(tick)
            shape = (tuple(frozenset(p for _, p in choices) for _, choices in slots), clocks)
            if shape not in known:
                panel = cheapest([Slot(0, seat, choices) for seat, choices in slots], Distinct({0: clocks}))
                known[shape] = panel.people is not None
            if known[shape]:
                found |= 1 << tick
        return found

    def clocks(self, tick: int) -> frozenset[int] | None:
        """Of whom one must sit here for the start to be on the grid; None: anybody will do."""
        if self.one_clock:
            return None
        return frozenset(p for p, starts in self.people.items() if starts.grid >> tick & 1)

    def slots(self, tick: int) -> tuple[tuple[int, tuple[Choice, ...]], ...]:
        """Every required place of the panel at this start: its seat, and who could take it, cheapest
        first.
        """
        if tick not in self._slots:
            found: list[tuple[int, tuple[Choice, ...]]] = []
            for i in self.required:
                able = (p for p in self.pools[i] if self.people[p].able >> tick & 1)
                choices = tuple(sorted((self.seat_cost(p, tick), p) for p in able))
                found += [(i, choices)] * self.session.seats[i].count
            self._slots[tick] = tuple(found)
        return self._slots[tick]

    def seat_cost(self, person: int, tick: int) -> int:
        starts, weights = self.people[person], self._weights
        cost = weights.load * self.load[person]
        cost += 0 if starts.preferred >> tick & 1 else weights.preferred_hours
        return cost + (weights.overbooked if starts.overbooked >> tick & 1 else 0)

    def least_cost(self, tick: int) -> int:
        """No panel costs less at this start, missing stand-ins included."""
        panel = sum(
            cost
            for i in self.required
            for cost, _ in self._choices_of(i, tick)[: self.session.seats[i].count]
        )
        return panel + self.cover_cost(tick)

    def _choices_of(self, seat: int, tick: int) -> tuple[Choice, ...]:
        return next(choices for i, choices in self.slots(tick) if i == seat)

    def cover_cost(self, tick: int) -> int:
        return self._weights.no_cover * sum(1 for covered in self.cover if not covered >> tick & 1)

    @cached_property
    def cover(self) -> tuple[int, ...]:
        """For each required seat with more people than places: starts at which somebody is left to stand
        in.
        """
        seats = self.session.seats
        return tuple(
            at_least((self.people[p].able for p in self.pools[i]), seats[i].count + 1)
            for i in self.required
            if len(self.pools[i]) > seats[i].count
        )


class Reach:
    """The masks of a problem over a span of time; on a given timeline, when several problems share one."""

    def __init__(self, problem: Problem, span: Interval, line: Timeline | None = None) -> None:
        self.problem = problem
        self.plan: Plan = problem.plan
        self.line = line or Timeline.over(span, tick_minutes(problem, span))
        self.span = Interval(self.line.origin, self.line.instant(self.line.length))
        self.position = {person.id: index for index, person in enumerate(problem.interviewers)}
        self._grids: dict[ZoneInfo, int] = {}
        self._hours: dict[tuple[tuple[WeeklyHours, ...], str, int], int] = {}

    @cached_property
    def sessions(self) -> tuple[SessionStarts, ...]:
        return tuple(SessionStarts(self, session) for session in self.plan.sessions)

    @cached_property
    def open(self) -> int:
        """Ticks inside window, notice and horizon at which the candidate can."""
        return self.in_window & self.after_notice & self.before_horizon & self.candidate_can

    @cached_property
    def in_window(self) -> int:
        return self.line.inside((self.problem.window,))

    @cached_property
    def after_notice(self) -> int:
        earliest = self.problem.now + timedelta(hours=self.plan.notice_hours)
        return self.line.inside((Interval(earliest, max(self.span.end, earliest + timedelta(1))),))

    @cached_property
    def before_horizon(self) -> int:
        latest = self.problem.now + timedelta(hours=24 * self.plan.horizon_days)
        return self.line.inside((Interval(min(self.span.start, latest - timedelta(1)), latest),))

    @cached_property
    def candidate_can(self) -> int:
        return self.in_candidate_hours & self.candidate_offered

    @cached_property
    def in_candidate_hours(self) -> int:
        """Ticks inside the plan's hours on the candidate's clock."""
        if self.problem.ignore_candidate_hours:
            return self.line.all
        return self.line.inside(candidate_hours(self.problem, self.span))

    @cached_property
    def candidate_offered(self) -> int:
        """Ticks inside what the candidate has named; all where they have named nothing."""
        said = merge(self.problem.candidate.availability)
        return self.line.inside(said) if said and not self.problem.ignore_candidate_hours else self.line.all

    def person(self, index: int, session: Session) -> PersonStarts:
        person = self.problem.interviewers[index]
        buffer, ticks = person.buffer_for(session), self.line.ticks(session.minutes)
        key = (
            self.line.key,
            ticks,
            buffer.before,
            buffer.after,
            self.plan.grid,
            self.problem.day_zone,
            self.problem.overbook,
        )
        if key not in person.kept:
            person.kept[key] = self._person(person, ticks, buffer)
        starts: PersonStarts = person.kept[key]
        return starts

    def _person(self, person: InterviewerFacts, ticks: int, buffer: Buffer) -> PersonStarts:
        preferred = self.line.all
        if person.preferred_hours:
            preferred = self._weekly(person, person.preferred_hours, ticks)
        return PersonStarts(
            hours=self._weekly(person, person.working_hours, ticks),
            clear=run(self.line.all & ~self._taken(person, buffer), ticks),
            overbooked=self._overbooked(person, buffer, ticks),
            within_limits=self._within_limits(person),
            grid=self._grid(person.zone),
            preferred=preferred,
        )

    def free(self, index: int, session: Session) -> int:
        """Starts with no calendar event and no other interview in the way, whatever the buffers."""
        person = self.problem.interviewers[index]
        taken = self.problem.blocking(person) + [item.during for item in person.booked]
        return run(self.line.all & ~self.line.touched(taken), self.line.ticks(session.minutes))

    def _taken(self, person: InterviewerFacts, buffer: Buffer) -> int:
        """Ticks kept free of this person's interviews: what is taken, buffers included."""
        key = (self.line.key, buffer.before, buffer.after, self.problem.overbook)
        if key not in person.kept:
            # time we would need before or after reaches into theirs exactly when ours reaches into theirs
            # made longer
            taken = self._minutes_taken(person)
            person.kept[key] = self.line.taken(taken, before=buffer.after, after=buffer.before)
        bits: int = person.kept[key]
        return bits

    def _minutes_taken(self, person: InterviewerFacts) -> Minutes:
        """What is taken on any timeline, other interviews with their own buffers."""
        key = ("taken", self.problem.overbook)
        if key not in person.kept:
            taken = self.problem.blocking(person)
            taken += [item.buffer.around(item.during) for item in person.booked]
            person.kept[key] = Minutes.of(taken)
        minutes: Minutes = person.kept[key]
        return minutes

    def _overbooked(self, person: InterviewerFacts, buffer: Buffer, ticks: int) -> int:
        """Starts at which the interview, buffers included, lies over something that may be overbooked."""
        events = self.problem.overbooked(person)
        if not events:
            return 0
        over = self.line.taken(Minutes.of(events), before=buffer.after, after=buffer.before)
        return self.line.all & ~run(self.line.all & ~over, ticks)

    def working(self, index: int) -> int:
        """Ticks inside somebody's working hours."""
        person = self.problem.interviewers[index]
        return self._weekly(person, person.working_hours)

    def _weekly(self, person: InterviewerFacts, rules: tuple[WeeklyHours, ...], ticks: int = 1) -> int:
        """Starts of so many ticks inside these hours on the person's clock; colleagues often keep the same
        hours.
        """
        key = (rules, person.time_zone, ticks)
        if key not in self._hours:
            inside = self._weekly(person, rules) if ticks > 1 else self._expanded(person.zone, rules)
            self._hours[key] = run(inside, ticks)
        return self._hours[key]

    def _expanded(self, zone: ZoneInfo, rules: tuple[WeeklyHours, ...]) -> int:
        # a day more on each side: hours must not seem to end where the span does
        wide = self.span.padded(timedelta(days=1), timedelta(days=1))
        return self.line.inside(expand(rules, zone, wide))

    def _grid(self, zone: ZoneInfo) -> int:
        if zone not in self._grids:
            self._grids[zone] = self.line.on_grid(self.plan.grid, zone)
        return self._grids[zone]

    def _within_limits(self, person: InterviewerFacts) -> int:
        allowed = self.line.all
        for most, unit in ((person.limits.per_day, day_of), (person.limits.per_week, week_of)):
            if most is not None:
                allowed &= self._not_full(person, most, unit)
        return allowed

    def _not_full(
        self, person: InterviewerFacts, most: int, unit: Callable[[datetime, ZoneInfo], Hashable]
    ) -> int:
        if not person.booked and most:
            return self.line.all
        zone = self.problem.limits_in(person)
        counted = [unit(item.during.start, zone) for item in person.booked]
        bits = 0
        for _, first, after in self.line.days(zone):
            if first < after and counted.count(unit(self.line.instant(first), zone)) < most:
                bits |= (1 << after) - (1 << first)
        return bits

    def room(self, index: int, ticks: int) -> int:
        taken = taken_of(self.problem.rooms[index])
        return run(self.line.all & ~self.line.touched(taken), ticks)


def taken_of(room: RoomFacts) -> list[Interval]:
    return [b.during for b in room.busy] + [item.buffer.around(item.during) for item in room.booked]


def candidate_hours(problem: Problem, span: Interval) -> tuple[Interval, ...]:
    """The plan's hours on every day of the span, on the candidate's clock."""
    zone, (start, end) = problem.candidate_zone, problem.plan.candidate_hours
    days = local_days(span.padded(timedelta(days=1), timedelta(days=1)), zone)
    return merge(_present(hours_on(day, start, end, zone) for day in days))


def _present(intervals: Iterable[Interval | None]) -> Iterable[Interval]:
    return (interval for interval in intervals if interval)
