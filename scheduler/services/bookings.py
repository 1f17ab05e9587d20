# SPDX-License-Identifier: Apache-2.0
"""Bookings as a whole: seen, listed, cancelled, ended. Making one is picking.py."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import pages, rows
from scheduler.db.pages import Page
from scheduler.domain import moves
from scheduler.domain.errors import Conflict, NotFound
from scheduler.domain.moves import move
from scheduler.services import entries, erased, events, losses, owing, views
from scheduler.services.parts import CANDIDATE, SYSTEM, Actor, Parts


def get(parts: Parts, organization_id: str, booking_id: str) -> dict[str, Any]:
    with parts.database.transaction(organization_id) as session:
        return views.booking(session, row(session, booking_id))


def find(
    parts: Parts,
    organization_id: str,
    *,
    limit: int = 50,
    cursor: str | None = None,
    status: str | None = None,
    candidate_id: str | None = None,
) -> Page:
    query = sa.select(rows.Booking)
    if status:
        query = query.where(rows.Booking.status == status)
    if candidate_id:
        query = query.where(rows.Booking.candidate_id == candidate_id)
    with parts.database.transaction(organization_id) as session:
        found = pages.page(session, query, rows.Booking, limit=limit, cursor=cursor)
        return found.mapped(lambda row: views.booking(session, row))


def cancel(
    parts: Parts,
    organization_id: str,
    booking_id: str,
    *,
    reason: str | None = None,
    actor: Actor,
) -> dict[str, Any]:
    """Call an interview off: everybody is free at once, entries go, all concerned hear. Twice is once. Why is
    not kept where the candidate was erased.
    """
    with parts.database.transaction(organization_id) as session:
        booking = locked(session, booking_id)
        if booking.status != "cancelled":
            if actor == CANDIDATE:
                erased.refuse(session, booking.candidate_id)
            call_off(session, parts, booking, reason=reason, actor=actor)
        view = views.booking(session, booking)
    parts.reach("cancel.committed")
    return view


def call_off(
    session: Session, parts: Parts, booking: rows.Booking, *, reason: str | None = None, actor: Actor
) -> None:
    """The same within a transaction that holds the booking's lock."""
    if erased.is_erased(session, booking.candidate_id):
        reason = None
    booking.status = move(moves.BOOKING, "booking", booking.status, "cancelled")
    booking.version += 1
    losses.end(session, booking, at=parts.now())
    _let_go(session, booking)
    parts.reach("cancel.released")
    entries.want_absent(session, parts, booking)
    owing.drop_queued(session, rows.Message.booking_id == booking.id)
    owing.owe_booking_news(session, parts, booking, "cancellation", by=actor.name, reason=reason or "")
    _tell_unwritten_interviewers(session, parts, booking)
    events.record(
        session,
        parts,
        booking.organization_id,
        "booking.cancelled",
        actor=actor,
        booking=booking,
        data={"reason": reason} if reason else {},
    )
    session.flush()
    parts.reach("cancel.announced")


def _let_go(session: Session, booking: rows.Booking) -> None:
    session.execute(
        sa.update(rows.Reservation).where(rows.Reservation.booking_id == booking.id).values(state="released")
    )
    withdraw_options(session, booking.run_candidate_id)
    run_candidate = session.get_one(rows.RunCandidate, booking.run_candidate_id)
    run_candidate.status = move(moves.RUN_CANDIDATE, "candidate", run_candidate.status, "cancelled")


def withdraw_some(session: Session, option_ids: Collection[str]) -> None:
    """Take these options off the table, as far as they are on offer and nobody's."""
    session.execute(
        sa.update(rows.Option)
        .where(rows.Option.id.in_(option_ids), rows.Option.status == "offered")
        .values(status="withdrawn")
    )


def withdraw_options(session: Session, run_candidate_id: str, *, accepting: str | None = None) -> None:
    """Take every option of a candidate off the table, all but one that is accepted."""
    becomes = (
        sa.case((rows.Option.id == accepting, "accepted"), else_="withdrawn") if accepting else "withdrawn"
    )
    session.execute(
        sa.update(rows.Option)
        .where(
            rows.Option.run_candidate_id == run_candidate_id,
            rows.Option.status.in_(("offered", "held", "accepted")),
        )
        .values(status=becomes)
    )


def _tell_unwritten_interviewers(session: Session, parts: Parts, booking: rows.Booking) -> None:
    """Who heard of the interview by mail, because their calendar cannot be written, hears of its end so."""
    for interviewer_id in owing.told_by_mail(session, booking) & _panel(booking):
        interviewer = session.get(rows.Interviewer, interviewer_id)
        if interviewer is not None:
            owing.owe_interviewer_news(
                session, parts, booking, interviewer, "cancellation", version=booking.version
            )


def _panel(booking: rows.Booking) -> set[str]:
    return {person["id"] for item in booking.sessions for person in item["interviewers"]}


def outcome(
    parts: Parts, organization_id: str, booking_id: str, *, status: str, actor: Actor
) -> dict[str, Any]:
    """Say how an interview went: `completed`, or `no_show`. Only once it has begun."""
    with parts.database.transaction(organization_id) as session:
        booking = locked(session, booking_id)
        if booking.status == "cancelled":
            raise Conflict("This interview is cancelled.", code="illegal_move")
        if booking.start > parts.now():
            raise Conflict("This interview has not begun.", code="not_begun")
        if booking.status != status:
            _end(session, parts, booking, status, actor)
        session.flush()
        return views.booking(session, booking)


def complete(parts: Parts, organization_id: str, booking_id: str) -> None:
    """An interview whose time is over counts as held, until somebody says otherwise."""
    with parts.database.transaction(organization_id) as session:
        booking = locked(session, booking_id)
        if booking.status in moves.ACTIVE_BOOKING and booking.end <= parts.now():
            _end(session, parts, booking, "completed", SYSTEM)
            parts.reach("complete.changed")


def _end(session: Session, parts: Parts, booking: rows.Booking, status: str, actor: Actor) -> None:
    booking.status = move(moves.BOOKING, "booking", booking.status, status)
    losses.end(session, booking, at=parts.now())
    booking.version += 1
    session.execute(  # times that it could have been moved to
        sa.update(rows.Option)
        .where(rows.Option.run_candidate_id == booking.run_candidate_id, rows.Option.status == "offered")
        .values(status="expired")
    )
    events.record(session, parts, booking.organization_id, f"booking.{status}", actor=actor, booking=booking)


def row(session: Session, booking_id: str) -> rows.Booking:
    """Raises NotFound."""
    found = session.get(rows.Booking, booking_id)
    if found is None:
        raise NotFound("There is no such booking.")
    return found


def locked(session: Session, booking_id: str) -> rows.Booking:
    """The booking, after its candidate's row: everybody takes them in this order. Raises NotFound."""
    found = row(session, booking_id)
    session.execute(
        sa.select(rows.RunCandidate.id)
        .where(rows.RunCandidate.id == found.run_candidate_id)
        .with_for_update(key_share=True)
    )
    session.refresh(found, with_for_update={"key_share": True})
    return found
