# SPDX-License-Identifier: Apache-2.0
"""Hard rules about when."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from operator import or_
from typing import TYPE_CHECKING

from scheduler.solver.rules.base import Rule
from scheduler.solver.timeline import run

if TYPE_CHECKING:
    from scheduler.solver.timing import BreakTime
    from scheduler.solver.variables import Literal, Variables


def _keep_open(variables: Variables, free: int) -> None:
    """Every session lies wholly in the free ticks."""
    for s in variables.sessions:
        variables.keep(s, run(free, variables.reach.sessions[s].ticks))


class InsideTheWindow(Rule):
    """Every session lies inside the window asked for."""

    code = "window"

    def narrow(self, variables: Variables) -> None:
        _keep_open(variables, variables.reach.in_window)


class WithNotice(Rule):
    """No session starts sooner than the plan's notice from now."""

    code = "notice"

    def narrow(self, variables: Variables) -> None:
        _keep_open(variables, variables.reach.after_notice)


class WithinTheHorizon(Rule):
    """No session ends later than the plan's horizon from now."""

    code = "horizon"

    def narrow(self, variables: Variables) -> None:
        _keep_open(variables, variables.reach.before_horizon)


class WhenTheCandidateCan(Rule):
    """Every session lies inside the candidate's hours and, if they offered times, inside those."""

    code = "candidate_hours"

    def narrow(self, variables: Variables) -> None:
        _keep_open(variables, variables.reach.candidate_can)


class OnTheGrid(Rule):
    """A session starts on a multiple of the grid on the clock of at least one person it needs."""

    code = "grid"

    def narrow(self, variables: Variables) -> None:
        for s in variables.sessions:
            people = variables.reach.sessions[s].people
            variables.keep(s, reduce(or_, (people[p].grid for p in variables.people(s)), 0))

    def bind(self, variables: Variables) -> None:
        for s in variables.sessions:
            here = variables.reach.sessions[s]
            if here.one_clock:
                continue
            for tick in variables.ticks(s):
                agreeing = [p for p in variables.people(s) if here.people[p].grid >> tick & 1]
                variables.model.add_bool_or(
                    [variables.at(s, tick).negated(), *(variables.sits(s, p) for p in agreeing)]
                )


class InOrder(Rule):
    """Sessions do not overlap and follow each other as the plan says."""

    code = "order"

    def bind(self, variables: Variables) -> None:
        plan = variables.plan
        position = {session.key: index for index, session in enumerate(plan.sessions)}
        pairs = [(position[key], position[s.key]) for s in plan.sessions for key in s.after]
        if plan.order == "fixed":
            pairs += pairwise(variables.sessions)
        for one, other in pairs:
            variables.model.add_bool_or([variables.before(one, other)])


class WithinMaxDays(Rule):
    """All sessions lie within so many consecutive days of the candidate's calendar."""

    code = "max_days"

    def bind(self, variables: Variables) -> None:
        most = variables.plan.max_days
        for first in variables.days:
            for later in variables.days[first + most :]:
                variables.model.add_bool_or(
                    [variables.day_used[first].negated(), variables.day_used[later].negated()]
                )


class ShortestGap(Rule):
    """Between one session and the next of a day lies at least the shortest gap."""

    code = "gap_min"

    def bind(self, variables: Variables) -> None:
        for (i, j), link in variables.following.items():
            gap = variables.start(j) - variables.end(i)
            variables.model.add(gap >= variables.plan.gap.min).only_enforce_if(link)


class BreaksAreKept(Rule):
    """A break owed on a day finds its minutes in one of the gaps between sessions."""

    code = "break"

    def bind(self, variables: Variables) -> None:
        for day, items in enumerate(variables.timing.breaks):
            for item in items:
                self._keep(variables, day, item)

    def _keep(self, variables: Variables, day: int, item: BreakTime) -> None:
        model, places = variables.model, []
        for (i, j), link in variables.following.items():
            here = variables.literal()
            places.append(here)
            model.add_implication(here, link)
            model.add_implication(here, variables.on_day(i, day))
            model.add(variables.start(j) - variables.end(i) >= item.minutes).only_enforce_if(here)
            model.add(variables.end(i) + item.minutes <= item.latest).only_enforce_if(here)
            model.add(variables.start(j) - item.minutes >= item.earliest).only_enforce_if(here)
            if item.latest - item.earliest < item.minutes:
                model.add_bool_or([here.negated()])
            variables.in_breaks[i, j] = variables.in_breaks[i, j] + item.minutes * here
        model.add(sum(places) == owed_on(variables, day, item.earliest, item.latest))


class LongestGap(Rule):
    """Between one session and the next of a day lies, breaks aside, at most the longest gap."""

    code = "gap_max"

    def bind(self, variables: Variables) -> None:
        longest = variables.plan.gap.max
        if longest is None:
            return
        for (i, j), link in variables.following.items():
            gap = variables.start(j) - variables.end(i)
            variables.model.add(gap <= longest + variables.in_breaks[i, j]).only_enforce_if(link)


def owed_on(variables: Variables, day: int, earliest: int, latest: int) -> Literal:
    """The sessions of the day start before `earliest` and end after `latest`."""
    key = (day, earliest, latest)
    known = variables.owed
    if key not in known:
        tick = variables.reach.line.minutes
        starts_before, ends_after = variables.literal(), variables.literal()
        early: list[Literal] = []
        late: list[Literal] = []
        for s in variables.sessions:
            minutes = variables.plan.sessions[s].minutes
            for t in variables.ticks(s):
                if variables.timing.day(t * tick) != day:
                    continue
                if t * tick < earliest:
                    early.append(variables.at(s, t))
                if t * tick + minutes > latest:
                    late.append(variables.at(s, t))
        variables.model.add_max_equality(starts_before, [0, *early])
        variables.model.add_max_equality(ends_after, [0, *late])
        owed = known[key] = variables.literal()
        variables.model.add_min_equality(owed, [starts_before, ends_after])
    return known[key]
