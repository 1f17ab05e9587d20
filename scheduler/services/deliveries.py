# SPDX-License-Identifier: Apache-2.0
"""What web hooks were sent and are owed, to be looked at and sent again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from scheduler.db import pages, rows
from scheduler.db.pages import Page
from scheduler.domain.errors import Conflict
from scheduler.domain.intervals import format_instant
from scheduler.services import catalogue, webhooks
from scheduler.services.parts import Parts

#: how long deliveries are kept; events stay
KEPT = timedelta(days=30)
DISABLED = "This web hook is disabled; set it to active, and what has waited is sent."


def find(
    parts: Parts,
    organization_id: str,
    webhook_id: str,
    *,
    status: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    query = sa.select(rows.Delivery).where(rows.Delivery.webhook_id == webhook_id)
    if status:
        query = query.where(rows.Delivery.status == status)
    with parts.database.transaction(organization_id) as session:
        webhook = catalogue.one(session, rows.Webhook, webhook_id)
        found = pages.page(session, query, rows.Delivery, limit=limit, cursor=cursor)
        wanted = [row.event_id for row in found.data]
        types = sa.select(rows.Event.id, rows.Event.type).where(rows.Event.id.in_(wanted))
        type_of = dict(session.execute(types).all())
        return found.mapped(lambda row: view(row, webhook, type_of[row.event_id]))


def redeliver(parts: Parts, organization_id: str, delivery_id: str) -> dict[str, Any]:
    """Send an event once more, or at once, under the same webhook-id. Raises NotFound, or Conflict."""
    with parts.database.transaction(organization_id) as session:
        webhook_id = catalogue.one(session, rows.Delivery, delivery_id).webhook_id
        webhook = catalogue.one(session, rows.Webhook, webhook_id, lock=True)
        if webhook.status != "active":
            raise Conflict(DISABLED, code="webhook_disabled")
        row = catalogue.one(session, rows.Delivery, delivery_id, lock=True)
        row.status, row.refusals, row.attempt_at, row.delivered_at = "queued", 0, None, None
        webhooks.go_on(session, parts, webhook)
        return view(row, webhook, session.get_one(rows.Event, row.event_id).type)


def forget(parts: Parts, organization_id: str) -> None:
    """Remove what is older than KEPT."""
    with parts.database.transaction(organization_id) as session:
        session.execute(sa.delete(rows.Delivery).where(rows.Delivery.created_at < parts.now() - KEPT))


def _next_attempt(row: rows.Delivery, webhook: rows.Webhook) -> datetime | None:
    """When it is sent next, at the earliest. None: as soon as possible, or not at all."""
    if row.status != "queued" or webhook.status != "active":
        return None
    return max(filter(None, (row.attempt_at, webhook.rest_until)), default=None)


def view(row: rows.Delivery, webhook: rows.Webhook, type_: str) -> dict[str, Any]:
    next_attempt = _next_attempt(row, webhook)
    return {
        "id": row.id,
        "webhook_id": row.webhook_id,
        "event_id": row.event_id,
        "type": type_,
        "status": row.status,
        "attempts": row.attempts,
        "next_attempt_at": format_instant(next_attempt) if next_attempt else None,
        "response_status": row.response_status,
        "error": row.error,
        "created_at": format_instant(row.created_at),
        "delivered_at": format_instant(row.delivered_at) if row.delivered_at else None,
    }
