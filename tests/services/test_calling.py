# SPDX-License-Identifier: Apache-2.0
"""Web hooks, by a receiver that checks every signature with the reference library."""

from __future__ import annotations

import datetime as dt
from datetime import timedelta

import pytest
import sqlalchemy as sa

from scheduler.db import rows
from scheduler.services import calling, catalogue, deliveries, feed, upkeep, webhooks
from tests.fakes.faults import answer, drop_before_apply
from tests.services.hooks import happen, hook, later, seen, sent, told


def test_a_booking_is_told_to_a_web_hook_with_a_signature_that_is_right(town, receiver):
    id_ = hook(town, receiver)
    town.hire("Ada", skills=("python",))
    booking = town.book(town.offer())
    town.run_jobs()

    assert told(receiver) == ["run.requested", "invitation.sent", "run.finished", "booking.confirmed"]
    assert receiver.events("ats")[-1]["data"]["booking_id"] == booking["id"]
    assert {d["status"] for d in sent(town, id_)} == {"delivered"}


def test_what_is_posted_is_what_the_feed_says(town, receiver):
    hook(town, receiver)
    happen(town, "run.requested", "run.cancelled")

    listed = feed.find(town.parts, town.organization_id).data
    assert receiver.events("ats") == [
        {name: value for name, value in event.items() if name != "cursor"} for event in listed
    ]


def test_a_web_hook_hears_of_what_it_asked_for_alone(town, receiver):
    hook(town, receiver, events=["run.cancelled", "run.finished"])
    happen(town, "run.requested", "run.cancelled")

    assert told(receiver) == ["run.cancelled"]


def test_what_was_before_a_web_hook_is_not_told_to_it(town, receiver):
    happen(town, "run.requested")
    hook(town, receiver)
    happen(town, "run.cancelled")

    assert told(receiver) == ["run.cancelled"]


def test_an_event_that_is_refused_is_tried_again_ten_times_in_three_days_and_others_go_on(town, receiver):
    id_ = hook(town, receiver)
    receiver.faults.add(answer(500))
    happen(town, "run.requested")
    happen(town, "run.cancelled")
    assert told(receiver) == ["run.cancelled"]

    [waits] = sent(town, id_, status="queued")
    assert (waits["attempts"], waits["response_status"], waits["error"]) == (
        1,
        500,
        "The receiver answered 500.",
    )
    tries = 1
    began = town.clock()
    while sent(town, id_, status="queued") and tries < 20:
        receiver.faults.add(answer(500))
        later(town, seconds=calling.LADDER[tries - 1] * 1.2 + 1)
        with town.parts.database.transaction(town.organization_id) as session:
            session.execute(sa.update(rows.Webhook).values(failing_since=None))  # others are taken meanwhile
        tries += 1

    assert tries == 10
    assert timedelta(hours=75) < town.clock() - began < timedelta(hours=93)
    [failed] = sent(town, id_, status="failed")
    assert failed["attempts"] == 10
    receiver.faults.clear()
    later(town, days=1)
    assert told(receiver) == ["run.cancelled"]


def test_each_try_has_one_id_and_its_own_moment(town, receiver):
    hook(town, receiver)
    receiver.faults.add(answer(500))
    happen(town, "run.requested")
    later(town, seconds=10)

    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 10


@pytest.mark.parametrize(
    "fault", [drop_before_apply(), answer(503), answer(429), answer(502)], ids=["broken", "503", "429", "502"]
)
def test_a_receiver_that_is_not_there_is_left_alone_and_gets_everything_in_order_later(town, receiver, fault):
    id_ = hook(town, receiver)
    receiver.faults.add(fault, times=None)
    happen(town, "run.requested", "run.cancelled", "run.finished")
    assert len(receiver.requests) == 1

    happen(town, "candidate.silent")
    assert len(receiver.requests) == 1
    assert seen(town, id_)["failing_since"] is not None
    receiver.faults.clear()
    later(town, seconds=7)

    assert told(receiver) == ["run.requested", "run.cancelled", "run.finished", "candidate.silent"]
    assert seen(town, id_)["failing_since"] is None
    assert sorted(d["attempts"] for d in sent(town, id_)) == [1, 1, 1, 2]


