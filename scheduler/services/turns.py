# SPDX-License-Identifier: Apache-2.0
"""
Which of our events is written first, where they are in one room.

A room at Google or Microsoft answers invitations by itself, and declines what lies over something that it has
accepted: also over an event of ours that is about to go, or to be moved. So that one goes first.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.intervals import parse_instant
from scheduler.domain.options import OptionSession
from scheduler.services.parts import Parts
from scheduler.services.wanted import INVITING

#: what was tried so often without success is not waited for
MOST_TRIES = 3
_ON_ITS_WAY = sa.and_(rows.CalendarEntry.status == "pending", rows.CalendarEntry.attempts < MOST_TRIES)


def is_early(session: Session, entry: rows.CalendarEntry) -> bool:
    """Whether another event has to leave the room first. The clock's next sweep asks again, if `go_on` does
    not do so before.
    """
    if entry.booking_id is None or entry.wanted != "present" or entry.provider not in INVITING:
        return False
    booking = session.get_one(rows.Booking, entry.booking_id)
    planned = _planned(booking)
    room = _room_of(session, planned[entry.session_key], entry.provider)
    return room is not None and (
        _is_being_emptied(session, room, entry.provider, planned[entry.session_key])
        or any(
            _room_of(session, planned[other.session_key], other.provider) == room
            for other in _sooner(session, booking, entry)
        )
    )


def go_on(session: Session, parts: Parts, booking: rows.Booking) -> None:
    """One event of a booking has been written, or taken out: those that may have waited for it follow."""
    if not any(item.room for item in _planned(booking).values()):
        return
    for other in session.scalars(_waiting(booking)):
        parts.defer(session, "write_entry", entry_id=other.id, organization_id=other.organization_id)


def _planned(booking: rows.Booking) -> dict[str, OptionSession]:
    return {item["key"]: OptionSession.from_json(item) for item in booking.sessions}


def _room_of(session: Session, planned: OptionSession, provider: str) -> str | None:
    """The address of the session's room, where its calendar is at this provider."""
    room = session.get_one(rows.Room, planned.room.id) if planned.room else None
    return str(room.calendar["address"]) if room and room.calendar["provider"] == provider else None


def _is_being_emptied(session: Session, room: str, provider: str, planned: OptionSession) -> bool:
    """Whether an event that the room has around this time, of whichever booking, is about to be taken out."""
    query = (
        sa.select(rows.CalendarEntry.id)
        .join(rows.Booking, rows.Booking.id == rows.CalendarEntry.booking_id)
        .where(
            _ON_ITS_WAY,
            rows.CalendarEntry.wanted == "absent",
            rows.CalendarEntry.event_id.is_not(None),
            rows.CalendarEntry.provider == provider,
            sa.or_(rows.CalendarEntry.calendar == room, rows.CalendarEntry.attendees.contains([room])),
            rows.Booking.start < planned.end,
            rows.Booking.end > planned.start,
        )
    )
    return session.scalar(query.limit(1)) is not None


def _sooner(
    session: Session, booking: rows.Booking, entry: rows.CalendarEntry
) -> Iterator[rows.CalendarEntry]:
    """The events of a booking that was moved which are to be moved before this one: the last first where they
    become later.
    """
    later = _becomes_later(session, booking)
    if later is None or entry.event_id is None:
        return
    starts = {key: item.start for key, item in _planned(booking).items()}
    mine = starts[entry.session_key]
    for other in session.scalars(
        _waiting(booking).where(rows.CalendarEntry.event_id.is_not(None), _ON_ITS_WAY)
    ):
        theirs = starts[other.session_key]
        if theirs > mine if later else theirs < mine:
            yield other


def _waiting(booking: rows.Booking) -> sa.Select[rows.CalendarEntry]:
    return sa.select(rows.CalendarEntry).where(
        rows.CalendarEntry.booking_id == booking.id,
        rows.CalendarEntry.status == "pending",
        rows.CalendarEntry.wanted == "present",
    )


def _becomes_later(session: Session, booking: rows.Booking) -> bool | None:
    """Which way the booking was moved last; None: never."""
    moved = sa.select(rows.Event.data).where(
        rows.Event.booking_id == booking.id, rows.Event.type == "booking.rescheduled"
    )
    data = session.scalar(moved.order_by(rows.Event.position.desc()).limit(1))
    return None if data is None else booking.start > parse_instant(data["moved_from"]["start"])
