# SPDX-License-Identifier: Apache-2.0
"""What somebody chooses, with all that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from scheduler.db import rows
from scheduler.domain import moves
from scheduler.domain.errors import Gone
from scheduler.domain.intervals import Interval
from scheduler.services.parts import CANDIDATE, Actor


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
    #: the candidate has a link that nobody has taken back
    link_works: bool
    #: from the first to the last of what is on offer to the candidate, this option included
    span: Interval

    def refuse_taken_back(self, actor: Actor) -> None:
        """Raises Gone for a candidate whose link was taken back since their click. For good only under the
        lock of the run's candidate, which taking it back waits for.
        """
        if actor == CANDIDATE and not self.link_works:
            raise Gone("This link is no longer in use.", code="revoked")


_others = aliased(rows.Option)
_on_offer = sa.and_(
    _others.run_candidate_id == rows.Option.run_candidate_id, _others.status.in_(moves.OPEN_OPTION)
)
_first = sa.func.least(
    rows.Option.start, sa.select(sa.func.min(_others.start)).where(_on_offer).scalar_subquery()
)
_last = sa.func.greatest(
    rows.Option.end, sa.select(sa.func.max(_others.end)).where(_on_offer).scalar_subquery()
)
_link_works = sa.exists().where(
    rows.Invitation.run_candidate_id == rows.RunCandidate.id, rows.Invitation.revoked_at.is_(None)
)
_active = sa.and_(rows.Booking.run_candidate_id == rows.RunCandidate.id, rows.Booking.status != "cancelled")
# Put together once: that takes longer than asking.
_CHOICE = (
    sa.select(
        rows.Option,
        rows.RunCandidate,
        rows.Run,
        rows.Candidate,
        rows.Organization,
        rows.Booking,
        _link_works.label("link_works"),
        _first.label("first"),
        _last.label("last"),
    )
    .join(rows.RunCandidate, rows.RunCandidate.id == rows.Option.run_candidate_id)
    .join(rows.Run, rows.Run.id == rows.RunCandidate.run_id)
    .join(rows.Candidate, rows.Candidate.id == rows.RunCandidate.candidate_id)
    .join(rows.Organization, rows.Organization.id == rows.Run.organization_id)
    .outerjoin(rows.Booking, _active)
    .where(rows.Option.id == sa.bindparam("option_id"))
    .execution_options(populate_existing=True)
)


def find(session: Session, option_id: str) -> Choice | None:
    """By one statement; None: there is no such option."""
    found: Any = session.execute(_CHOICE, {"option_id": option_id}).one_or_none()
    if found is None:
        return None
    option, run_candidate, run, candidate, organization, booking, link_works, first, last = found
    return Choice(
        option=option,
        run_candidate=run_candidate,
        run=run,
        candidate=candidate,
        organization=organization,
        booking=booking,
        link_works=link_works,
        span=Interval(first, last),
    )
