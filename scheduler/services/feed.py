# SPDX-License-Identifier: Apache-2.0
"""Events for others: numbered one after the other once they are committed, listed without gaps, and owed to
every web hook that wants them.

The number that a row gets when it is inserted cannot be followed: who inserted first may commit last, and a
reader would have gone past it. So events are numbered a second time, by one at a time for an organisation.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.db.pages import NOT_A_CURSOR, Page
from scheduler.domain.errors import Invalid
from scheduler.domain.ids import new_id
from scheduler.domain.intervals import format_instant
from scheduler.services import events
from scheduler.services.parts import Parts

#: events that are published by one transaction
MOST = 500
#: why somebody cancelled is for those who arrange interviews
WORDS = frozenset({"reason"})
VENDORS_WORDS = frozenset({"error"})
POSITION = re.compile(rb"[0-9]{1,18}")


def publish(parts: Parts, organization_id: str) -> None:
    """Give what is committed its place in the feed, and owe it to the web hooks."""
    with parts.database.transaction(organization_id) as session:
        fresh = _number(session, organization_id)
        for webhook in _listeners(session) if fresh else ():
            _owe(
                session, parts, webhook, [e for e in fresh if not webhook.events or e.type in webhook.events]
            )
        if len(fresh) == MOST:
            parts.defer(session, "publish_events", organization_id=organization_id)
        session.flush()
        parts.reach("feed.published")


def _listeners(session: Session) -> sa.ScalarResult[rows.Webhook]:
    """Whoever deletes one of them waits until it is owed this."""
    return session.scalars(sa.select(rows.Webhook).with_for_update(read=True, key_share=True))


def _number(session: Session, organization_id: str) -> list[rows.Event]:
    """The next events, numbered. Whoever holds the organisation's row sees all that others have committed."""
    events.lock(session, organization_id)
    last = session.scalar(
        sa.select(sa.func.max(rows.Event.feed_position)).where(rows.Event.organization_id == organization_id)
    )
    fresh = list(
        session.scalars(
            sa.select(rows.Event)
            .where(rows.Event.organization_id == organization_id, rows.Event.feed_position.is_(None))
            .order_by(rows.Event.position)
            .limit(MOST)
        )
    )
    for position, event in enumerate(fresh, (last or 0) + 1):
        event.feed_position = position
    return fresh


def _owe(session: Session, parts: Parts, webhook: rows.Webhook, wanted: list[rows.Event]) -> None:
    if not wanted:
        return
    owed = [
        {
            "id": new_id("dlv"),
            "organization_id": webhook.organization_id,
            "webhook_id": webhook.id,
            "event_id": event.id,
            "feed_position": event.feed_position,
            "status": "queued",
            "attempts": 0,
            "refusals": 0,
            "created_at": parts.now(),
        }
        for event in wanted
    ]
    session.execute(insert(rows.Delivery).on_conflict_do_nothing(), owed)
    if webhook.status == "active":
        parts.defer(session, "call_webhook", organization_id=webhook.organization_id, webhook_id=webhook.id)


def find(
    parts: Parts,
    organization_id: str,
    *,
    limit: int = 50,
    cursor: str | None = None,
    type: str | None = None,  # noqa: A002  # the API's word
) -> Page:
    """Published events after the cursor, in their order. Raises Invalid for a cursor that is not ours."""
    query = sa.select(rows.Event).where(
        rows.Event.organization_id == organization_id,
        rows.Event.feed_position > (_position_of(cursor) if cursor else 0),
    )
    if type:
        query = query.where(rows.Event.type == type)
    with parts.database.transaction(organization_id) as session:
        found = list(session.scalars(query.order_by(rows.Event.feed_position).limit(limit + 1)))
    shown = [{**view(event), "cursor": _cursor_of(event)} for event in found[:limit]]
    return Page(shown, shown[-1]["cursor"] if len(found) > limit else None)


def view(event: rows.Event, *, whole: bool = False) -> dict[str, Any]:
    """An event as others see it, always in the same form: in the feed, and in every try to deliver it.
    `whole`: with what stays within the service.
    """
    told = event.data.items() if whole else [(k, v) for k, v in event.data.items() if k not in _untold(event)]
    about = {"run_id": event.run_id, "booking_id": event.booking_id, "version": event.version}
    return {
        "id": event.id,
        "type": event.type,
        "timestamp": format_instant(event.at),
        "data": {
            "organization_id": event.organization_id,
            "actor": event.actor,
            **{name: value for name, value in about.items() if value is not None},
            **dict(told),
            **event.about,
        },
    }


def _untold(event: rows.Event) -> frozenset[str]:
    """Words that somebody wrote, and what vendors said."""
    return WORDS if event.type == "booking.cancelled" else VENDORS_WORDS


def body(event: rows.Event) -> bytes:
    """What is posted, to the byte."""
    return json.dumps(view(event), separators=(",", ":"), sort_keys=True).encode()


def _cursor_of(event: rows.Event) -> str:
    return base64.urlsafe_b64encode(str(event.feed_position).encode()).decode().rstrip("=")


def _position_of(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (ValueError, binascii.Error) as error:
        raise Invalid.at("/cursor", NOT_A_CURSOR) from error
    if not POSITION.fullmatch(text):
        raise Invalid.at("/cursor", NOT_A_CURSOR)
    return int(text)
