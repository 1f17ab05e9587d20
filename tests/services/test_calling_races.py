# SPDX-License-Identifier: Apache-2.0
"""Web hooks called by several workers, and by some that die."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from scheduler.db import rows
from scheduler.services import calling, events, feed, organizations, webhooks
from scheduler.services.parts import SYSTEM
from tests.fakes.faults import drop_after_apply, hang
from tests.services.hooks import happen, hook, later, seen, told


def test_a_worker_that_died_in_the_middle_keeps_nobody_waiting_for_long(town, receiver):
    hook(town, receiver)

    class Died(Exception):
        pass

    def die(point: str) -> None:
        if point == "hook.answered":
            raise Died

    happened = town.parts
    town.parts = town.parts.evolve(reach=die)
    with town.parts.database.transaction(town.organization_id) as session:
        events.record(session, town.parts, town.organization_id, "run.requested", actor=SYSTEM)
    feed.publish(town.parts, town.organization_id)
    [id_] = [hook["id"] for hook in webhooks.find(town.parts, town.organization_id).data]
    with pytest.raises(Died):
        calling.call(town.parts, town.organization_id, id_)
    town.parts = happened
    with town.parts.database.transaction(town.organization_id) as session:
        session.execute(sa.update(rows.Webhook).values(lease_until=sa.func.clock_timestamp()))
    later(town, seconds=1)

    assert told(receiver) == ["run.requested"] * 2  # at least once, by one id


def test_two_workers_at_once_send_each_event_once(town, receiver):
    id_ = hook(town, receiver)
    receiver.latency = 0.02
    with town.parts.database.transaction(town.organization_id) as session:
        for _ in range(10):
            events.record(session, town.parts, town.organization_id, "run.requested", actor=SYSTEM)
    feed.publish(town.parts, town.organization_id)

    def work() -> None:
        for _ in range(20):
            calling.call(town.parts, town.organization_id, id_)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(receiver.events("ats")) == len({e["id"] for e in receiver.events("ats")}) == 10
    assert receiver.most_at_once == 1


def test_one_that_hangs_keeps_no_other_waiting(town, receiver):
    slow, quick = hook(town, receiver, "slow"), hook(town, receiver, "quick")
    receiver.faults.add(hang(1), path="/slow", times=None)
    happen(town, "run.requested", "run.cancelled")

    assert told(receiver, "quick") == ["run.requested", "run.cancelled"]
    assert seen(town, slow)["failing_since"] is not None
    assert seen(town, quick)["failing_since"] is None


def called_by_somebody(town, *ids) -> None:
    """Other workers are calling these; nobody any more when there are none."""
    now = sa.func.clock_timestamp()
    with town.parts.database.transaction(town.organization_id) as session:
        session.execute(sa.update(rows.Webhook).values(lease_until=now))
        busy = sa.update(rows.Webhook).where(rows.Webhook.id.in_(ids))
        session.execute(busy.values(lease_until=now + timedelta(minutes=1)))


def test_of_one_organisation_three_are_called_at_a_time_and_of_others_all_the_same(town, receiver):
    ids = [hook(town, receiver, name) for name in "abcd"]
    other = organizations.create(town.parts, name="Other")
    made = webhooks.create(town.parts, other, {"url": receiver.address("other")})
    receiver.secrets["other"] = made["secret"]
    called_by_somebody(town, *ids[:3])
    with town.parts.database.transaction(other) as session:
        events.record(session, town.parts, other, "run.requested", actor=SYSTEM)
    happen(town, "run.requested", "run.cancelled")
    heard = [told(receiver, name) for name in ("d", "other")]

    called_by_somebody(town)
    later(town, seconds=5)

    assert heard == [[], ["run.requested"]]
    assert [told(receiver, name) for name in "abcd"] == [["run.requested", "run.cancelled"]] * 4


@pytest.mark.parametrize(("busy", "follows"), [("bc", "d"), ("b", "a")], ids=["no room", "room"])
def test_whoever_has_had_a_turn_gives_way_to_who_has_waited_where_there_is_no_room(
    town, receiver, monkeypatch, busy, follows
):
    ids = {name: hook(town, receiver, name) for name in "abcd"}
    with town.parts.database.transaction(town.organization_id) as session:
        for _ in range(2):
            events.record(session, town.parts, town.organization_id, "run.requested", actor=SYSTEM)
    feed.publish(town.parts, town.organization_id)
    called_by_somebody(town, *(ids[name] for name in busy))
    asked = []
    parts = town.parts.evolve(defer=lambda _session, _task, **about: asked.append(about["webhook_id"]))

    def its_time_is_over(point: str) -> None:
        if point == "hook.answered":
            monkeypatch.setattr(calling, "TURN", 0)

    calling.call(parts.evolve(reach=its_time_is_over), town.organization_id, ids["a"])

    assert told(receiver, "a") == ["run.requested"]
    assert asked == [ids[follows]]


def test_an_answer_that_got_lost_is_a_second_delivery_with_the_same_id(town, receiver):
    hook(town, receiver)
    receiver.faults.add(drop_after_apply())
    happen(town, "run.requested")
    later(town, seconds=10)

    first, second = receiver.events("ats")
    assert first == second
