# SPDX-License-Identifier: Apache-2.0
"""The judge of a whole answer: each option by itself, everybody else's interviews being booked.

Like the judge of one option it knows nothing of how answers are found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime

from scheduler.domain.hours import day_of
from scheduler.domain.options import Option, OptionSession, Reason
from scheduler.solver.check import Violation, recount, time_violations, violations
from scheduler.solver.facts import InterviewerFacts
from scheduler.solver.many.diary import Diary
from scheduler.solver.many.problem import AssignProblem
from scheduler.solver.problem import Problem

#: what does not bind a session that stays at the time it is booked
AGREED = ("notice", "window", "horizon")


def violations_of_all(
    problem: AssignProblem, options: Mapping[int, Option]
) -> dict[int, tuple[Violation, ...]]:
    """Every hard rule that somebody's option breaks, by the position of the candidate."""
    diary = Diary(problem, options)
    found = {}
    for index, option in sorted(options.items()):
        rooms = {placed.room.id for placed in option.sessions if placed.room}
        own = problem.problem(index, diary, only=option.people | rooms)
        wrong = _but_for_what_is_agreed(problem, index, own, option)
        if wrong:
            found[index] = wrong
    return found


def _but_for_what_is_agreed(
    problem: AssignProblem, index: int, own: Problem, option: Option
) -> tuple[Violation, ...]:
    """What is wrong, but that a session which stays where it is booked needs no notice and no window."""
    agreed = problem.agreed(problem.candidates[index])
    wrong = violations(own, option)
    moved = [s for s in option.sessions if s.key not in agreed or agreed[s.key].start != s.start]
    if len(moved) == len(option.sessions):
        return wrong
    late = [item for placed in moved for item in time_violations(own, placed) if item.code in AGREED]
    return (*(item for item in wrong if item.code not in AGREED), *late)


def recounted(problem: AssignProblem, options: Mapping[int, Option]) -> dict[int, Option]:
    """The options with what the weights say against each of them; together they cost the sum."""
    steps = _steps(problem, options)
    counted = {}
    for index, option in sorted(options.items()):
        own = problem.problem(index)
        _, reasons = recount(own, option)
        reasons = (
            *reasons,
            *_session_days(own, option),
            *_other_people(problem, index, option),
            *steps.get(index, ()),
        )
        counted[index] = option.evolve(cost=int(sum(r.value for r in reasons)), reasons=reasons)
    return counted


def _session_days(problem: Problem, option: Option) -> Iterator[Reason]:
    if not problem.weights.session_day:
        return
    opening = problem.open_window.start if problem.open_window else problem.now
    first = day_of(opening, problem.days_in)
    days = sum(max(0, (day_of(s.start, problem.days_in) - first).days) for s in option.sessions)
    if days:
        text = f"The sessions are {_count(days, 'day')} after the first possible day, taken together"
        yield Reason("session_day", text, problem.weights.session_day * days)


def _other_people(problem: AssignProblem, index: int, option: Option) -> Iterator[Reason]:
    preferred = problem.candidates[index].preferred
    for placed, person in _required(problem, option):
        if preferred and person.id not in preferred and problem.weights.other_people:
            text = f"{placed.title} is not held by one of the preferred people"
            yield Reason("other_people", text, problem.weights.other_people)


def _steps(problem: AssignProblem, options: Mapping[int, Option]) -> dict[int, list[Reason]]:
    """What each person's interviews count, the n-th in order of time n steps."""
    held: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    names = {}
    for index, option in options.items():
        for placed, person in _required(problem, option):
            held[person.id].append((placed.start, index))
            names[person.id] = person.name
    reasons: dict[int, list[Reason]] = defaultdict(list)
    step = problem.weights.load_step
    for id_, interviews in sorted(held.items()):
        for nth, (_, index) in enumerate(sorted(interviews), start=1):
            if step:
                text = f"{names[id_]} would hold {_count(nth, 'new interview')} by then"
                reasons[index].append(Reason("load_step", text, step * nth))
    return reasons


def _required(problem: AssignProblem, option: Option) -> Iterator[tuple[OptionSession, InterviewerFacts]]:
    for placed in sorted(option.sessions, key=lambda session: session.start):
        for panelist in placed.interviewers:
            person = problem.person(panelist.id)
            if person and not panelist.optional:
                yield placed, person


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
