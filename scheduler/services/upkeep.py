# SPDX-License-Identifier: Apache-2.0
"""What the clock asks for: find what is due, and put each on its way as a job of its own."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import sqlalchemy as sa

from scheduler.db import rows
from scheduler.services import (
    bookings,
    deliveries,
    holding,
    invitations,
    jobs,
    noticing,
    organizations,
    retention,
)
from scheduler.services.parts import Parts

#: the most that one sweep takes on; the next one goes on from there
MOST = 500
#: how long an answer is kept for the same Idempotency-Key
KEPT = timedelta(hours=24)


def sweep(parts: Parts) -> None:
    """Due mail, events for others, owed calendar entries, calendars to look at, losses that wait to be
    repaired, offers and interviews whose time is over.
    """
    parts.reach("sweep.begun")
    _defer_all(parts, "due_messages", "send_message", "message_id")
    parts.reach("sweep.deferred")
    for organization_id, _ in _due(parts, "unpublished_events"):
        _defer(parts, organization_id, "publish_events")
    _defer_all(parts, "due_webhooks", "call_webhook", "webhook_id")
    _defer_all(parts, "owed_entries", "write_entry", "entry_id")
    _defer_all(parts, "due_verifications", "verify_entry", "entry_id")
    for organization_id, _ in _due(parts, "due_losses"):
        _defer(parts, organization_id, "repair_bookings")
    _defer_all(parts, "due_syncs", "sync_calendar", "state_id")
    _defer_all(parts, "due_watches", "watch_calendar", "state_id")
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


def _defer_all(parts: Parts, function: str, task: str, name: str) -> None:
    """A job for each that is due, named by its id; those of an organisation by one transaction."""
    due: dict[str, list[str]] = defaultdict(list)
    for organization_id, id_ in _due(parts, function):
        due[organization_id].append(id_)
    for organization_id, ids in due.items():
        with parts.database.transaction(organization_id) as session:
            for id_ in ids:
                parts.defer(session, task, organization_id=organization_id, **{name: id_})


def _defer(parts: Parts, organization_id: str, task: str, **ids: str) -> None:
    with parts.database.transaction(organization_id) as session:
        parts.defer(session, task, organization_id=organization_id, **ids)


def refresh(parts: Parts) -> None:
    """Read everybody's calendars again, and look at what was booked unchecked, each organisation by jobs of
    its own.
    """
    for organization_id in organizations.every(parts):
        if parts.granted(organization_id):
            _defer(parts, organization_id, "refresh_calendars")
        if noticing.is_anything_unchecked(parts, organization_id):
            _defer(parts, organization_id, "check_bookings")


def verify_invariants(parts: Parts) -> None:
    """Ask whether every promise still holds, each organisation by a job of its own."""
    for organization_id in organizations.every(parts):
        _defer(parts, organization_id, "verify_organization")


def tidy(parts: Parts) -> None:
    """Forget the answers kept for repeated requests when their time is over, what became of events for web
    hooks long ago, the reasons of jobs that are gone, and candidates who are kept no longer.
    """
    for organization_id in organizations.every(parts):
        retention.look(parts, organization_id)
        jobs.forget_failures(parts, organization_id)
        deliveries.forget(parts, organization_id)
        with parts.database.transaction(organization_id) as session:
            session.execute(
                sa.delete(rows.IdempotencyKey).where(rows.IdempotencyKey.created_at < parts.now() - KEPT)
            )
