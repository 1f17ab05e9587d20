# SPDX-License-Identifier: Apache-2.0
"""
What a session, a person or a room is called in a sentence about its booking, so that no two of them are
called the same: what is left to a person is known by its sentence (attention.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.options import OptionSession
from scheduler.domain.wording import one_line

Owner = rows.Interviewer | rows.Room


def session_name(booking: rows.Booking, planned: OptionSession) -> str:
    """Its title; with its number in order of time where other sessions of the booking have the same title:
    `A talk (1 of 2)`, which is the same on everybody's clock.
    """
    title, namesakes = one_line(planned.title), _of_one_title(booking, planned)
    if len(namesakes) < 2:
        return title
    return f"{title} ({namesakes.index(planned.key) + 1} of {len(namesakes)})"


def session_names(booking: rows.Booking, planned: OptionSession) -> tuple[str, ...]:
    """What it is called, and what it was called by sentences of before that may still be there: by its start
    (UTC).
    """
    if len(_of_one_title(booking, planned)) < 2:
        return (session_name(booking, planned),)
    by_start = f"{one_line(planned.title)} ({planned.start.day} {planned.start:%B, %H:%M} UTC)"
    return session_name(booking, planned), by_start


def _of_one_title(booking: rows.Booking, planned: OptionSession) -> list[str]:
    """The keys of the booking's sessions that have this title, in order of time."""
    title = one_line(planned.title)
    sessions = map(OptionSession.from_json, booking.sessions)
    alike = [item for item in sessions if one_line(item.title) == title]
    return [item.key for item in sorted(alike, key=lambda item: item.start)]


def owner_name(session: Session, booking: rows.Booking, who: Owner) -> str:
    """Their name; with the mail address, of a room the calendar's, where another person or room of the
    booking has the same name. Who shares that too is told apart by the id.
    """
    return owner_names(session, booking, [who])[0]


def owner_names(session: Session, booking: rows.Booking, owners: Sequence[Owner]) -> list[str]:
    """The same for several people, or several rooms, who are told from each other too."""
    everybody = {owner.id: owner for owner in [*_taking_part(session, booking, type(owners[0])), *owners]}
    return [_told_from(owner, everybody.values()) for owner in owners]


def _told_from(who: Owner, everybody: Iterable[Owner]) -> str:
    name = one_line(who.name)
    namesakes = [other for other in everybody if other.id != who.id and one_line(other.name) == name]
    if not namesakes:
        return name
    address = _address(who)
    shared = any(_address(other) == address for other in namesakes)
    return f"{name} ({who.id if shared else address})"


def _taking_part(session: Session, booking: rows.Booking, kind: type[Owner]) -> list[Owner]:
    """The people, or the rooms, of the booking."""
    ids = {
        owner["id"]
        for item in booking.sessions
        for owner in ([item["room"]] if kind is rows.Room else item["interviewers"])
        if owner
    }
    return list(session.scalars(sa.select(kind).where(kind.id.in_(ids))))


def _address(who: Owner) -> str:
    return one_line(who.calendar["address"] if isinstance(who, rows.Room) else who.email)
