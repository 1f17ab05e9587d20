# SPDX-License-Identifier: Apache-2.0
"""The constraint model's variables, behind questions that rules can ask. The only place that touches
OR-Tools.

A session's start is one literal for each tick that no rule about a single session forbids; who sits in a
seat is
one literal for each person. Rules first narrow the ticks, then bind the literals.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, permutations
from time import perf_counter

from ortools.sat.python import cp_model, cp_model_helper

from scheduler.solver.drafts import Draft, Seated, best_rooms, to_option
from scheduler.solver.problem import Problem
from scheduler.solver.reach import Reach
from scheduler.solver.rules import HARD, SOFT, Rule
from scheduler.solver.timeline import positions, run
from scheduler.solver.timing import Timing

#: OR-Tools' own measure of work for one option; about a second each on a machine of 2026
WORK = 30.0

Literal = cp_model_helper.Literal
Linear = cp_model.LinearExpr


@dataclass(frozen=True, kw_only=True)
class Modelled:
    """Drafts found by the model, in order of time, and whether there are no more."""

    drafts: tuple[Draft, ...]
    complete: bool
    objective: int | None
    bound: int | None
    #: no set of as many costs less
    optimal: bool = False


class Variables:
    """One complete plan of a problem, not yet decided."""

    def __init__(
        self,
        reach: Reach,
        timing: Timing,
        model: cp_model.CpModel | None = None,
        hard: Sequence[Rule] = HARD,
    ) -> None:
        self.reach, self.timing = reach, timing
        self.problem, self.plan = reach.problem, reach.plan
        self.model = model or cp_model.CpModel()
        self.sessions = range(len(self.plan.sessions))
        everything = reach.line.all
        self._session = [everything for _ in self.sessions]
        self._person = {(s, p): everything for s in self.sessions for p in reach.sessions[s].people}
        self._room = {(s, r): everything for s in self.sessions for r in reach.sessions[s].rooms}
        self._cost: list[Linear] = []
        #: (day, earliest, latest) of a break: whether it is owed; kept by the rules that ask
        self.owed: dict[tuple[int, int, int], Literal] = {}
        for rule in hard:
            rule.narrow(self)
        self._make_literals()
        for rule in hard:
            rule.bind(self)
        for wish in SOFT:
            wish.count(self)

    # what rules about one session narrow

    def keep(self, session: int, ticks: int) -> None:
        """The session may start at these ticks only."""
        self._session[session] &= ticks

    def keep_person(self, session: int, person: int, ticks: int) -> None:
        self._person[session, person] &= ticks

    def keep_room(self, session: int, room: int, ticks: int) -> None:
        self._room[session, room] &= ticks

    # what rules ask

    def ticks(self, session: int) -> Iterable[int]:
        """Where the session can start at all."""
        return self._at[session]

    def at(self, session: int, tick: int) -> Literal:
        """The session starts at this tick."""
        return self._at[session][tick]

    def one_of(self, session: int, ticks: int) -> Linear:
        """1 when the session starts at one of these ticks."""
        return cp_model.LinearExpr.sum([x for t, x in self._at[session].items() if ticks >> t & 1])

    def start(self, session: int) -> Linear:
        """Minute of the start."""
        return self._start[session]

    def end(self, session: int) -> Linear:
        return self._start[session] + self.plan.sessions[session].minutes

    def people(self, session: int) -> Iterable[int]:
        """Everybody who may sit in a required seat."""
        here = self.reach.sessions[session]
        return dict.fromkeys(p for seat in here.required for p in here.pools[seat])

    def seat(self, session: int, seat: int, person: int) -> Literal:
        return self._seat[session, seat, person]

    def sits(self, session: int, person: int) -> Literal:
        """The person sits in some required seat of the session."""
        return self._sits[session, person]

    def room(self, session: int, room: int) -> Literal:
        return self._in_room[session, room]

    def rooms(self, session: int) -> Iterable[int]:
        return self.reach.sessions[session].rooms

    def on_day(self, session: int, day: int) -> Literal:
        return self._on_day[session][day]

    def before(self, one: int, other: int) -> Literal:
        """`one` ends before `other` starts."""
        return self._before[one, other]

    @cached_property
    def days(self) -> range:
        return range(len(self.timing.day_starts))

    @cached_property
    def following(self) -> dict[tuple[int, int], Literal]:
        """(i, j): j is the next session after i on the same day."""
        return self.chain(tuple(self.sessions))

    @cached_property
    def in_breaks(self) -> dict[tuple[int, int], Linear | int]:
        """(i, j): minutes between them that are taken by breaks; told by the rule about breaks."""
        return dict.fromkeys(self.following, 0)

    @cached_property
    def day_used(self) -> list[Literal]:
        """Days that hold a session."""
        return self._used(tuple(self.sessions))

    def literal(self) -> cp_model.IntVar:
        return self.model.new_bool_var("")

    def whole(self, most: int) -> cp_model.IntVar:
        """A number from 0 to `most`."""
        return self.model.new_int_var(0, most, "")

    def wish(self, weight: int, amount: Linear) -> None:
        """Each unit of the amount costs the weight."""
        if weight:
            self._cost.append(weight * amount)

    def chain(self, members: Sequence[int]) -> dict[tuple[int, int], Literal]:
        """For members in order of time within each day: who follows whom directly."""
        links: dict[tuple[int, int], Literal] = {pair: self.literal() for pair in permutations(members, 2)}
        firsts = []
        for s in members:
            first, last = self.literal(), self.literal()
            firsts.append(first)
            self.model.add_exactly_one([last, *(links[s, other] for other in members if other != s)])
            self.model.add_exactly_one([first, *(links[other, s] for other in members if other != s)])
        for (i, j), link in links.items():
            self.model.add_implication(link, self.before(i, j))
            for day in self.days:
                self.model.add_implication(self.on_day(i, day), self.on_day(j, day)).only_enforce_if(link)
        self.model.add(cp_model.LinearExpr.sum(firsts) == cp_model.LinearExpr.sum(self._used(members)))
        return links

    def _used(self, members: Sequence[int]) -> list[Literal]:
        used: list[Literal] = [self.literal() for _ in self.days]
        for day, literal in enumerate(used):
            self.model.add_max_equality(literal, [self.on_day(s, day) for s in members])
        return used

    # how the literals come to be

    def _make_literals(self) -> None:
        tick = self.reach.line.minutes
        self._at: list[dict[int, Literal]] = [
            {t: self.literal() for t in positions(bits)} for bits in self._session
        ]
        self._start: list[Linear] = []
        self._on_day: list[list[Literal]] = []
        for at in self._at:
            self.model.add_exactly_one(at.values())
            self._start.append(cp_model.LinearExpr.weighted_sum(list(at.values()), [t * tick for t in at]))
            self._on_day.append([self._some(at, day) for day in self.days])
        self._make_order()
        self._make_people()
        self._make_rooms()

    def _some(self, at: dict[int, Literal], day: int) -> Literal:
        on_day = self.literal()
        tick = self.reach.line.minutes
        inside = [x for t, x in at.items() if self.timing.day(t * tick) == day]
        self.model.add(cp_model.LinearExpr.sum(inside) == on_day)
        return on_day

    def _make_order(self) -> None:
        self._before: dict[tuple[int, int], Literal] = {}
        for i, j in combinations(self.sessions, 2):
            first: Literal = self.literal()
            self._before[i, j], self._before[j, i] = first, first.negated()
            self.model.add(self.start(j) >= self.end(i)).only_enforce_if(first)
            self.model.add(self.start(i) >= self.end(j)).only_enforce_if(first.negated())

    def _make_people(self) -> None:
        self._seat: dict[tuple[int, int, int], Literal] = {}
        self._sits: dict[tuple[int, int], Literal] = {}
        for s in self.sessions:
            here = self.reach.sessions[s]
            for seat in here.required:
                for person in here.pools[seat]:
                    self._seat[s, seat, person] = self.literal()
            for person in self.people(s):
                sits = self._sits[s, person] = self.literal()
                taken = [self._seat[s, i, person] for i in here.required if person in here.pools[i]]
                self.model.add(cp_model.LinearExpr.sum(taken) == sits)
                self._only_when(sits, s, self._person[s, person])

    def _make_rooms(self) -> None:
        self._in_room: dict[tuple[int, int], Literal] = {}
        for s in self.sessions:
            for room in self.rooms(s):
                literal = self._in_room[s, room] = self.literal()
                self._only_when(literal, s, self._room[s, room])

    def _only_when(self, literal: Literal, session: int, ticks: int) -> None:
        allowed = [x for t, x in self._at[session].items() if ticks >> t & 1]
        self.model.add_bool_or([literal.negated(), *allowed])

    # answers

    def exclude(self, minutes: Iterable[int]) -> None:
        """The plan does not begin at these minutes."""
        for minute in minutes:
            self.model.add(self.first != minute)

    @cached_property
    def first(self) -> cp_model.IntVar:
        first = self.whole(self.reach.line.length * self.reach.line.minutes)
        self.model.add_min_equality(first, [self.start(s) for s in self.sessions])
        return first

    def keep_unlike(self, drafts: Sequence[Draft]) -> None:
        """What counts against sharing day and people with these drafts."""
        weights = self.problem.weights
        for draft in drafts:
            shared = self.literal()
            for day in {self.timing.day(minute) for _, minute in draft.placed}:
                self.model.add_implication(self.day_used[day], shared)
            self.wish(weights.same_day, shared)
            for person in sorted(draft.people):
                met = self.literal()
                for s in self.sessions:
                    if (s, person) in self._sits:
                        self.model.add_implication(self._sits[s, person], met)
                self.wish(weights.same_person, met)

    def keep_off(self, drafts: Sequence[Draft]) -> None:
        """No session overlaps a session of these drafts."""
        tick = self.reach.line.minutes
        taken = 0
        for draft in drafts:
            for s, minute in draft.placed:
                taken |= ((1 << self.reach.sessions[s].ticks) - 1) << minute // tick
        for s in self.sessions:
            free = run(self.reach.line.all & ~taken, self.reach.sessions[s].ticks)
            for t, literal in self._at[s].items():
                if not free >> t & 1:
                    self.model.add_bool_or([literal.negated()])

    def solve(self, *, seconds: float, workers: int, work: float = WORK) -> tuple[Draft | None, int, int]:
        """The best plan or None, OR-Tools' status, and the bound on the objective."""
        self.model.minimize(self.cost)
        solver = solver_for(self.problem, seconds=seconds, workers=workers, work=work)
        status = solver.solve(self.model)
        bound = int(solver.best_objective_bound) if status != cp_model.INFEASIBLE else 0
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None, int(status), bound
        return self.draft(solver), int(status), bound

    @property
    def cost(self) -> Linear:
        return cp_model.LinearExpr.sum(self._cost)

    def draft(self, solver: cp_model.CpSolver) -> Draft:
        tick = self.reach.line.minutes
        placed = sorted(
            ((s, t * tick) for s in self.sessions for t, x in self._at[s].items() if solver.boolean_value(x)),
            key=lambda pair: pair[1],
        )
        seated = tuple(
            Seated(session=s, seat=seat, person=person)
            for (s, seat, person), literal in self._seat.items()
            if solver.boolean_value(literal)
        )
        last, start = placed[-1]
        end = start + self.plan.sessions[last].minutes
        draft = Draft(placed=tuple(placed), seated=seated, cost=0, end=end)
        rooms = best_rooms(self.reach, self.timing, draft.placed)
        option = to_option(self.reach, self.timing, draft, rooms=rooms[1] if rooms else {}, guests=())
        return replace(draft, cost=option.cost)


