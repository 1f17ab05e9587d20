# SPDX-License-Identifier: Apache-2.0
"""What an organisation may do with its web hooks, and what becomes of deliveries then."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from scheduler.domain.errors import Conflict
from scheduler.domain.intervals import parse_instant
from scheduler.services import deliveries, grants, webhooks
from scheduler.services.sealing import Sealing
from tests.fakes.faults import answer
from tests.services.hooks import happen, hook, later, sent, told


def test_what_was_taken_may_be_sent_again_under_its_id(town, receiver):
    id_ = hook(town, receiver)
    happen(town, "run.requested")
    [one] = sent(town, id_)

    deliveries.redeliver(town.parts, town.organization_id, one["id"])
    town.run_jobs()

    assert told(receiver) == ["run.requested"] * 2
    assert len({event["id"] for event in receiver.events("ats")}) == 1


def test_nothing_is_sent_again_to_one_that_is_disabled(town, receiver):
    id_ = hook(town, receiver)
    happen(town, "run.requested")
    webhooks.update(town.parts, town.organization_id, id_, {"status": "disabled"})

    with pytest.raises(Conflict) as refused:
        deliveries.redeliver(town.parts, town.organization_id, sent(town, id_)[0]["id"])
    assert refused.value.reason == "webhook_disabled"


def test_after_a_rotation_the_old_secret_signs_as_well_for_a_day(town, receiver):
    id_ = hook(town, receiver)
    fresh = webhooks.rotate(town.parts, town.organization_id, id_)["secret"]
    happen(town, "run.requested")  # the receiver still has the old one
    receiver.secrets["ats"] = fresh
    happen(town, "run.cancelled")
    later(town, hours=25)
    happen(town, "run.finished")

    assert told(receiver) == ["run.requested", "run.cancelled", "run.finished"]
    assert [len(r.headers["webhook-signature"].split()) for r in receiver.requests] == [2, 2, 1]


def test_whoever_rotates_twice_shuts_nobody_out(town, receiver):
    id_ = hook(town, receiver)
    for _ in range(2):
        webhooks.rotate(town.parts, town.organization_id, id_)
        later(town, hours=1)
    happen(town, "run.requested")
    assert told(receiver) == ["run.requested"]

    later(town, hours=23)
    happen(town, "run.cancelled")
    assert receiver.expect_wrong() != []


def test_a_new_filter_is_true_of_what_waits(town, receiver):
    id_ = hook(town, receiver)
    receiver.faults.add(answer(503))
    happen(town, "run.requested", "run.cancelled")

    webhooks.update(town.parts, town.organization_id, id_, {"events": ["run.cancelled"]})
    later(town, seconds=10)

    assert told(receiver) == ["run.cancelled"]


def test_a_delivery_says_when_it_is_tried_next(town, receiver):
    id_ = hook(town, receiver)
    receiver.faults.add(answer(503, "", {"Retry-After": "3600"}))
    happen(town, "run.requested")
    [one] = sent(town, id_)
    assert parse_instant(one["next_attempt_at"]) >= town.clock() + timedelta(hours=1)

    webhooks.update(town.parts, town.organization_id, id_, {"status": "disabled"})
    [one] = sent(town, id_)
    assert (one["status"], one["next_attempt_at"]) == ("queued", None)


def test_a_secret_that_no_key_opens_is_waited_for_and_can_be_replaced(town, receiver):
    id_ = hook(town, receiver)
    town.parts = town.parts.evolve(sealing=Sealing([Fernet.generate_key().decode()]))
    happen(town, "run.requested")
    assert told(receiver) == []
    assert sent(town, id_)[0]["error"] == webhooks.NO_KEY

    receiver.secrets["ats"] = webhooks.rotate(town.parts, town.organization_id, id_)["secret"]
    later(town, minutes=1)
    assert told(receiver) == ["run.requested"]


def test_secrets_are_sealed_with_the_newest_key(town, receiver):
    hook(town, receiver)
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    town.parts = town.parts.evolve(sealing=Sealing([old]))
    [id_] = [hook["id"] for hook in webhooks.find(town.parts, town.organization_id).data]
    receiver.secrets["ats"] = webhooks.rotate(town.parts, town.organization_id, id_)["secret"]

    assert grants.rotate(town.parts.evolve(sealing=Sealing([new, old]))) == (1, [])
    town.parts = town.parts.evolve(sealing=Sealing([new]))
    happen(town, "run.requested")

    assert told(receiver) == ["run.requested"]
