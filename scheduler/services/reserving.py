# SPDX-License-Identifier: Apache-2.0
"""What a booking occupies: every interviewer with their buffers, every room, as reservations."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.db.casts import Cast
from scheduler.domain.intervals import Interval, format_instant
from scheduler.domain.options import OptionSession
from scheduler.domain.people import Buffer
from scheduler.domain.plans import Plan


def add_reservations(session: Session, booking: rows.Booking, plan: Plan, cast: Cast) -> None:
    """Occupy everybody, buffers included. Touching sessions of one person share a reservation."""
    planned = [OptionSession.from_json(item) for item in booking.sessions]
    buffers = {person.id: person.buffer for person in cast.interviewers}
    for id_, items in _sessions_by_resource(planned).items():
        for group in _touching(items):
            cores = [_core(item, _buffer_of(plan, item.key, buffers.get(id_))) for item in group]
            first, last = cores[0], cores[-1]
            during = Interval(group[0].start, group[-1].end).padded(
                Buffer(before=first["before"]).before_delta, Buffer(after=last["after"]).after_delta
            )
            session.add(
                rows.Reservation(
                    organization_id=booking.organization_id,
                    resource_id=cast.resources[id_],
                    booking_id=booking.id,
                    during=Range(during.start, during.end),
                    cores=cores,
                    state="booked",
                )
            )
    session.flush()


def _sessions_by_resource(planned: list[OptionSession]) -> dict[str, list[OptionSession]]:
    by_id: dict[str, list[OptionSession]] = {}
    for item in sorted(planned, key=lambda item: item.start):
        for id_ in [person.id for person in item.interviewers] + ([item.room.id] if item.room else []):
            by_id.setdefault(id_, []).append(item)
    return by_id


def _touching(items: list[OptionSession]) -> list[list[OptionSession]]:
    groups: list[list[OptionSession]] = []
    for item in items:
        if groups and groups[-1][-1].end == item.start:
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups


def _buffer_of(plan: Plan, session_key: str, own: Buffer | None) -> Buffer:
    """A room has no buffer; a session's own replaces the interviewer's."""
    if own is None:
        return Buffer()
    return plan.session(session_key).buffer or own


def _core(item: OptionSession, buffer: Buffer) -> dict[str, Any]:
    return {"start": format_instant(item.start), "end": format_instant(item.end), **buffer.to_json()}
