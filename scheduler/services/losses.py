# SPDX-License-Identifier: Apache-2.0
"""
Losses: an interviewer, or a room, that a booked session was to have and will not. Each is written down once,
whatever notices it how often, together with the job that repairs it or the word to a person, and lasts until
the place is filled again, given back, or no longer needed.

Everybody who writes here holds the booking's lock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.ids import new_id
from scheduler.domain.moves import ACTIVE_BOOKING
from scheduler.domain.options import OptionSession
from scheduler.domain.wording import one_line
from scheduler.services import attention, attention_mail, naming
from scheduler.services.parts import Parts

DECLINED, CONFLICT, INACTIVE = "declined", "conflict", "inactive"
#: what a person reads, of people and of rooms
OF_PEOPLE = {
    DECLINED: "{name} has declined {title}.",
    CONFLICT: "{name} has something else in the calendar during {title}.",
    INACTIVE: "{name} holds no interviews any more, and was to hold {title}.",
}
OF_ROOMS = {
    DECLINED: "The room {name} has declined {title}.",
    CONFLICT: "The room {name} is taken by something else during {title}.",
}
GONE, OVER = "gone", "over"


def note(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    planned: OptionSession,
    who: rows.Interviewer | rows.Room,
    cause: str,
) -> None:
    """Write down that somebody, or a room, is lost for a session. What is known already is not told again;
    nor is what has begun.
    """
    if booking.status not in ACTIVE_BOOKING or planned.start <= parts.now():
        return
    if any(
        (loss.session_key, loss.who, loss.cause) == (planned.key, who.id, cause)
        for loss in open_of(session, booking)
    ):
        return
    sentence = (OF_ROOMS if isinstance(who, rows.Room) else OF_PEOPLE)[cause]
    name = naming.owner_name(session, booking, who)
    loss = rows.Loss(
        id=new_id("los"),
        organization_id=booking.organization_id,
        booking_id=booking.id,
        session_key=planned.key,
        who=who.id,
        cause=cause,
        text=one_line(sentence.format(name=name, title=naming.session_name(booking, planned))),
        start=planned.start,
        found_at=parts.now(),
        attempts=0,
        attempt_at=parts.now(),
    )
    session.add(loss)
    if booking.plan.get("on_decline") == "none":
        leave_to_a_person(session, parts, booking, [(loss, {})])
    else:
        parts.defer(session, "repair_bookings", organization_id=booking.organization_id)


def owners_of(session: Session, planned: OptionSession) -> list[rows.Interviewer | rows.Room]:
    """Who and what a session cannot do without: optional people are promised to nobody."""
    owners: list[rows.Interviewer | rows.Room] = [
        session.get_one(rows.Interviewer, person.id) for person in planned.interviewers if not person.optional
    ]
    if planned.room:
        owners.append(session.get_one(rows.Room, planned.room.id))
    return owners


def leave_to_a_person(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    found: Iterable[tuple[rows.Loss, dict[str, object]]],
) -> None:
    """Say what was lost, each with what could be done (for the event), and write to the run's contact."""
    planned = [OptionSession.from_json(item) for item in booking.sessions]
    told, titles = [], {item.key: naming.session_name(booking, item) for item in planned}
    for loss, choices in found:
        loss.handled_at = parts.now()
        about = _about(loss) | choices
        if attention.needs_attention(session, parts, booking, loss.text, **about):
            told.append({"text": loss.text, "title": titles[loss.session_key], **about})
    session.flush()
    if told:
        attention_mail.tell(session, parts, booking, told)


def _about(loss: rows.Loss) -> dict[str, object]:
    """What events say of it."""
    return {"session_key": loss.session_key, owner_key(loss.who): loss.who, "cause": loss.cause}


def owner_key(who: str) -> str:
    """What the API calls this id."""
    return "room_id" if who.startswith("room_") else "interviewer_id"


def gone(
    session: Session, parts: Parts, booking: rows.Booking, session_key: str, who: str, cause: str
) -> None:
    """The cause went away by itself. If a person was told of it, that is taken back, and the run's contact
    hears so.
    """
    for loss in open_of(session, booking):
        if (loss.session_key, loss.who, loss.cause) != (session_key, who, cause):
            continue
        loss.resolved_at, loss.outcome = parts.now(), GONE
        if loss.handled_at is None:
            continue
        if attention.take_back(session, parts, booking, loss.text, **_about(loss)):
            attention_mail.take_back(session, parts, booking, loss.text)


def end(session: Session, booking: rows.Booking, *, at: datetime, only: frozenset[str] | None = None) -> None:
    """These losses (None: all of the booking) are no longer of interest, by a change that the caller writes
    down; a person need not see to them either.
    """
    for loss in open_of(session, booking):
        if only is None or loss.id in only:
            loss.handled_at = loss.handled_at or at
            loss.resolved_at, loss.outcome = at, OVER
            attention.settle(booking, loss.text)


def of_place(session: Session, booking: rows.Booking, session_key: str, who: str) -> list[rows.Loss]:
    """The open losses of one person or room in one session, in the order in which they were found."""
    return [loss for loss in open_of(session, booking) if (loss.session_key, loss.who) == (session_key, who)]


def open_of(session: Session, booking: rows.Booking) -> list[rows.Loss]:
    """The booking's losses that are not over, in the order in which they were found."""
    query = (
        sa.select(rows.Loss)
        .where(rows.Loss.booking_id == booking.id, rows.Loss.resolved_at.is_(None))
        .order_by(rows.Loss.found_at, rows.Loss.id)
    )
    return list(session.scalars(query))


def turned_down(session: Session, booking: rows.Booking, planned: OptionSession) -> frozenset[str]:
    """Who has declined this session at this time, whoever sits there now: they are not asked again."""
    query = sa.select(rows.Loss.who).where(
        rows.Loss.booking_id == booking.id,
        rows.Loss.session_key == planned.key,
        rows.Loss.start == planned.start,
        rows.Loss.cause == DECLINED,
        sa.or_(rows.Loss.outcome.is_(None), rows.Loss.outcome != GONE),
    )
    return frozenset(session.scalars(query))