def test_a_receiver_that_was_away_for_an_hour_is_called_within_ten_minutes(town, receiver):
    hook(town, receiver)
    receiver.faults.add(drop_before_apply(), times=None)
    happen(town, "run.requested")
    for _ in range(360):
        later(town, seconds=10)
    asked = len(receiver.requests)
    receiver.faults.clear()
    back = town.clock()
    while not told(receiver):
        later(town, seconds=10)

    assert asked < 15
    assert town.clock() - back <= timedelta(minutes=12)


def test_a_receiver_may_say_when_it_wants_to_be_called_again(town, receiver):
    hook(town, receiver)
    receiver.faults.add(answer(503, "", {"Retry-After": "3600"}))
    happen(town, "run.requested")

    later(town, minutes=59)
    assert told(receiver) == []
    later(town, minutes=14)
    assert told(receiver) == ["run.requested"]


def test_a_receiver_that_is_gone_for_good_is_called_no_more(town, receiver):
    id_ = hook(town, receiver)
    hook(town, receiver, "other")
    receiver.faults.add(answer(410), path="/ats")
    happen(town, "run.requested")

    assert (seen(town, id_)["status"], seen(town, id_)["reason"]) == ("disabled", calling.SAYS_GONE)
    assert told(receiver, "other") == ["run.requested", "webhook.disabled"]
    assert receiver.events("other")[-1]["data"]["webhook_id"] == id_
    happen(town, "run.cancelled")
    later(town, days=1)
    assert told(receiver) == []


def test_after_three_days_in_which_nothing_was_taken_it_is_called_no_more_and_nothing_is_lost(town, receiver):
    id_ = hook(town, receiver)
    receiver.faults.add(drop_before_apply(), times=None)
    happen(town, "run.requested")
    for _ in range(73):
        later(town, hours=1)
    assert seen(town, id_)["status"] == "disabled"
    asked = len(receiver.requests)
    receiver.faults.clear()
    happen(town, "run.cancelled")
    later(town, days=1)
    assert len(receiver.requests) == asked

    webhooks.update(town.parts, town.organization_id, id_, {"status": "active"})
    town.run_jobs()

    assert told(receiver) == ["run.requested", "webhook.disabled", "run.cancelled"]
    assert seen(town, id_)["reason"] is None


@pytest.mark.parametrize("fault", [drop_before_apply(), answer(500)], ids=["not there", "refuses"])
def test_time_in_which_the_service_was_off_is_not_held_against_a_receiver(town, receiver, fault):
    """It has a day more from when the service is back, and is given up only then."""
    id_ = hook(town, receiver)
    receiver.faults.add(fault, times=None)
    happen(town, "run.requested", "run.cancelled")
    later(town, minutes=20)

    town.clock.forward(days=4)
    for _ in range(23):
        later(town, hours=1)
    still = seen(town, id_)

    assert still["status"] == "active"
    for _ in range(50):
        later(town, hours=1)
    assert seen(town, id_)["status"] == "disabled"
    assert seen(town, id_)["failing_since"] == still["failing_since"]


def test_a_receiver_that_is_back_with_the_service_gets_everything(town, receiver):
    hook(town, receiver)
    receiver.faults.add(drop_before_apply(), times=None)
    happen(town, "run.requested")
    town.clock.forward(days=4)
    later(town, minutes=1)
    receiver.faults.clear()

    later(town, minutes=11)

    assert told(receiver) == ["run.requested"]


def test_what_was_refused_comes_at_once_when_a_web_hook_is_set_going_again(town, receiver):
    id_ = hook(town, receiver)
    receiver.faults.add(answer(500), times=None)
    happen(town, "run.requested")
    for _ in range(100):
        later(town, hours=1)
    assert seen(town, id_)["status"] == "disabled"
    receiver.faults.clear()

    webhooks.update(town.parts, town.organization_id, id_, {"status": "active"})
    town.run_jobs()

    assert told(receiver) == ["run.requested", "webhook.disabled"]


