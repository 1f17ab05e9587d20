# SPDX-License-Identifier: Apache-2.0
"""Booking: from an option to a booking, in one transaction (see picks.py for what comes before it)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain import moves
from scheduler.domain.errors import Conflict, Gone, NotFound, SlotTaken
from scheduler.domain.ids import new_id
from scheduler.domain.moves import move
from scheduler.domain.options import Option
from scheduler.services import (
    attention,
    bookings,
    conferences,
    entries,
    events,
    holding,
    owing,
    picks,
    views,
)
from scheduler.services.parts import Actor, Parts
from scheduler.services.picks import Pick, TakenWithOthers
from scheduler.services.possible import people_and_rooms, still_possible_views
from scheduler.services.reserving import add_reservations
from scheduler.solver.problem import Problem


def book(parts: Parts, organization_id: str, option_id: str, *, actor: Actor) -> dict[str, Any]:
    """Book an option. The same choice again answers with the same booking.

    Raises NotFound, Gone (the offer is over), Conflict (something else is booked), TakenWithOthers,
    Unavailable (the calendars cannot be checked and the organisation's policy is to refuse then).
    """
    with parts.database.transaction(organization_id) as session:
        done = _already(session, option_id)
        if done is not None:
            return views.booking(session, done)
        pick = picks.pick_of(session, parts, session.get_one(rows.Option, option_id))
    try:
        problem, stale = picks.look_again(parts, pick)
        booking = picks.insist(lambda: _insert(parts, pick, problem, stale, actor))
    except SlotTaken:
        with parts.database.transaction(organization_id) as session:
            # The same choice, posted twice, may be what took it.
            done = _already(session, option_id)
            if done is not None:
                return views.booking(session, done)
        raise TakenWithOthers(_what_is_left(parts, pick)) from None
    parts.reach("pick.committed")
    return booking


def _already(session: Session, option_id: str) -> rows.Booking | None:
    """The booking this option became, or a refusal when something else is in the way."""
    option = session.get(rows.Option, option_id)
    if option is None:
        raise NotFound("There is no such option.")
    booked = session.scalar(
        sa.select(rows.Booking).where(
            rows.Booking.run_candidate_id == option.run_candidate_id, rows.Booking.status != "cancelled"
        )
    )
    if booked is not None and booked.option_id == option_id:
        return booked
    run_candidate = session.get_one(rows.RunCandidate, option.run_candidate_id)
    _refuse_unless_open(run_candidate, booked, option)
    return None


def _refuse_unless_open(
    run_candidate: rows.RunCandidate, booked: rows.Booking | None, option: rows.Option
) -> None:
    if booked is not None:
        raise Conflict("Another time has been booked already.", code="already_booked")
    if run_candidate.status == "expired" or option.status == "expired":
        raise Gone("This offer has expired.", code="expired")
    if run_candidate.status != "offered":
        raise Conflict(
            f"This interview is {run_candidate.status}; nothing can be booked.", code="not_offered"
        )


def _insert(
    parts: Parts, pick: Pick, problem: Problem, stale: frozenset[str], actor: Actor
) -> dict[str, Any]:
    """One transaction: the candidate's row, then people and rooms in order; seat; insert."""
    with parts.database.transaction(pick.organization_id) as session:
        session.execute(
            sa.select(rows.RunCandidate.id)
            .where(rows.RunCandidate.id == pick.run_candidate_id)
            .with_for_update(key_share=True)
        )
        done = _already(session, pick.option.id)
        if done is not None:
            return views.booking(session, done)
        seated = picks.seat_under_lock(session, parts, pick, problem)
        parts.reach("pick.locked")
        booking = _add_booking(session, parts, pick, seated)
        add_reservations(session, booking, pick.plan)
        parts.reach("pick.reserved")
        _announce(session, parts, pick, booking, seated, actor)
        parts.reach("pick.announced")
        if stale & people_and_rooms(seated):
            attention.needs_attention(session, booking, picks.UNCHECKED, at=parts.now())
        return views.booking(session, booking)


def _add_booking(session: Session, parts: Parts, pick: Pick, seated: Option) -> rows.Booking:
    run_candidate = session.get_one(rows.RunCandidate, pick.run_candidate_id, populate_existing=True)
    run = session.get_one(rows.Run, run_candidate.run_id)
    run_candidate.status = move(moves.RUN_CANDIDATE, "candidate", run_candidate.status, "booked")
    if pick.plan.holds:
        holding.let_all_go(session, parts, run_candidate.id)
    bookings.withdraw_options(session, run_candidate.id)
    session.execute(sa.update(rows.Option).where(rows.Option.id == pick.option.id).values(status="accepted"))
    booking = rows.Booking(
        id=new_id("bkg"),
        organization_id=pick.organization_id,
        run_id=run.id,
        run_candidate_id=run_candidate.id,
        candidate_id=run_candidate.candidate_id,
        option_id=pick.option.id,
        plan=run.plan,
        status="confirmed",
        version=1,
        external_refs=run_candidate.external_refs,
        contact=run.contact,
        start=seated.start,
        end=seated.end,
        sessions=[item.to_json() for item in seated.sessions],
        created_at=parts.now(),
    )
    session.add(booking)
    session.flush()
    return booking


def _announce(
    session: Session, parts: Parts, pick: Pick, booking: rows.Booking, seated: Option, actor: Actor
) -> None:
    """Everything that must now happen in the world, as rows of the same transaction."""
    entries.want_present(session, parts, booking)
    owing.drop_queued(
        session,
        rows.Message.invitation_id.in_(
            sa.select(rows.Invitation.id).where(rows.Invitation.run_candidate_id == pick.run_candidate_id)
        ),
    )
    owing.owe_booking_news(
        session, parts, booking, "confirmation", due_at=conferences.confirm_at(session, parts, booking)
    )
    candidate = session.get_one(rows.Candidate, booking.candidate_id)
    owing.owe_reminders(session, parts, booking, "candidate", owing.candidate_recipient(candidate))
    replaced = sorted(pick.option.people - seated.people)
    events.record(
        session,
        booking.organization_id,
        "booking.confirmed",
        actor=actor,
        at=parts.now(),
        booking=booking,
        data={"option_id": pick.option.id, **({"replaced": replaced} if replaced else {})},
    )


def _what_is_left(parts: Parts, pick: Pick) -> list[dict[str, Any]]:
    """Take the lost option off the table, say what is left, and look for more when nothing is."""
    with parts.database.transaction(pick.organization_id) as session:
        run_candidate = session.get_one(
            rows.RunCandidate, pick.run_candidate_id, with_for_update={"key_share": True}
        )
        if run_candidate.status != "offered":
            return []
        if pick.plan.holds:
            holding.let_go(session, parts, [pick.option.id])
        session.execute(
            sa.update(rows.Option)
            .where(rows.Option.id == pick.option.id, rows.Option.status == "offered")
            .values(status="withdrawn")
        )
        left = still_possible_views(session, parts, run_candidate)
        if not left:
            if pick.plan.holds:
                holding.let_all_go(session, parts, run_candidate.id)
            bookings.withdraw_options(session, run_candidate.id)
            parts.defer(
                session,
                "refresh_options",
                run_candidate_id=run_candidate.id,
                organization_id=pick.organization_id,
            )
        return left
