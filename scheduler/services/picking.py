# SPDX-License-Identifier: Apache-2.0
"""The pick: from an option to a booking.

Look at the calendars of the people concerned again, with no transaction open; find seats for that time, the
option's own people first; then one transaction: lock, recount, insert. The exclusion constraint is the last
lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg.errors
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from calendars.values import Busy
from scheduler.db import casts, convert, rows
from scheduler.db.casts import Cast
from scheduler.domain import moves
from scheduler.domain.errors import Conflict, Gone, NotFound, SlotTaken, Unavailable
from scheduler.domain.ids import new_id
from scheduler.domain.intervals import Interval
from scheduler.domain.moves import move
from scheduler.domain.options import Option
from scheduler.domain.people import Candidate
from scheduler.domain.plans import Plan
from scheduler.services import (
    attention,
    bookings,
    conferences,
    entries,
    events,
    owing,
    problems,
    readings,
    views,
)
from scheduler.services.parts import Actor, Parts
from scheduler.services.possible import people_and_rooms, still_possible_views
from scheduler.services.readings import Look
from scheduler.services.reserving import add_reservations
from scheduler.solver.check import violations
from scheduler.solver.problem import Problem
from scheduler.solver.seating import seat

#: lost races and deadlocks are tried again this often before the time counts as gone
TRIES = 4
TAKEN = "That time has just been taken."
NOT_OFFERED = "That time is no longer on offer."
UNCHECKED = "It was booked while a calendar could not be read; please check that nothing stands in its way."
BLIND = "We could not check the calendars just now. Nothing is lost; please try again in a moment."


class TakenWithOthers(SlotTaken):
    """That time has just been taken."""

    def __init__(self, options: list[dict[str, Any]], detail: str = TAKEN) -> None:
        super().__init__(detail)
        #: what can still be chosen, in the API's form
        self.options = options


@dataclass(frozen=True, kw_only=True)
class _Pick:
    """What somebody wants to book, as it was when they asked."""

    organization_id: str
    run_candidate_id: str
    option: Option
    plan: Plan
    window: Interval
    candidate: Candidate
    met: frozenset[str]
    cast: Cast
    policy: str
    #: what was known of calendars when the options were made, by id
    known: Mapping[str, tuple[Busy, ...]]


def book(parts: Parts, organization_id: str, option_id: str, *, actor: Actor) -> dict[str, Any]:
    """Book an option. The same choice again answers with the same booking.

    Raises NotFound, Gone (the offer is over), Conflict (something else is booked), TakenWithOthers,
    Unavailable (the calendars cannot be checked and the organisation's policy is to refuse then).
    """
    with parts.database.transaction(organization_id) as session:
        done = _already(session, option_id)
        if done is not None:
            return views.booking(session, done)
        pick = _pick(session, parts, option_id)
    try:
        booking = _book(parts, pick, actor)
    except SlotTaken:
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


def _pick(session: Session, parts: Parts, option_id: str) -> _Pick:
    row = session.get_one(rows.Option, option_id)
    run_candidate = session.get_one(rows.RunCandidate, row.run_candidate_id)
    run = session.get_one(rows.Run, run_candidate.run_id)
    candidate = convert.candidate(session.get_one(rows.Candidate, run_candidate.candidate_id))
    organization = session.get_one(rows.Organization, run.organization_id)
    plan = Plan.from_json(run.plan)
    option = convert.option(row)
    around = Interval(option.start, option.end)
    if row.status not in ("offered", "held") or option.start <= parts.now():
        raise TakenWithOthers(still_possible_views(session, parts, run_candidate), NOT_OFFERED)
    return _Pick(
        organization_id=run.organization_id,
        run_candidate_id=run_candidate.id,
        option=option,
        plan=plan,
        window=Interval(run.window_start, run.window_end),
        candidate=candidate,
        met=casts.people_met(session, candidate.id, except_run_candidate=run_candidate.id),
        cast=casts.cast_for(session, plan, around),
        policy=organization.policies.get("provider_down") or "refuse",
        known=_known_busy(run_candidate),
    )


def _known_busy(run_candidate: rows.RunCandidate) -> dict[str, tuple[Busy, ...]]:
    if run_candidate.problem is None:
        return {}
    problem = Problem.from_json(run_candidate.problem)
    blocks = {person.id: person.busy for person in problem.interviewers}
    blocks |= {room.id: room.busy for room in problem.rooms}
    return {
        id_: tuple(Busy(block.during.start, block.during.end) for block in busy)
        for id_, busy in blocks.items()
    }


def _book(parts: Parts, pick: _Pick, actor: Actor) -> dict[str, Any]:
    """With the option's own people when they can; else with whoever else can at that time."""
    own = people_and_rooms(pick.option)
    looks = _look(parts, pick, own)
    problem = _state(parts, pick, looks, own)
    if seat(problem, pick.option) is None:
        everybody = {owner.id for owner in pick.cast.owners}
        looks = {**looks, **_look(parts, pick, everybody - own)}
        problem = _state(parts, pick, looks, everybody)
        if seat(problem, pick.option) is None and _blind(looks):
            raise Unavailable(BLIND, code="calendars_unreadable")
    parts.reach("pick.looked")
    stale = frozenset(id_ for id_, look in looks.items() if look.stale)
    for attempt in range(TRIES):
        try:
            return _insert(parts, pick, problem, stale, actor)
        except DBAPIError as error:
            if not _worth_another_try(error) or attempt == TRIES - 1:
                if _lost_race(error):
                    raise SlotTaken(TAKEN) from None
                raise
    raise SlotTaken(TAKEN)


def _look(parts: Parts, pick: _Pick, ids: Iterable[str]) -> dict[str, Look]:
    ids = set(ids)
    owners = [owner for owner in pick.cast.owners if owner.id in ids]
    if not owners:
        return {}
    # A day on either side: whole-day events and buffers reach over the edges.
    around = Interval(pick.option.start, pick.option.end).padded(problems.A_DAY, problems.A_DAY)
    pending = pick.policy == "book_pending"
    looks = readings.read_all(
        parts, pick.organization_id, owners, around, patience=parts.patience, live=not pending
    )
    if not pending:
        return looks
    return {
        id_: Look(busy=pick.known[id_], known_at=parts.now())
        if not look.readable and id_ in pick.known
        else look
        for id_, look in looks.items()
    }


def _blind(looks: Mapping[str, Look]) -> bool:
    return any(not look.readable for look in looks.values())


def _state(parts: Parts, pick: _Pick, looks: Mapping[str, Look], ids: set[str]) -> Problem:
    cast = Cast(
        interviewers=tuple(person for person in pick.cast.interviewers if person.id in ids),
        rooms=tuple(room for room in pick.cast.rooms if room.id in ids),
        resources=pick.cast.resources,
        booked=pick.cast.booked,
        load=pick.cast.load,
        own_entries=pick.cast.own_entries,
    )
    return problems.state(
        pick.plan, pick.window, parts.now(), cast, looks, candidate=pick.candidate, met=pick.met
    )


def _worth_another_try(error: DBAPIError) -> bool:
    return isinstance(
        error.orig,
        psycopg.errors.ExclusionViolation
        | psycopg.errors.DeadlockDetected
        | psycopg.errors.SerializationFailure,
    )


def _lost_race(error: DBAPIError) -> bool:
    return isinstance(error.orig, psycopg.errors.ExclusionViolation)


def _insert(
    parts: Parts, pick: _Pick, problem: Problem, stale: frozenset[str], actor: Actor
) -> dict[str, Any]:
    """One transaction: the candidate's row, then people and rooms in order; recount; seat; judge; insert."""
    with parts.database.transaction(pick.organization_id) as session:
        session.execute(
            sa.select(rows.RunCandidate.id)
            .where(rows.RunCandidate.id == pick.run_candidate_id)
            .with_for_update(key_share=True)
        )
        done = _already(session, pick.option.id)
        if done is not None:
            return views.booking(session, done)
        considered = {person.id for person in problem.interviewers} | {room.id for room in problem.rooms}
        casts.lock_resources(session, [pick.cast.resources[id_] for id_ in considered])
        parts.reach("pick.locked")
        window = Interval(pick.option.start, pick.option.end)
        cast = casts.cast_for(session, pick.plan, window, only=considered)
        current = problems.as_of_now(problem, cast)
        seated = seat(current, pick.option)
        if seated is None:
            raise SlotTaken(TAKEN)
        broken = violations(current, seated)
        if broken:
            msg = f"the seating of {pick.option.id} breaks {', '.join(v.code for v in broken)}"
            raise AssertionError(msg)
        booking = _add_booking(session, parts, pick, seated)
        add_reservations(session, booking, pick.plan, cast)
        parts.reach("pick.reserved")
        _announce(session, parts, pick, booking, seated, actor)
        if stale & people_and_rooms(seated):
            attention.needs_attention(session, booking, UNCHECKED, at=parts.now())
        parts.reach("pick.announced")
        return views.booking(session, booking)


def _add_booking(session: Session, parts: Parts, pick: _Pick, seated: Option) -> rows.Booking:
    run_candidate = session.get_one(rows.RunCandidate, pick.run_candidate_id, populate_existing=True)
    run = session.get_one(rows.Run, run_candidate.run_id)
    run_candidate.status = move(moves.RUN_CANDIDATE, "candidate", run_candidate.status, "booked")
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
    session: Session, parts: Parts, pick: _Pick, booking: rows.Booking, seated: Option, actor: Actor
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


def _what_is_left(parts: Parts, pick: _Pick) -> list[dict[str, Any]]:
    """Take the lost option off the table, say what is left, and look for more when nothing is."""
    with parts.database.transaction(pick.organization_id) as session:
        run_candidate = session.get_one(
            rows.RunCandidate, pick.run_candidate_id, with_for_update={"key_share": True}
        )
        if run_candidate.status != "offered":
            return []
        session.execute(
            sa.update(rows.Option)
            .where(rows.Option.id == pick.option.id, rows.Option.status == "offered")
            .values(status="withdrawn")
        )
        left = still_possible_views(session, parts, run_candidate)
        if not left:
            bookings.withdraw_options(session, run_candidate.id)
            parts.defer(
                session,
                "refresh_options",
                run_candidate_id=run_candidate.id,
                organization_id=pick.organization_id,
            )
        return left
