# SPDX-License-Identifier: Apache-2.0
"""Soft rules: what counts against a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scheduler.solver.rules.base import Wish
from scheduler.solver.rules.times import owed_on

if TYPE_CHECKING:
    from scheduler.solver.variables import Variables


class EarlierDays(Wish):
    """The sooner the last session is held, the better."""

    code = "day"

    def count(self, variables: Variables) -> None:
        late = variables.whole(max(variables.days, default=0) + max(0, -variables.timing.first_day))
        for day in variables.days:
            after = max(0, day - variables.timing.first_day)
            variables.model.add(late >= after * variables.day_used[day])
        variables.wish(variables.problem.weights.day, late)


class FewDays(Wish):
    """The fewer days the candidate comes, the better."""

    code = "days"

    def count(self, variables: Variables) -> None:
        days = variables.whole(len(variables.days))
        variables.model.add(days >= sum(variables.day_used) - 1)
        variables.wish(variables.problem.weights.extra_day, days)


class LittleWaiting(Wish):
    """The less time lies between sessions of a day, owed breaks aside, the better."""

    code = "waiting"

    def count(self, variables: Variables) -> None:
        most = variables.reach.line.length * variables.reach.line.minutes
        for day in variables.days:
            first, last, idle = (variables.whole(most) for _ in range(3))
            at_work = []
            for s in variables.sessions:
                here = variables.on_day(s, day)
                variables.model.add(first <= variables.start(s)).only_enforce_if(here)
                variables.model.add(last >= variables.end(s)).only_enforce_if(here)
                at_work.append(variables.plan.sessions[s].minutes * here)
            forgiven = [
                minutes * owed_on(variables, day, item.earliest, item.latest)
                for item in variables.timing.breaks[day]
                if (minutes := variables.timing.forgiven([item]))
            ]
            variables.model.add(idle >= last - first - sum(at_work) - sum(forgiven))
            weights, steps = variables.problem.weights, variables.whole(most)
            variables.model.add(steps * weights.waiting_step + weights.waiting_step - 1 >= idle)
            variables.wish(weights.waiting_minute, steps)


class FairLoad(Wish):
    """Who has held fewer interviews lately is asked first; newcomers count like the others."""

    code = "load"

    def count(self, variables: Variables) -> None:
        problem = variables.problem
        for s in variables.sessions:
            for p in variables.people(s):
                load = problem.load_of(problem.interviewers[p])
                variables.wish(problem.weights.load * load, variables.sits(s, p))


class PreferredHours(Wish):
    """Interviews inside the hours somebody prefers are better."""

    code = "preferred_hours"

    def count(self, variables: Variables) -> None:
        for s in variables.sessions:
            for p in variables.people(s):
                if variables.problem.interviewers[p].preferred_hours:
                    liked = variables.one_of(s, variables.reach.sessions[s].people[p].preferred)
                    outside = variables.literal()
                    variables.model.add(outside >= variables.sits(s, p) - liked)
                    variables.wish(variables.problem.weights.preferred_hours, outside)


class OverbookLittle(Wish):
    """The fewer interviews over focus time and the like, where that may be overbooked at all, the better."""

    code = "overbooked"

    def count(self, variables: Variables) -> None:
        for s in variables.sessions:
            for p in variables.people(s):
                over = variables.reach.sessions[s].people[p].overbooked
                if over:
                    overbooks = variables.literal()
                    here = variables.one_of(s, over)
                    variables.model.add(overbooks >= variables.sits(s, p) + here - 1)
                    variables.wish(variables.problem.weights.overbooked, overbooks)


class KeepTheRoom(Wish):
    """The fewer changes of room on a day, the better."""

    code = "room_change"

    def count(self, variables: Variables) -> None:
        inside = tuple(s for s in variables.sessions if variables.plan.sessions[s].needs_room)
        if len(inside) < 2:
            return
        for (i, j), link in variables.chain(inside).items():
            change = variables.literal()
            for room in variables.rooms(i):
                stays = variables.room(j, room) if room in variables.rooms(j) else 0
                variables.model.add(change >= variables.room(i, room) - stays + link - 1)
            variables.wish(variables.problem.weights.room_change, change)


class SpareCover(Wish):
    """Times at which somebody else could stand in are better."""

    code = "no_cover"

    def count(self, variables: Variables) -> None:
        for s in variables.sessions:
            here = variables.reach.sessions[s]
            for tick in variables.ticks(s):
                variables.wish(here.cover_cost(tick), variables.at(s, tick))
