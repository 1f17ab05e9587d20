# SPDX-License-Identifier: Apache-2.0
"""Calendars that will not take an event of ours, or will not let it go: a person hears of each, and the run's
contact while the interview is ahead; until a later try succeeds, or something else is wanted of the calendar.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.moves import ACTIVE_BOOKING
from scheduler.domain.options import OptionSession
from scheduler.domain.wording import one_line
from scheduler.services import attention, attention_mail, naming
from scheduler.services.parts import Parts
from scheduler.services.wanted import INVITING

UNWRITTEN = (
    "The event of {title} cannot be written into the calendar {calendar} ({whose}): {error} Please have the "
    "calendar opened to Convene, or enter the event by hand; it is tried again every hour."
)
STANDS = (
    "The event of {title} cannot be taken out of the calendar {calendar} ({whose}){guests}: {error} Please "
    "delete it by hand, or have the calendar opened to Convene; it is tried again every hour."
)
GUESTS = ", and its guests may have it still"
BY_MAIL = " Interviewers who would have heard through this calendar hear by mail."


def tell(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    planned: OptionSession,
    entry: rows.CalendarEntry,
    *,
    by_mail: bool,
) -> None:
    """Leave it to a person. `by_mail`: interviewers hear by mail instead. What is told already stays as it
    is, whatever reason the calendar gives by now. The caller holds the booking's lock.
    """
    if entry.wanted == "absent" and not entry.event_id:
        return  # it was never there
    if _told(booking, planned, entry.calendar):
        return
    sentence = UNWRITTEN if entry.wanted == "present" else STANDS
    why = sentence.format(
        title=naming.session_name(booking, planned),
        calendar=entry.calendar,
        whose=_whose(session, booking, entry),
        guests=GUESTS if entry.provider in INVITING else "",
        error=f"{(entry.error or '').rstrip('.')}.",
    )
    text = one_line(why + (BY_MAIL if by_mail else ""))
    attention.needs_attention(session, parts, booking, text, session_key=planned.key, error=entry.error)
    if booking.status in ACTIVE_BOOKING and planned.start > parts.now():
        attention_mail.tell(session, parts, booking, [{"text": text}], gathered=True)


def done(
    session: Session, parts: Parts, booking: rows.Booking, planned: OptionSession, calendar: str
) -> None:
    """The calendar agrees with what is wanted: what was told of it is taken back, from the run's contact too.
    The caller holds the booking's lock.
    """
    for text in _told(booking, planned, calendar):
        if attention.take_back(session, parts, booking, text, session_key=planned.key):
            attention_mail.take_back(session, parts, booking, text)


def end(booking: rows.Booking, planned: OptionSession, calendar: str) -> None:
    """Something else is wanted of the calendar, by a change that the caller writes down."""
    for text in _told(booking, planned, calendar):
        attention.settle(booking, text)


def _told(booking: rows.Booking, planned: OptionSession, calendar: str) -> list[str]:
    beginnings = tuple(
        one_line(sentence.partition("{whose}")[0].format(title=title, calendar=calendar))
        for sentence in (UNWRITTEN, STANDS)
        for title in naming.session_names(booking, planned)
    )
    return [text for text in attention.reasons(booking) if text.startswith(beginnings)]


def _whose(session: Session, booking: rows.Booking, entry: rows.CalendarEntry) -> str:
    if entry.room_id:
        room = session.get_one(rows.Room, entry.room_id)
        return f"of the room {naming.owner_name(session, booking, room)}"
    if entry.interviewer_id:
        person = session.get_one(rows.Interviewer, entry.interviewer_id)
        return f"of {naming.owner_name(session, booking, person)}"
    return "of the organization"
