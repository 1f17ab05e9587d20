# SPDX-License-Identifier: Apache-2.0
"""Why there are no options, or fewer than asked for, and what would help.

What stands in the way is found by removal: each rule and each group of people's time is taken away in turn,
and stays away when there are still no more options. What then opens a way is needed and is told; what is not
known to, because the limit of work came first, stays and is not told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from scheduler.domain.hours import day_of
from scheduler.domain.options import Blocker, Explanation
from scheduler.domain.wording import day_words
from scheduler.solver.causes import Cause, Part, causes
from scheduler.solver.certain import certain
from scheduler.solver.deciding import more_plans
from scheduler.solver.effort import Effort, never
from scheduler.solver.problem import Problem
from scheduler.solver.relax import relaxations

#: causes tried for removal
MOST_CAUSES = 60
UNKNOWN = "No calendar could be read, so nothing is known about free times."
NO_TIME = Blocker(code="window", text="The window leaves no time for the interviews.")
NO_OTHER_TIME = Blocker(code="window", text="The window leaves no other time for the interviews.")
NOT_KNOWN = Blocker(
    code="not_known", text="What stands in the way could not be found within the limit of work."
)


Taken = TypeVar("Taken", Cause, Part)


@dataclass(frozen=True, kw_only=True)
class Blocking:
    """Causes that leave no more options than were found; the problem without all other causes."""

    #: each blocks by itself
    each: tuple[Cause, ...] = ()
    #: these block together, and none of them could be spared
    together: tuple[Cause, ...] = ()
    #: so many of the first of them would each open a way alone
    enough: int = 0
    #: none of those together is known to open a way alone, and each is known not to
    none_enough: bool = False
    #: nothing else stands in the way, as far as rules and people's time go
    whole: bool = True
    #: how many options there are in spite of them
    found: int = 0
    problem: Problem

    @property
    def blockers(self) -> tuple[Blocker, ...]:
        causes = tuple(cause.blocker for cause in (*self.each, *self.together))
        return causes or (self._no_time if self.whole else NOT_KNOWN,)

    @property
    def _no_time(self) -> Blocker:
        return NO_OTHER_TIME if self.found else NO_TIME


def explain_none(
    problem: Problem,
    over: Callable[[], bool] = never,
    *,
    sharing: int = 1,
    cannot: str = "cannot take place",
) -> Explanation:
    """Why this problem, known to have no answer, has none, as far as that is found before it is `over`, and
    with the effort that is one of `sharing` explanations'.
    """
    missing = tuple(certain(problem))
    if any(blocker.code == "calendars_unreadable" for blocker in missing):
        return Explanation(summary=UNKNOWN, blockers=missing, unreadable=_unreadable(problem))
    if missing:
        blockers, why = missing, _all_of(missing)
    else:
        found = blocking(problem, effort=Effort(over, sharing=sharing))
        blockers, why = found.blockers, _why(found)
    return Explanation(
        summary=f"“{problem.plan.name}” {cannot} {_when(problem)}. {why}",
        blockers=blockers,
        relaxations=relaxations(problem, 0, Effort(over, sharing=sharing)),
        unreadable=_unreadable(problem),
    )


def explain_not_found(problem: Problem) -> Explanation:
    """Why a search found no answer that may have been cut off: why there is none, unless there is one."""
    if more_plans(problem, than=0):
        return not_found(problem)
    return explain_none(problem)


def explain_no_other(problem: Problem) -> Explanation:
    """Why an interview that is booked cannot be moved, where no other time was found for it: what leaves
    only the time that it has, or not even that one any more.
    """
    if not more_plans(problem, than=0):
        return explain_none(problem, cannot="cannot take place at another time")
    effort = Effort()
    if more_plans(problem, than=1, effort=effort) is not False:
        return not_found(problem, "No other time")
    found = blocking(problem, 1, effort)
    only = f"The booked time is the only one at which “{problem.plan.name}” can begin {_when(problem)}."
    return Explanation(
        summary=f"{only} {_why(found)}",
        blockers=found.blockers,
        relaxations=relaxations(problem, 1),
        unreadable=_unreadable(problem),
    )


def not_found(problem: Problem, what: str = "No time") -> Explanation:
    """That a search was cut off before it found what there is."""
    return Explanation(
        summary=f"{what} could be found for “{problem.plan.name}” {_when(problem)}. {NOT_KNOWN.text}",
        blockers=(NOT_KNOWN,),
        unreadable=_unreadable(problem),
    )


def explain_few(
    problem: Problem, found: int, *, proven: bool, over: Callable[[], bool] = never
) -> Explanation:
    """Why there are fewer options than asked for; what limits them where there are proven to be no more.

    What limits options that may not overlap is not looked for: what blocks a start is another question.
    """
    only = "There is" if found == 1 else "There are"
    starts = "one possible start" if found == 1 else f"{found} possible starts"
    if problem.options_apart:
        starts = "one option" if found == 1 else f"{found} options at times of their own"
    summary = f"{only} only {starts}; {problem.options} options were asked for."
    if not proven:
        summary = f"Only {starts} could be found in time; {problem.options} options were asked for."
    return Explanation(
        summary=summary,
        blockers=blocking(problem, found, Effort(over)).blockers
        if proven and not problem.options_apart
        else (),
        relaxations=relaxations(problem, found, Effort(over)),
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
    """Whether all of what blocks has to change, or which of it would do, as far as that is known."""
    more = "" if found.whole else " There may be more."
    if not found.together:
        return _all_of(found.blockers) + (more if found.each else "")
    if len(found.each) + len(found.together) == 1:
        return found.together[0].blocker.text + more
    would = _would(found)
    if not found.each:
        return f"{len(found.together)} things stand in the way together{would}.{more}"
    first = (
        found.each[0].blocker.text if len(found.each) == 1 else f"{len(found.each)} things have to change."
    )
    return f"{first} Then {len(found.together)} more stand in the way together{would}.{more}"


def _would(found: Blocking) -> str:
    """Of what stands in the way together, how much would have to change; nothing where that is not known."""
    if not found.enough:
        return "; a change of one of them alone is not enough" if found.none_enough else ""
    which = f"a change of any of the first {found.enough}"
    if found.enough == 1:
        which = "a change of the first"
    if found.enough == len(found.together):
        which = "a change of any one of them"
    return f"; {which} would open a way"


def blocking(problem: Problem, found: int = 0, effort: Effort | None = None) -> Blocking:
    """What leaves no more than so many options: first whatever does so by itself, then a set that does
    together.
    """
    effort = effort or Effort()
    each: list[Cause] = []
    left = problem
    while True:
        needed = _needed(left, found, effort)
        if len(needed.causes) != 1 or not needed.whole:
            return _together(tuple(each), needed, left, found, effort)
        each += needed.causes
        left = needed.causes[0].removed(left)
        opens = more_plans(left, than=found, effort=effort)
        if opens is not False:
            return Blocking(each=tuple(each), whole=bool(opens), found=found, problem=needed.problem)


def _together(
    each: tuple[Cause, ...], needed: _Needed, left: Problem, found: int, effort: Effort
) -> Blocking:
    opens = [more_plans(cause.removed(left), than=found, effort=effort) for cause in needed.causes]
    alone = tuple(cause for cause, does in zip(needed.causes, opens, strict=True) if does)
    return Blocking(
        each=each,
        together=(*alone, *(cause for cause in needed.causes if cause not in alone)),
        enough=len(alone),
        none_enough=all(does is False for does in opens),
        whole=needed.whole,
        found=found,
        problem=needed.problem,
    )


@dataclass(frozen=True, kw_only=True)
class _Needed:
    """Causes that leave no more options, none of which could be spared."""

    causes: tuple[Cause, ...]
    #: whether these are all, or others may be needed too
    whole: bool
    #: the problem without all that is known not to be needed
    problem: Problem


def _needed(problem: Problem, found: int, effort: Effort) -> _Needed:
    every = list(causes(problem))
    needed, problem, whole = _kept(every[:MOST_CAUSES], problem, found, effort)
    told = []
    for cause in needed:
        parts, problem, _ = _kept(cause.parts, problem, found, effort)
        told.append(replace(cause, blocker=cause.told(parts)) if parts else cause)
    return _Needed(causes=tuple(told), whole=whole and len(every) <= MOST_CAUSES, problem=problem)


def _kept(
    things: Sequence[Taken], problem: Problem, found: int, effort: Effort
) -> tuple[list[Taken], Problem, bool]:
    """Of these those that are needed, the problem without those that are not, and whether that is known of
    each.
    """
    needed, known = [], True
    for thing in things:
        without = thing.removed(problem)
        opens = more_plans(without, than=found, effort=effort)
        if opens:
            needed.append(thing)
        elif opens is None:
            known = False
        else:
            problem = without
    return needed, problem, known
