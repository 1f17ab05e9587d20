# SPDX-License-Identifier: Apache-2.0
"""Hard rules about who and where."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import permutations
from typing import TYPE_CHECKING

from scheduler.domain.hours import day_of, week_of
from scheduler.solver.reach import trains
from scheduler.solver.rules.base import Rule

if TYPE_CHECKING:
    from scheduler.solver.variables import Variables


class InsideWorkingHours(Rule):
    """Everybody holds interviews inside their own working hours only."""

    code = "outside_hours"

    def narrow(self, variables: Variables) -> None:
        for s in variables.sessions:
            for p, starts in variables.reach.sessions[s].people.items():
                variables.keep_person(s, p, starts.hours)


class NobodyIsBusy(Rule):
    """Nobody is busy during a session, and buffers around it stay free; where two interviews meet they add
    up. What may be overbooked at a price keeps nobody busy.
    """

    code = "busy"

    def narrow(self, variables: Variables) -> None:
        for s in variables.sessions:
            for p, starts in variables.reach.sessions[s].people.items():
                variables.keep_person(s, p, starts.clear)


class WithinLimits(Rule):
    """Nobody holds more interviews in a day or a week than they may."""

    code = "limit"

    def narrow(self, variables: Variables) -> None:
        for s in variables.sessions:
            for p, starts in variables.reach.sessions[s].people.items():
                variables.keep_person(s, p, starts.within_limits)

    def bind(self, variables: Variables) -> None:
        if variables.plan.distinct_interviewers:
            return
        for p in dict.fromkeys(p for s in variables.sessions for p in variables.people(s)):
            limits = variables.problem.interviewers[p].limits
            self._at_most(variables, p, limits.per_day, weekly=False)
            self._at_most(variables, p, limits.per_week, weekly=True)

    def _at_most(self, variables: Variables, person: int, most: int | None, *, weekly: bool) -> None:
        if most is None:
            return
        who = variables.problem.interviewers[person]
        unit, zone = week_of if weekly else day_of, variables.problem.limits_in(who)
        booked: list[Hashable] = [unit(item.during.start, zone) for item in who.booked]
        stretches: dict[Hashable, int] = {}
        for _, first, after in variables.reach.line.days(zone):
            key: Hashable = unit(variables.reach.line.instant(first), zone)
            stretches[key] = stretches.get(key, 0) | ((1 << after) - (1 << first))
        for stretch, ticks in stretches.items():
            held = []
            for s in variables.sessions:
                if person in variables.people(s):
                    both = variables.literal()
                    variables.model.add(variables.sits(s, person) + variables.one_of(s, ticks) - 1 <= both)
                    held.append(both)
            variables.model.add(sum(held) <= max(0, most - booked.count(stretch)))


class SeatsAreFilled(Rule):
    """Every seat has its number of people, all different, by name or with the skill at exactly the level
    asked for; optional people come when they are free, and never block.
    """

    code = "seats"

    def bind(self, variables: Variables) -> None:
        for s in variables.sessions:
            here = variables.reach.sessions[s]
            for seat in here.required:
                people = [variables.seat(s, seat, p) for p in here.pools[seat]]
                variables.model.add(sum(people) == here.session.seats[seat].count)


class OneInTraining(Rule):
    """Never two people in training in one session."""

    code = "two_trainees"

    def bind(self, variables: Variables) -> None:
        for s in variables.sessions:
            here = variables.reach.sessions[s]
            learning = [
                variables.seat(s, seat, p)
                for seat in here.required
                if trains(here.session.seats[seat])
                for p in here.pools[seat]
            ]
            variables.model.add(sum(learning) <= 1)


class NobodyTwice(Rule):
    """Nobody meets the candidate twice, in this plan or after an earlier one, where the plan says so."""

    code = "distinct_interviewers"

    def bind(self, variables: Variables) -> None:
        if not variables.plan.distinct_interviewers:
            return
        for p in dict.fromkeys(p for s in variables.sessions for p in variables.people(s)):
            variables.model.add_at_most_one(
                variables.sits(s, p) for s in variables.sessions if p in variables.people(s)
            )


class TimeBetweenOwnSessions(Rule):
    """Two sessions of one person touch, and share their reservation, or keep both buffers between them."""

    code = "buffer"

    def bind(self, variables: Variables) -> None:
        if variables.plan.distinct_interviewers:
            return
        for i, j in permutations(variables.sessions, 2):
            touching = variables.literal()
            gap = variables.start(j) - variables.end(i)
            variables.model.add(gap == 0).only_enforce_if(touching)
            for p in variables.people(i):
                if p not in variables.people(j):
                    continue
                who, sessions = variables.problem.interviewers[p], variables.plan.sessions
                kept = who.buffer_for(sessions[i]).after + who.buffer_for(sessions[j]).before
                variables.model.add(gap >= kept).only_enforce_if(
                    variables.before(i, j),
                    variables.sits(i, p),
                    variables.sits(j, p),
                    touching.negated(),
                )


class RoomForEach(Rule):
    """A session that needs a room has one that is large enough and free."""

    code = "no_room"

    def narrow(self, variables: Variables) -> None:
        for s in variables.sessions:
            for room, free in variables.reach.sessions[s].rooms.items():
                variables.keep_room(s, room, free)

    def bind(self, variables: Variables) -> None:
        for s in variables.sessions:
            if variables.plan.sessions[s].needs_room:
                variables.model.add_exactly_one(variables.room(s, room) for room in variables.rooms(s))