def solver_for(problem: Problem, *, seconds: float, workers: int, work: float = WORK) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = problem.seed
    solver.parameters.max_deterministic_time = work
    solver.parameters.max_time_in_seconds = max(0.01, seconds)
    solver.parameters.linearization_level = 2
    return solver


def solve_one_by_one(
    reach: Reach, timing: Timing, known: Sequence[Draft], *, seconds: float, workers: int = 1
) -> Modelled:
    """Options until there are as many as wanted or no more, each unlike those before."""
    until = perf_counter() + seconds
    drafts, complete, bound = list(known), False, None
    while len(drafts) < reach.problem.options and perf_counter() < until:
        if not all(here.starts for here in reach.sessions):
            complete = True
            break
        variables = Variables(reach, timing)
        variables.exclude(draft.start for draft in drafts)
        if reach.problem.options_apart:
            variables.keep_off(drafts)
        else:
            variables.keep_unlike(drafts)
        draft, status, bound = variables.solve(seconds=until - perf_counter(), workers=workers)
        if draft is None:
            complete = status == cp_model.INFEASIBLE
            break
        drafts.append(draft)
    drafts.sort(key=lambda draft: draft.start)
    # others, chosen before, might have left room for more
    complete = complete and (not drafts or not reach.problem.options_apart)
    return Modelled(
        drafts=tuple(drafts),
        complete=complete or len(drafts) == reach.problem.options,
        objective=sum(draft.cost for draft in drafts) if drafts else None,
        bound=bound,
    )
