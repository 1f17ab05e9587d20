# SPDX-License-Identifier: Apache-2.0
"""The best set of different options by other ways than the solver's: by trying all, and as one constraint
model.
"""

from __future__ import annotations

from itertools import combinations, pairwise, product

from ortools.sat.python import cp_model

from scheduler.domain.hours import day_of
from scheduler.solver.check import recount, violations
from scheduler.solver.reach import Reach
from scheduler.solver.starts import availability
from scheduler.solver.timing import Timing
from scheduler.solver.variables import Variables, solver_for
from tests.solver.builders import all_options


def required(option):
    return {who.id for placed in option.sessions for who in placed.interviewers if not who.optional}


def together(question, one, other):
    """What counts against having both of two options in one set."""
    weights = question.weights
    days = [{day_of(s.start, question.days_in) for s in option.sessions} for option in (one, other)]
    noon = [option.start.astimezone(question.candidate_zone).hour < 12 for option in (one, other)]
    return (
        weights.same_person * len(required(one) & required(other))
        + weights.same_day * bool(days[0] & days[1])
        + weights.same_half * (noon[0] == noon[1])
        + weights.overlapping * (one.start < other.end and other.start < one.end)
    )


def cost_of(question, options):
    """What a set costs, all pairs counted."""
    pairs = combinations(options, 2)
    return sum(option.cost for option in options) + sum(together(question, *pair) for pair in pairs)


def every_option(question):
    """Every option the judge lets pass, with its cost: of the same times and people the cheapest."""
    keys = [session.key for session in question.plan.sessions]
    found = {}
    for times in product(*(availability(question, key).starts for key in keys)):
        for option in all_options(question, list(zip(keys, times, strict=True))):
            if not violations(question, option):
                key = (times, frozenset(required(option)))
                counted = option.evolve(cost=recount(question, option)[0])
                found[key] = min(found.get(key, counted), counted, key=lambda each: each.cost)
    return list(found.values())


def best_by_trying(question, options, wanted):
    """The least cost of so many of these options with different starts, a branch at a time."""
    best, stack = None, [((), 0, 0)]
    while stack:
        chosen, cost, first = stack.pop()
        if best is not None and cost >= best:
            continue
        if len(chosen) == wanted:
            best = cost
            continue
        for n in range(first, len(options)):
            if all(options[n].start != other.start for other in chosen):
                more = options[n].cost + sum(together(question, options[n], other) for other in chosen)
                stack.append(((*chosen, options[n]), cost + more, n + 1))
    return best


def best_by_model(question, *, seconds=30):
    """The same as one constraint model with a copy of the plan for each option; None: there are fewer."""
    reach = Reach(question, question.open_window)
    timing = Timing(question, reach.line)
    model = cp_model.CpModel()
    copies = [Variables(reach, timing, model) for _ in range(question.options)]
    for before, after in pairwise(copies):
        model.add(before.first < after.first)
    pairs = [_pair(model, question, timing, *pair) for pair in combinations(copies, 2)]
    model.minimize(sum(copy.cost for copy in copies) + sum(pairs))
    solver = solver_for(question, seconds=seconds, workers=1, work=1e6)
    status = solver.solve(model)
    assert status in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
    return int(solver.objective_value) if status == cp_model.OPTIMAL else None


def _pair(model, question, timing, one, other):
    """What a pair costs; `one` begins first."""
    weights = question.weights
    shared_day, shared_half, overlaps = (model.new_bool_var("") for _ in range(3))
    for day in one.days:
        model.add_bool_or([shared_day, one.day_used[day].negated(), other.day_used[day].negated()])
    halves = [_afternoon(model, question, timing, copy) for copy in (one, other)]
    model.add(halves[0] != halves[1]).only_enforce_if(shared_half.negated())
    for session in one.sessions:
        model.add(one.end(session) <= other.first).only_enforce_if(overlaps.negated())
    met = []
    for person in sorted({p for session in one.sessions for p in one.people(session)}):
        both = model.new_bool_var("")
        sits = [
            [copy.sits(session, person) for session in copy.sessions if person in copy.people(session)]
            for copy in (one, other)
        ]
        for a, b in product(*sits):
            model.add_bool_or([both, a.negated(), b.negated()])
        met.append(both)
    return (
        weights.same_person * sum(met)
        + weights.same_day * shared_day
        + weights.same_half * shared_half
        + weights.overlapping * overlaps
    )


def _afternoon(model, question, timing, copy):
    """Whether a plan begins after noon on the candidate's clock."""
    tick = copy.reach.line.minutes
    minutes = sorted({t * tick for session in copy.sessions for t in copy.ticks(session)})
    late = [m for m in minutes if timing.instant(m).astimezone(question.candidate_zone).hour >= 12]
    early = [m for m in minutes if m not in set(late)]
    afternoon = model.new_bool_var("")
    for literal, values in ((afternoon, late), (afternoon.negated(), early)):
        domain = cp_model.Domain.from_values(values)
        model.add_linear_expression_in_domain(copy.first, domain).only_enforce_if(literal)
    return afternoon
