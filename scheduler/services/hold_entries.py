# SPDX-License-Identifier: Apache-2.0
"""
What calendars show of holds: a tentative entry for each session in the calendar of everybody who is held, and
of the room. It invites nobody, so no mail goes out, and says nothing about the candidate.

It is written, and taken out, by the jobs of all entries (`entries`), which the clock's next sweep puts on
their way. The event of a booking is a new one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calendars.values import EventDraft
from scheduler.db import rows
from scheduler.domain.ids import new_id
from scheduler.domain.options import OptionSession
from scheduler.services import wanted
from scheduler.services.parts import Parts

#: so many options of a candidate are shown, the best; all of them are held
MOST_SHOWN = 20
SUMMARY = "Hold: {title}"
DESCRIPTION = (
    "Kept free for an interview: somebody may choose this time. It goes by itself when they choose another, "
    "or the offer ends. Arranged by Convene."
)


def want_present(session: Session, parts: Parts, options: Sequence[rows.Option]) -> None:
    """Owe the calendars concerned an entry for each session of these options, the best of a candidate."""
    shown = options[:MOST_SHOWN]
    there = {
        (entry.option_id, entry.session_key, entry.provider, entry.calendar): entry
        for entry in session.scalars(
            sa.select(rows.CalendarEntry)
            .where(rows.CalendarEntry.option_id.in_([option.id for option in shown]))
            .order_by(rows.CalendarEntry.id)
            .with_for_update(key_share=True)  # somebody may be taking it out
        )
    }
    for option in shown:
        for entry in _entries(session, parts, option):
            known = there.get((entry.option_id, entry.session_key, entry.provider, entry.calendar))
            if known is None:
                session.add(entry)
            elif known.wanted == "absent":
                _want_again(parts, known)


def _entries(session: Session, parts: Parts, option: rows.Option) -> Iterator[rows.CalendarEntry]:
    for planned in map(OptionSession.from_json, option.sessions):
        for owner in wanted.owners_of(session, planned):
            # A room's calendar at these takes invitations alone, and a hold invites nobody.
            if owner.provider in wanted.INVITING and isinstance(owner.row, rows.Room):
                continue
            yield rows.CalendarEntry(
                id=new_id("cal"),
                organization_id=option.organization_id,
                option_id=option.id,
                session_key=planned.key,
                provider=owner.provider,
                calendar=owner.address,
                uid=wanted.hold_uid(option.id, planned.key),
                wanted="present",
                status="pending",
                booking_version=0,
                attempt_at=parts.now(),
                **owner.ids,
            )


def _want_again(parts: Parts, entry: rows.CalendarEntry) -> None:
    if entry.status == "removed":
        entry.event_id = None
    entry.wanted, entry.status, entry.attempt_at = "present", "pending", parts.now()
    entry.booking_version += 1
    entry.attempts, entry.error, entry.verify_at = 0, None, None


def want_absent(session: Session, parts: Parts, options: Collection[str]) -> None:
    """Owe the calendars concerned the removal of what they show of these options."""
    these = sa.and_(rows.CalendarEntry.option_id.in_(options), rows.CalendarEntry.wanted == "present")
    untried = sa.and_(
        rows.CalendarEntry.event_id.is_(None),
        rows.CalendarEntry.attempts == 0,
        rows.CalendarEntry.booking_version == 0,  # else it was tried before it was wanted again
    )
    session.execute(sa.delete(rows.CalendarEntry).where(these, untried))
    session.execute(
        sa.update(rows.CalendarEntry)
        .where(these)
        .values(wanted="absent", status="pending", attempts=0, error=None, attempt_at=parts.now())
    )


def failed(session: Session, entry: rows.CalendarEntry) -> None:
    """A try did not go well. Nobody need mend it; what was never known to stand in a calendar that is closed
    is given up when it is to go.
    """
    if (entry.status, entry.wanted, entry.event_id) == ("refused", "absent", None):
        forget(session, entry)


def forget(session: Session, entry: rows.CalendarEntry) -> None:
    """The calendar shows nothing of it any more. A hold that is over goes with the last that showed it."""
    session.delete(entry)
    session.flush()
    over = sa.and_(rows.Hold.option_id == entry.option_id, rows.Option.status != "held")
    shown = sa.exists().where(rows.CalendarEntry.option_id == rows.Hold.option_id)
    session.execute(sa.delete(rows.Hold).where(rows.Option.id == rows.Hold.option_id, over, ~shown))


def draft_of(session: Session, entry: rows.CalendarEntry) -> EventDraft:
    """The event as it should stand in the entry's calendar."""
    option = session.get_one(rows.Option, entry.option_id)
    planned = next(
        OptionSession.from_json(item) for item in option.sessions if item["key"] == entry.session_key
    )
    owner = (
        session.get_one(rows.Interviewer, entry.interviewer_id)
        if entry.interviewer_id
        else session.get_one(rows.Room, entry.room_id)
    )
    return EventDraft(
        uid=entry.uid,
        start=planned.start,
        end=planned.end,
        time_zone=owner.time_zone,
        summary=SUMMARY.format(title=planned.title),
        description=DESCRIPTION,
        status="tentative",
        sequence=entry.booking_version,
        private={"hold": option.id, "session": entry.session_key},
    )
