# SPDX-License-Identifier: Apache-2.0
"""Mail about a calendar that cannot be read, to those who can mend it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.services import owing
from scheduler.services.parts import Parts


def tell_owner(
    session: Session,
    parts: Parts,
    interviewer: rows.Interviewer,
    reason: str,
    *,
    run: rows.Run | None = None,
    provider: str | None = None,
) -> None:
    """Tell somebody, at most once a day, that their calendar cannot be read, with what mends it.

    A run found it so, or the access at this provider was seen to end.
    """
    day = parts.now().date().isoformat()
    owing.owe(
        session,
        parts,
        organization_id=interviewer.organization_id,
        kind="calendar_unreadable",
        role="interviewer",
        recipient=owing.interviewer_recipient(interviewer),
        dedupe_key=f"calendar_unreadable:{interviewer.id}:{day}",
        not_after=parts.now() + timedelta(days=1),
        run_id=run.id if run else None,
        details={"reason": reason, "provider": provider or interviewer.calendar["provider"]},
    )


def tell_contact(
    session: Session,
    parts: Parts,
    run: rows.Run,
    owner: rows.Interviewer | rows.Room,
    reason: str,
) -> None:
    """Tell the run's contact, at most once a day, that a calendar this run needs cannot be read."""
    if run.contact:
        owing.owe(
            session,
            parts,
            organization_id=run.organization_id,
            kind="calendar_unreadable",
            role="contact",
            recipient=run.contact,
            dedupe_key=f"calendar_unreadable:{run.id}:{owner.id}:{parts.now().date().isoformat()}",
            not_after=parts.now() + timedelta(days=1),
            run_id=run.id,
            details={"reason": reason, "owner": owner.name},
        )
