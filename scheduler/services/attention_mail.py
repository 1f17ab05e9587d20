# SPDX-License-Identifier: Apache-2.0
"""Mail to a run's contact about what was left to a person: that there is something, and that it has gone away
by itself. Each names the sentences of `bookings.attention` that it is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.intervals import format_instant
from scheduler.services import attention, owing
from scheduler.services.parts import Parts

NEEDED, SETTLED = "needs_attention", "settled"
KINDS = (NEEDED, SETTLED)
#: a mail in these states has reached its reader, for all we know
OUT = ("sending", "sent")
#: how long a mail waits for more of its kind, or for what goes away at the second try
GATHERED = timedelta(seconds=30)


def tell(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    found: Sequence[dict[str, Any]],
    *,
    gathered: bool = False,
    after: timedelta = timedelta(0),
) -> None:
    """Owe the contact word of what a person should see to. Each item has its sentence as `text`, and whatever
    else the mail says of it (loss_facts.py). `gathered`: what many calendars say at one time is one mail.
    `after`: so long it may go away by itself first. The caller holds the booking's lock.
    """
    if not booking.contact:
        return
    due_at = parts.now() + (GATHERED if gathered else after)
    waiting = _waiting(_locked(session, booking)) if gathered else []
    unsent = next((mail for mail in waiting if mail.kind == NEEDED and mail.due_at <= due_at), None)
    if unsent is not None:
        _add(booking, unsent, found)
    else:
        _owe(session, parts, booking, NEEDED, found, due_at=due_at)


def take_back(session: Session, parts: Parts, booking: rows.Booking, text: str) -> None:
    """Something has gone away by itself: a contact who has heard of it hears so, in the words of the mail
    that told them. What has not been sent of it is not sent, and then there is nothing to take back. The
    caller holds the booking's lock.
    """
    mails = _locked(session, booking)
    waiting = _waiting(mails)
    for mail in waiting:
        if mail.kind == NEEDED and not open_items(booking, mail):
            mail.status = "cancelled"
    told = [mail for mail in mails if mail.kind == SETTLED or mail.status in OUT]
    last = next((mail for mail in reversed(told) if text in _texts(mail)), None)
    if last is None or last.kind == SETTLED:
        return
    told_as = next(item for item in last.details["losses"] if item["text"] == text)
    item = {name: told_as[name] for name in ("text", "in_mail") if name in told_as}
    # What goes away at one time is one mail.
    unsent = next((mail for mail in waiting if mail.kind == SETTLED), None)
    if unsent is None:
        _owe(session, parts, booking, SETTLED, [item])
    else:
        _add(booking, unsent, [item])


def obstacle(session: Session, booking: rows.Booking, message: rows.Message) -> str | None:
    """Why one of these mails should not go out any more."""
    still = open_items(booking, message)
    if message.kind == NEEDED:
        return None if still else "seen_to"
    if len(still) == len(message.details["losses"]):
        return "lost_again"
    earlier = session.scalars(_mails(booking).where(rows.Message.kind == NEEDED))
    told = {text for mail in earlier if mail.status in OUT for text in _texts(mail)}
    return None if told & _texts(message) else "not_told"


def open_items(booking: rows.Booking, message: rows.Message) -> list[dict[str, Any]]:
    """What a mail was owed for and a person should still see to."""
    still = attention.reasons(booking)
    return [item for item in message.details["losses"] if item["text"] in still]


def of_the_present_time(booking: rows.Booking) -> sa.ColumnElement[bool]:
    """Whether a mail of the booking is one of these, and about the time that it has now."""
    start = rows.Message.details["start"].astext
    return sa.and_(rows.Message.kind.in_(KINDS), start == format_instant(booking.start))


def _owe(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    kind: str,
    items: Sequence[dict[str, Any]],
    *,
    due_at: datetime | None = None,
) -> None:
    to, details = booking.contact or {}, {"losses": list(items)}
    owing.owe_about_booking(session, parts, booking, kind, "contact", to, details=details, due_at=due_at)


def _add(booking: rows.Booking, unsent: rows.Message, items: Sequence[dict[str, Any]]) -> None:
    unsent.details = {**unsent.details, "losses": [*unsent.details["losses"], *items]}
    unsent.booking_version = booking.version


def _locked(session: Session, booking: rows.Booking) -> list[rows.Message]:
    query = _mails(booking).with_for_update(key_share=True).execution_options(populate_existing=True)
    return list(session.scalars(query))


def _waiting(mails: Sequence[rows.Message]) -> list[rows.Message]:
    return [mail for mail in mails if mail.status == "queued"]


def _mails(booking: rows.Booking) -> sa.Select[rows.Message]:
    """Those about the booking's present time that wait or have gone out, in the order of what they tell."""
    return (
        sa.select(rows.Message)
        .where(
            rows.Message.booking_id == booking.id,
            of_the_present_time(booking),
            rows.Message.status.in_(("queued", *OUT)),
        )
        .order_by(rows.Message.booking_version, rows.Message.id)
    )


def _texts(message: rows.Message) -> set[str]:
    return {item["text"] for item in message.details["losses"]}
