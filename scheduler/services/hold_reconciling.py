# SPDX-License-Identifier: Apache-2.0
"""What shows a hold in a calendar, compared with what stands there. Nothing of it goes to a person."""

from __future__ import annotations

from sqlalchemy.orm import Session

from calendars.values import FoundEvent
from scheduler.db import rows
from scheduler.services import holding
from scheduler.services.parts import Parts


def compare(session: Session, parts: Parts, claimed: rows.CalendarEntry, found: FoundEvent | None) -> None:
    """What was taken out and is gone is forgotten; what is there again, after an answer that was lost, is
    taken out once more.
    """
    entry = session.get(rows.CalendarEntry, claimed.id, with_for_update={"key_share": True})
    if entry is None or (entry.status, entry.booking_version) != (claimed.status, claimed.booking_version):
        return
    if found is None or found.status == "cancelled":
        session.delete(entry)
        session.flush()
        holding.forget(session, rows.Hold.option_id == entry.option_id, rows.Hold.expires_at <= parts.now())
    else:
        entry.status, entry.attempts, entry.attempt_at, entry.verify_at = "pending", 0, parts.now(), None
        parts.defer(session, "write_entry", entry_id=entry.id, organization_id=entry.organization_id)
