# SPDX-License-Identifier: Apache-2.0
"""Mail to whoever looks after a web hook that does not work: after an hour, after a day, and at the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.services import owing
from scheduler.services.parts import Parts

KIND = "webhook_failing"
#: how long nothing was taken when it is told
TOLD_AFTER = (timedelta(hours=24), timedelta(hours=1))


def owe(session: Session, parts: Parts, webhook: rows.Webhook, error: str) -> None:
    """Nothing is taken, or it is called no more: say so to its contact, once for each of these moments."""
    since = webhook.failing_since or parts.now()
    lasted = next((span for span in TOLD_AFTER if parts.now() - since >= span), None)
    moment = "disabled" if webhook.status == "disabled" else lasted
    if webhook.contact is None or moment is None:
        return
    owing.owe(
        session,
        parts,
        organization_id=webhook.organization_id,
        kind=KIND,
        role="contact",
        recipient=webhook.contact,
        dedupe_key=f"{KIND}:{webhook.id}:{since.isoformat()}:{moment}",
        details={"webhook_id": webhook.id, "reason": error},
    )


def obstacle(session: Session, message: rows.Message) -> str | None:
    """Why the mail is not true any more."""
    webhook = session.get(rows.Webhook, message.details["webhook_id"])
    if webhook is None:
        return "webhook_deleted"
    fails = webhook.failing_since is not None or webhook.status == "disabled"
    return None if fails else "webhook_works"


def facts(session: Session, message: rows.Message) -> dict[str, Any]:
    webhook = session.get_one(rows.Webhook, message.details["webhook_id"])
    return {
        "hook_url": webhook.url,
        "hook_id": webhook.id,
        "hook_failing_since": webhook.failing_since,
        "hook_ended": webhook.status == "disabled",
        "reason": message.details["reason"],
    }
