# SPDX-License-Identifier: Apache-2.0
"""What no rule may decide goes to a person: in `bookings.attention` each reason is a sentence on a line of
its own, and is known by that sentence.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain import moves
from scheduler.domain.moves import move
from scheduler.domain.wording import one_line
from scheduler.services import events
from scheduler.services.parts import SYSTEM, Parts


def reasons(booking: rows.Booking) -> list[str]:
    """What is left to a person, in the order in which it was told."""
    return booking.attention.split("\n") if booking.attention else []


def needs_attention(session: Session, parts: Parts, booking: rows.Booking, why: str, **about: object) -> bool:
    """Leave something to a person; whether that is news. What is there already stays; each reason is said
    once. `about`: what belongs to it, for the event: ids, states and times.

    What is over stays over: a cancelled booking keeps its status, and says what is left to do.
    """
    why = one_line(why)  # names and titles may have lines of their own
    there = reasons(booking)
    if why in there:
        return False
    if booking.status == "confirmed":
        booking.status = move(moves.BOOKING, "booking", booking.status, "needs_attention")
    booking.attention = "\n".join([*there, why])
    booking.version += 1
    events.record(
        session,
        parts,
        booking.organization_id,
        "booking.needs_attention",
        actor=SYSTEM,
        booking=booking,
        data={"reason": why, **about},
    )
    return True


def settle(booking: rows.Booking, why: str) -> None:
    """What was left to a person has been seen to, by a change that the caller writes down."""
    left = [reason for reason in reasons(booking) if reason != one_line(why)]
    booking.attention = "\n".join(left) or None
    if booking.status == "needs_attention" and not left:
        booking.status = move(moves.BOOKING, "booking", booking.status, "confirmed")


def take_back(session: Session, parts: Parts, booking: rows.Booking, why: str, **about: object) -> bool:
    """What was left to a person has gone away by itself; whether it was. `about`: what belongs to it."""
    if one_line(why) not in reasons(booking):
        return False
    settle(booking, why)
    booking.version += 1
    events.record(
        session,
        parts,
        booking.organization_id,
        "booking.settled",
        actor=SYSTEM,
        booking=booking,
        data={"reason": one_line(why), **about},
    )
    return True
