# SPDX-License-Identifier: Apache-2.0
"""What no rule may decide goes to a person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain import moves
from scheduler.domain.moves import move
from scheduler.services import events
from scheduler.services.parts import SYSTEM


def needs_attention(
    session: Session, booking: rows.Booking, why: str, *, at: datetime, **about: object
) -> bool:
    """Leave something to a person; whether that is news. What is there already stays; each reason is said
    once. `about`: what belongs to it, for the event: ids, states and times.

    What is over stays over: a cancelled booking keeps its status, and says what is left to do.
    """
    if booking.attention and why in booking.attention:
        return False
    if booking.status == "confirmed":
        booking.status = move(moves.BOOKING, "booking", booking.status, "needs_attention")
    booking.attention = f"{booking.attention} {why}" if booking.attention else why
    booking.version += 1
    events.record(
        session,
        booking.organization_id,
        "booking.needs_attention",
        actor=SYSTEM,
        at=at,
        booking=booking,
        data={"reason": why, **about},
    )
    return True


def settle(booking: rows.Booking, why: str) -> None:
    """What was left to a person has been seen to, by a change that the caller writes down."""
    left = " ".join((booking.attention or "").replace(why, "").split())
    booking.attention = left or None
    if booking.status == "needs_attention" and not left:
        booking.status = move(moves.BOOKING, "booking", booking.status, "confirmed")


def take_back(session: Session, booking: rows.Booking, why: str, *, at: datetime) -> bool:
    """What was left to a person has gone away by itself; whether it was."""
    if not booking.attention or why not in booking.attention:
        return False
    settle(booking, why)
    booking.version += 1
    events.record(
        session,
        booking.organization_id,
        "booking.settled",
        actor=SYSTEM,
        at=at,
        booking=booking,
        data={"reason": why},
    )
    return True
