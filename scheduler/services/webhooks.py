# SPDX-License-Identifier: Apache-2.0
"""Web hooks: where events are posted to, and what signs them. The posting itself is calling.py."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.db.pages import Page
from scheduler.domain.errors import Conflict, Invalid, Unavailable
from scheduler.domain.ids import new_id
from scheduler.domain.intervals import format_instant, parse_instant
from scheduler.services import catalogue
from scheduler.services.grants import sealing_of
from scheduler.services.parts import Parts
from scheduler.services.sealing import Unopened
from scheduler.webhooks.content import Post
from scheduler.webhooks.signing import new_secret

#: of one organisation: each is owed every event
MOST = 20
#: how long the secret before goes on signing after a rotation
OVERLAP = timedelta(hours=24)
#: that sign besides the newest
MOST_SECRETS = 4
TOO_MANY = f"There are {MOST} web hooks already; delete one that is not needed."
NO_KEY = "The key that seals this web hook's secret is not among SECRET_KEYS any more; rotate its secret."


def create(parts: Parts, organization_id: str, data: dict[str, Any]) -> dict[str, Any]:
    """Add a web hook; its secret is in this answer and never again. Raises Invalid, or Conflict."""
    _check_url(parts, data)
    secret = new_secret()
    with parts.database.transaction(organization_id) as session:
        # The organisation's row, so that two who add the last one do not both.
        session.get_one(rows.Organization, organization_id, with_for_update={"key_share": True})
        if session.scalar(sa.select(sa.func.count()).select_from(rows.Webhook)) == MOST:
            raise Conflict(TOO_MANY, code="too_many")
        row = rows.Webhook(
            id=new_id("whk"),
            organization_id=organization_id,
            secret=sealing_of(parts).seal({"current": secret, "before": []}),
            status="active",
            absences=0,
            version=1,
            created_at=parts.now(),
        )
        catalogue.put(row, {"events": [], **data})
        catalogue.add(session, row)
        return view(row) | {"secret": secret}


def get(parts: Parts, organization_id: str, webhook_id: str) -> dict[str, Any]:
    with parts.database.transaction(organization_id) as session:
        return view(catalogue.one(session, rows.Webhook, webhook_id))


def find(parts: Parts, organization_id: str, *, limit: int = 50, cursor: str | None = None) -> Page:
    return catalogue.find(parts, organization_id, rows.Webhook, limit=limit, cursor=cursor).mapped(view)


def update(
    parts: Parts,
    organization_id: str,
    webhook_id: str,
    changes: dict[str, Any],
    *,
    if_match: Collection[int] | None = None,
) -> dict[str, Any]:
    """Change one, stop it, or set it going again: with all that has waited meanwhile."""
    _check_url(parts, changes)
    with parts.database.transaction(organization_id) as session:
        row = catalogue.one(session, rows.Webhook, webhook_id, if_match=if_match, lock=True)
        catalogue.change(session, row, _changed(row, dict(changes)))
        if changes.get("events"):
            _drop_unwanted(session, row)
        if row.status == "active" and changes.keys() & {"status", "url"}:
            queued = rows.Delivery.webhook_id == row.id, rows.Delivery.status == "queued"
            session.execute(sa.update(rows.Delivery).where(*queued).values(attempt_at=None, refusals=0))
            go_on(session, parts, row)
        return view(row)


def _changed(row: rows.Webhook, changes: dict[str, Any]) -> dict[str, Any]:
    status = changes.get("status")
    if status and status != row.status:
        changes["reason"] = None if status == "active" else "It was stopped through the API."
    if "events" in changes:
        changes["events"] = changes["events"] or []
    return changes


def _drop_unwanted(session: Session, row: rows.Webhook) -> None:
    """What waits and is of no type that is asked for is owed no more."""
    unwanted = sa.select(rows.Event.id).where(
        rows.Event.id == rows.Delivery.event_id, rows.Event.type.not_in(row.events)
    )
    session.execute(
        sa.delete(rows.Delivery).where(
            rows.Delivery.webhook_id == row.id, rows.Delivery.status == "queued", unwanted.exists()
        )
    )


def go_on(session: Session, parts: Parts, row: rows.Webhook) -> None:
    """Call it now, as if nothing had happened before."""
    row.failing_since, row.give_up_at, row.absences, row.rest_until = None, None, 0, None
    session.flush()
    parts.defer(session, "call_webhook", organization_id=row.organization_id, webhook_id=row.id)


def delete(
    parts: Parts, organization_id: str, webhook_id: str, *, if_match: Collection[int] | None = None
) -> None:
    """Remove one, with what it is still owed."""
    with parts.database.transaction(organization_id) as session:
        row = catalogue.one(session, rows.Webhook, webhook_id, if_match=if_match, lock=True)
        session.delete(row)


def rotate(parts: Parts, organization_id: str, webhook_id: str) -> dict[str, Any]:
    """A new secret, in this answer and never again; for a day those before sign as well, also where there
    were several.
    """
    secret = new_secret()
    with parts.database.transaction(organization_id) as session:
        row = catalogue.one(session, rows.Webhook, webhook_id, lock=True)
        until = format_instant(parts.now() + OVERLAP)
        try:
            kept = sealing_of(parts).open(row.secret)
            before = [{"secret": kept["current"], "until": until}, *_still_signing(parts, kept)]
        except Unopened:
            before = []  # nobody can sign with it any more
        row.secret = sealing_of(parts).seal({"current": secret, "before": before[:MOST_SECRETS]})
        row.version += 1
        session.flush()
        return view(row) | {"secret": secret}


def secrets_of(parts: Parts, row: rows.Webhook) -> list[str]:
    """What signs now, the newest first. Raises Unopened."""
    kept = sealing_of(parts).open(row.secret)
    return [kept["current"], *(each["secret"] for each in _still_signing(parts, kept))]


def _still_signing(parts: Parts, kept: dict[str, Any]) -> list[dict[str, str]]:
    return [each for each in kept["before"] if parse_instant(each["until"]) > parts.now()]


def post_of(parts: Parts) -> Post:
    if parts.post is None:
        raise Unavailable("This process posts nothing to web hooks.", code="no_post")
    return parts.post


def _check_url(parts: Parts, data: dict[str, Any]) -> None:
    objection = post_of(parts).objection(data["url"]) if "url" in data else None
    if objection:
        raise Invalid.at("/url", objection)


def view(row: rows.Webhook) -> dict[str, Any]:
    return {
        "id": row.id,
        "url": row.url,
        "events": row.events,
        "description": row.description,
        "contact": row.contact,
        "status": row.status,
        "reason": row.reason,
        "failing_since": format_instant(row.failing_since) if row.failing_since else None,
        "created_at": format_instant(row.created_at),
        "_version": row.version,
    }
