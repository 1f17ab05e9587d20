# SPDX-License-Identifier: Apache-2.0
"""Somebody else in the place of an interviewer, at the same time: one who was named, or of those who are
qualified and free the one with the fewest interviews of late.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import casts, rows
from scheduler.domain import moves
from scheduler.domain.errors import Conflict, Invalid, SlotTaken, Unavailable
from scheduler.domain.options import OptionSession, Panelist
from scheduler.services import bookings, changes, picks, places, problems, views
from scheduler.services.filling import put_in
from scheduler.services.parts import Actor, Parts
from scheduler.services.places import Place
from scheduler.services.reserving import replace_reservations
from scheduler.solver.problem import Problem

NOT_ON_PANEL = "Nobody with this id sits in this session."
NOT_QUALIFIED = "{name} is not qualified for this place, or takes part in these interviews already."
NOT_FREE = "{name} is not free at that time."
NOBODY = "Nobody who is qualified is free at that time."
CHANGED = "The booking was changed meanwhile; please look again."


@dataclass(frozen=True, kw_only=True)
class _Wish:
    """A place that is to be filled by somebody else, as it was when that was asked for."""

    booking_id: str
    place: Place
    #: the one who was named
    named: str | None


def replace_interviewer(
    parts: Parts,
    organization_id: str,
    booking_id: str,
    *,
    session_key: str,
    interviewer_id: str,
    replacement_id: str | None = None,
    actor: Actor,
) -> dict[str, Any]:
    """Put somebody else in an interviewer's place. The same question again answers with the same booking.

    Raises NotFound, Invalid (no such session or replacement), Conflict (`nobody_can`, `not_on_panel`,
    `not_booked`, `begun`), Unavailable (the calendars cannot be checked).
    """
    with parts.database.transaction(organization_id) as session:
        booking = bookings.row(session, booking_id)
        there = _refuse_unless_ahead(parts, booking, session_key)
        if _is_done(session, booking, session_key, interviewer_id, replacement_id):
            return views.booking(session, booking)
        wish = _wish(session, parts, booking, there, interviewer_id, replacement_id)
    problem = _problem(parts, organization_id, wish)
    parts.reach("replace.looked")
    try:
        replaced = picks.insist(lambda: _swap(parts, organization_id, wish, problem, actor))
    except SlotTaken:
        raise _nobody(wish) from None
    parts.reach("replace.committed")
    return replaced


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


def _is_done(
    session: Session, booking: rows.Booking, session_key: str, leaving: str, replacement: str | None
) -> bool:
    """Whether exactly this replacement has been made, and stands."""
    panel = changes.people([item for item in booking.sessions if item["key"] == session_key])
    made = session.scalars(
        sa.select(rows.Event.data)
        .where(rows.Event.booking_id == booking.id, rows.Event.type == "interviewer.replaced")
        .order_by(rows.Event.position.desc())
    )
    return leaving not in panel and any(
        (data["session_key"], data["interviewer_id"]) == (session_key, leaving)
        and data["replacement_id"] in panel
        and replacement in (None, data["replacement_id"])
        for data in made
    )


def _wish(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    there: OptionSession,
    leaving_id: str,
    named: str | None,
) -> _Wish:
    leaving = next((person for person in there.interviewers if person.id == leaving_id), None)
    if leaving is None:
        raise Conflict(NOT_ON_PANEL, code="not_on_panel")
    place = places.of(session, parts, booking, there, leaving, named=named)
    _refuse_unless_able(session, named, place.able)
    return _Wish(booking_id=booking.id, place=place, named=named)


def _refuse_unless_able(session: Session, named: str | None, able: frozenset[str]) -> None:
    if named is None or named in able:
        return
    person = session.get(rows.Interviewer, named)
    if person is None or person.deleted_at is not None:
        raise Invalid.at("/replacement_id", "there is no such interviewer")
    raise Conflict(NOT_QUALIFIED.format(name=person.name), code="nobody_can")


def _problem(parts: Parts, organization_id: str, wish: _Wish) -> Problem:
    """Who is free for this one place, as calendars say now. Raises Conflict, Unavailable."""
    problem = places.look(parts, organization_id, wish.place)
    if not problem.interviewers and problem.unreadable:
        raise Unavailable(picks.BLIND, code="calendars_unreadable")
    if not problem.interviewers:
        raise _nobody(wish)
    return problem


def _nobody(wish: _Wish) -> Conflict:
    if wish.named is None:
        return Conflict(NOBODY, code="nobody_can")
    name = next(person.name for person in wish.place.cast.interviewers if person.id == wish.named)
    return Conflict(NOT_FREE.format(name=name), code="nobody_can")


def _swap(parts: Parts, organization_id: str, wish: _Wish, problem: Problem, actor: Actor) -> dict[str, Any]:
    """One transaction: the candidate's row, the booking, all people in order; recount; swap."""
    place = wish.place
    with parts.database.transaction(organization_id) as session:
        booking = bookings.locked(session, wish.booking_id)
        if _refuse_unless_ahead(parts, booking, place.session.key) != place.session:
            raise Conflict(CHANGED, code="changed")
        free = {person.id for person in problem.interviewers}
        locks = [place.cast.resources[id_] for id_ in free]
        casts.lock_resources(session, [*locks, *changes.occupied_by(session, booking)])
        cast = casts.cast_for(session, place.plan, place.session.interval, now=parts.now(), only=free)
        chosen = next(places.free(problems.as_of_now(problem, cast), place), None)
        if chosen is None:
            raise SlotTaken(NOBODY)
        comes = replace(place.leaving, id=chosen.id, name=chosen.name)
        _write(session, parts, booking, place, comes, actor)
        return views.booking(session, booking)


def _write(
    session: Session, parts: Parts, booking: rows.Booking, place: Place, comes: Panelist, actor: Actor
) -> None:
    was = booking.sessions
    put_in(session, parts, booking, place.session.key, place.leaving, comes, actor)
    replace_reservations(session, booking, place.plan, only={place.leaving.id, comes.id})
    parts.reach("replace.changed")
    # Optional people are promised to nobody.
    seen = not comes.optional and comes.name != place.leaving.name
    changes.tell(session, parts, booking, was, "panel_changed" if seen else None)
    parts.reach("replace.told")
