# SPDX-License-Identifier: Apache-2.0
"""Sending one mail: claim its row, decide from the state of this moment, hand it over, write down what
became of it.

Confirmations, cancellations and invitations are sent at least once, always with one Message-ID: after a
crash in the middle they go out again. Reminders are nudges, sent at most once: after a crash in the middle,
or when the mail server took the content and said nothing more, they do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.intervals import format_instant
from scheduler.domain.moves import ACTIVE_BOOKING
from scheduler.messages.content import MailFacts
from scheduler.messages.errors import SendError, TryLater, Unconfirmed
from scheduler.services import attention_mail, erased, facts, hook_mail, owing, possible, run_mail
from scheduler.services.parts import Parts

#: a worker that has not come back after this long, by the database's clock, is taken for lost
LEASE = timedelta(seconds=90)
#: seconds until the next try, by how many there were; so late after an outage, at most, the last goes out
WAITS = (5, 15, 60, 300, 600)

INTERRUPTED = "Sending was interrupted; it may have gone out, so it is not repeated."


@dataclass(frozen=True)
class _Claimed:
    organization_id: str
    message_id: str
    facts: MailFacts
    #: which try it is: who has lost the mail to another finds it at a later one
    attempt: int


def deliver(parts: Parts, organization_id: str, message_id: str) -> None:
    """Send a mail that is due. Does nothing when it is not due, not wanted any more, or in somebody else's
    hands.
    """
    with parts.database.transaction(organization_id) as session:
        claimed = _claim(session, parts, message_id)
    if claimed is None:
        return
    parts.reach("mail.claimed")
    try:
        parts.mail.send(claimed.facts, message_id=claimed.message_id)
    except SendError as error:
        _keep_failure(parts, claimed, error)
    else:
        parts.reach("mail.handed_over")
        with parts.database.transaction(organization_id) as session:
            message = session.get_one(rows.Message, message_id, with_for_update={"key_share": True})
            message.status, message.sent_at, message.error = "sent", parts.now(), None
            message.lease_until = None
        parts.reach("mail.kept")


def _claim(session: Session, parts: Parts, message_id: str) -> _Claimed | None:
    message = session.scalar(
        sa.select(rows.Message)
        .where(
            rows.Message.id == message_id,
            rows.Message.attempt_at <= parts.now(),
            sa.or_(
                rows.Message.status == "queued",
                sa.and_(
                    rows.Message.status == "sending", rows.Message.lease_until < sa.func.clock_timestamp()
                ),
            ),
        )
        .with_for_update(skip_locked=True, key_share=True)
    )
    if message is None:
        return None
    if message.status == "sending" and message.kind in owing.NUDGES:
        message.status, message.error = "failed", INTERRUPTED
        return None
    in_the_way = obstacle(session, parts, message)
    if in_the_way:
        message.status, message.error = "skipped", in_the_way
        return None
    gathered = facts.of_message(session, parts, message)
    message.status = "sending"
    message.attempts += 1
    message.lease_until = sa.func.clock_timestamp() + LEASE
    return _Claimed(message.organization_id, message.id, gathered, message.attempts)


def obstacle(session: Session, parts: Parts, message: rows.Message) -> str | None:
    """Why this mail should not go out any more, by what is true now."""
    if message.not_after is not None and parts.now() > message.not_after:
        return "expired_late"
    if _is_forgotten(session, message):
        return "candidate_erased"
    if message.booking_id:
        return _why_not_booking(session, message)
    if message.invitation_id:
        return _why_not_invitation(session, parts, message)
    if message.kind == run_mail.NO_OPTIONS:
        return run_mail.obstacle(session, message)
    return hook_mail.obstacle(session, message) if message.kind == hook_mail.KIND else None


def _is_forgotten(session: Session, message: rows.Message) -> bool:
    """Whether it is to somebody, or carries the words of somebody, whose data was erased."""
    theirs = message.recipient_role == "candidate" or message.kind == "asked_for_help"
    return theirs and erased.is_erased(session, message.candidate_id)


def _why_not_booking(session: Session, message: rows.Message) -> str | None:
    booking = session.get_one(rows.Booking, message.booking_id)
    if message.kind == "cancellation":
        return _why_not_cancellation(booking, message)
    if booking.status not in ACTIVE_BOOKING:
        return f"booking_{booking.status}"
    if message.details.get("start", format_instant(booking.start)) != format_instant(booking.start):
        return "booking_moved"
    if message.recipient_role == "interviewer" and not _takes_part(booking, message):
        return "not_needed"  # they were replaced while it was being sent, and did not get through
    if message.kind in attention_mail.KINDS:
        return attention_mail.obstacle(session, booking, message)
    return None


def _why_not_cancellation(booking: rows.Booking, message: rows.Message) -> str | None:
    if "released_from" not in message.details:
        return None if booking.status == "cancelled" else "not_cancelled"
    return "needed_again" if _takes_part(booking, message) else None


def _takes_part(booking: rows.Booking, message: rows.Message) -> bool:
    """Whether the interviewer that a mail is to sits on the panel."""
    panel = {person["id"] for item in booking.sessions for person in item["interviewers"]}
    return message.recipient["id"] in panel


def _why_not_invitation(session: Session, parts: Parts, message: rows.Message) -> str | None:
    invitation = session.get_one(rows.Invitation, message.invitation_id)
    if invitation.revoked_at is not None:
        return "invitation_revoked"
    if parts.links.token(invitation.id, invitation.generation, invitation.key_fingerprint) is None:
        return "key_retired"
    run_candidate = session.get_one(rows.RunCandidate, invitation.run_candidate_id)
    if run_candidate.status != "offered":
        return f"candidate_{run_candidate.status}"
    return None if possible.in_time(session, parts, run_candidate) else "nothing_to_choose"


def _keep_failure(parts: Parts, claimed: _Claimed, error: SendError) -> None:
    with parts.database.transaction(claimed.organization_id) as session:
        message = with_its_booking(session, claimed.message_id)
        if message.attempts != claimed.attempt:
            return  # our lease had ended, and it is another's, or sent by another
        message.lease_until = None
        message.error = error.detail
        in_the_way = obstacle(session, parts, message)
        wait = timedelta(seconds=WAITS[min(message.attempts, len(WAITS)) - 1])
        next_try = parts.now() + wait
        too_late = message.not_after is not None and next_try > message.not_after
        if in_the_way:
            message.status, message.error = "skipped", in_the_way
        elif isinstance(error, Unconfirmed) and message.kind in owing.NUDGES:
            message.status, message.error = "failed", INTERRUPTED
        elif isinstance(error, TryLater) and not too_late:
            message.status, message.attempt_at = "queued", next_try
        else:
            message.status = "failed"


def with_its_booking(session: Session, message_id: str) -> rows.Message:
    """The message, its booking's row taken first: who cancels that meanwhile either comes before us, or finds
    the message queued and drops it. Raises NoResultFound.
    """
    booking_id = session.scalar(sa.select(rows.Message.booking_id).where(rows.Message.id == message_id))
    if booking_id:
        session.get_one(rows.Booking, booking_id, with_for_update={"read": True})
    return session.get_one(rows.Message, message_id, with_for_update={"key_share": True})
