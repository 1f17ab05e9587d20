# SPDX-License-Identifier: Apache-2.0
"""What interviews occupy: every interviewer with their buffers, every room; of a booking as reservations."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from scheduler.db import convert, rows
from scheduler.domain.intervals import Interval, format_instant
from scheduler.domain.options import Option, OptionSession
from scheduler.domain.people import Buffer
from scheduler.domain.plans import Plan


@dataclass(frozen=True, kw_only=True)
class Occupied:
    """Time of one interviewer or room that interviews take."""

    #: the interviewer or room
    id: str
    resource_id: int
    #: with the buffers
    during: Interval
    #: the interviews themselves, as in `rows.Reservation.cores`
    cores: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Owners:
    """What is locked for each person and room, and each person's buffer, by id."""

    resources: Mapping[str, int]
    buffers: Mapping[str, Buffer]


def replace_reservations(
    session: Session, booking: rows.Booking, plan: Plan, *, only: Collection[str] | None = None
) -> None:
    """Free what the booking occupied, and occupy what it does now; of these people and rooms, if given."""
    owners = owners_of(session, _ids(booking) | set(only or ()))
    which = None if only is None else [owners.resources[id_] for id_ in only]
    session.execute(
        sa.update(rows.Reservation)
        .where(
            rows.Reservation.booking_id == booking.id,
            rows.Reservation.state.in_(rows.OCCUPYING),
            sa.true() if which is None else rows.Reservation.resource_id.in_(which),
        )
        .values(state="released")
    )
    add_reservations(session, booking, plan, only=only)


def add_reservations(
    session: Session, booking: rows.Booking, plan: Plan, *, only: Collection[str] | None = None
) -> None:
    """Occupy everybody, buffers included; `only` these people and rooms, if given."""
    planned = [OptionSession.from_json(item) for item in booking.sessions]
    session.add_all(
        rows.Reservation(
            organization_id=booking.organization_id,
            resource_id=occupied.resource_id,
            booking_id=booking.id,
            during=Range(occupied.during.start, occupied.during.end),
            cores=occupied.cores,
            state="booked",
        )
        for occupied in occupied_by(planned, plan, owners_of(session, _ids(booking)))
        if only is None or occupied.id in only
    )
    session.flush()


def occupied_by(planned: Iterable[OptionSession], plan: Plan, owners: Owners) -> Iterator[Occupied]:
    """What these interviews take of everybody's time. Touching sessions of one person are one stretch."""
    for id_, items in _sessions_by_resource(planned).items():
        for group in _touching(items):
            cores = [_core(item, _buffer_of(plan, item.key, owners.buffers.get(id_))) for item in group]
            first, last = cores[0], cores[-1]
            during = Interval(group[0].start, group[-1].end).padded(
                Buffer(before=first["before"]).before_delta, Buffer(after=last["after"]).after_delta
            )
            yield Occupied(id=id_, resource_id=owners.resources[id_], during=during, cores=cores)


def people_and_rooms(option: Option) -> set[str]:
    """The ids of everybody and every room of an option."""
    return {item.room.id for item in option.sessions if item.room} | set(option.people)


def _ids(booking: rows.Booking) -> set[str]:
    """The people and rooms of a booking."""
    people = {person["id"] for item in booking.sessions for person in item["interviewers"]}
    return people | {item["room"]["id"] for item in booking.sessions if item.get("room")}


def owners_of(session: Session, ids: Iterable[str]) -> Owners:
    """Whoever of these people and rooms is there."""
    ids = set(ids)
    resources: dict[str, int] = {}
    buffers: dict[str, Buffer] = {}
    for person in session.scalars(sa.select(rows.Interviewer).where(rows.Interviewer.id.in_(ids))):
        resources[person.id] = person.resource_id
        buffers[person.id] = convert.interviewer(person).buffer
    if left := ids - resources.keys():
        for room in session.scalars(sa.select(rows.Room).where(rows.Room.id.in_(left))):
            resources[room.id] = room.resource_id
    return Owners(resources=resources, buffers=buffers)


def _sessions_by_resource(planned: Iterable[OptionSession]) -> dict[str, list[OptionSession]]:
    by_id: dict[str, list[OptionSession]] = {}
    for item in sorted(planned, key=lambda item: item.start):
        for id_ in [person.id for person in item.interviewers] + ([item.room.id] if item.room else []):
            by_id.setdefault(id_, []).append(item)
    return by_id


def _touching(items: list[OptionSession]) -> list[list[OptionSession]]:
    groups: list[list[OptionSession]] = []
    for item in items:
        if groups and groups[-1][-1].end == item.start:
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups


def _buffer_of(plan: Plan, session_key: str, own: Buffer | None) -> Buffer:
    """A room has no buffer; a session's own replaces the interviewer's."""
    if own is None:
        return Buffer()
    return plan.session(session_key).buffer or own


def _core(item: OptionSession, buffer: Buffer) -> dict[str, Any]:
    return {"start": format_instant(item.start), "end": format_instant(item.end), **buffer.to_json()}
