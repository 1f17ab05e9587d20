# SPDX-License-Identifier: Apache-2.0
"""Moving a booked interview: fresh options, the same people first, and the change to one of them.

The booking keeps its id and its history; its version rises. It never stands in the way of its own new time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain import moves
from scheduler.domain.errors import Conflict, NotFound, SlotTaken
from scheduler.domain.intervals import format_instant
from scheduler.domain.moves import move
from scheduler.domain.options import Option
from scheduler.domain.plans import Plan
from scheduler.services import bookings, changes, chosen, erased, events, losses, picks, unchecked, views
from scheduler.services.chosen import Choice
from scheduler.services.insisting import insist
from scheduler.services.parts import CANDIDATE, Actor, Parts
from scheduler.services.picks import Pick, Refused, TakenWithOthers
from scheduler.services.possible import still_possible
from scheduler.services.reserving import people_and_rooms, replace_reservations
from scheduler.solver.problem import Problem

NOT_BOOKED = "This interview is {status}; it cannot be moved."
BEGUN = "This interview has begun already."
TOO_LATE = "The time can be changed until {hours} hours before the interview."
TOO_OFTEN = "The time has been changed as often as it can be here."
NEVER_HERE = "The time cannot be changed here."


def reschedule(
    parts: Parts, organization_id: str, booking_id: str, option_id: str, *, actor: Actor
) -> dict[str, Any]:
    """Move a booking to one of its fresh options. The same choice again answers with the same booking.

    Raises NotFound, Conflict (it cannot be moved, or not by the candidate any more), TakenWithOthers (the
    old time stands), Unavailable (the calendars cannot be checked).
    """
    with parts.database.transaction(organization_id) as session:
        booking = bookings.row(session, booking_id)
        choice = _choice_of(session, booking, option_id)
        if _is_done(booking, option_id):
            return views.booking(session, booking)
        refuse_unless_movable(session, parts, booking, actor)
        begun = _begin(session, parts, choice, booking)
    if isinstance(begun, TakenWithOthers):
        raise begun
    try:
        problem, stale = picks.look_again(parts, begun)
        moved = insist(lambda: _move(parts, begun, problem, stale, actor))
    except SlotTaken as taken:
        with parts.database.transaction(organization_id) as session:
            lost = _lost(session, parts, begun.run_candidate_id, option_id, Refused.after(taken))
        raise lost from None
    parts.reach("move.committed")
    return moved


def _choice_of(session: Session, booking: rows.Booking, option_id: str) -> Choice:
    choice = chosen.find(session, option_id)
    if choice is None or choice.run_candidate.id != booking.run_candidate_id:
        raise NotFound("There is no such option.")
    return choice


def _begin(session: Session, parts: Parts, choice: Choice, booking: rows.Booking) -> Pick | TakenWithOthers:
    """What our own rows say; not raised, because what it writes is to stay."""
    found = picks.pick_of(session, parts, choice, moving=booking.id)
    if isinstance(found, Refused):
        return _lost(session, parts, choice.run_candidate.id, choice.option.id, found)
    return found


def _is_done(booking: rows.Booking, option_id: str) -> bool:
    return booking.option_id == option_id and booking.status in moves.ACTIVE_BOOKING


def refuse_unless_movable(session: Session, parts: Parts, booking: rows.Booking, actor: Actor) -> None:
    """Raises Conflict when this booking cannot be moved, or not by a candidate any more; Gone for a candidate
    who was erased.
    """
    if actor == CANDIDATE:
        erased.refuse(session, booking.candidate_id)
    refusal = why_not(session, parts, booking, actor)
    if refusal is not None:
        raise refusal


def why_not(session: Session, parts: Parts, booking: rows.Booking, actor: Actor) -> Conflict | None:
    """What keeps somebody from moving this booking, in words fit for them."""
    if booking.status not in moves.ACTIVE_BOOKING:
        return Conflict(NOT_BOOKED.format(status=booking.status.replace("_", " ")), code="not_booked")
    if booking.start <= parts.now():
        return Conflict(BEGUN, code="begun")
    return _limit_of_candidates(session, parts, booking) if actor == CANDIDATE else None


def _limit_of_candidates(session: Session, parts: Parts, booking: rows.Booking) -> Conflict | None:
    plan = Plan.from_json(booking.plan)
    if _moves_by_candidate(session, booking) >= plan.reschedule_limit:
        return Conflict(TOO_OFTEN if plan.reschedule_limit else NEVER_HERE, code="reschedule_limit")
    if booking.start - parts.now() < timedelta(hours=plan.reschedule_cutoff_hours):
        return Conflict(TOO_LATE.format(hours=plan.reschedule_cutoff_hours), code="reschedule_cutoff")
    return None


def _moves_by_candidate(session: Session, booking: rows.Booking) -> int:
    query = sa.select(sa.func.count()).where(
        rows.Event.booking_id == booking.id,
        rows.Event.type == "booking.rescheduled",
        rows.Event.actor == CANDIDATE.name,
    )
    return session.scalar(query) or 0


def _move(parts: Parts, pick: Pick, problem: Problem, stale: frozenset[str], actor: Actor) -> dict[str, Any]:
    """One transaction: the candidate's row, the booking, all people and rooms in order; seat; change."""
    with parts.database.transaction(pick.organization_id) as session:
        booking = bookings.locked(session, pick.moving or "")
        if _is_done(booking, pick.option.id):
            return views.booking(session, booking)
        refuse_unless_movable(session, parts, booking, actor)
        choice = _choice_of(session, booking, pick.option.id)
        choice.refuse_taken_back(actor)
        if choice.option.status not in moves.OPEN_OPTION:
            raise SlotTaken(picks.NOT_OFFERED)
        also = changes.occupied_by(session, booking)
        seated = picks.seat_under_lock(session, parts, pick, problem, also=also)
        was = booking.sessions
        moved_from = {"start": format_instant(booking.start), "end": format_instant(booking.end)}
        _change(session, booking, seated, parts.now())
        replace_reservations(session, booking, pick.plan)
        parts.reach("move.changed")
        events.record(
            session,
            parts,
            booking.organization_id,
            "booking.rescheduled",
            actor=actor,
            booking=booking,
            data={"option_id": seated.id, "moved_from": moved_from, **_who_changed(was, booking.sessions)},
        )
        changes.tell(session, parts, booking, was, "rescheduled", moved_from=moved_from)
        parts.reach("move.told")
        if stale & people_and_rooms(seated):
            unchecked.tell(session, parts, booking)
        return views.booking(session, booking)


