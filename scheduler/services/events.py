# SPDX-License-Identifier: Apache-2.0
"""Facts, written in the transaction that makes them true. Each state change has exactly one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.ids import new_id
from scheduler.services.parts import Actor


def record(
    session: Session,
    organization_id: str,
    type_: str,
    *,
    actor: Actor,
    at: datetime,
    run_id: str | None = None,
    booking: rows.Booking | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Write one fact. `data` holds ids, states and reasons; never names, addresses or tokens."""
    session.add(
        rows.Event(
            id=new_id("evt"),
            organization_id=organization_id,
            type=type_,
            actor=actor.name,
            run_id=booking.run_id if booking else run_id,
            booking_id=booking.id if booking else None,
            version=booking.version if booking else None,
            data=data or {},
            at=at,
        )
    )
