# SPDX-License-Identifier: Apache-2.0
"""Erasing candidates by their age: where an organisation says for how many days it keeps them, whoever has
had nothing open, nothing ahead and nothing new for that long is erased as if somebody had asked for it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.errors import Conflict, NotFound, Unavailable
from scheduler.domain.moves import ACTIVE_BOOKING
from scheduler.services import erasing
from scheduler.services.parts import SYSTEM, Parts

#: the most that are begun with at one time; the next hour goes on from there
MOST = 500
OPEN_RUN = ("queued", "solving", "awaiting_approval")
OPEN_CANDIDATE = ("waiting", "offered")


def look(parts: Parts, organization_id: str) -> None:
    """Have everybody erased whose time is over, each by a job of its own."""
    with parts.database.transaction(organization_id) as session:
        since = _kept_since(session, parts, organization_id)
        if since is None:
            return
        over = sa.select(rows.Candidate.id).where(*_over(since)).order_by(rows.Candidate.created_at)
        for id_ in session.scalars(over.limit(MOST)):
            parts.defer(session, "erase_candidate", candidate_id=id_, organization_id=organization_id)


def erase(parts: Parts, organization_id: str, candidate_id: str) -> None:
    """Erase one, unless something is open, ahead or new by now."""

    def still_over(session: Session) -> bool:
        since = _kept_since(session, parts, organization_id)
        found = sa.select(rows.Candidate.id).where(rows.Candidate.id == candidate_id)
        return since is not None and session.scalar(found.where(*_over(since))) is not None

    try:
        erasing.erase(parts, organization_id, candidate_id, actor=SYSTEM, only_if=still_over)
    except (Conflict, NotFound, Unavailable):
        return  # they are wanted again; the next hour looks anew


def _kept_since(session: Session, parts: Parts, organization_id: str) -> datetime | None:
    """What is older than this goes; None: nothing does."""
    days = session.get_one(rows.Organization, organization_id, populate_existing=True).retention_days
    return parts.now() - timedelta(days=days) if days else None


def _over(since: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Candidates with nothing open or ahead, who were made, asked for, met and told of before this."""
    run, asked, booking, event = rows.Run, rows.RunCandidate, rows.Booking, rows.Event
    their_runs = (
        sa.select(asked.id).join(run, run.id == asked.run_id).where(asked.candidate_id == rows.Candidate.id)
    )
    still_asked = their_runs.where(
        sa.or_(
            asked.status.in_(OPEN_CANDIDATE),
            run.status.in_(OPEN_RUN),
            run.created_at > since,
            run.finished_at > since,
        )
    )
    still_met = sa.select(booking.id).where(
        booking.candidate_id == rows.Candidate.id,
        sa.or_(
            booking.status.in_(ACTIVE_BOOKING), sa.and_(booking.end > since, booking.status != "cancelled")
        ),
    )
    still_told = their_runs.join(event, event.run_id == asked.run_id).where(
        event.at > since, event.about["candidate_id"].astext == rows.Candidate.id
    )
    return (
        rows.Candidate.erased_at.is_(None),
        rows.Candidate.created_at <= since,
        ~still_asked.exists(),
        ~still_met.exists(),
        ~still_told.exists(),
    )
