# SPDX-License-Identifier: Apache-2.0
"""What a change of a booking brings with it: calendars, mails, and those who are no longer needed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.services import attention_mail, conferences, entries, outbox, owing
from scheduler.services.parts import Parts


def occupied_by(session: Session, booking: rows.Booking) -> list[int]:
    """The people and rooms that a booking occupies, as what is locked."""
    query = sa.select(rows.Reservation.resource_id).where(
        rows.Reservation.booking_id == booking.id, rows.Reservation.state.in_(rows.OCCUPYING)
    )
    return list(session.scalars(query))


def people(sessions: list[dict[str, Any]]) -> set[str]:
    """The ids of everybody who sits in these sessions."""
    return {person["id"] for item in sessions for person in item["interviewers"]}


def tell(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    was: list[dict[str, Any]],
    kind: str | None,
    **details: Any,
) -> None:
    """Calendars follow the change, what waited to be sent is of the past, and those concerned hear: by mail
    of this kind (None: candidate and contact see no change).
    """
    entries.want_present(session, parts, booking)
    _release(session, parts, booking, was)
    if kind is not None:
        owing.drop_queued(
            session,
            rows.Message.booking_id == booking.id,
            rows.Message.kind != "cancellation",
            # What else is lost at the same time is still to be seen to.
            ~attention_mail.of_the_present_time(booking),
        )
    due_at = conferences.confirm_at(session, parts, booking)
    _tell_who_heard_by_mail(session, parts, booking, due_at)
    if kind is None:
        return
    candidate = session.get_one(rows.Candidate, booking.candidate_id)
    with outbox.together(session, parts):
        owing.owe_booking_news(session, parts, booking, kind, due_at=due_at, **details)
        owing.owe_reminders(session, parts, booking, "candidate", owing.candidate_recipient(candidate))


def _release(session: Session, parts: Parts, booking: rows.Booking, was: list[dict[str, Any]]) -> None:
    """Who takes part no more is reminded of nothing; who had heard of it by mail hears so."""
    gone = people(was) - people(booking.sessions)
    owing.drop_queued(
        session, rows.Message.booking_id == booking.id, rows.Message.recipient["id"].astext.in_(gone)
    )
    for interviewer_id in sorted(gone & owing.told_by_mail(session, booking)):
        interviewer = session.get(rows.Interviewer, interviewer_id)
        if interviewer is not None:
            owing.owe_release(session, parts, booking, interviewer, was)


def _tell_who_heard_by_mail(session: Session, parts: Parts, booking: rows.Booking, due_at: datetime) -> None:
    """Their calendar may be open by now, but what a mail of ours put into it only a mail can change."""
    for interviewer_id in sorted(people(booking.sessions) & owing.told_by_mail(session, booking)):
        interviewer = session.get_one(rows.Interviewer, interviewer_id)
        owing.owe_interviewer_news(
            session, parts, booking, interviewer, "confirmation", version=booking.version, due_at=due_at
        )
