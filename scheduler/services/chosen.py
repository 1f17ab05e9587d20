# SPDX-License-Identifier: Apache-2.0
"""What somebody chooses, with all that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An option and all that it belongs to, as rows."""

    option: rows.Option
    run_candidate: rows.RunCandidate
    run: rows.Run
    candidate: rows.Candidate
    organization: rows.Organization
    #: what is booked for the candidate of this run
    booking: rows.Booking | None


def find(session: Session, option_id: str) -> Choice | None:
    """By one statement; None: there is no such option."""
    query = (
        sa.select(rows.Option, rows.RunCandidate, rows.Run, rows.Candidate, rows.Organization, rows.Booking)
        .join(rows.RunCandidate, rows.RunCandidate.id == rows.Option.run_candidate_id)
        .join(rows.Run, rows.Run.id == rows.RunCandidate.run_id)
        .join(rows.Candidate, rows.Candidate.id == rows.RunCandidate.candidate_id)
        .join(rows.Organization, rows.Organization.id == rows.Run.organization_id)
        .outerjoin(
            rows.Booking,
            sa.and_(
                rows.Booking.run_candidate_id == rows.RunCandidate.id, rows.Booking.status != "cancelled"
            ),
        )
        .where(rows.Option.id == option_id)
        .execution_options(populate_existing=True)
    )
    found = session.execute(query).one_or_none()
    if found is None:
        return None
    option, run_candidate, run, candidate, organization, booking = found
    return Choice(
        option=option,
        run_candidate=run_candidate,
        run=run,
        candidate=candidate,
        organization=organization,
        booking=booking,
    )
