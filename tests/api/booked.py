# SPDX-License-Identifier: Apache-2.0
"""Bookings as rows, for tests of what bookings stand in the way of."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range

from scheduler.db import rows
from scheduler.domain.ids import new_id
from scheduler.domain.plans import Plan
from scheduler.services.parts import Parts
from tests.api.examples import plan


def book(
    parts: Parts,
    organization_id: str,
    resource_of: str | None = None,
    *,
    candidate_id: str | None = None,
    status: str = "confirmed",
    state: str = "booked",
    run_candidate_status: str = "booked",
) -> None:
    """An hour of this interviewer or room, in two days; a candidate of its own unless one is given."""
    start = parts.now() + timedelta(days=2)
    end = start + timedelta(hours=1)
    ours = {"organization_id": organization_id}
    with parts.database.transaction(organization_id) as session:
        ids = {prefix: new_id(prefix) for prefix in ("run", "rcd", "opt", "bkg")}
        candidate_id = candidate_id or _candidate(session, parts, organization_id)
        session.add(
            rows.Run(
                id=ids["run"],
                plan=Plan.from_json(plan()).to_json(),
                status="finished",
                window_start=start,
                window_end=end,
                mode="offer",
                options_wanted=5,
                solver={},
                version=1,
                created_at=parts.now(),
                **ours,
            )
        )
        session.flush()
        session.add(
            rows.RunCandidate(
                id=ids["rcd"],
                run_id=ids["run"],
                candidate_id=candidate_id,
                position=0,
                external_refs={},
                status=run_candidate_status,
                **ours,
            )
        )
        session.flush()
        session.add(
            rows.Option(
                id=ids["opt"],
                run_candidate_id=ids["rcd"],
                position=0,
                start=start,
                end=end,
                sessions=[],
                cost=0,
                reasons=[],
                status="accepted",
                **ours,
            )
        )
        session.flush()
        session.add(
            rows.Booking(
                id=ids["bkg"],
                run_id=ids["run"],
                run_candidate_id=ids["rcd"],
                candidate_id=candidate_id,
                option_id=ids["opt"],
                plan=Plan.from_json(plan()).to_json(),
                status=status,
                version=1,
                external_refs={},
                start=start,
                end=end,
                sessions=[],
                created_at=parts.now(),
                **ours,
            )
        )
        session.flush()
        if resource_of:
            session.add(
                rows.Reservation(
                    resource_id=_resource(session, resource_of),
                    booking_id=ids["bkg"],
                    during=Range(start, end),
                    cores=[],
                    state=state,
                    **ours,
                )
            )


def _candidate(session, parts: Parts, organization_id: str) -> str:
    row = rows.Candidate(
        id=new_id("cand"),
        organization_id=organization_id,
        name="Candy",
        email="candy@example.org",
        availability=[],
        metadata_={},
        version=1,
        created_at=parts.now(),
    )
    session.add(row)
    session.flush()
    return row.id


def _resource(session, id_: str) -> int:
    table = rows.Interviewer if id_.startswith("ivw_") else rows.Room
    return session.scalars(sa.select(table.resource_id).where(table.id == id_)).one()
