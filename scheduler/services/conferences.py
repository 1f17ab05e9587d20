# SPDX-License-Identifier: Apache-2.0
"""Video links that a provider makes: asked for with the event, known at once or some seconds later.

The confirmation waits a little for the link. When it comes later than that, it is sent after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calendars.values import EventRef
from scheduler.db import rows
from scheduler.domain.moves import ACTIVE_BOOKING
from scheduler.domain.options import OptionSession
from scheduler.services import attention, naming, owing
from scheduler.services.parts import Parts

#: how long a confirmation waits for its link
PATIENCE = timedelta(seconds=15)
#: how long until a link that is being made is looked for again
SOON = timedelta(seconds=3)
#: a link that is still being made after this long will not come
GIVEN_UP_AFTER = timedelta(minutes=30)
WITHOUT = "No video link could be made for {title}; please send one to everybody, or add one to the event."


def link(session: Session, entry: rows.CalendarEntry, asked: Mapping[str, Any]) -> str | None:
    """The link this entry should show as text: the plan's, or the one that another calendar's event made."""
    if asked.get("conference_url"):
        return str(asked["conference_url"])
    if entry.conference != "none" or entry.booking_id is None:
        return None  # the provider shows its own; what is only held has none
    return links(session, entry.booking_id).get(entry.session_key)


def links(session: Session, booking_id: str) -> dict[str, str]:
    """The links that providers made for a booking, by session."""
    query = sa.select(rows.CalendarEntry).where(rows.CalendarEntry.booking_id == booking_id)
    return links_of(session.scalars(query))


def links_of(entries: Iterable[rows.CalendarEntry]) -> dict[str, str]:
    """The links among these calendar entries, by session."""
    return {
        entry.session_key: entry.conference_url
        for entry in entries
        if entry.wanted == "present" and entry.conference_url
    }


def confirm_at(session: Session, parts: Parts, booking: rows.Booking) -> datetime:
    """When the confirmation should go out: now, or when its links should be there."""
    return parts.now() + (PATIENCE if _awaited(session, booking.id) else timedelta(0))


def _awaited(session: Session, booking_id: str) -> bool:
    query = sa.select(rows.CalendarEntry.id).where(
        rows.CalendarEntry.booking_id == booking_id,
        rows.CalendarEntry.wanted == "present",
        rows.CalendarEntry.conference != "none",
        rows.CalendarEntry.conference_state.in_(("none", "pending")),
    )
    return session.scalar(query.limit(1)) is not None


def settle(session: Session, parts: Parts, entry: rows.CalendarEntry, ref: EventRef) -> None:
    """Take in what the provider says about the link; everybody who waits for it hears.

    The entry's row is locked by the caller.
    """
    if entry.conference == "none" or entry.conference_state in ("ready", "failed"):
        return
    booking = session.get_one(rows.Booking, entry.booking_id)
    entry.conference_state = ref.conference
    late = parts.now() - _asked_at(session, booking) > GIVEN_UP_AFTER
    if ref.conference == "pending" and not late:
        entry.verify_at = parts.now() + SOON
        return
    if ref.conference == "ready" and ref.conference_url:
        entry.conference_url = ref.conference_url
        _show_it_elsewhere(session, parts, entry)
    else:
        entry.conference_state = "failed"
        planned = next(item for item in booking.sessions if item["key"] == entry.session_key)
        title = naming.session_name(booking, OptionSession.from_json(planned))
        attention.needs_attention(session, parts, booking, WITHOUT.format(title=title))
    session.flush()
    if not _awaited(session, booking.id):
        _tell(session, parts, booking)


def _asked_at(session: Session, booking: rows.Booking) -> datetime:
    """When the booking was made, or changed so that other events were needed."""
    changed = sa.select(sa.func.max(rows.Event.at)).where(
        rows.Event.booking_id == booking.id, rows.Event.type.in_(owing.CHANGES)
    )
    return max(booking.created_at, session.scalar(changed) or booking.created_at)


def _show_it_elsewhere(session: Session, parts: Parts, maker: rows.CalendarEntry) -> None:
    """The session's entries in other calendars are written again, with the link in them."""
    others = session.scalars(
        sa.select(rows.CalendarEntry)
        .where(
            rows.CalendarEntry.booking_id == maker.booking_id,
            rows.CalendarEntry.session_key == maker.session_key,
            rows.CalendarEntry.id != maker.id,
            rows.CalendarEntry.wanted == "present",
            rows.CalendarEntry.status == "written",
        )
        .order_by(rows.CalendarEntry.id)
        .with_for_update(key_share=True)
    )
    for entry in others:
        entry.status, entry.attempts, entry.attempt_at = "pending", 0, parts.now()
        parts.defer(session, "write_entry", entry_id=entry.id, organization_id=entry.organization_id)


def _tell(session: Session, parts: Parts, booking: rows.Booking) -> None:
    """Mails that waited go out; to those who have theirs already the link is sent after it."""
    if booking.status not in ACTIVE_BOOKING:
        return
    waiting = list(
        session.scalars(
            sa.select(rows.Message)
            .where(
                rows.Message.booking_id == booking.id,
                rows.Message.kind.in_(owing.WITH_INVITATION),
                rows.Message.status == "queued",
            )
            .with_for_update(key_share=True)
        )
    )
    now = parts.now()
    for message in waiting:
        message.due_at, message.attempt_at = min(message.due_at, now), min(message.attempt_at, now)
        parts.defer(session, "send_message", message_id=message.id, organization_id=message.organization_id)
    made = links(session, booking.id)
    if not made:
        return
    first_hear = {message.recipient.get("id") or message.recipient_role for message in waiting}
    owing.owe_booking_news(session, parts, booking, "video_link", but=first_hear)
    on_call = {p["id"] for item in booking.sessions if item["key"] in made for p in item["interviewers"]}
    for interviewer_id in sorted(on_call & owing.told_by_mail(session, booking) - first_hear):
        interviewer = session.get_one(rows.Interviewer, interviewer_id)
        owing.owe_interviewer_news(
            session, parts, booking, interviewer, "video_link", version=booking.version
        )
