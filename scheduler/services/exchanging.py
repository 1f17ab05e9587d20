# SPDX-License-Identifier: Apache-2.0
"""
Filling one place of a booking anew because somebody asks for it: a person's on the panel, or a session's
room. What people and rooms have in common; what is theirs alone is in `replacing.py`.

Calendars are looked at with no transaction open; then one transaction locks, counts again and changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import casts, rows
from scheduler.db.casts import Cast
from scheduler.domain import moves
from scheduler.domain.errors import Conflict, Invalid, SlotTaken, Unavailable
from scheduler.domain.options import OptionSession, Panelist, RoomRef
from scheduler.domain.plans import Plan
from scheduler.services import bookings, changes, facts, filling, losses, picks, problems, views
from scheduler.services.insisting import TAKEN, insist
from scheduler.services.parts import Actor, Parts
from scheduler.services.reserving import replace_reservations
from scheduler.solver.problem import Problem

CHANGED = "The booking was changed meanwhile; please look again."


@dataclass(frozen=True, kw_only=True)
class Question:
    """What somebody asks for, by ids."""

    booking_id: str
    session_key: str
    #: the interviewer, or the room, that shall be replaced
    leaves: str
    #: by whom, or by which room; None: by whoever can
    named: str | None


class _Asked(Protocol):
    """What a place's own question is stated from."""

    @property
    def session(self) -> OptionSession: ...
    @property
    def plan(self) -> Plan: ...
    @property
    def cast(self) -> Cast: ...


class Vacancy(Protocol):
    """A place that is to be filled anew, as it was when that was asked for."""

    @property
    def place(self) -> _Asked: ...

    @property
    def leaving(self) -> Panelist | RoomRef: ...

    def look(self, parts: Parts, organization_id: str) -> Problem:
        """Those who can, as calendars say now, and whose calendars could not be read."""

    def best(self, problem: Problem) -> Panelist | RoomRef | None:
        """Who of the problem comes; None when nobody can any more."""

    def nobody(self) -> Conflict:
        """Nobody can, or not who was named."""


#: finds the vacancy in a session as it is booked, or raises Invalid or Conflict
Find = Callable[[Session, rows.Booking, OptionSession], Vacancy]
#: raises Conflict where a booking, which is locked, is to stay as it is after all
Check = Callable[[Session, rows.Booking], None]


def exchange(
    parts: Parts,
    organization_id: str,
    question: Question,
    find: Find,
    actor: Actor,
    check: Check | None = None,
) -> dict[str, Any]:
    """Put somebody else, or another room, in the place. The same question again answers with the same
    booking.

    Raises NotFound, Invalid (no such session), Conflict (`nobody_can`, `not_booked`, `begun`, `changed`),
    Unavailable (the calendars cannot be checked), and what `find` raises.
    """
    with parts.database.transaction(organization_id) as session:
        booking = bookings.row(session, question.booking_id)
        there = _refuse_unless_ahead(parts, booking, question.session_key)
        if _is_done(session, booking, there, question):
            return views.booking(session, booking)
        vacancy = find(session, booking, there)
    problem = _problem(parts, organization_id, vacancy)
    parts.reach("replace.looked")
    try:
        changed = insist(lambda: _swap(parts, organization_id, question, vacancy, problem, actor, check))
    except SlotTaken:
        raise vacancy.nobody() from None
    parts.reach("replace.committed")
    return changed


def _refuse_unless_ahead(parts: Parts, booking: rows.Booking, session_key: str) -> OptionSession:
    """The session, when it is booked and has not begun."""
    if booking.status not in moves.ACTIVE_BOOKING:
        status = booking.status.replace("_", " ")
        raise Conflict(f"This interview is {status}; nobody is replaced.", code="not_booked")
    planned = {item["key"]: OptionSession.from_json(item) for item in booking.sessions}
    if session_key not in planned:
        raise Invalid.at("/session_key", "is not a session of this booking")
    if planned[session_key].start <= parts.now():
        raise Conflict("This session has begun already.", code="begun")
    return planned[session_key]


def _is_done(session: Session, booking: rows.Booking, there: OptionSession, question: Question) -> bool:
    """Whether exactly this replacement has been made, and stands."""
    present = {person.id for person in there.interviewers} | ({there.room.id} if there.room else set())
    made = session.scalars(
        sa.select(rows.Event.data)
        .where(rows.Event.booking_id == booking.id, rows.Event.type == filling.event_of(question.leaves))
        .order_by(rows.Event.position.desc())
    )
    left = losses.owner_key(question.leaves)
    return question.leaves not in present and any(
        (data["session_key"], data[left]) == (there.key, question.leaves)
        and data["replacement_id"] in present
        and question.named in (None, data["replacement_id"])
        for data in made
    )


def _problem(parts: Parts, organization_id: str, vacancy: Vacancy) -> Problem:
    """Who is free for this one place, as calendars say now. Raises Conflict, Unavailable."""
    problem = vacancy.look(parts, organization_id)
    if not _ids(problem) and problem.unreadable:
        raise Unavailable(picks.BLIND, code="calendars_unreadable")
    if not _ids(problem):
        raise vacancy.nobody()
    return problem


def _ids(problem: Problem) -> set[str]:
    return {person.id for person in problem.interviewers} | {room.id for room in problem.rooms}


def _swap(
    parts: Parts,
    organization_id: str,
    question: Question,
    vacancy: Vacancy,
    problem: Problem,
    actor: Actor,
    check: Check | None,
) -> dict[str, Any]:
    """One transaction: the candidate's row, the booking, all people and rooms in order; recount; swap."""
    place = vacancy.place
    with parts.database.transaction(organization_id) as session:
        booking = bookings.locked(session, question.booking_id)
        there = _refuse_unless_ahead(parts, booking, question.session_key)
        if there != place.session:
            if _is_done(session, booking, there, question):
                return views.booking(session, booking)  # somebody asked the same at the same moment
            raise Conflict(CHANGED, code="changed")
        if check is not None:
            check(session, booking)
        locked = {id_: place.cast.resources[id_] for id_ in _ids(problem)}
        casts.lock_resources(session, [*locked.values(), *changes.occupied_by(session, booking)])
        cast = casts.cast_for(session, place.plan, place.session.interval, now=parts.now(), locked=locked)
        comes = vacancy.best(problems.as_of_now(problem, cast))
        if comes is None:
            raise SlotTaken(TAKEN)
        _write(session, parts, booking, vacancy, comes, actor)
        return views.booking(session, booking)


def _write(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    vacancy: Vacancy,
    comes: Panelist | RoomRef,
    actor: Actor,
) -> None:
    was, place, leaving = booking.sessions, vacancy.place, vacancy.leaving
    said = filling.put_in(session, parts, booking, place.session.key, leaving, comes, actor)
    replace_reservations(session, booking, place.plan, only={leaving.id, comes.id})
    parts.reach("replace.changed")
    seen = _is_seen(session, booking, was)
    changes.tell(session, parts, booking, was, "panel_changed" if seen else None, who_for_whom=said)
    parts.reach("replace.told")


def _is_seen(session: Session, booking: rows.Booking, was: list[dict[str, Any]]) -> bool:
    """Whether mails tell the candidate another name or place than before."""
    before = facts.sessions_of(session, booking, booked=was, promised=True)
    return facts.sessions_of(session, booking, promised=True) != before
