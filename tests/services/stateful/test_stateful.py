# SPDX-License-Identifier: Apache-2.0
"""Whatever happens to a small organisation, in whatever order: each answer is what a model of it says, every
promise is kept after each step, and calendars show what is so in the end.

`sequences` holds short ways to what once went wrong, or was broken on purpose to see that it is noticed.
More, and longer ones, are tried with STATEFUL_EXAMPLES and STATEFUL_STEPS in the environment.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.services.stateful.ground import PEOPLE, PLANS
from tests.services.stateful.world import CRASHES, LEAPS, World

SEQUENCES = sorted((Path(__file__).parent / "sequences").glob("*.json"))
EXAMPLES, STEPS = (
    int(os.environ.get(f"STATEFUL_{name}", few)) for name, few in (("EXAMPLES", 6), ("STEPS", 14))
)

candidates, choices, days = st.integers(0, 3), st.integers(0, 3), st.integers(0, 1)


def crash(*verbs: str) -> st.SearchStrategy[str | None]:
    """Now and then a point on the way of these."""
    points = [point for verb in verbs for point in CRASHES[verb]]
    return st.one_of(st.none(), st.none(), st.sampled_from(points))


class Happenings(RuleBasedStateMachine):
    """All that can happen, in any order."""

    database_url = ""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.database_url)

    def do(self, verb: str, *, crash: str | None = None, **how) -> None:
        if crash:
            self.world.do("crash", point=crash)
        self.world.do(verb, **how)

    @initialize(first=st.integers(0, len(PLANS) - 1), second=st.integers(0, len(PLANS) - 1), options=choices)
    def begin(self, first, second, options):
        for plan in (first, second):
            self.do("offer", plan=plan, day=0, options=1 + options)

    @rule(plan=st.integers(0, len(PLANS) - 1), day=days, options=st.integers(1, 3), crash=crash("offer"))
    def offer(self, **how):
        self.do("offer", **how)

    @precondition(lambda self: self.world.choosing())
    @rule(candidate=candidates, option=choices, crash=crash("book"))
    def choose(self, candidate, **how):
        """As most candidates do: they have not chosen yet, and take what is on offer."""
        choosing = self.world.choosing()
        who = choosing[candidate % len(choosing)]
        self.do("book", candidate=self.world.offered().index(who), **how)

    @precondition(lambda self: self.world.offered())
    @rule(candidate=candidates, option=choices, crash=crash("book"))
    def book(self, **how):
        self.do("book", **how)

    @precondition(lambda self: self.world.booked(ever=True))
    @rule(candidate=candidates, crash=crash("cancel"))
    def cancel(self, **how):
        self.do("cancel", **how)

    @rule(candidate=candidates, cancel=st.booleans(), crash=crash("erase"))
    def erase(self, **how):
        self.do("erase", **how)

    @precondition(lambda self: self.world.invited())
    @rule(candidate=candidates, crash=crash("revoke"))
    def revoke(self, **how):
        self.do("revoke", **how)

    @precondition(lambda self: self.world.invited())
    @rule(candidate=candidates, crash=crash("resend"))
    def resend(self, **how):
        self.do("resend", **how)

    @precondition(lambda self: self.world.booked(ever=True))
    @rule(candidate=candidates, crash=crash("ask_for_moves"))
    def ask_for_moves(self, **how):
        self.do("ask_for_moves", **how)

    @precondition(lambda self: self.world.booked(ever=True))
    @rule(candidate=candidates, option=choices, crash=crash("move"))
    def move(self, **how):
        self.do("move", **how)

    @precondition(lambda self: self.world.booked())
    @rule(candidate=candidates, option=choices, crash=crash("ask_for_moves", "move"))
    def ask_and_move(self, candidate, option, crash):
        booked = self.world.booked()
        number = self.world.booked(ever=True).index(booked[candidate % len(booked)])
        self.do("ask_for_moves", candidate=number, crash=crash)
        self.do("move", candidate=number, option=option)

    @precondition(lambda self: self.world.booked())
    @rule(candidate=candidates, seat=st.integers(0, 1), crash=crash("replace"))
    def replace(self, **how):
        self.do("replace", **how)

    @rule(person=st.integers(0, len(PEOPLE) - 1), day=days, hour=st.integers(0, 2))
    def meet(self, **how):
        self.do("meet", **how)

    @precondition(lambda self: self.world.booked())
    @rule(candidate=candidates)
    def decline(self, **how):
        self.do("decline", **how)

    @precondition(lambda self: len(self.world.keys) < 3)
    @rule()
    def rotate(self):
        self.do("rotate")

    @rule(leap=st.integers(0, len(LEAPS) - 1), crash=crash("tick", "work"))
    def tick(self, **how):
        self.do("tick", **how)

    @precondition(lambda self: self.world.is_work_left())
    @rule(crash=crash("work"))
    def work(self, **how):
        self.do("work", **how)

    def teardown(self) -> None:
        try:
            self.world.end()
        finally:
            self.world.close()


def test_whatever_happens_answers_are_true_and_promises_are_kept(database_url):
    Happenings.database_url = database_url
    run_state_machine_as_test(
        Happenings,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize="STATEFUL_EXAMPLES" not in os.environ,
            suppress_health_check=list(HealthCheck),  # a step is a real one, on a real database
            phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),  # to explain takes long
        ),
    )


@pytest.mark.parametrize("sequence", SEQUENCES, ids=lambda path: path.stem)
def test_what_once_went_wrong_goes_well(sequence, database_url):
    world = World(database_url)
    try:
        for verb, how in json.loads(sequence.read_text()):
            world.do(verb, **how)
        world.end()
    finally:
        world.close()
