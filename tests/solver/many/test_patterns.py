# SPDX-License-Identifier: Apache-2.0
"""The ways in which sessions can lie: listed once for candidates alike, and only as far as it is worth it."""

from __future__ import annotations

from time import perf_counter

import pytest

from scheduler.solver.many.assign import all_patterns, assign
from scheduler.solver.many.board import Board, NotExpressible
from scheduler.solver.many.progress import Progress
from tests.solver.builders import person, session
from tests.solver.many.builders import candidate, many

PEOPLE = [person(name, "coding", hours=("08:00", "20:00")) for name in ("Ada", "Bob", "Cat", "Dan")]
LOOP = (session("one"), session("two"))


def listed(question, seconds=60.0):
    return all_patterns(Board(question), Progress(deadline=perf_counter() + seconds))


def test_candidates_who_can_at_the_same_times_share_their_patterns():
    early = [("08:00", "12:00")]
    three = [candidate("Ann", *LOOP), candidate("Ben", *LOOP), candidate("Cem", *LOOP, offered=early)]
    ann, ben, cem = listed(many(*three, people=PEOPLE)).values()
    assert ann.rows is ben.rows
    assert [ann.ask.index, ben.ask.index] == [0, 1]
    assert cem.count < ann.count


def test_too_many_patterns_are_not_listed_and_placed_one_by_one():
    four = [session(key) for key in ("one", "two", "three", "four")]
    question = many(candidate("Ann", *four, grid=15, order="any"), people=PEOPLE)
    with pytest.raises(NotExpressible, match="too many"):
        listed(question)
    assert list(assign(question).options) == ["ann"]


def test_listing_stops_when_half_of_the_time_is_gone():
    with pytest.raises(NotExpressible, match="no time"):
        listed(many(candidate("Ann", *LOOP), people=PEOPLE), seconds=0)
