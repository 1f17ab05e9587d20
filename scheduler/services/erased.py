# SPDX-License-Identifier: Apache-2.0
"""What is left of a candidate whose data was erased, and what they cannot do any more."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.errors import Gone

NAME = "Erased candidate"
#: no mail server can ever be found for it (RFC 2606)
EMAIL = "erased@candidate.invalid"
TOMBSTONE: dict[str, Any] = {
    "name": NAME,
    "email": EMAIL,
    "external_id": None,
    "phone": None,
    "time_zone": None,
    "locale": None,
    "availability": [],
    "metadata": {},
}


def is_erased(session: Session, candidate_id: str | None) -> bool:
    candidate = session.get(rows.Candidate, candidate_id) if candidate_id else None
    return candidate is not None and candidate.erased_at is not None


def refuse(session: Session, candidate_id: str) -> None:
    """Raises Gone for somebody who was erased: a click that was under way comes to nothing, as on any link
    that was taken back. For good only under the lock of a run's candidate, which erasing waits for.
    """
    if is_erased(session, candidate_id):
        raise Gone("This link is no longer in use.", code="revoked")
