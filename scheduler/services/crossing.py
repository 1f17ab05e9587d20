# SPDX-License-Identifier: Apache-2.0
"""
Whether something else lies over a booked session in somebody's calendars.

An interview's own event is no conflict, nor is time that may be overbooked, nor an invitation that nobody has
answered: it takes nobody away yet. Where it cannot be told, nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calendars.values import Blocks, Busy, Reading
from scheduler.db import rows
from scheduler.domain.intervals import Interval
from scheduler.domain.options import OptionSession
from scheduler.domain.people import CalendarAddress, Interviewer, Owner
from scheduler.services import organizations, owing, readings, snapshots
from scheduler.services.wanted import INVITING

#: kinds of busy time that keep nobody from an interview
OPEN = frozenset({"tentative"})


@dataclass(frozen=True, kw_only=True)
class Held:
    """A session that somebody, or a room, is to be at."""

    owner: Owner
    booking_id: str
    session: OptionSession
    #: uids of the events that stand for it at the owner's provider, and where these are
    uids: frozenset[str]
    organisers: frozenset[CalendarAddress]
    #: something about it is known to be lost
    lost: bool

    @property
    def active(self) -> bool:
        return not isinstance(self.owner, Interviewer) or self.owner.active


def may_be_crossed(held: Held, told: Mapping[CalendarAddress, Reading]) -> bool:
    """Whether anything but the interview's own event lies over it; what that is remains to be seen."""
    readings_ = (told.get(calendar) for calendar in readings.calendars_of(held.owner))
    return any(
        block.own not in held.uids and block.kind not in OPEN
        for reading in readings_
        if isinstance(reading, Blocks)
        for block in _over(reading, held.session.interval)
    )


def is_told(held: Held, told: Mapping[CalendarAddress, Reading]) -> bool:
    """Whether all calendars of whoever holds it could be read."""
    calendars = readings.calendars_of(held.owner) if held.active else ()
    return all(isinstance(told.get(calendar), Blocks) for calendar in calendars)


def is_crossed(
    session: Session, booking: rows.Booking, held: Held, told: Mapping[CalendarAddress, Reading]
) -> bool | None:
    """Whether this session is crossed by what the calendars of who holds it say; None: it cannot be told."""
    blocks: list[Busy] = []
    known = True
    for calendar in readings.calendars_of(held.owner):
        reading = told.get(calendar)
        over = _over(reading, held.session.interval) if isinstance(reading, Blocks) else None
        if over is None or (calendar == held.owner.calendar and _copy_is_missing(held, over)):
            known = False
        elif calendar == held.owner.calendar:
            blocks += over
        else:
            # Calendars that are kept in step show the interview once more, as anybody's event.
            blocks += [block for block in over if _time(block) != held.session.interval]
    if _others(session, booking, held, blocks):
        return True
    return False if known else None


def _over(reading: Blocks, during: Interval) -> list[Busy]:
    return [block for block in reading.blocks if _time(block).overlaps(during)]


def _time(block: Busy) -> Interval:
    return Interval(block.start, block.end)


def _copy_is_missing(held: Held, over: list[Busy]) -> bool:
    """Whether the interview's own event should be among these and is not seen: then any of them may be it."""
    invited = held.owner.calendar.provider in INVITING and bool(held.uids)
    return invited and not any(block.own in held.uids for block in over)


def _others(session: Session, booking: rows.Booking, held: Held, blocks: list[Busy]) -> bool:
    """Whether any of these takes somebody away from the interview."""
    names = {block.own for block in blocks if block.own}
    ours = set(session.scalars(sa.select(rows.CalendarEntry.uid).where(rows.CalendarEntry.uid.in_(names))))
    mailed = _mailed(session, booking, held)
    free = OPEN.union(organizations.overbook(session, booking.organization_id))
    left = {
        block.kind
        for block in blocks
        if block.own not in ours and block.kind not in free and _time(block) not in mailed
    }
    return bool(left - _overbooked_when_offered(session, booking)) if left else False


def _mailed(session: Session, booking: rows.Booking, held: Held) -> set[Interval]:
    """What the calendar file of our mails puts into the calendar of somebody who was sent one."""
    if not isinstance(held.owner, Interviewer):
        return set()
    is_contact = held.owner.email.lower() == (booking.contact or {}).get("email", "").lower()
    as_contact = is_contact and held.owner.id not in owing.interviewed_at_first(session, booking)
    if not as_contact and held.owner.id not in owing.told_by_mail(session, booking):
        return set()
    return {Interval(booking.start, booking.end), held.session.interval}


def _overbooked_when_offered(session: Session, booking: rows.Booking) -> frozenset[str]:
    """What could be overbooked when the time was chosen: it was known then, and is no news."""
    run_candidate = session.get_one(rows.RunCandidate, booking.run_candidate_id)
    offered = snapshots.problem_of(session, run_candidate)
    return frozenset(offered.overbook) if offered else frozenset()