def _change(session: Session, booking: rows.Booking, seated: Option, now: datetime) -> None:
    bookings.withdraw_options(session, booking.run_candidate_id, accepting=seated.id)
    booking.option_id = seated.id
    booking.start, booking.end = seated.start, seated.end
    booking.sessions = [item.to_json() for item in seated.sessions]
    if booking.status != "confirmed":
        # What a person should have looked at was about the old time.
        booking.status = move(moves.BOOKING, "booking", booking.status, "confirmed")
    losses.end(session, booking, at=now)
    booking.attention = None
    booking.version += 1
    session.flush()


def _who_changed(was: list[dict[str, Any]], now: list[dict[str, Any]]) -> dict[str, list[str]]:
    gone = sorted(changes.people(was) - changes.people(now))
    return {"replaced": gone} if gone else {}


def _lost(
    session: Session, parts: Parts, run_candidate_id: str, option_id: str, refused: Refused
) -> TakenWithOthers:
    """Take what has gone off the table, and say what is left; the booking stands as it was."""
    run_candidate = session.get_one(
        rows.RunCandidate, run_candidate_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if run_candidate.status != "booked":
        return TakenWithOthers([], refused.detail)
    bookings.withdraw_some(session, refused.crossed | {option_id})
    left = still_possible(session, parts, run_candidate, refused.standing)
    return TakenWithOthers([views.option(row) for row in left], refused.detail)