def test_what_another_url_answered_is_not_held_against_the_new_one(town, receiver):
    id_ = hook(town, receiver)
    receiver.secrets["new"] = receiver.secrets["ats"]

    def move(point: str) -> None:
        if point == "hook.answered":
            changes = {"url": receiver.address("new")}
            webhooks.update(town.parts, town.organization_id, id_, changes)

    receiver.faults.add(answer(410), path="/ats")
    town.parts = town.parts.evolve(reach=move)
    happen(town, "run.requested")

    assert seen(town, id_)["status"] == "active"
    assert told(receiver, "new") == ["run.requested"]


def test_whoever_comes_back_late_ends_nobody_elses_turn(town, receiver):
    """A worker that was away for longer than its lease finds another at it."""
    id_ = hook(town, receiver)
    other = dt.datetime(2040, 1, 1, tzinfo=dt.UTC)

    def take_over(point: str) -> None:
        if point == "hook.answered":
            with town.parts.database.transaction(town.organization_id) as session:
                session.execute(sa.update(rows.Webhook).values(lease_until=other))

    receiver.faults.add(answer(410))
    town.parts = town.parts.evolve(reach=take_over)
    happen(town, "run.requested")

    assert seen(town, id_)["status"] == "active"
    with town.parts.database.transaction(town.organization_id) as session:
        assert session.scalars(sa.select(rows.Webhook.lease_until)).one() == other


def test_a_delivery_that_failed_while_it_was_looked_at_is_sent_again_all_the_same(town, receiver):
    id_ = hook(town, receiver)
    receiver.faults.add(answer(503))
    happen(town, "run.requested")
    [one] = sent(town, id_)
    find = catalogue.one

    def meanwhile(session, table, wanted, **how):
        found = find(session, table, wanted, **how)
        if table is rows.Webhook:
            with town.parts.database.transaction(town.organization_id) as other:
                other.execute(sa.update(rows.Delivery).values(status="failed"))
        return found

    catalogue.one = meanwhile
    try:
        deliveries.redeliver(town.parts, town.organization_id, one["id"])
    finally:
        catalogue.one = find
    town.run_jobs()

    assert told(receiver) == ["run.requested"]


def test_whoever_looks_after_a_web_hook_hears_when_it_does_not_work(town, receiver):
    id_ = hook(town, receiver, contact={"name": "Ines", "email": "ines@acme.example"})
    for name, zone in (("Ada", "Europe/London"), ("Ben", "Europe/Berlin"), ("Cid", "Europe/Berlin")):
        town.hire(name, time_zone=zone)
    receiver.faults.add(drop_before_apply(), times=None)
    happen(town, "run.requested")
    for _ in range(6 * 75):
        later(town, minutes=10)

    assert [subject.partition(" (")[0] for subject in town.post.subjects_to("ines@")] == [
        "A web hook does not take what we send",
        "A web hook does not take what we send",
        "A web hook is called no more",
    ]
    text = town.post.mails[-1].get_body(("plain",)).get_content()
    assert seen(town, id_)["url"] in text
    assert f"Id        {id_}\nSince     Monday 30 November, 10:00, Berlin time (CET)\n" in text
    assert "The connection broke before there was an answer." in text


def test_nobody_is_mailed_of_what_works_again(town, receiver):
    hook(town, receiver, contact={"name": "Ines", "email": "ines@acme.example"})
    receiver.faults.add(drop_before_apply(), times=None)
    happen(town, "run.requested")
    for _ in range(12):
        later(town, minutes=4)
    receiver.faults.clear()
    later(town, minutes=11)
    later(town, days=1)

    assert told(receiver) == ["run.requested"]
    assert town.post.subjects_to("ines@") == []


def test_one_that_is_deleted_hears_nothing_more(town, receiver):
    id_ = hook(town, receiver)
    receiver.faults.add(answer(503))
    happen(town, "run.requested")
    webhooks.delete(town.parts, town.organization_id, id_)
    later(town, minutes=5)

    assert told(receiver) == []


def test_deliveries_are_forgotten_after_thirty_days_and_events_are_not(town, receiver):
    id_ = hook(town, receiver)
    happen(town, "run.requested")
    town.clock.forward(days=31)
    upkeep.tidy(town.parts)

    assert sent(town, id_) == []
    assert len(feed.find(town.parts, town.organization_id).data) == 1
