# SPDX-License-Identifier: Apache-2.0
"""Events of ours that somebody has deleted or moved in a calendar: a person hears of each once, whichever way
it is found, and no more of it when the event stands as it should again or need not stand there any more.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.intervals import parse_instant
from scheduler.domain.options import OptionSession
from scheduler.domain.wording import found_words, local_date, one_line
from scheduler.services import attention, attention_mail, naming
from scheduler.services.parts import Parts

DELETED = (
    "The event of {title} was deleted from the calendar {calendar} by somebody; "
    "it is not written again by itself."
)
MOVED = (
    "The event of {title} was moved in the calendar {calendar} by somebody, to {there}; "
    "the booking still says {booked}."
)
#: the same for a mail, which says the time on its reader's clock
MOVED_IN_MAIL = (
    "The event of {title} was moved in the calendar {calendar} by somebody; it is not moved back by itself."
)


def tell(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    planned: OptionSession,
    entry: rows.CalendarEntry,
    *,
    moved_to: dict[str, str] | None = None,
    known: bool = False,
) -> None:
    """Leave it to a person, and write to the run's contact unless the session has begun. Of a booking that is
    not cancelled.

    `moved_to`: RFC 3339 `start` and `end` of where the event stands now; None when it was deleted. `known`:
    it stood there at the last look too, and is not told again, however times were put into words then.
    """
    told = _told(booking, planned, entry.calendar, MOVED if moved_to else DELETED)
    if told and (known or not moved_to):
        return
    facts = {"title": naming.session_name(booking, planned), "calendar": entry.calendar}
    item: dict[str, object] = {"text": one_line(DELETED.format(**facts)), "altered": True}
    if moved_to:
        item["text"] = one_line(MOVED.format(**facts, **_times(session, entry, planned, moved_to)))
        item |= {"in_mail": MOVED_IN_MAIL.format(**facts), "moved_to": moved_to}
    if not attention.needs_attention(session, parts, booking, str(item["text"])):
        return
    if planned.start > parts.now():
        attention_mail.tell(session, parts, booking, [item])


def stands_again(
    session: Session, parts: Parts, booking: rows.Booking, planned: OptionSession, calendar: str
) -> None:
    """The event is as it should be: what was told of it is taken back, from the run's contact too. The caller
    holds the booking's lock.
    """
    for text in _told(booking, planned, calendar, DELETED, MOVED):
        if attention.take_back(session, parts, booking, text):
            attention_mail.take_back(session, parts, booking, text)


def end(booking: rows.Booking, planned: OptionSession, calendar: str) -> None:
    """No event should stand there any more, by a change that the caller writes down."""
    for text in _told(booking, planned, calendar, DELETED, MOVED):
        attention.settle(booking, text)


def _told(booking: rows.Booking, planned: OptionSession, calendar: str, *sentences: str) -> list[str]:
    """What a person should see to of this event, wherever it was moved to and however that is put."""
    beginnings = tuple(
        one_line(sentence.partition("{there}")[0].format(title=title, calendar=calendar))
        for sentence in sentences
        for title in naming.session_names(booking, planned)
    )
    return [text for text in attention.reasons(booking) if text.startswith(beginnings)]


def _times(
    session: Session, entry: rows.CalendarEntry, planned: OptionSession, moved_to: dict[str, str]
) -> dict[str, str]:
    """Where the event stands and where it should, on the clock of whose calendar it is; in a calendar of
    the organisation's own on that of the first of the panel.
    """
    owner: rows.Interviewer | rows.Room
    if entry.room_id:
        owner = session.get_one(rows.Room, entry.room_id)
    else:
        owner = session.get_one(rows.Interviewer, entry.interviewer_id or planned.interviewers[0].id)
    zone = owner.time_zone
    today = local_date(planned.start, zone)  # the same words whenever they are said

    def words(start: datetime, end: datetime) -> str:
        return found_words(start, end, zone, today=today)

    there = (parse_instant(moved_to["start"]), parse_instant(moved_to["end"]))
    return {"there": words(*there), "booked": words(planned.start, planned.end)}
