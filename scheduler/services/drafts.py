# SPDX-License-Identifier: Apache-2.0
"""What the event of a booked session says, from the state at the moment it is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calendars.values import Attendee, AttendeeStatus, EventDraft
from scheduler.db import rows
from scheduler.domain.options import OptionSession
from scheduler.services import conferences, losses
from scheduler.services.wanted import INVITING


def draft_of(session: Session, entry: rows.CalendarEntry) -> EventDraft:
    """The event as it should stand in the entry's calendar."""
    booking = session.get_one(rows.Booking, entry.booking_id)
    candidate = session.get_one(rows.Candidate, booking.candidate_id)
    planned = next(
        OptionSession.from_json(item) for item in booking.sessions if item["key"] == entry.session_key
    )
    asked = next(item for item in booking.plan["sessions"] if item["key"] == entry.session_key)
    panel = [
        (session.get_one(rows.Interviewer, person.id), person.optional) for person in planned.interviewers
    ]
    owner = session.get_one(rows.Interviewer, entry.interviewer_id) if entry.interviewer_id else None
    video = conferences.link(session, entry, asked)
    place = (planned.room.name if planned.room else "") or asked.get("location") or ""
    return EventDraft(
        uid=entry.uid,
        start=planned.start,
        end=planned.end,
        time_zone=owner.time_zone if owner else _zone_of(panel),
        summary=f"{planned.title}: {candidate.name}",
        description=_description(booking, candidate, [person.name for person, _ in panel], video),
        location=place or video or "",
        conference_url=video or "",
        conference=entry.conference,  # type: ignore[arg-type]  # written by `wanted`, from its own table
        organizer=_organizer(booking, panel),
        attendees=_attendees(session, entry, planned, panel),
        sequence=entry.booking_version,
        same_time=not _moved_since_written(session, entry),
        private={"booking": booking.id, "session": entry.session_key},
    )


def _moved_since_written(session: Session, entry: rows.CalendarEntry) -> bool:
    """Whether the booking has another time than when the event was last written, if it ever was."""
    moves = sa.select(rows.Event.id).where(
        rows.Event.booking_id == entry.booking_id,
        rows.Event.type == "booking.rescheduled",
        rows.Event.version > (entry.written_version or 0),
    )
    return session.scalar(moves.limit(1)) is not None


_Panel = list[tuple[rows.Interviewer, bool]]


def _zone_of(panel: _Panel) -> str:
    return panel[0][0].time_zone if panel else "UTC"


def _organizer(booking: rows.Booking, panel: _Panel) -> Attendee | None:
    contact: Mapping[str, Any] | None = booking.contact
    if contact is None and panel:
        contact = {"name": panel[0][0].name, "email": panel[0][0].email}
    return Attendee(email=contact["email"], name=contact.get("name") or "") if contact else None


def _attendees(
    session: Session, entry: rows.CalendarEntry, planned: OptionSession, panel: _Panel
) -> tuple[Attendee, ...]:
    if entry.provider in INVITING:
        return _invited(session, entry, planned, panel)
    return tuple(
        Attendee(
            email=person.email,
            name=person.name,
            role="optional" if optional else "required",
            status=_answer(session, entry, planned, person.id),
        )
        for person, optional in panel
    )


def _answer(
    session: Session, entry: rows.CalendarEntry, planned: OptionSession, person_id: str
) -> AttendeeStatus:
    """What somebody answers in this entry where the calendar does not tell: it is new there, or goes back
    from where somebody had moved it. Its owner is booked, and comes, unless they are known to have declined;
    that holds as long as the booked time does.
    """
    if person_id != entry.interviewer_id:
        return "needs_action"
    booking = session.get_one(rows.Booking, entry.booking_id)
    lost = losses.of_place(session, booking, planned.key, person_id)
    return "declined" if any(loss.cause == losses.DECLINED for loss in lost) else "accepted"


def _invited(
    session: Session, entry: rows.CalendarEntry, planned: OptionSession, panel: _Panel
) -> tuple[Attendee, ...]:
    """Those of the panel, and the room, whose calendars are at this provider; not the organiser."""
    invited = {
        person.calendar["address"]: Attendee(
            email=person.calendar["address"], name=person.name, role="optional" if optional else "required"
        )
        for person, optional in reversed(panel)
        if person.calendar["provider"] == entry.provider
    }
    room = session.get_one(rows.Room, planned.room.id) if planned.room else None
    found = tuple(reversed(invited.values()))
    if room is not None and room.calendar["provider"] == entry.provider:
        found += (Attendee(email=room.calendar["address"], name=room.name, role="room"),)
    return tuple(attendee for attendee in found if attendee.email != entry.calendar)


def _description(
    booking: rows.Booking, candidate: rows.Candidate, panel: list[str], video: str | None
) -> str:
    lines = [
        f"Interview with {candidate.name} for {booking.plan['name']}.",
        f"With {', '.join(panel)}." if panel else "",
        f"Video: {video}" if video else "",
        f"The candidate's address: {candidate.email}" if candidate.erased_at is None else "",
        f"Arranged by Convene; booking {booking.id}.",
    ]
    return "\n".join(line for line in lines if line)
