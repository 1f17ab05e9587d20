# SPDX-License-Identifier: Apache-2.0
"""
Noticing what booked interviews have lost by what calendars and records say: a meeting, or time out of office,
that was put over an interview, and an interviewer who is active no more. (Who declines is seen by
reconciling.py.)

Calendars that hold interviews are looked at when something changes in them, everybody's when they are read
again anyway.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calendars.values import Reading
from scheduler.db import convert, rows
from scheduler.domain.intervals import Interval
from scheduler.domain.moves import ACTIVE_BOOKING
from scheduler.domain.options import OptionSession
from scheduler.domain.people import CalendarAddress
from scheduler.services import bookings, crossing, losses, picks, problems, readings, unchecked
from scheduler.services.crossing import Held
from scheduler.services.parts import Parts

#: interviews further ahead are looked at when they are nearer
HORIZON = timedelta(weeks=6)
#: seconds that the calendars may take
PATIENCE = 60.0

#: a booking, one of its sessions, and a provider
_Where = tuple[str | None, str, str]
#: who is to be there, or which room, by its id, and at what
_Part = tuple[str, OptionSession]


def ask(session: Session, parts: Parts, state: rows.CalendarState) -> None:
    """A calendar has changed: have those looked at whose it is. The job travels on this transaction."""
    calendar = {"provider": state.provider, "address": state.address}
    for table in (rows.Interviewer, rows.Room):
        query = sa.select(table.id).where(table.calendar == calendar, table.deleted_at.is_(None))
        for owner_id in session.scalars(query.order_by(table.id)):
            parts.defer(session, "notice_losses", organization_id=state.organization_id, owner_id=owner_id)


def notice(parts: Parts, organization_id: str, owner_id: str) -> None:
    """Look at what lies over the interviews ahead of one person or room."""
    look(parts, organization_id, [owner_id])


def look(parts: Parts, organization_id: str, owner_ids: Iterable[str]) -> None:
    """The same for several, in one question to each provider."""
    with parts.database.transaction(organization_id) as session:
        held = _held(session, parts, sorted(set(owner_ids)))
    if not held:
        return
    told = _read(parts, organization_id, held)
    in_question = [item for item in held if _is_in_question(item, told)]
    for booking_id in sorted({item.booking_id for item in in_question}):
        with parts.database.transaction(organization_id) as session:
            _compare(session, parts, booking_id, [i for i in in_question if i.booking_id == booking_id], told)


def is_anything_unchecked(parts: Parts, organization_id: str) -> bool:
    """Whether something was booked while a calendar could not be read, and nobody has looked since."""
    with parts.database.transaction(organization_id) as session:
        return bool(_unchecked(session, parts))


def check(parts: Parts, organization_id: str) -> None:
    """Look at what was booked while a calendar could not be read. What lies over it is noticed like anything
    else; once it can be told of all who are to be there, nobody need look any more.
    """
    with parts.database.transaction(organization_id) as session:
        marked = _unchecked(session, parts)
        owners = {id_ for sessions in marked.values() for id_ in _owners_in(session, sessions)}
        held = _held(session, parts, sorted(owners), only=marked)
    if not held:
        return
    told = _read(parts, organization_id, held)
    for booking_id in sorted({item.booking_id for item in held}):
        of_it = [item for item in held if item.booking_id == booking_id]
        if not all(crossing.is_told(item, told) for item in of_it):
            continue  # an outage is looked at every minute, and may have left many of these
        with parts.database.transaction(organization_id) as session:
            clear = _compare(session, parts, booking_id, of_it, told)
            _settle(session, parts, booking_id, clear)


def _unchecked(session: Session, parts: Parts) -> dict[str, list[dict[str, Any]]]:
    """The sessions of bookings ahead that say so, by their ids."""
    query = sa.select(rows.Booking.id, rows.Booking.sessions).where(
        rows.Booking.status.in_(ACTIVE_BOOKING),
        rows.Booking.attention.contains(picks.UNCHECKED, autoescape=True),
        rows.Booking.start > parts.now(),
    )
    return {id_: sessions for id_, sessions in session.execute(query)}  # noqa: C416  # rows are no pairs to mypy


def _owners_in(session: Session, sessions: list[dict[str, Any]]) -> Iterator[str]:
    for item in map(OptionSession.from_json, sessions):
        yield from (owner.id for owner in losses.owners_of(session, item))


def _settle(session: Session, parts: Parts, booking_id: str, clear: set[_Part]) -> None:
    """Nobody need look any more when it is clear of everybody whether they can be there."""
    booking = bookings.locked(session, booking_id)
    wanted = {
        (owner.id, item)
        for item in map(OptionSession.from_json, booking.sessions)
        for owner in losses.owners_of(session, item)
    }
    if booking.status in ACTIVE_BOOKING and wanted <= clear:
        unchecked.settle(session, parts, booking)


def _is_in_question(held: Held, told: Mapping[CalendarAddress, Reading]) -> bool:
    """Whether there is anything to be said of this session; of most there is not."""
    return not held.active or held.lost or crossing.may_be_crossed(held, told)


def _held(
    session: Session, parts: Parts, owner_ids: list[str], *, only: Collection[str] | None = None
) -> list[Held]:
    """What these people and rooms are booked for, as far as it has not begun and is near; `only`: in these
    bookings, however far ahead they are.
    """
    owners: dict[str, rows.Interviewer | rows.Room] = {}
    for person in session.scalars(sa.select(rows.Interviewer).where(rows.Interviewer.id.in_(owner_ids))):
        owners[person.id] = person
    for room in session.scalars(sa.select(rows.Room).where(rows.Room.id.in_(owner_ids))):
        owners[room.id] = room
    booked = _booked(session, parts, [row.resource_id for row in owners.values()], only)
    ids = [booking.id for booking in booked]
    entries = _entries(session, ids)
    lost = sa.select(rows.Loss.booking_id, rows.Loss.who).where(
        rows.Loss.booking_id.in_(ids), rows.Loss.resolved_at.is_(None)
    )
    open_ = {tuple(found) for found in session.execute(lost)}
    return [
        _of(owners[owner.id], booking, item, entries, lost=(booking.id, owner.id) in open_)
        for booking in booked
        for item in map(OptionSession.from_json, booking.sessions)
        if item.start > parts.now()
        for owner in losses.owners_of(session, item)
        if owner.id in owners
    ]


def _booked(
    session: Session, parts: Parts, resources: list[int], only: Collection[str] | None
) -> list[rows.Booking]:
    near = sa.func.lower(rows.Reservation.during) < parts.now() + HORIZON
    theirs = sa.select(rows.Reservation.booking_id).where(
        rows.Reservation.resource_id.in_(resources),
        rows.Reservation.state.in_(rows.OCCUPYING),
        sa.func.upper(rows.Reservation.during) > parts.now(),
        near if only is None else rows.Reservation.booking_id.in_(only),
    )
    query = sa.select(rows.Booking).where(
        rows.Booking.status.in_(ACTIVE_BOOKING), rows.Booking.id.in_(theirs)
    )
    return list(session.scalars(query.order_by(rows.Booking.id)))


def _entries(session: Session, booking_ids: list[str]) -> dict[_Where, list[rows.CalendarEntry]]:
    """The events that stand for each session at each provider."""
    query = sa.select(rows.CalendarEntry).where(
        rows.CalendarEntry.booking_id.in_(booking_ids),
        rows.CalendarEntry.written_version.is_not(None),
        rows.CalendarEntry.wanted == "present",
    )
    found: dict[_Where, list[rows.CalendarEntry]] = defaultdict(list)
    for entry in session.scalars(query):
        found[entry.booking_id, entry.session_key, entry.provider].append(entry)
    return found


def _of(
    row: rows.Interviewer | rows.Room,
    booking: rows.Booking,
    item: OptionSession,
    entries: Mapping[_Where, list[rows.CalendarEntry]],
    *,
    lost: bool,
) -> Held:
    owner = convert.interviewer(row) if isinstance(row, rows.Interviewer) else convert.room(row)
    provider = owner.calendar.provider
    events = entries.get((booking.id, item.key, provider), [])
    return Held(
        owner=owner,
        booking_id=booking.id,
        session=item,
        uids=frozenset(entry.uid for entry in events),
        organisers=frozenset(CalendarAddress(provider, entry.calendar) for entry in events),
        lost=lost,
    )


def _read(parts: Parts, organization_id: str, held: list[Held]) -> dict[CalendarAddress, Reading]:
    """Every calendar of theirs, and those that hold the events: a guest's copy is known by the original."""
    looked_at = [item for item in held if item.active]
    if not looked_at:
        return {}
    zones = {
        calendar: item.owner.time_zone
        for item in looked_at
        for calendar in (*item.organisers, *readings.calendars_of(item.owner))
    }
    window = Interval(min(i.session.start for i in looked_at), max(i.session.end for i in looked_at))
    # A meeting that is cut to the interview's time could not be told from a copy of it.
    around = window.padded(problems.A_DAY, problems.A_DAY)
    told = readings.read_events(parts, organization_id, zones, around, patience=PATIENCE)
    parts.reach("notice.looked")
    return told


def _compare(
    session: Session,
    parts: Parts,
    booking_id: str,
    held: list[Held],
    told: Mapping[CalendarAddress, Reading],
) -> set[_Part]:
    """Write down what is lost, and what is not any more; of whom and what it could be told."""
    booking = bookings.locked(session, booking_id)
    clear: set[_Part] = set()
    there = [OptionSession.from_json(item) for item in booking.sessions]
    for item in held:
        if item.session not in there:
            continue  # it was changed while we looked; what is written then is looked at again
        who = next(w for w in losses.owners_of(session, item.session) if w.id == item.owner.id)
        lost = {losses.INACTIVE: not item.active}
        if item.active:
            crossed = crossing.is_crossed(session, booking, item, told)
            lost |= {} if crossed is None else {losses.CONFLICT: crossed}
        if not item.active or losses.CONFLICT in lost:
            clear.add((item.owner.id, item.session))
        for cause, is_lost in lost.items():
            if is_lost:
                losses.note(session, parts, booking, item.session, who, cause)
            else:
                losses.gone(session, parts, booking, item.session.key, who.id, cause)
    return clear
