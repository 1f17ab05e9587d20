# SPDX-License-Identifier: Apache-2.0
"""Somebody in a place instead of somebody else, or one room instead of another, as it is written down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.options import OptionSession, Panelist, RoomRef
from scheduler.services import events, losses
from scheduler.services.parts import Actor, Parts


def event_of(id_: str) -> str:
    """The event that tells of this person, or this room, being replaced."""
    return {"interviewer_id": "interviewer.replaced", "room_id": "room.replaced"}[losses.owner_key(id_)]


def put_in(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    session_key: str,
    leaves: Panelist | RoomRef,
    comes: Panelist | RoomRef,
    actor: Actor,
) -> str:
    """Write somebody into a place instead of somebody else, or a room instead of another: a new version with
    its event, which says why where the place was lost. The rest is the caller's. What was lost with who
    leaves need not be seen to any more. Returns the same in words, for whoever arranged the interview.
    """
    booking.sessions = [
        _with(item, leaves, comes) if item["key"] == session_key else item for item in booking.sessions
    ]
    about = {"session_key": session_key, losses.owner_key(leaves.id): leaves.id, "replacement_id": comes.id}
    lost = losses.of_place(session, booking, session_key, leaves.id)
    told = [loss.text for loss in lost[:1]] + [f"{comes.name} takes the place of {leaves.name}."]
    if lost:
        about["cause"] = lost[0].cause
    losses.end(session, booking, at=parts.now(), only=frozenset(loss.id for loss in lost))
    booking.version += 1
    session.flush()
    events.record(
        session,
        parts,
        booking.organization_id,
        event_of(leaves.id),
        actor=actor,
        booking=booking,
        data=about,
    )
    return " ".join(told)


def _with(item: dict[str, Any], leaves: Panelist | RoomRef, comes: Panelist | RoomRef) -> dict[str, Any]:
    planned = OptionSession.from_json(item)
    if isinstance(comes, RoomRef):
        return replace(planned, room=comes).to_json()
    panel = tuple(comes if person.id == leaves.id else person for person in planned.interviewers)
    return replace(planned, interviewers=panel).to_json()
