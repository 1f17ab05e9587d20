# SPDX-License-Identifier: Apache-2.0
"""Booking: from an option to a booking, in one transaction (see picks.py for what comes before it)."""

from __future__ import annotations

from dataclasses import dataclass
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
    bookings,
    chosen,
    conferences,
    entries,
    events,
    holding,
    outbox,
    owing,
    picks,
    unchecked,
    views,
)
from scheduler.services.chosen import Choice
from scheduler.services.insisting import TAKEN, insist
from scheduler.services.parts import Actor, Parts
from scheduler.services.picks import Pick, Refused, TakenWithOthers
from scheduler.services.possible import still_possible
from scheduler.services.reserving import add_reservations, people_and_rooms
from scheduler.solver.problem import Problem


@dataclass(frozen=True)
class Lost:
    """A time that has gone: what is left, in the API's form, and what to say."""

    left: list[dict[str, Any]]
    detail: str = TAKEN


#: what became of a choice at first sight: it can be picked, or it has gone, or it is booked already
Begun = Pick | Lost | dict[str, Any]


def book(parts: Parts, organization_id: str, option_id: str, *, actor: Actor) -> dict[str, Any]:
    """Book an option. The same choice again answers with the same booking.

    Raises NotFound, Gone (the offer is over), Conflict (something else is booked), TakenWithOthers,
    Unavailable (the calendars cannot be checked and the organisation's policy is to refuse then).
    """
    with parts.database.transaction(organization_id) as session:
        begun = begin(session, parts, _choice_of(session, option_id))
    return go_on(parts, begun, actor=actor)


def begin(session: Session, parts: Parts, choice: Choice) -> Begun:
    """The first half of `book`, in a transaction that is to be committed: what our own rows say."""
    done = _done(choice)
    if done is not None:
        return views.booking(session, done)
    found = picks.pick_of(session, parts, choice)
    if isinstance(found, Refused):
        return _lost(session, parts, choice.run_candidate.id, choice.option.id, found)
    return found


def go_on(parts: Parts, begun: Begun, *, actor: Actor) -> dict[str, Any]:
    """The second half, with no transaction open: what calendars say, and the booking."""
    if isinstance(begun, Pick):
        begun = _finish(parts, begun, actor)
    if isinstance(begun, Lost):
        raise TakenWithOthers(begun.left, begun.detail)
    return begun


def _finish(parts: Parts, pick: Pick, actor: Actor) -> Lost | dict[str, Any]:
    try:
        problem, stale = picks.look_again(parts, pick)
        booking = insist(lambda: _insert(parts, pick, problem, stale, actor))
    except SlotTaken as taken:
        with parts.database.transaction(pick.organization_id) as session:
            return _lost(session, parts, pick.run_candidate_id, pick.option.id, Refused.after(taken))
    parts.reach("pick.committed")
    return booking


def _choice_of(session: Session, option_id: str) -> Choice:
    choice = chosen.find(session, option_id)
    if choice is None:
        raise NotFound("There is no such option.")
    return choice


def _done(choice: Choice) -> rows.Booking | None:
    """The booking that this option became already, or a refusal when something else is in the way."""
    if choice.booking is not None and choice.booking.option_id == choice.option.id:
        return choice.booking
    _refuse_unless_open(choice.run_candidate, choice.booking, choice.option)
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
        choice = _choice_of(session, pick.option.id)
        done = _done(choice)
        if done is not None:
            return views.booking(session, done)
        choice.refuse_taken_back(actor)
        if choice.option.status not in moves.OPEN_OPTION:
            raise SlotTaken(picks.NOT_OFFERED)
        seated = picks.seat_under_lock(session, parts, pick, problem)
        parts.reach("pick.locked")
        booking = _add_booking(session, parts, pick, choice, seated)
        add_reservations(session, booking, pick.plan)
        parts.reach("pick.reserved")
        _announce(session, parts, pick, booking, seated, actor)
        parts.reach("pick.announced")
        if stale & people_and_rooms(seated):
            unchecked.tell(session, parts, booking)
        return views.booking(session, booking)


def _add_booking(session: Session, parts: Parts, pick: Pick, choice: Choice, seated: Option) -> rows.Booking:
    run_candidate, run = choice.run_candidate, choice.run
    run_candidate.status = move(moves.RUN_CANDIDATE, "candidate", run_candidate.status, "booked")
    if (run_candidate.explanation or {}).get("blockers"):
        run_candidate.explanation = None  # of times that they named, and nobody was free
    if pick.plan.holds:
        holding.let_all_go(session, parts, run_candidate.id)
    bookings.withdraw_options(session, run_candidate.id, accepting=pick.option.id)
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
    due_at = conferences.confirm_at(session, parts, booking)
    candidate = session.get_one(rows.Candidate, booking.candidate_id)
    with outbox.together(session, parts):
        owing.owe_booking_news(session, parts, booking, "confirmation", due_at=due_at)
        owing.owe_reminders(session, parts, booking, "candidate", owing.candidate_recipient(candidate))
    replaced = sorted(pick.option.people - seated.people)
    events.record(
        session,
        parts,
        booking.organization_id,
        "booking.confirmed",
        actor=actor,
        booking=booking,
        data={"option_id": pick.option.id, **({"replaced": replaced} if replaced else {})},
    )


def _lost(
    session: Session, parts: Parts, run_candidate_id: str, option_id: str, refused: Refused
) -> Lost | dict[str, Any]:
    """Take what has gone off the table, say what is left, and look for more when nothing is."""
    run_candidate = session.get_one(
        rows.RunCandidate, run_candidate_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if run_candidate.status != "offered":
        # The same choice, posted twice, may be what took it.
        done = _done(_choice_of(session, option_id))
        return views.booking(session, done) if done else Lost([], refused.detail)
    run = session.get_one(rows.Run, run_candidate.run_id)
    possible = still_possible(session, parts, run_candidate, refused.standing)
    gone = refused.crossed | {option_id}
    left = [row for row in possible if row.id not in gone]
    if left:
        if run.plan.get("holds"):
            holding.let_go(session, parts, sorted(gone))
        bookings.withdraw_some(session, gone)
    else:
        if run.plan.get("holds"):
            holding.let_all_go(session, parts, run_candidate.id)
        bookings.withdraw_options(session, run_candidate.id)
        parts.defer(session, "refresh_options", run_id=run.id, organization_id=run.organization_id)
    return Lost([views.option(row) for row in left], refused.detail)
