# SPDX-License-Identifier: Apache-2.0
"""Why there are no options, or fewer than asked for, and what would help.

What stands in the way is found by removal: each rule and each group of people's time is taken away in turn,
and stays away when there are still no more options. What is left blocks, and none of it can be spared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from scheduler.domain.hours import day_of
from scheduler.domain.options import Blocker, Explanation
from scheduler.domain.wording import day_words
from scheduler.solver.causes import Cause, causes
from scheduler.solver.certain import certain
from scheduler.solver.deciding import more_plans
from scheduler.solver.problem import Problem
from scheduler.solver.relax import relaxations

#: causes tried for removal
MOST_CAUSES = 60
UNKNOWN = "No calendar could be read, so nothing is known about free times."
NO_TIME = Blocker(code="window", text="The window leaves no time for the interviews.")


@dataclass(frozen=True, kw_only=True)
class Blocking:
    """Causes that leave no more options than were found; the problem without all other causes."""

    #: each blocks by itself
    each: tuple[Cause, ...] = ()
    #: these block together, and none of them could be spared
    together: tuple[Cause, ...] = ()
    #: so many of the first of them would each open a way alone
    enough: int = 0
    problem: Problem

    @property
    def blockers(self) -> tuple[Blocker, ...]:
        return tuple(cause.blocker for cause in (*self.each, *self.together))


def explain_none(problem: Problem) -> Explanation:
    """Why this problem, known to have no answer, has none."""
    missing = tuple(certain(problem))
    if any(blocker.code == "calendars_unreadable" for blocker in missing):
        return Explanation(summary=UNKNOWN, blockers=missing, unreadable=_unreadable(problem))
    if missing:
        blockers, why = missing, _all_of(missing)
    else:
        found = blocking(problem)
        blockers, why = found.blockers or (NO_TIME,), _why(found)
    return Explanation(
        summary=f"“{problem.plan.name}” cannot take place {_when(problem)}. {why}",
        blockers=blockers,
        relaxations=relaxations(problem, 0),
        unreadable=_unreadable(problem),
    )


def explain_few(problem: Problem, found: int, *, proven: bool) -> Explanation:
    """Why there are fewer options than asked for; what limits them where there are proven to be no more."""
    only = "There is" if found == 1 else "There are"
    starts = "one possible start" if found == 1 else f"{found} possible starts"
    if problem.options_apart:
        starts = "one option" if found == 1 else f"{found} options at times of their own"
    summary = f"{only} only {starts}; {problem.options} options were asked for."
    if not proven:
        summary = f"Only {starts} could be found in time; {problem.options} options were asked for."
    return Explanation(
        summary=summary,
        blockers=blocking(problem, found).blockers if proven else (),
        relaxations=relaxations(problem, found),
        unreadable=_unreadable(problem),
    )


def _unreadable(problem: Problem) -> tuple[tuple[str, str], ...]:
    return tuple((item.id, item.reason) for item in problem.unreadable)


def _when(problem: Problem) -> str:
    """The days of the window, on the candidate's calendar."""
    today = day_of(problem.now, problem.days_in)
    first = day_of(problem.window.start, problem.days_in)
    last = day_of(problem.window.end - timedelta(microseconds=1), problem.days_in)
    if first == last:
        return f"on {day_words(first, today)}"
    return f"from {day_words(first, today)} to {day_words(last, today)}"


def _all_of(blockers: tuple[Blocker, ...]) -> str:
    return blockers[0].text if len(blockers) == 1 else f"{len(blockers)} things have to change first."


def _why(found: Blocking) -> str:
    """Whether all of what blocks has to change, or which of it would do."""
    together, enough = len(found.together), found.enough
    if not together:
        return _all_of(found.blockers or (NO_TIME,))
    which = "a change of any one of them" if enough == together else f"a change of any of the first {enough}"
    if enough == 1:
        which = "a change of the first"
    would = f"{which} would open a way" if enough else "a change of one of them alone is not enough"
    if not found.each:
        return f"{together} things stand in the way together; {would}."
    first = (
        found.each[0].blocker.text if len(found.each) == 1 else f"{len(found.each)} things have to change."
    )
    return f"{first} Then {together} more stand in the way together; {would}."


def blocking(problem: Problem, found: int = 0) -> Blocking:
    """What leaves no more than so many options: first whatever does so by itself, then a set that does
    together.
    """
    each: list[Cause] = []
    whole = problem
    while True:
        needed, reduced = _needed(whole, found)
        if len(needed) != 1:
            alone = [cause for cause in needed if more_plans(cause.removed(whole), than=found)]
            needed = (*alone, *(cause for cause in needed if cause not in alone))
            return Blocking(each=tuple(each), together=needed, enough=len(alone), problem=reduced)
        each += needed
        whole = needed[0].removed(whole)
        if more_plans(whole, than=found):
            return Blocking(each=tuple(each), problem=reduced)


def _needed(problem: Problem, found: int) -> tuple[tuple[Cause, ...], Problem]:
    """A set of causes that together leave no more options, none of which could be spared, and the problem
    without all the others.
    """
    needed = []
    for cause in list(causes(problem))[:MOST_CAUSES]:
        without = cause.removed(problem)
        if more_plans(without, than=found):
            needed.append(cause)
        else:
            problem = without
    told = []
    for cause in needed:
        parts = []
        for part in cause.parts:
            without = part.removed(problem)
            if more_plans(without, than=found):
                parts.append(part)
            else:
                problem = without
        told.append(replace(cause, blocker=cause.told(parts)) if parts else cause)
    return tuple(told), problem
