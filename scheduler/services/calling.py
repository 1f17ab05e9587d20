# SPDX-License-Identifier: Apache-2.0
"""Posting to a web hook what it is owed: one event after the other, each until it is taken.

A receiver that refuses an event gets the others, and that one again: ten times in three days. One that is not
there is left alone as a whole, for ten minutes at most, and gets everything in order when it is back. After
three days in which nothing was taken it is called no more, and its owner knows. Where the service itself was
off, it has a day more from then on.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from scheduler.db import rows
from scheduler.services import events, feed, hook_mail, webhooks
from scheduler.services.parts import SYSTEM, Parts
from scheduler.services.sealing import Unopened
from scheduler.webhooks import signing
from scheduler.webhooks.content import Answer

#: who does not come back after this long, by the database's clock, is taken for lost
LEASE = timedelta(seconds=45)
#: seconds that one job goes on for; then others have their turn
TURN = 5.0
#: so many web hooks of one organisation are called at a time, half of what a worker has threads for: slow
#: receivers of one keep no other waiting
AT_ONCE = 3
#: seconds until an event that was refused is tried again, by how often it was: ten tries in 76 hours, as
#: Standard Webhooks suggests
LADDER = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
#: seconds until a receiver that was not there is called again, by how often in a row it was not
WAITS = (5, 15, 60, 300, 600)
LONGEST_WAIT = 24 * 3600.0
#: after so long without anything taken it is called no more
PATIENCE = timedelta(hours=72)
#: a call that comes so much later than it was due is our own fault, and the receiver has this time at least
OVERDUE = timedelta(hours=1)
ANOTHER_CHANCE = timedelta(hours=24)
#: a receiver that answers so is as good as away
NOT_NOW = frozenset({429, 502, 503, 504})
GONE = 410

SAYS_GONE = "The receiver says that it is gone (410)."
GIVEN_UP = "Nothing has been taken for three days. The last answer: {error}"
ANSWERED = "The receiver answered {status}."


#: a constant of the statement: an index of these alone is of no use for a parameter
_QUEUED = rows.Delivery.status == sa.literal_column("'queued'")


@dataclass(frozen=True)
class _Claimed:
    delivery_id: str
    event_id: str
    url: str
    lease_until: datetime | None
    body: bytes = field(repr=False)
    secrets: list[str] = field(repr=False)


def call(parts: Parts, organization_id: str, webhook_id: str) -> None:
    """Post what is due, in order, until nothing is, nobody is there, or others have waited long enough."""
    began = time.monotonic()
    while time.monotonic() - began < TURN:
        with parts.database.transaction(organization_id) as session:
            claimed = _claim(session, parts, webhook_id)
        if claimed is None:
            return
        parts.reach("hook.claimed")
        answer = _send(parts, claimed)
        parts.reach("hook.answered")
        with parts.database.transaction(organization_id) as session:
            _keep(session, parts, webhook_id, claimed, answer)
        parts.reach("hook.kept")
    with parts.database.transaction(organization_id) as session:
        # Whoever gives way is called again by the clock's next look.
        following = _waits_for_room(session, parts, webhook_id) or webhook_id
        parts.defer(session, "call_webhook", organization_id=organization_id, webhook_id=following)


def _beside(webhook_id: str) -> sa.ScalarSelect[int]:
    """How many others of the organisation are being called."""
    other = aliased(rows.Webhook)
    called = other.id != webhook_id, other.lease_until > sa.func.clock_timestamp()
    return sa.select(sa.func.count(other.id)).where(*called).scalar_subquery()


def _waits_for_room(session: Session, parts: Parts, webhook_id: str) -> str | None:
    """Where as many are called as may be, the one of the others that has waited the longest."""
    due_at = sa.func.coalesce(rows.Delivery.attempt_at, rows.Delivery.created_at)
    query = (
        sa.select(rows.Webhook.id)
        .join(rows.Delivery, rows.Delivery.webhook_id == rows.Webhook.id)
        .where(
            _beside(webhook_id) >= AT_ONCE - 1,
            rows.Webhook.id != webhook_id,
            *_can_be_called(parts),
            _QUEUED,
            due_at <= parts.now(),
        )
        .group_by(rows.Webhook.id)
        .order_by(sa.func.min(due_at))
    )
    return session.scalar(query.limit(1))


def _can_be_called(parts: Parts) -> tuple[sa.ColumnElement[bool], ...]:
    taken, rests = rows.Webhook.lease_until, rows.Webhook.rest_until
    return (
        rows.Webhook.status == "active",
        sa.or_(rests.is_(None), rests <= parts.now()),
        sa.or_(taken.is_(None), taken < sa.func.clock_timestamp()),
    )


def _claim(session: Session, parts: Parts, webhook_id: str) -> _Claimed | None:
    """The next event, and the web hook to ourselves. None: nothing is due, somebody else is at it, or there
    is no room beside others of the organisation.
    """
    webhook = session.scalar(
        sa.select(rows.Webhook)
        .where(rows.Webhook.id == webhook_id, *_can_be_called(parts), _beside(webhook_id) < AT_ONCE)
        .with_for_update(skip_locked=True, key_share=True)
    )
    if webhook is None:
        return None
    due = session.execute(
        sa.select(rows.Delivery, rows.Event)
        .join(rows.Event, rows.Event.id == rows.Delivery.event_id)
        .where(
            rows.Delivery.webhook_id == webhook_id,
            _QUEUED,
            sa.or_(rows.Delivery.attempt_at.is_(None), rows.Delivery.attempt_at <= parts.now()),
        )
        .order_by(rows.Delivery.feed_position)
        .limit(1)
    ).one_or_none()
    if due is None:
        return None
    _be_patient(session, parts, webhook)
    try:
        secrets = webhooks.secrets_of(parts, webhook)
    except Unopened:
        _rest(session, parts, webhook, due.Delivery, Answer(error=webhooks.NO_KEY))
        return None
    webhook.lease_until = sa.func.clock_timestamp() + LEASE
    session.flush()
    session.refresh(webhook, ["lease_until"])
    return _Claimed(
        delivery_id=due.Delivery.id,
        event_id=due.Event.id,
        url=webhook.url,
        lease_until=webhook.lease_until,
        body=feed.body(due.Event),
        secrets=secrets,
    )


def _be_patient(session: Session, parts: Parts, webhook: rows.Webhook) -> None:
    """Nobody is given up for the time in which the service was off, and could have been told nothing."""
    if webhook.failing_since is None:
        return
    since = sa.func.coalesce(rows.Delivery.attempt_at, rows.Delivery.created_at)
    owed = session.scalar(
        sa.select(sa.func.min(since)).where(rows.Delivery.webhook_id == webhook.id, _QUEUED)
    )
    due = max(filter(None, (owed, webhook.rest_until)))
    if parts.now() - due > OVERDUE:
        webhook.give_up_at = max(_give_up_at(webhook), parts.now() + ANOTHER_CHANCE)


def _give_up_at(webhook: rows.Webhook) -> datetime:
    assert webhook.failing_since is not None  # noqa: S101  # asked of those that fail
    return webhook.give_up_at or webhook.failing_since + PATIENCE


def _send(parts: Parts, claimed: _Claimed) -> Answer:
    signed = signing.headers(claimed.event_id, claimed.body, claimed.secrets, at=parts.now())
    return webhooks.post_of(parts).send(claimed.url, claimed.body, signed)


def _keep(session: Session, parts: Parts, webhook_id: str, claimed: _Claimed, answer: Answer) -> None:
    """Write down what became of it, and when what follows."""
    webhook = session.get(rows.Webhook, webhook_id, with_for_update={"key_share": True})
    delivery = session.get(rows.Delivery, claimed.delivery_id, with_for_update=True)
    if webhook is None or delivery is None:
        return  # deleted meanwhile
    ours = webhook.lease_until == claimed.lease_until
    if ours:
        webhook.lease_until = None
    delivery.attempts += 1
    delivery.response_status = answer.status
    if answer.status is not None and 200 <= answer.status < 300:
        delivery.status, delivery.error, delivery.delivered_at = "delivered", None, parts.now()
        webhook.failing_since, webhook.give_up_at = None, None
        webhook.absences, webhook.rest_until = 0, None
    elif not ours or webhook.url != claimed.url:
        return  # it is another's turn, or another's fault
    elif answer.status is None or answer.status in NOT_NOW:
        _rest(session, parts, webhook, delivery, answer)
    else:
        _refused(session, parts, webhook, delivery, answer)


def _rest(
    session: Session, parts: Parts, webhook: rows.Webhook, delivery: rows.Delivery, answer: Answer
) -> None:
    """Nobody is there: everything waits."""
    wait = WAITS[min(webhook.absences, len(WAITS) - 1)]
    asked = min(answer.retry_after or 0.0, LONGEST_WAIT)
    webhook.absences += 1
    webhook.rest_until = _after(parts.now(), max(wait, asked))
    _fail(session, parts, webhook, delivery, _error_of(answer))


def _refused(
    session: Session, parts: Parts, webhook: rows.Webhook, delivery: rows.Delivery, answer: Answer
) -> None:
    """This event is tried again later; the others go on. It waits with them when nothing is taken at all."""
    webhook.absences, webhook.rest_until = 0, None
    _fail(session, parts, webhook, delivery, _error_of(answer), gone=answer.status == GONE)
    delivery.refusals += 1
    if delivery.refusals <= len(LADDER):
        wait = max(LADDER[delivery.refusals - 1], min(answer.retry_after or 0.0, LONGEST_WAIT))
        delivery.attempt_at = _after(parts.now(), wait)
    elif webhook.status == "active":
        delivery.status = "failed"


def _fail(
    session: Session,
    parts: Parts,
    webhook: rows.Webhook,
    delivery: rows.Delivery,
    error: str,
    *,
    gone: bool = False,
) -> None:
    delivery.error = error
    webhook.failing_since = webhook.failing_since or parts.now()
    if webhook.status == "disabled":
        return  # somebody stopped it meanwhile
    if gone:
        _disable(session, parts, webhook, SAYS_GONE)
    elif parts.now() >= _give_up_at(webhook):
        _disable(session, parts, webhook, GIVEN_UP.format(error=error))
    hook_mail.owe(session, parts, webhook, error)


def _disable(session: Session, parts: Parts, webhook: rows.Webhook, reason: str) -> None:
    """Call it no more. What it is owed waits, until somebody sets it going again."""
    webhook.status, webhook.reason = "disabled", reason
    webhook.version += 1
    events.record(
        session,
        parts,
        webhook.organization_id,
        "webhook.disabled",
        actor=SYSTEM,
        data={"webhook_id": webhook.id, "reason": reason},
    )


def _error_of(answer: Answer) -> str:
    return answer.error or ANSWERED.format(status=answer.status)


def _after(now: datetime, seconds: float) -> datetime:
    """A little later than that, so that a crowd does not come back at once."""
    return now + timedelta(seconds=seconds * random.uniform(1, 1.2))  # noqa: S311  # spreads load
