# SPDX-License-Identifier: Apache-2.0
"""`make prove` in small: nothing is broken where all is well; what is broken on purpose is named."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.prove import crashes, orders, races, world
from benchmarks.prove.house import House
from benchmarks.prove.proof import Proof

DICE = random.Random(1)
#: nobody waits for anybody, and what is booked is not counted again. Five have looked before the first goes
#: on, so two of them want the same of four slots
NO_LOCKS = """
import os, pathlib, time, uuid
from scheduler.db import casts
from scheduler.services import problems

def as_it_was(problem, cast):
    looked = pathlib.Path(os.environ["DATA_DIR"], "looked")
    looked.mkdir(exist_ok=True)
    (looked / uuid.uuid4().hex).touch()
    give_up = time.monotonic() + 30
    while len(list(looked.iterdir())) < 5 and time.monotonic() < give_up:
        time.sleep(0.02)
    return problem

casts.lock_resources = lambda *_: None
problems.as_of_now = as_it_was
"""
NO_SECOND_LOOK = """
from scheduler.services import picks
from scheduler.services.readings import Look
picks._look = lambda parts, pick, ids: {id_: Look(busy=()) for id_ in ids}
"""
SENT_BEFORE_COMMIT = """
import sqlalchemy as sa
from scheduler.db import rows
from scheduler.services import facts, outbox
insert = outbox._insert
def insert_and_send(session, parts, owed):
    insert(session, parts, owed)
    ids = [message["id"] for message in owed]
    for message in session.scalars(sa.select(rows.Message).where(rows.Message.id.in_(ids))):
        parts.mail.send(facts.of_message(session, parts, message), message_id=message.id)
outbox._insert = insert_and_send
"""


@pytest.fixture
def build(open_dir: Path) -> Iterator[Callable[..., House]]:
    """Houses to prove, the whole of them or without something."""

    def make(without: str = "", webs: int = 2, *, with_vendors: bool = False) -> House:
        folder = Path(tempfile.mkdtemp(prefix="proof-", dir=open_dir))
        folder.chmod(0o711)
        return House(folder, webs=webs, without=without, with_vendors=with_vendors)

    return make


def broken(house: House, proof: Proof) -> list[str]:
    """What did not hold, once all work is done."""
    house.settle()
    return proof.broken + world.broken(house, proof.acknowledged)


def test_where_all_is_well_nothing_is_broken(build):
    # Not the whole of it: what waits for leases of the dead to end takes minutes.
    scenarios: tuple[Callable[[House], Proof], ...] = (
        lambda house: races.stampede(house, DICE, people=20, slots=4, within=0.1),
        lambda house: races.late_meetings(house, DICE, slots=4),
        lambda house: orders.every_order(house, DICE, times=1, within=0.1, most=2),
        lambda house: races.one_key(house, DICE, times=6),
        lambda house: crashes.killed(house, DICE, [["pick.announced", "pick.committed"]]),
    )
    with build(with_vendors=True).open() as house:
        for scenario in scenarios:
            proof = scenario(house)
            assert broken(house, proof) == [], proof


def test_without_the_constraint_and_the_locks_before_it_one_person_is_in_two_places(build):
    with build(NO_LOCKS).open() as house:
        with house.owner() as owner:
            owner.execute("alter table reservations drop constraint no_overlap")
        proof = races.stampede(house, DICE, people=20, slots=4, within=0.0)
        found = broken(house, proof)
    assert "one_place_at_a_time" in found
    assert "exactly_as_many_as_slots" in found


def test_without_the_second_look_people_are_booked_over_their_meetings(build):
    with build(NO_SECOND_LOOK, webs=1).open() as house:
        found = broken(house, races.late_meetings(house, DICE, slots=4))
    assert "calendars_are_read_again" in found


def test_a_mail_that_goes_before_the_commit_tells_of_a_booking_that_never_was(build):
    with build(SENT_BEFORE_COMMIT, webs=1, with_vendors=True).open() as house:
        found = broken(house, crashes.killed(house, DICE, [["pick.announced"]]))
    assert found == ["every_mail_has_its_row"]
