# SPDX-License-Identifier: Apache-2.0
"""Somebody else in the place of an interviewer, at the same time: one who was named, or of those who are
qualified and free the one with the fewest interviews of late. Or another room for a session: one that was
named, or of those that are free the smallest that is large enough.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.errors import Conflict, Invalid
from scheduler.domain.options import OptionSession, Panelist, RoomRef
from scheduler.services import changes, exchanging, places, room_places
from scheduler.services.exchanging import Check, Question
from scheduler.services.parts import Actor, Parts
from scheduler.services.places import Place
from scheduler.services.room_places import RoomPlace
from scheduler.solver.problem import Problem

NOT_ON_PANEL = "Nobody with this id sits in this session."
INACTIVE = "{name} is inactive and holds no interviews."
SITS_THERE = "{name} sits in this session already."
MEETS_TWICE = (
    "{name} sits in another session of these interviews, and by the plan nobody meets the candidate twice."
)
HAS_MET = "{name} has met the candidate before, and by the plan nobody meets the candidate twice."
NOT_QUALIFIED = "{name} is not qualified for this place."
SAME_CALENDAR = "{name} has the same calendar as somebody else, and only one of them is asked."
NOT_FREE = "{name} is not free at that time."
NOBODY = "Nobody who is qualified is free at that time."
NOT_IN_ROOM = "This session is not in the room with this id."
IN_IT_ALREADY = "This session is in {name} already."
TOO_SMALL = "{name} is too small: this session needs a room for {capacity}."
NO_ROOM = "No other room that is large enough is free at that time."


def replace_interviewer(
    parts: Parts,
    organization_id: str,
    booking_id: str,
    *,
    session_key: str,
    interviewer_id: str,
    replacement_id: str | None = None,
    actor: Actor,
    check: Check | None = None,
) -> dict[str, Any]:
    """Put somebody else in an interviewer's place. The same question again answers with the same booking.

    Raises NotFound, Invalid (no such session or replacement), Conflict (`nobody_can`, `not_on_panel`,
    `not_booked`, `begun`, `changed`), Unavailable (the calendars cannot be checked).
    """
    question = Question(
        booking_id=booking_id, session_key=session_key, leaves=interviewer_id, named=replacement_id
    )

    def find(session: Session, booking: rows.Booking, there: OptionSession) -> _Seat:
        leaving = next((person for person in there.interviewers if person.id == interviewer_id), None)
        if leaving is None:
            raise Conflict(NOT_ON_PANEL, code="not_on_panel")
        place = places.of(session, parts, booking, there, leaving, named=replacement_id)
        _refuse_unless_able(session, replacement_id, booking, place)
        return _Seat(place=place, named=replacement_id)

    return exchanging.exchange(parts, organization_id, question, find, actor, check)


def replace_room(
    parts: Parts,
    organization_id: str,
    booking_id: str,
    *,
    session_key: str,
    room_id: str,
    replacement_id: str | None = None,
    actor: Actor,
    check: Check | None = None,
) -> dict[str, Any]:
    """Put a session into another room. The same question again answers with the same booking.

    Raises as `replace_interviewer` does, with `not_its_room` in place of `not_on_panel`.
    """
    question = Question(booking_id=booking_id, session_key=session_key, leaves=room_id, named=replacement_id)

    def find(session: Session, booking: rows.Booking, there: OptionSession) -> _Room:
        if there.room is None or there.room.id != room_id:
            raise Conflict(NOT_IN_ROOM, code="not_its_room")
        place = room_places.of(session, parts, booking, there, named=replacement_id)
        name = _refuse_unless_large_enough(session, replacement_id, place)
        return _Room(place=place, leaving=there.room, name=name)

    return exchanging.exchange(parts, organization_id, question, find, actor, check)


@dataclass(frozen=True, kw_only=True)
class _Seat:
    """An interviewer's place on a panel."""

    place: Place
    #: the id of who was named
    named: str | None

    @property
    def leaving(self) -> Panelist:
        return self.place.leaving

    def look(self, parts: Parts, organization_id: str) -> Problem:
        return places.look(parts, organization_id, self.place)

    def best(self, problem: Problem) -> Panelist | None:
        chosen = next(places.free(problem, self.place), None)
        return replace(self.leaving, id=chosen.id, name=chosen.name) if chosen else None

    def nobody(self) -> Conflict:
        if self.named is None:
            return Conflict(NOBODY, code="nobody_can")
        name = next(person.name for person in self.place.cast.interviewers if person.id == self.named)
        return Conflict(NOT_FREE.format(name=name), code="nobody_can")


@dataclass(frozen=True, kw_only=True)
class _Room:
    """The room of a session."""

    place: RoomPlace
    leaving: RoomRef
    #: of the room that was named
    name: str | None

    def look(self, parts: Parts, organization_id: str) -> Problem:
        return room_places.look(parts, organization_id, self.place)

    def best(self, problem: Problem) -> RoomRef | None:
        chosen = next(room_places.free(problem, self.place), None)
        return RoomRef(id=chosen.id, name=chosen.name) if chosen else None

    def nobody(self) -> Conflict:
        return Conflict(NOT_FREE.format(name=self.name) if self.name else NO_ROOM, code="nobody_can")


def _refuse_unless_able(session: Session, named: str | None, booking: rows.Booking, place: Place) -> None:
    if named is None or named in place.able:
        return
    person = session.get(rows.Interviewer, named)
    if person is None or person.deleted_at is not None:
        raise Invalid.at("/replacement_id", "there is no such interviewer")
    why = _why_not(session, booking, place, person)
    raise Conflict(why.format(name=person.name), code="nobody_can")


def _why_not(session: Session, booking: rows.Booking, place: Place, person: rows.Interviewer) -> str:
    """Why somebody may not take the place, whatever their calendar says."""
    if not person.active:
        return INACTIVE
    if person.id in {panelist.id for panelist in place.session.interviewers}:
        return SITS_THERE
    if place.plan.distinct_interviewers and person.id in changes.people(booking.sessions):
        return MEETS_TWICE
    if person.id in places.spoken_for(session, booking, place.session, place.plan):
        return HAS_MET
    shared = set(place.cast.resources.values()) if person.id not in place.cast.resources else set()
    return SAME_CALENDAR if person.resource_id in shared else NOT_QUALIFIED


def _refuse_unless_large_enough(session: Session, named: str | None, place: RoomPlace) -> str | None:
    """The name of the room that was named, if one was."""
    if named is None:
        return None
    room = session.get(rows.Room, named)
    if room is None or room.deleted_at is not None:
        raise Invalid.at("/replacement_id", "there is no such room")
    if place.session.room and room.id == place.session.room.id:
        raise Conflict(IN_IT_ALREADY.format(name=room.name), code="nobody_can")
    if room.capacity < place.capacity:
        raise Conflict(TOO_SMALL.format(name=room.name, capacity=place.capacity), code="nobody_can")
    return room.name
