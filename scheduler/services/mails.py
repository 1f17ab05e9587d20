# SPDX-License-Identifier: Apache-2.0
"""Mail as the API shows it: what is owed and what became of it, to be stopped or sent at once."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import pages, rows
from scheduler.db.pages import Page
from scheduler.domain.errors import Conflict, NotFound
from scheduler.domain.intervals import format_instant
from scheduler.services import delivery
from scheduler.services.parts import Actor, Parts


def view(message: rows.Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "kind": message.kind,
        "recipient_role": message.recipient_role,
        "recipient": {"name": message.recipient.get("name"), "email": message.recipient.get("email")},
        "run_id": message.run_id,
        "candidate_id": message.candidate_id,
        "booking_id": message.booking_id,
        "status": message.status,
        "due_at": format_instant(message.due_at),
        "sent_at": format_instant(message.sent_at) if message.sent_at else None,
        "attempts": message.attempts,
        "error": message.error,
        "created_at": format_instant(message.created_at),
    }


def find(
    parts: Parts,
    organization_id: str,
    *,
    booking_id: str | None = None,
    candidate_id: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    query = sa.select(rows.Message)
    if booking_id:
        query = query.where(rows.Message.booking_id == booking_id)
    if candidate_id:
        query = query.where(rows.Message.candidate_id == candidate_id)
    with parts.database.transaction(organization_id) as session:
        return pages.page(session, query, rows.Message, limit=limit, cursor=cursor).mapped(view)


def cancel(parts: Parts, organization_id: str, message_id: str, *, actor: Actor) -> dict[str, Any]:
    """Stop a mail that has not gone out."""
    with parts.database.transaction(organization_id) as session:
        message = _locked(session, message_id)
        if message.status == "cancelled":
            return view(message)
        if message.status != "queued":
            raise Conflict(f"This message is {message.status} and cannot be stopped.")
        message.status = "cancelled"
        message.error = f"stopped by {actor.name}"
        return view(message)


def send_now(parts: Parts, organization_id: str, message_id: str, *, actor: Actor) -> dict[str, Any]:
    """Send a waiting mail at once, or one that failed or was stopped once more."""
    with parts.database.transaction(organization_id) as session:
        message = _locked(session, message_id)
        if message.status not in ("queued", "failed", "cancelled"):
            raise Conflict(f"This message is {message.status}; there is nothing to send.")
        obstacle = delivery.obstacle(session, parts, message)
        if obstacle:
            raise Conflict(f"This message is not true any more ({obstacle}).", code="out_of_date")
        message.status = "queued"
        message.due_at = message.attempt_at = parts.now()
        message.error = None
        message.details = {**message.details, "sent_by_hand": actor.name}
        parts.defer(session, "send_message", message_id=message.id, organization_id=organization_id)
        return view(message)


def _locked(session: Session, message_id: str) -> rows.Message:
    try:
        return delivery.with_its_booking(session, message_id)
    except sa.exc.NoResultFound:
        raise NotFound("There is no such message.") from None
