# SPDX-License-Identifier: Apache-2.0
"""On whose clock somebody reads times who has named no zone."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.options import OptionSession


def of_candidate(session: Session, plan: dict[str, Any], candidate: rows.Candidate | None) -> str:
    """The candidate's zone, or for one who named none, that of the people they will meet."""
    if candidate is not None and candidate.time_zone:
        return candidate.time_zone
    named = _named(plan)
    query = sa.select(rows.Interviewer.time_zone).where(rows.Interviewer.active).order_by(rows.Interviewer.id)
    if named:
        query = query.where(rows.Interviewer.id.in_(named))
    return session.scalar(query.limit(1)) or "UTC"


def of_contact(
    session: Session,
    contact: dict[str, Any],
    plan: dict[str, Any] | None = None,
    booking: rows.Booking | None = None,
) -> str:
    """The contact's own zone where they interview too; else that of the people who do, not the candidate's:
    of a booking's first interviewer, and before it is made of most who could hold the interview. Without a
    plan, of most interviewers.
    """
    return (
        _own(session, contact["email"])
        or (_of_panel(session, booking) if booking else None)
        or _of_most(session, plan)
        or "UTC"
    )


def _own(session: Session, email: str) -> str | None:
    query = sa.select(rows.Interviewer.time_zone).where(
        sa.func.lower(rows.Interviewer.email) == email.lower(), rows.Interviewer.deleted_at.is_(None)
    )
    return session.scalar(query.order_by(rows.Interviewer.id).limit(1))


def _of_panel(session: Session, booking: rows.Booking) -> str | None:
    planned = min(map(OptionSession.from_json, booking.sessions), key=lambda item: item.start)
    first = session.get(rows.Interviewer, planned.interviewers[0].id) if planned.interviewers else None
    return first.time_zone if first else None


def _of_most(session: Session, plan: dict[str, Any] | None) -> str | None:
    query = (
        sa.select(rows.Interviewer.time_zone)
        .where(rows.Interviewer.active)
        .group_by(rows.Interviewer.time_zone)
        .order_by(sa.func.count().desc(), rows.Interviewer.time_zone)
    )
    if plan is not None:
        skills = sorted({seat["skill"] for seat in _seats(plan) if seat.get("skill")})
        able = [rows.Interviewer.qualifications.contains([{"skill": skill}]) for skill in skills]
        query = query.where(sa.or_(rows.Interviewer.id.in_(_named(plan)), *able))
    return session.scalar(query.limit(1))


def _named(plan: dict[str, Any]) -> list[str]:
    return [id_ for seat in _seats(plan) for id_ in seat.get("interviewers") or ()]


def _seats(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [seat for item in plan["sessions"] for seat in item["seats"]]
