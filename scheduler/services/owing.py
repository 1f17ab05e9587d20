# SPDX-License-Identifier: Apache-2.0
"""Mail that is owed: written down in the transaction of its cause.

What a mail says is decided when it is sent (see delivery.py); here stands only that it is owed, to whom,
and when.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.ids import new_id
from scheduler.domain.intervals import format_instant
from scheduler.services import erased, outbox
from scheduler.services.parts import Parts

#: what changes a booking that goes on: each is an event
CHANGES = ("booking.rescheduled", "interviewer.replaced", "room.replaced")
#: mails that carry the calendar invitation: of a new booking, of a new time, of another panel or room
WITH_INVITATION = ("confirmation", "rescheduled", "panel_changed")
#: sent at most once: after a crash in the middle of sending they are not tried again
NUDGES = ("reminder",)


def owe(
    session: Session,
    parts: Parts,
    *,
    organization_id: str,
    kind: str,
    role: str,
    recipient: dict[str, Any],
    dedupe_key: str,
    due_at: datetime | None = None,
    not_after: datetime | None = None,
    **about: Any,
) -> None:
    """Write down one mail, once per dedupe key. What is due at once goes on its way with the commit. To a
    candidate who was erased nothing is owed.
    """
    if role == "candidate" and erased.is_erased(session, about["candidate_id"]):
        return
    now = parts.now()
    due_at = due_at or now
    message = {
        "id": new_id("msg"),
        "organization_id": organization_id,
        "kind": kind,
        "recipient_role": role,
        "recipient": recipient,
        "dedupe_key": dedupe_key,
        "due_at": due_at,
        "not_after": not_after,
        "attempt_at": due_at,
        "created_at": now,
        **about,
    }
    outbox.write(session, parts, message)


def owe_booking_news(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    kind: str,
    *,
    due_at: datetime | None = None,
    but: Container[str] = (),
    **details: Any,
) -> None:
    """One of WITH_INVITATION, `video_link` or `cancellation`, to the candidate and the run's contact; `but`:
    to whom of them not.
    """
    candidate = session.get_one(rows.Candidate, booking.candidate_id)
    recipients = [("candidate", candidate_recipient(candidate), details)]
    if booking.contact:
        panel = sorted({person["id"] for item in booking.sessions for person in item["interviewers"]})
        recipients.append(("contact", booking.contact, {**details, "panel": panel}))
    for role, recipient, said in recipients:
        if role not in but:
            owe_about_booking(session, parts, booking, kind, role, recipient, details=said, due_at=due_at)


def owe_reminders(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    role: str,
    recipient: dict[str, Any],
    *,
    version: int | None = None,
) -> None:
    """A reminder for each of the plan's moments that is not upon us already."""
    now = parts.now()
    for minutes in booking.plan.get("reminders") or ():
        before = timedelta(minutes=minutes)
        due_at = booking.start - before
        # Right after the confirmation a reminder would only repeat it: "in 24 hours" needs two hours
        # between them.
        if due_at < now + before / 12:
            continue
        owe_about_booking(
            session,
            parts,
            booking,
            "reminder",
            role,
            recipient,
            due_at=due_at,
            # A day's reminder makes sense until a quarter of its time is left, an hour's until five minutes
            # before.
            not_after=booking.start - (before / 4 if minutes >= 360 else timedelta(minutes=5)),
            details={"minutes_before": minutes},
            version=version,
        )


def owe_release(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    interviewer: rows.Interviewer,
    was: Sequence[dict[str, Any]],
) -> None:
    """To an interviewer who heard by mail that they take part: that they need not any more. `was`: the
    sessions as they were when they did.
    """
    mine = [item for item in was if interviewer.id in {person["id"] for person in item["interviewers"]}]
    recipient = interviewer_recipient(interviewer)
    details = {"released_from": mine}
    owe_about_booking(session, parts, booking, "cancellation", "interviewer", recipient, details=details)


def told_by_mail(session: Session, booking: rows.Booking) -> set[str]:
    """The interviewers whose calendars cannot be written, and who heard of the interview by mail."""
    query = sa.select(rows.Message.recipient["id"].astext).where(
        rows.Message.booking_id == booking.id,
        rows.Message.recipient_role == "interviewer",
        rows.Message.kind == "confirmation",
        rows.Message.status.in_(("sent", "sending")),
    )
    return set(session.scalars(query))


