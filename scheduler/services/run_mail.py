# SPDX-License-Identifier: Apache-2.0
"""Mail about a run before anything is booked: the candidate's link, and what its contact hears."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.intervals import format_instant
from scheduler.services import owing
from scheduler.services.parts import Parts

NO_OPTIONS = "no_options"


def invite(
    session: Session,
    parts: Parts,
    run: rows.Run,
    run_candidate: rows.RunCandidate,
    invitation: rows.Invitation,
    *,
    again: bool = False,
) -> None:
    """Send the candidate their link; `again`: one that they have had before."""
    candidate = session.get_one(rows.Candidate, run_candidate.candidate_id)
    earlier = session.scalar(sa.select(sa.func.count()).where(rows.Message.invitation_id == invitation.id))
    owing.owe(
        session,
        parts,
        organization_id=run.organization_id,
        kind="invitation_again" if again else "invitation",
        role="candidate",
        recipient=owing.candidate_recipient(candidate),
        dedupe_key=f"invitation:{invitation.id}:{invitation.generation}:{earlier}",
        not_after=invitation.expires_at,
        run_id=run.id,
        candidate_id=candidate.id,
        invitation_id=invitation.id,
    )


def tell_no_options(
    session: Session,
    parts: Parts,
    run: rows.Run,
    run_candidate: rows.RunCandidate,
    *,
    named_times: bool = False,
) -> None:
    """Tell the run's contact that nothing fits, and why; `named_times`: the candidate has named some, and
    knows.
    """
    if run.contact:
        owing.owe(
            session,
            parts,
            organization_id=run.organization_id,
            kind=NO_OPTIONS,
            role="contact",
            recipient=run.contact,
            dedupe_key=f"{NO_OPTIONS}:{run_candidate.id}",
            run_id=run.id,
            candidate_id=run_candidate.candidate_id,
            details={"named_times": named_times},
        )


def obstacle(session: Session, message: rows.Message) -> str | None:
    """Why such a mail has become untrue."""
    found = session.scalars(
        sa.select(rows.RunCandidate).where(
            rows.RunCandidate.run_id == message.run_id, rows.RunCandidate.candidate_id == message.candidate_id
        )
    ).one()
    if found.status == "booked":
        return "candidate_booked"
    return None if found.explanation else "times_found"


def tell_silence(
    session: Session,
    parts: Parts,
    run: rows.Run,
    run_candidate: rows.RunCandidate,
    invitation: rows.Invitation,
) -> None:
    """Tell the run's contact that an offer ended without an answer. What follows is theirs to decide."""
    if run.contact:
        sent = sa.exists().where(
            rows.Message.invitation_id == invitation.id, rows.Message.status.in_(("sending", "sent"))
        )
        owing.owe(
            session,
            parts,
            organization_id=run.organization_id,
            kind="candidate_silent",
            role="contact",
            recipient=run.contact,
            dedupe_key=f"candidate_silent:{invitation.id}:{invitation.generation}",
            run_id=run.id,
            candidate_id=run_candidate.candidate_id,
            details={
                "expired_at": format_instant(invitation.expires_at),
                "unasked": not session.scalar(sa.select(sent)),
            },
        )
