# SPDX-License-Identifier: Apache-2.0
"""
Comparing what should stand in calendars with what does. Each difference becomes a fact (a discrepancy) that
lasts until it is gone. What people delete or move goes to a person: their changes are neither undone nor
followed by themselves. Whoever declines is a loss (losses.py), and the plan says what becomes of that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calendars.errors import CalendarError
from calendars.values import FoundEvent
from scheduler.db import rows
from scheduler.domain.ids import new_id
from scheduler.domain.intervals import format_instant
from scheduler.domain.moves import ACTIVE_BOOKING
from scheduler.domain.options import OptionSession
from scheduler.services import altered, conferences, hold_reconciling, losses
from scheduler.services.parts import Parts
from scheduler.services.waits import until_again
from scheduler.services.wanted import INVITING

LEASE = timedelta(seconds=90)
#: between two looks at an event that is as it should be, and on the last day before it
EVERY, EVERY_SOON = timedelta(hours=6), timedelta(hours=1)
#: an event that seems to be gone is looked for again before it is believed
SECOND_LOOK = timedelta(seconds=5)
AGAIN, AGAIN_REFUSED = timedelta(minutes=2), timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that is otherwise than it should be."""

    kind: str
    #: id of the interviewer or room it is about; empty for the event itself
    who: str = ""
    details: dict[str, str] = field(default_factory=dict)


def verify(parts: Parts, organization_id: str, entry_id: str) -> None:
    """Compare one entry with its calendar."""
    with parts.database.transaction(organization_id) as session:
        entry = session.scalar(
            sa.select(rows.CalendarEntry)
            .where(
                rows.CalendarEntry.id == entry_id,
                rows.CalendarEntry.status.in_(("written", "removed", "missing")),
                rows.CalendarEntry.verify_at <= parts.now(),
            )
            .with_for_update(skip_locked=True, key_share=True)
        )
        if entry is None:
            return
        entry.verify_at = parts.now() + LEASE
        session.flush()
    parts.reach("verify.claimed")
    provider = parts.providers_of(organization_id).get(entry.provider)
    try:
        found = provider.find_event(entry.calendar, entry.uid) if provider else None
    except CalendarError as error:
        _look_later(parts, entry, until_again(error, passing=AGAIN, refused=AGAIN_REFUSED))
        return
    if provider is None:
        _look_later(parts, entry, AGAIN_REFUSED)
        return
    parts.reach("verify.found")
    with parts.database.transaction(organization_id) as session:
        compare = hold_reconciling.compare if entry.option_id else _compare
        compare(session, parts, entry, found)
        parts.reach("verify.compared")


def _look_later(parts: Parts, claimed: rows.CalendarEntry, wait: timedelta) -> None:
    with parts.database.transaction(claimed.organization_id) as session:
        session.execute(
            sa.update(rows.CalendarEntry)
            .where(rows.CalendarEntry.id == claimed.id)
            .values(verify_at=parts.now() + wait)
        )


def _compare(session: Session, parts: Parts, claimed: rows.CalendarEntry, found: FoundEvent | None) -> None:
    booking = session.get_one(rows.Booking, claimed.booking_id, with_for_update={"key_share": True})
    entry = session.get_one(rows.CalendarEntry, claimed.id, with_for_update={"key_share": True})
    if (entry.status, entry.booking_version) != (claimed.status, claimed.booking_version):
        return  # something else is wanted by now, and will be looked at then
    if found is not None and found.status == "cancelled":
        found = None
    if entry.verify_at != claimed.verify_at:
        return  # something was told of it meanwhile: what was found may be older, and it stays due
    if entry.wanted == "absent":
        _compare_removed(session, parts, entry, found)
        return
    if booking.status not in ACTIVE_BOOKING or booking.end <= parts.now():
        entry.verify_at = None
        return
    if found is None and not _seen_missing(session, parts, entry):
        return
    planned = next(
        OptionSession.from_json(item) for item in booking.sessions if item["key"] == entry.session_key
    )
    _keep(session, parts, booking, planned, entry, _differences(planned, found))
    if found is not None:
        _answers(session, parts, booking, planned, entry, found)
    entry.status = "written" if found else "missing"
    near = booking.start - parts.now() < timedelta(days=1)
    entry.verify_at = parts.now() + (EVERY_SOON if near else EVERY)
    if found is not None:
        entry.etag = found.ref.etag
        conferences.settle(session, parts, entry, found.ref)


