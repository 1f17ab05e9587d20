# SPDX-License-Identifier: Apache-2.0
"""Everything that is kept about one candidate, for them or for another system to have."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.errors import NotFound
from scheduler.domain.intervals import format_instant
from scheduler.services import feed, mails, views
from scheduler.services.parts import Parts


def export(parts: Parts, organization_id: str, candidate_id: str) -> dict[str, Any]:
    """All of it as it is at one moment, of a deleted candidate too; of one who was erased, what was left.
    Others of the same runs are not in it. Raises NotFound.
    """
    with parts.database.snapshot(organization_id) as session:
        candidate = session.get(rows.Candidate, candidate_id)
        if candidate is None:
            raise NotFound("There is no such candidate.")
        asked = _all(session, rows.RunCandidate, candidate_id)
        return {
            "candidate": views.candidate(candidate),
            "created_at": format_instant(candidate.created_at),
            "deleted_at": _instant(candidate.deleted_at),
            "erased_at": _instant(candidate.erased_at),
            "runs": [_run(session, item) for item in asked],
            "invitations": [_invitation(row) for row in _invitations(session, asked)],
            "bookings": [views.booking(session, row) for row in _all(session, rows.Booking, candidate_id)],
            "messages": [
                {**mails.view(row), "details": row.details}
                for row in _all(session, rows.Message, candidate_id)
            ],
            "events": [feed.view(row, whole=True) for row in _events(session, candidate_id)],
        }


def _all(session: Session, table: Any, candidate_id: str) -> list[Any]:
    query = sa.select(table).where(table.candidate_id == candidate_id)
    return list(session.scalars(query.order_by(table.id)))


def _instant(moment: Any) -> str | None:
    return format_instant(moment) if moment else None


def _run(session: Session, asked: rows.RunCandidate) -> dict[str, Any]:
    """The run as far as it is about them."""
    run = session.get_one(rows.Run, asked.run_id)
    options = session.scalars(
        sa.select(rows.Option).where(rows.Option.run_candidate_id == asked.id).order_by(rows.Option.position)
    )
    return {
        "id": run.id,
        "plan": run.plan,
        "window": {"start": format_instant(run.window_start), "end": format_instant(run.window_end)},
        "external_refs": asked.external_refs,
        "status": asked.status,
        "options": [views.option(row) for row in options],
        "explanation": asked.explanation,
        "questions": asked.questions,
        "created_at": format_instant(run.created_at),
    }


def _invitations(session: Session, asked: list[rows.RunCandidate]) -> sa.ScalarResult[rows.Invitation]:
    of_these = rows.Invitation.run_candidate_id.in_([item.id for item in asked])
    return session.scalars(sa.select(rows.Invitation).where(of_these).order_by(rows.Invitation.id))


def _invitation(row: rows.Invitation) -> dict[str, Any]:
    """Without the link: whoever has it could choose in their place."""
    return {
        "id": row.id,
        "created_at": format_instant(row.created_at),
        "expires_at": format_instant(row.expires_at),
        "revoked_at": _instant(row.revoked_at),
    }


def _events(session: Session, candidate_id: str) -> sa.ScalarResult[rows.Event]:
    booked = sa.select(rows.Booking.id).where(rows.Booking.candidate_id == candidate_id)
    about = sa.or_(
        rows.Event.booking_id.in_(booked),
        rows.Event.about["candidate_id"].astext == candidate_id,
        rows.Event.data["candidate_id"].astext == candidate_id,
    )
    return session.scalars(sa.select(rows.Event).where(about).order_by(rows.Event.position))