def interviewed_at_first(session: Session, booking: rows.Booking) -> set[str]:
    """Who sat on the panel when the contact first heard of the interview. A contact who did has it in their
    calendar as an interviewer; one who came onto it later has it by the contact's mail, which goes on.
    """
    query = (
        sa.select(rows.Message.details["panel"])
        .where(
            rows.Message.booking_id == booking.id,
            rows.Message.recipient_role == "contact",
            rows.Message.kind.in_(WITH_INVITATION),
            rows.Message.status.in_(("queued", "sending", "sent")),
        )
        .order_by(rows.Message.booking_version, rows.Message.created_at)
    )
    return set(session.scalar(query.limit(1)) or ())


def owe_interviewer_news(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    interviewer: rows.Interviewer,
    kind: str,
    *,
    version: int,
    due_at: datetime | None = None,
) -> None:
    """To an interviewer whose calendar the service cannot write: the news, and reminders, by mail. What they
    take part in as they have been told already is no news. `version`: of the booking, since when it is so.
    """
    recipient = interviewer_recipient(interviewer)
    if kind != "confirmation":
        owe_about_booking(session, parts, booking, kind, "interviewer", recipient, version=version)
        return
    mine = [item for item in booking.sessions if interviewer.id in {p["id"] for p in item["interviewers"]}]
    if _told_of(session, booking, interviewer) != mine:
        details = {"sessions": mine}
        owe_about_booking(
            session,
            parts,
            booking,
            kind,
            "interviewer",
            recipient,
            details=details,
            version=version,
            due_at=due_at,
        )
    drop_queued(
        session,
        rows.Message.booking_id == booking.id,
        rows.Message.kind == "reminder",
        rows.Message.recipient["id"].astext == interviewer.id,
        rows.Message.booking_version < version,
    )
    owe_reminders(session, parts, booking, "interviewer", recipient, version=version)


def _told_of(session: Session, booking: rows.Booking, interviewer: rows.Interviewer) -> Any:
    """The sessions of the last that an interviewer heard, or is about to hear, by mail; None: nothing, or
    that they take part no more.
    """
    query = (
        sa.select(rows.Message)
        .where(
            rows.Message.booking_id == booking.id,
            rows.Message.recipient["id"].astext == interviewer.id,
            rows.Message.kind.in_(("confirmation", "cancellation")),
            rows.Message.status.in_(("queued", "sending", "sent")),
        )
        .order_by(rows.Message.booking_version.desc(), rows.Message.created_at.desc())
    )
    last = session.scalar(query.limit(1))
    return last.details.get("sessions") if last else None


def owe_about_booking(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    kind: str,
    role: str,
    recipient: dict[str, Any],
    *,
    details: dict[str, Any] | None = None,
    due_at: datetime | None = None,
    not_after: datetime | None = None,
    version: int | None = None,
) -> None:
    """One mail about a booking as it is now: once for each kind, version (the present one unless said
    otherwise) and recipient.
    """
    version = version or booking.version
    times = {"start": format_instant(booking.start), "end": format_instant(booking.end)}
    details = {**(details or {}), **times}
    who = recipient.get("id") or role
    which = f":{details['minutes_before']}" if "minutes_before" in details else ""
    owe(
        session,
        parts,
        organization_id=booking.organization_id,
        kind=kind,
        role=role,
        recipient=recipient,
        dedupe_key=f"{kind}:{booking.id}:{version}:{who}{which}",
        due_at=due_at,
        not_after=not_after or booking.end,
        run_id=booking.run_id,
        candidate_id=booking.candidate_id,
        booking_id=booking.id,
        booking_version=version,
        details=details,
    )


def candidate_recipient(candidate: rows.Candidate) -> dict[str, Any]:
    return {
        "name": candidate.name,
        "email": candidate.email,
        "time_zone": candidate.time_zone,
        "locale": candidate.locale,
    }


def interviewer_recipient(interviewer: rows.Interviewer) -> dict[str, Any]:
    return {
        "id": interviewer.id,
        "name": interviewer.name,
        "email": interviewer.email,
        "time_zone": interviewer.time_zone,
        "locale": interviewer.locale,
    }


def drop_queued(session: Session, *which: sa.ColumnElement[bool]) -> None:
    """Cancel what is still waiting to be sent."""
    session.execute(
        sa.update(rows.Message).where(rows.Message.status == "queued", *which).values(status="cancelled")
    )