def _compare_removed(
    session: Session, parts: Parts, entry: rows.CalendarEntry, found: FoundEvent | None
) -> None:
    """Gone is gone; one that is there again, after an answer that was lost, is taken out once more."""
    entry.verify_at = None
    if found is not None:
        entry.status, entry.attempts, entry.attempt_at = "pending", 0, parts.now()
        parts.defer(session, "write_entry", entry_id=entry.id, organization_id=entry.organization_id)


def _seen_missing(session: Session, parts: Parts, entry: rows.CalendarEntry) -> bool:
    """Whether this is the second look in a row that does not find the event."""
    open_ = _open(session, entry)
    if ("missing", "") in open_:
        return True
    session.add(_discrepancy(parts, entry, Difference(kind="missing")))
    entry.verify_at = parts.now() + SECOND_LOOK
    return False


def _differences(planned: OptionSession, found: FoundEvent | None) -> list[Difference]:
    if found is None:
        return [Difference(kind="missing")]
    if (found.start, found.end) == (planned.start, planned.end):
        return []
    times = {"start": format_instant(found.start), "end": format_instant(found.end)}
    return [Difference(kind="moved", details=times)]


def _answers(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    planned: OptionSession,
    entry: rows.CalendarEntry,
    found: FoundEvent,
) -> None:
    """Who of the panel, or which room, has declined, and who has thought better of it: not by coming at a
    time that somebody moved the event to.

    Where events invite nobody, everybody has one of their own, and it tells what they answer themselves.
    """
    booked_time = (found.start, found.end) == (planned.start, planned.end)
    said = {guest.email.lower(): guest.status for guest in found.attendees}
    for who in losses.owners_of(session, planned):
        if who.calendar["provider"] != entry.provider:
            continue
        if entry.provider in INVITING:
            answer = said.get(who.calendar["address"].lower())
        elif isinstance(who, rows.Interviewer) and who.id == entry.interviewer_id:
            answer = said.get(who.email.lower())
        else:
            continue
        if answer == "declined":
            losses.note(session, parts, booking, planned, who, losses.DECLINED)
        elif answer in ("accepted", "tentative") and booked_time:
            losses.gone(session, parts, booking, planned.key, who.id, losses.DECLINED)


def _keep(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    planned: OptionSession,
    entry: rows.CalendarEntry,
    differences: list[Difference],
) -> None:
    open_ = _open(session, entry)
    there = {(difference.kind, difference.who) for difference in differences}
    for name, gone in open_.items():
        if name not in there:
            gone.resolved_at = parts.now()
    if not differences:
        altered.stands_again(session, parts, booking, planned, entry.calendar)
    for difference in differences:
        row = open_.get((difference.kind, difference.who))
        known = row is not None and row.details == difference.details
        if row is None:
            row = _discrepancy(parts, entry, difference)
            session.add(row)
        row.details = difference.details
        to = difference.details or None
        altered.tell(session, parts, booking, planned, entry, moved_to=to, known=known)


def _open(session: Session, entry: rows.CalendarEntry) -> dict[tuple[str, str], rows.Discrepancy]:
    found = session.scalars(
        sa.select(rows.Discrepancy).where(
            rows.Discrepancy.entry_id == entry.id, rows.Discrepancy.resolved_at.is_(None)
        )
    )
    return {(row.kind, row.who): row for row in found}


def _discrepancy(parts: Parts, entry: rows.CalendarEntry, difference: Difference) -> rows.Discrepancy:
    return rows.Discrepancy(
        id=new_id("dis"),
        organization_id=entry.organization_id,
        booking_id=entry.booking_id,
        entry_id=entry.id,
        kind=difference.kind,
        who=difference.who,
        details=difference.details,
        found_at=parts.now(),
    )
