# SPDX-License-Identifier: Apache-2.0
"""Events of ours that somebody has deleted or moved in a calendar: a person hears of each once, whichever way
it is found, and no more of it when the event stands as it should again or need not stand there any more.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.intervals import format_instant
from scheduler.domain.options import OptionSession
from scheduler.domain.wording import one_line
from scheduler.services import attention, attention_mail, naming
from scheduler.services.parts import Parts

DELETED = (
    "The event of {title} was deleted from the calendar {calendar} by somebody; "
    "it is not written again by itself."
)
MOVED = (
    "The event of {title} was moved in the calendar {calendar} by somebody, to {start}; "
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
    calendar: str,
    *,
    moved_to: dict[str, str] | None = None,
) -> None:
    """Leave it to a person, and write to the run's contact unless the session has begun. Of a booking that is
    not cancelled.

    `moved_to`: RFC 3339 `start` and `end` of where the event stands now; None when it was deleted.
    """
    facts = {"title": naming.session_name(booking, planned), "calendar": calendar}
    item: dict[str, object] = {"text": one_line(DELETED.format(**facts)), "altered": True}
    if moved_to:
        booked = format_instant(planned.start)
        item["text"] = one_line(MOVED.format(**facts, start=moved_to["start"], booked=booked))
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
    for text in _told(booking, planned, calendar):
        if attention.take_back(session, parts, booking, text):
            attention_mail.take_back(session, parts, booking, text)


def end(booking: rows.Booking, planned: OptionSession, calendar: str) -> None:
    """No event should stand there any more, by a change that the caller writes down."""
    for text in _told(booking, planned, calendar):
        attention.settle(booking, text)


def _told(booking: rows.Booking, planned: OptionSession, calendar: str) -> list[str]:
    """What a person should see to of this event, wherever it was moved to."""
    facts = {"title": naming.session_name(booking, planned), "calendar": calendar}
    deleted = one_line(DELETED.format(**facts))
    moved = one_line(MOVED.partition("{start}")[0].format(**facts)) + " "
    return [text for text in attention.reasons(booking) if text == deleted or text.startswith(moved)]
