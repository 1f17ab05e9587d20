# SPDX-License-Identifier: Apache-2.0
"""Erasing a candidate: what is personal goes, what happened stays.

A tombstone takes the place of name and address; what they or others wrote about them goes out of mails and
facts; their links close, what is held for them is free. Times, versions, counts and ids stay, and so do the
Problems that were solved for them (their zone and when they could be there are in these, no name), so that
calendars, statistics and replays agree. docs/security.md names it all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain import moves
from scheduler.domain.errors import Conflict, NotFound, Unavailable
from scheduler.domain.intervals import format_instant
from scheduler.domain.moves import move
from scheduler.services import (
    attention,
    attention_mail,
    bookings,
    catalogue,
    entries,
    erased,
    events,
    holding,
    idempotency,
    owing,
    runs,
)
from scheduler.services.parts import Actor, Parts

#: how often it is begun anew because somebody asked for this candidate in the meantime
TRIES = 5
LEFT_TO_A_PERSON = (
    "The candidate's data was erased: they hear nothing more of this interview from us. "
    "Please decide whether it takes place."
)
SENT = "Mail that was sent to them or about them is in the mailboxes that it went to."
OVER = "Interviews that are over stand in calendars as they were written there."
UNTOLD = "They cannot be told of what was cancelled: their address is gone."
TOLD = "Whatever read their data here, such as an applicant tracking system, keeps what it has read."
WRITTEN = "What people wrote into plans, approvals and calendars themselves is not looked through."
BACKUPS = "Backups of the database have their data until they are thrown away."


def erase(
    parts: Parts,
    organization_id: str,
    candidate_id: str,
    *,
    cancel_bookings: bool = False,
    actor: Actor,
    only_if: Callable[[Session], bool] = lambda _session: True,
) -> dict[str, Any]:
    """Forget a candidate, also a deleted one. Bookings ahead stay and are left to a person, unless they are
    to be cancelled. Twice is once: the first answer again. `only_if` is asked when nothing of theirs can
    change any more. Raises NotFound, Conflict when it says no, and Unavailable where runs keep asking for
    them.
    """
    for _ in range(TRIES):
        with parts.database.transaction(organization_id) as session:
            answer = _erase(
                session, parts, candidate_id, cancel_bookings=cancel_bookings, actor=actor, only_if=only_if
            )
        if answer is not None:
            parts.reach("erase.committed")
            return answer
    raise Unavailable("This candidate is being asked for all the time; please try again.")


def _erase(
    session: Session,
    parts: Parts,
    candidate_id: str,
    *,
    cancel_bookings: bool,
    actor: Actor,
    only_if: Callable[[Session], bool],
) -> dict[str, Any] | None:
    """None: a run has asked for them since the locks were taken."""
    # In this order, as everybody: runs' candidates, bookings, the person.
    asked = _locked(session, rows.RunCandidate, candidate_id)
    booked = _locked(session, rows.Booking, candidate_id)
    candidate = session.scalar(
        sa.select(rows.Candidate).where(rows.Candidate.id == candidate_id).with_for_update(key_share=True)
    )
    if candidate is None:
        raise NotFound("There is no such candidate.")
    if candidate.erased_at is not None:
        return _answer(candidate)
    if _are_more(session, candidate_id, asked):
        return None
    if not only_if(session):
        raise Conflict("This candidate is not to be erased any more.", code="still_needed")
    _put_tombstone(session, parts, candidate)
    cancelled, kept = _settle_bookings(session, parts, booked, cancel_bookings=cancel_bookings, actor=actor)
    for run_candidate in asked:
        _close(session, parts, run_candidate, booked)
    candidate.erasure = {
        "bookings_cancelled": cancelled,
        "bookings_kept": kept,
        "out_of_reach": _out_of_reach(session, candidate_id, booked, cancelled, parts.now()),
    }
    _forget_words(session, candidate.organization_id, candidate_id)
    events.record(
        session,
        parts,
        candidate.organization_id,
        "candidate.erased",
        actor=actor,
        data={"candidate_id": candidate_id},
    )
    session.flush()
    parts.reach("erase.changed")
    return _answer(candidate)


def _locked(session: Session, table: Any, candidate_id: str) -> list[Any]:
    query = sa.select(table).where(table.candidate_id == candidate_id).order_by(table.id)
    return list(session.scalars(query.with_for_update(key_share=True)))


def _are_more(session: Session, candidate_id: str, asked: Sequence[rows.RunCandidate]) -> bool:
    query = sa.select(sa.func.count()).where(rows.RunCandidate.candidate_id == candidate_id)
    return session.scalar(query) != len(asked)


def _answer(candidate: rows.Candidate) -> dict[str, Any]:
    assert candidate.erased_at is not None  # noqa: S101  # asked of those who are
    return {
        "candidate_id": candidate.id,
        "erased_at": format_instant(candidate.erased_at),
        **(candidate.erasure or {}),
    }


def _put_tombstone(session: Session, parts: Parts, candidate: rows.Candidate) -> None:
    """First of all: from here on nothing is owed to them (owing.py)."""
    now = parts.now()
    catalogue.put(candidate, erased.TOMBSTONE)
    candidate.erased_at, candidate.deleted_at = now, candidate.deleted_at or now
    candidate.version += 1
    session.flush()


def _settle_bookings(
    session: Session, parts: Parts, booked: Sequence[rows.Booking], *, cancel_bookings: bool, actor: Actor
) -> tuple[list[str], list[str]]:
    """The ids of those that were cancelled, and of those that stay and are not over. One that has begun is
    not cancelled.
    """
    cancelled, kept = [], []
    for booking in booked:
        booking.external_refs = {}
        if booking.status not in moves.ACTIVE_BOOKING or booking.end <= parts.now():
            continue
        if cancel_bookings and booking.start > parts.now():
            bookings.call_off(session, parts, booking, actor=actor)
            cancelled.append(booking.id)
        else:
            _keep(session, parts, booking)
            kept.append(booking.id)
    return cancelled, kept


def _keep(session: Session, parts: Parts, booking: rows.Booking) -> None:
    """It stands, without their name in calendars, and a person decides what becomes of it."""
    attention.needs_attention(session, parts, booking, LEFT_TO_A_PERSON)
    attention_mail.tell(session, parts, booking, [{"text": LEFT_TO_A_PERSON}])
    entries.want_present(session, parts, booking)


def _close(
    session: Session, parts: Parts, run_candidate: rows.RunCandidate, booked: Sequence[rows.Booking]
) -> None:
    """Nothing can be chosen any more, nothing is held, no link works."""
    if run_candidate.status in ("waiting", "offered"):
        run_candidate.status = move(moves.RUN_CANDIDATE, "candidate", run_candidate.status, "cancelled")
    run_candidate.external_refs = {}
    run_candidate.explanation = None  # it tells when they could be there
    run_candidate.questions = []
    holding.let_all_go(session, parts, run_candidate.id)
    standing = (b for b in booked if b.run_candidate_id == run_candidate.id and b.status != "cancelled")
    booking = next(standing, None)
    bookings.withdraw_options(session, run_candidate.id, accepting=booking.option_id if booking else None)
    runs.close_invitations(session, parts, run_candidate)


def _forget_words(session: Session, organization_id: str, candidate_id: str) -> None:
    """What is owed to them, or about choosing, is owed no more; addresses and words go out of what was."""
    message = rows.Message
    theirs = message.candidate_id == candidate_id
    to_them = message.recipient_role == "candidate"
    owing.drop_queued(session, theirs, sa.or_(to_them, message.booking_id.is_(None)))
    nobody = {name: erased.TOMBSTONE[name] for name in ("name", "email", "time_zone", "locale")}
    session.execute(
        sa.update(message).where(theirs, to_them).values(recipient=nobody, details={}, error=None)
    )
    words = sa.cast(["reason", "question"], sa.ARRAY(sa.Text))
    wordless = message.details.op("-", return_type=JSONB())(words)
    session.execute(sa.update(message).where(theirs, ~to_them).values(details=wordless))
    events.lock(session, organization_id)
    session.execute(sa.text("select forget_words(:candidate)"), {"candidate": candidate_id})
    kept = sa.func.convert_from(rows.IdempotencyKey.body, "UTF8")
    session.execute(
        sa.update(rows.IdempotencyKey)
        .where(sa.func.strpos(kept, candidate_id) > 0)
        .values(headers={idempotency.FORGOTTEN: "yes"}, body=b"")
    )


def _out_of_reach(
    session: Session,
    candidate_id: str,
    booked: Sequence[rows.Booking],
    cancelled: Sequence[str],
    now: datetime,
) -> list[str]:
    """In sentences, what this service cannot take back."""
    sent = sa.select(rows.Message.id).where(
        rows.Message.candidate_id == candidate_id, rows.Message.status.in_(("sent", "sending"))
    )
    over = [booking for booking in booked if booking.status != "cancelled" and booking.end <= now]
    said = [
        (session.scalar(sent.limit(1)) is not None, SENT),
        (bool(over), OVER),
        (bool(cancelled), UNTOLD),
    ]
    return [*(sentence for is_so, sentence in said if is_so), TOLD, WRITTEN, BACKUPS]
