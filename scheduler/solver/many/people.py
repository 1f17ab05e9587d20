# SPDX-License-Identifier: Apache-2.0
"""Why these people sit in an answer's options, and who could stand in, everybody else's interviews booked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scheduler.domain.intervals import Interval
from scheduler.domain.options import Option
from scheduler.solver.drafts import Draft, Seated
from scheduler.solver.many.diary import Diary
from scheduler.solver.many.problem import AssignProblem
from scheduler.solver.problem import Problem
from scheduler.solver.reach import Reach
from scheduler.solver.reasons import of_people
from scheduler.solver.timing import Timing

#: pairs of an option and a person that are worth looking up after the answer: about a second
MOST_PAIRS = 10_000


def with_people(problem: AssignProblem, options: Mapping[int, Option]) -> dict[int, Option]:
    """The options with these reasons after their own; without, where there are too many to look up."""
    if len(options) * len(problem.interviewers) > MOST_PAIRS:
        return dict(options)
    diary, full = Diary(problem, options), dict(options)
    for index, option in options.items():
        own = problem.problem(index, diary)
        reach = Reach(own, Interval(option.start, option.end))
        timing = Timing(own, reach.line)
        reasons = of_people(reach, timing, _draft(own, timing, option))
        full[index] = option.evolve(reasons=(*option.reasons, *reasons))
    return full


def _draft(own: Problem, timing: Timing, option: Option) -> Draft:
    at = {session.key: number for number, session in enumerate(own.plan.sessions)}
    return Draft(
        placed=tuple((at[session.key], timing.minute(session.start)) for session in option.sessions),
        seated=tuple(_seated(own, option)),
        cost=0,
        end=timing.minute(option.end),
    )


def _seated(own: Problem, option: Option) -> Iterator[Seated]:
    position = {person.id: number for number, person in enumerate(own.interviewers)}
    by_key = {session.key: session for session in option.sessions}
    for j, session in enumerate(own.plan.sessions):
        panel = [panelist for panelist in by_key[session.key].interviewers if not panelist.optional]
        for number, seat in enumerate(session.seats):
            if seat.optional:
                continue
            there = [panelist for panelist in panel if panelist.role == seat.role][: seat.count]
            for panelist in there:
                panel.remove(panelist)
                yield Seated(session=j, seat=number, person=position[panelist.id])
