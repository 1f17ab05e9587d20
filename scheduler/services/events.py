# SPDX-License-Identifier: Apache-2.0
"""Facts, written in the transaction that makes them true. Each state change has exactly one."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.ids import new_id
from scheduler.domain.intervals import format_instant
from scheduler.services.parts import Actor, Parts


def record(
    session: Session,
    parts: Parts,
    organization_id: str,
    type_: str,
    *,
    actor: Actor,
    run_id: str | None = None,
    run_candidate: rows.RunCandidate | None = None,
    booking: rows.Booking | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Write one fact, about a booking, a candidate of a run, a run, or none of them; it is published after
    the commit (feed.py). `data` holds ids, states and reasons; never candidates' names, addresses or tokens.
    """
    of = booking or run_candidate
    session.add(
        rows.Event(
            id=new_id("evt"),
            organization_id=organization_id,
            type=type_,
            actor=actor.name,
            run_id=of.run_id if of else run_id,
            booking_id=booking.id if booking else None,
            version=booking.version if booking else None,
            about=_as_it_is(booking, run_candidate),
            data=data or {},
            at=parts.now(),
        )
    )
    parts.defer(session, "publish_events", organization_id=organization_id)


def lock(session: Session, organization_id: str) -> None:
    """Whoever changes events takes the organisation's row first: those who publish, and who erases, would
    wait for each other's events otherwise. New ones may be written all the same.
    """
    organization = sa.select(rows.Organization.id).where(rows.Organization.id == organization_id)
    session.execute(organization.with_for_update(key_share=True))


def _as_it_is(booking: rows.Booking | None, run_candidate: rows.RunCandidate | None) -> dict[str, Any]:
    """What it is about, as it stands with this event: others read it later, and elsewhere."""
    if booking is not None:
        return {
            "candidate_id": booking.candidate_id,
            "status": booking.status,
            "start": format_instant(booking.start),
            "end": format_instant(booking.end),
            "external_refs": booking.external_refs,
        }
    if run_candidate is not None:
        return {
            "candidate_id": run_candidate.candidate_id,
            "external_refs": run_candidate.external_refs,
        }
    return {}
