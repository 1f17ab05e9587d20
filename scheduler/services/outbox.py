# SPDX-License-Identifier: Apache-2.0
"""Messages as rows: each is written once per dedupe key, and what is due goes on its way with the commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.services.parts import Parts

#: what a message is at first, and what it can be about
FRESH: dict[str, Any] = {
    "status": "queued",
    "attempts": 0,
    "details": {},
    "run_id": None,
    "candidate_id": None,
    "invitation_id": None,
    "booking_id": None,
    "booking_version": None,
}
#: where a session collects what is written `together`
_TOGETHER = "convene.messages"


def write(session: Session, parts: Parts, message: dict[str, Any]) -> None:
    """Write down one message, given by its columns."""
    if _TOGETHER in session.info:
        session.info[_TOGETHER].append(FRESH | message)
    else:
        _insert(session, parts, [FRESH | message])


@contextmanager
def together(session: Session, parts: Parts) -> Iterator[None]:
    """What is owed within is written down by one statement, at the end."""
    collected: list[dict[str, Any]] = []
    session.info[_TOGETHER] = collected
    try:
        yield
    finally:
        del session.info[_TOGETHER]
    if collected:
        _insert(session, parts, collected)


def _insert(session: Session, parts: Parts, messages: list[dict[str, Any]]) -> None:
    session.flush()  # what they are about
    statement = insert(rows.Message).on_conflict_do_nothing(index_elements=["dedupe_key"])
    written = set(session.connection().scalars(statement.returning(rows.Message.id), messages))
    for message in messages:
        if message["id"] in written and message["due_at"] <= parts.now():
            ids = {"message_id": message["id"], "organization_id": message["organization_id"]}
            parts.defer(session, "send_message", **ids)
