# SPDX-License-Identifier: Apache-2.0
"""What the clock asks for: find what is due, and put each on its way as a job of its own."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from scheduler.db import rows
from scheduler.services import bookings, holding, invitations, jobs, organizations
from scheduler.services.parts import Parts

#: the most that one sweep takes on; the next one goes on from there
MOST = 500
#: how long an answer is kept for the same Idempotency-Key
KEPT = timedelta(hours=24)


def sweep(parts: Parts) -> None:
    """Due mail, owed calendar entries, calendars to look at, losses that wait to be repaired, offers and
    interviews whose time is over.
    """
    parts.reach("sweep.begun")
    for organization_id, id_ in _due(parts, "due_messages"):
        _defer(parts, organization_id, "send_message", message_id=id_)
    parts.reach("sweep.deferred")
    for organization_id, id_ in _due(parts, "owed_entries"):
        _defer(parts, organization_id, "write_entry", entry_id=id_)
    for organization_id, id_ in _due(parts, "due_verifications"):
        _defer(parts, organization_id, "verify_entry", entry_id=id_)
    for organization_id, _ in _due(parts, "due_losses"):
        _defer(parts, organization_id, "repair_bookings")
    for organization_id, id_ in _due(parts, "due_syncs"):
        _defer(parts, organization_id, "sync_calendar", state_id=id_)
    for organization_id, id_ in _due(parts, "due_watches"):
        _defer(parts, organization_id, "watch_calendar", state_id=id_)
    for organization_id, id_ in _due(parts, "ended_invitations"):
        invitations.expire(parts, organization_id, id_)
    for organization_id, id_ in _due(parts, "ended_holds"):
        holding.end(parts, organization_id, id_)
    for organization_id, id_ in _due(parts, "ended_bookings"):
        bookings.complete(parts, organization_id, id_)


def _due(parts: Parts, function: str) -> list[tuple[str, str]]:
    """Ids across all organisations, by one of the owner's look-ups."""
    query = sa.text(f"select organization_id, id from {function}(:moment, :most)")  # noqa: S608  # names of ours
    with parts.database.lookup() as session:
        found = session.execute(query, {"moment": parts.now(), "most": MOST})
        return [(row.organization_id, row.id) for row in found]


def _defer(parts: Parts, organization_id: str, task: str, **ids: str) -> None:
    with parts.database.transaction(organization_id) as session:
        parts.defer(session, task, organization_id=organization_id, **ids)


def refresh(parts: Parts) -> None:
    """Read everybody's calendars again, each organisation by a job of its own."""
    for organization_id in organizations.every(parts):
        if parts.granted(organization_id):
            _defer(parts, organization_id, "refresh_calendars")


def verify_invariants(parts: Parts) -> None:
    """Ask whether every promise still holds, each organisation by a job of its own."""
    for organization_id in organizations.every(parts):
        _defer(parts, organization_id, "verify_organization")


def tidy(parts: Parts) -> None:
    """Forget the answers kept for repeated requests when their time is over, and the reasons of jobs that are
    gone.
    """
    for organization_id in organizations.every(parts):
        jobs.forget_failures(parts, organization_id)
        with parts.database.transaction(organization_id) as session:
            session.execute(
                sa.delete(rows.IdempotencyKey).where(rows.IdempotencyKey.created_at < parts.now() - KEPT)
            )
