# SPDX-License-Identifier: Apache-2.0
"""What was booked, or moved, while a calendar could not be read: a person should look, until all of its
calendars have been read (noticing.py). Most outages are over before anybody could do that, so that the run's
contact gets a mail only of one that lasts.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.services import attention, attention_mail, picks
from scheduler.services.parts import Parts

#: how long the mail waits for the calendars; half of the time that is left, where the interview is near
LASTS = timedelta(minutes=15)


def tell(session: Session, parts: Parts, booking: rows.Booking) -> None:
    """Leave it to a person. The caller holds the booking's lock."""
    if attention.needs_attention(session, parts, booking, picks.UNCHECKED):
        wait = min(LASTS, (booking.start - parts.now()) / 2)
        attention_mail.tell(session, parts, booking, [{"text": picks.UNCHECKED}], after=wait)


def settle(session: Session, parts: Parts, booking: rows.Booking) -> None:
    """Nobody need look any more. The caller holds the booking's lock."""
    if attention.take_back(session, parts, booking, picks.UNCHECKED):
        attention_mail.take_back(session, parts, booking, picks.UNCHECKED)
