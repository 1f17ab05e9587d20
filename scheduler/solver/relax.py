# SPDX-License-Identifier: Apache-2.0
"""What would open more options: changes of plan or window, each verified by solving again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from scheduler.domain.options import Relaxation
from scheduler.solver import changes, staffing
from scheduler.solver.changes import Change, Ladder
from scheduler.solver.deciding import count_starts
from scheduler.solver.effort import Effort
from scheduler.solver.problem import Problem

#: relaxations given, the most useful first
MOST = 6
#: pairs of changes tried where no change alone opens anything
MOST_PAIRS = 24


def relaxations(problem: Problem, found: int, effort: Effort | None = None) -> tuple[Relaxation, ...]:
    """Changes that give more than the `found` options, the one that gives most first; equal ones as listed.

    Where no single one does, two together are tried; what the effort does not reach is not proposed.
    """
    effort = effort or Effort()
    useful = [*_gains(_ladders(problem), found, effort), *_best_others(problem, found, effort)]
    if not useful:
        useful = list(_gains(_pairs(problem), found, effort))
    useful.sort(key=lambda pair: -pair[1])
    # two seats that differ in nothing but their place give two changes that read the same
    told: dict[str, Relaxation] = {}
    for change, gain in useful:
        told.setdefault(change.text, Relaxation(patch=change.patch, text=change.text, options_gained=gain))
    return tuple(told.values())[:MOST]


def _ladders(problem: Problem) -> Iterator[Ladder]:
    return filter(None, chain(changes.ladders(problem), staffing.ladders(problem)))


def _best_others(problem: Problem, found: int, effort: Effort) -> Iterator[tuple[Change, int]]:
    """Of the people who could be asked too, the one who helps most in each seat."""
    for people in staffing.others(problem):
        if effort.spent:
            return
        gains = [(change, count_starts(change.problem, effort) - found) for change in people]
        best = max(gains, key=lambda pair: pair[1], default=None)
        if best and best[1] > 0:
            yield best


def _gains(ladders: Iterable[Ladder], found: int, effort: Effort) -> Iterator[tuple[Change, int]]:
    """Of each ladder that helps the lowest rung that does, and the lowest that helps as much as any."""
    for ladder in ladders:
        if effort.spent:
            return
        most = count_starts(ladder[-1].problem, effort) - found
        if most <= 0:
            continue
        before = 0
        for change in ladder:
            gain = most if change is ladder[-1] else count_starts(change.problem, effort) - found
            if gain > 0 and (before == 0 or gain == most):
                yield change, gain
                before = gain
            if gain == most:
                break


def _pairs(problem: Problem) -> Iterator[Ladder]:
    """The furthest change of one kind together with the furthest of another, each two once."""
    tried: set[frozenset[str]] = set()
    for first in _furthest(problem):
        for second in _furthest(first.problem):
            both = frozenset((first.text, second.text))
            if both in tried or first.paths & second.paths:
                continue
            if len(tried) == MOST_PAIRS:
                return
            tried.add(both)
            yield (_together(first, second),)


def _furthest(problem: Problem) -> Iterator[Change]:
    yield from (ladder[-1] for ladder in _ladders(problem))
    yield from (people[0] for people in staffing.others(problem) if people)


def _together(first: Change, second: Change) -> Change:
    text = f"{first.text} and {second.text[0].lower()}{second.text[1:]}"
    return Change(second.problem, (*first.patch, *second.patch), text)
