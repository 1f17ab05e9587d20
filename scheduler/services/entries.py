# SPDX-License-Identifier: Apache-2.0
"""Calendar entries: what should stand in whose calendar is written down with the booking, and made true by
a job.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calendars.errors import CalendarError, Conflict, Gone, NotAllowed, TryLater
from calendars.provider import Provider
from calendars.values import Attendee, EventDraft, EventRef
from scheduler.db import rows
from scheduler.domain.ids import new_id
from scheduler.domain.options import OptionSession
from scheduler.services import attention, owing
from scheduler.services.parts import Parts

#: seconds until the next try, by how many there were
WAITS: tuple[float, ...] = (2, 10, 30, 120, 600, 1800, 3600)
WAITS_REFUSED: tuple[float, ...] = (15, 60, 600, 3600)
#: a worker that has not come back after this long is taken for lost, and the entry is tried again
LEASE = timedelta(seconds=60)
#: so many tries without success are something a person should know
PATIENCE = 5


def want_present(session: Session, parts: Parts, booking: rows.Booking) -> None:
    """Owe an entry to the calendar of every interviewer and room of the booking."""
    for item in booking.sessions:
        planned = OptionSession.from_json(item)
        for panelist in planned.interviewers:
            owner = session.get_one(rows.Interviewer, panelist.id)
            _owe(session, parts, booking, planned.key, owner.calendar, interviewer_id=owner.id)
        if planned.room:
            room = session.get_one(rows.Room, planned.room.id)
            _owe(session, parts, booking, planned.key, room.calendar, room_id=room.id)


def _owe(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    session_key: str,
    calendar: dict[str, str],
    *,
    interviewer_id: str | None = None,
    room_id: str | None = None,
) -> None:
    entry = rows.CalendarEntry(
        id=new_id("cal"),
        organization_id=booking.organization_id,
        booking_id=booking.id,
        session_key=session_key,
        provider=calendar["provider"],
        calendar=calendar["address"],
        interviewer_id=interviewer_id,
        room_id=room_id,
        uid=f"{booking.id}.{session_key}@convene",
        wanted="present",
        status="pending",
        booking_version=booking.version,
        attempt_at=parts.now(),
    )
    session.add(entry)
    session.flush()
    parts.defer(session, "write_entry", entry_id=entry.id, organization_id=entry.organization_id)


def want_absent(session: Session, parts: Parts, booking: rows.Booking) -> None:
    """Owe every calendar of the booking the removal of its entry."""
    for entry in session.scalars(
        sa.select(rows.CalendarEntry)
        .where(rows.CalendarEntry.booking_id == booking.id)
        .with_for_update(key_share=True)
    ):
        entry.wanted, entry.status = "absent", "pending"
        entry.booking_version = booking.version
        entry.attempts, entry.attempt_at, entry.error = 0, parts.now(), None
        parts.defer(session, "write_entry", entry_id=entry.id, organization_id=entry.organization_id)


def write(parts: Parts, organization_id: str, entry_id: str) -> None:
    """Make one calendar agree with what is wanted. Safe to repeat: entries are known by a uid of ours."""
    with parts.database.transaction(organization_id) as session:
        claimed = _claim(session, parts, entry_id)
    if claimed is None:
        return
    entry, draft = claimed
    provider = parts.providers.get(entry.provider)
    try:
        if provider is None:
            raise NotAllowed(f"This service has no access to {entry.provider.capitalize()} calendars.")
        written = _apply(provider, entry, draft)
    except CalendarError as error:
        _keep_failure(parts, entry, error)
    else:
        _keep_success(parts, entry, written)


def _claim(session: Session, parts: Parts, entry_id: str) -> tuple[rows.CalendarEntry, EventDraft] | None:
    """Take the entry for a while; nobody else tries it meanwhile. None: nothing to do, or somebody else is
    at it.
    """
    now = parts.now()
    entry = session.scalar(
        sa.select(rows.CalendarEntry)
        .where(
            rows.CalendarEntry.id == entry_id,
            rows.CalendarEntry.status.in_(("pending", "refused")),
            rows.CalendarEntry.attempt_at <= now,
        )
        .with_for_update(skip_locked=True, key_share=True)
    )
    if entry is None:
        return None
    entry.attempts += 1
    entry.attempt_at = now + LEASE
    session.flush()
    return entry, _draft(session, entry)


def _draft(session: Session, entry: rows.CalendarEntry) -> EventDraft:
    booking = session.get_one(rows.Booking, entry.booking_id)
    candidate = session.get_one(rows.Candidate, booking.candidate_id)
    planned = next(
        OptionSession.from_json(item) for item in booking.sessions if item["key"] == entry.session_key
    )
    asked = next(item for item in booking.plan["sessions"] if item["key"] == entry.session_key)
    panel = [session.get_one(rows.Interviewer, person.id) for person in planned.interviewers]
    owner = session.get_one(rows.Interviewer, entry.interviewer_id) if entry.interviewer_id else None
    place = (planned.room.name if planned.room else "") or asked.get("location") or ""
    organizer = (
        booking.contact or {"name": panel[0].name, "email": panel[0].email} if panel else booking.contact
    )
    return EventDraft(
        uid=entry.uid,
        start=planned.start,
        end=planned.end,
        time_zone=owner.time_zone if owner else "UTC",
        summary=f"{planned.title}: {candidate.name}",
        description=_description(booking, candidate, panel, asked.get("conference_url")),
        location=place or asked.get("conference_url") or "",
        conference_url=asked.get("conference_url") or "",
        organizer=Attendee(email=organizer["email"], name=organizer.get("name") or "") if organizer else None,
        attendees=tuple(
            Attendee(
                email=person.email,
                name=person.name,
                role="optional" if panelist.optional else "required",
                status="accepted" if owner and person.id == owner.id else "needs_action",
            )
            for person, panelist in zip(panel, planned.interviewers, strict=True)
        ),
        sequence=entry.booking_version,
        private={"booking": booking.id, "session": entry.session_key},
    )


def _description(
    booking: rows.Booking, candidate: rows.Candidate, panel: list[rows.Interviewer], video: str | None
) -> str:
    lines = [
        f"Interview with {candidate.name} for {booking.plan['name']}.",
        f"With {', '.join(person.name for person in panel)}." if panel else "",
        f"Video: {video}" if video else "",
        f"The candidate's address: {candidate.email}",
        f"Arranged by Convene; booking {booking.id}.",
    ]
    return "\n".join(line for line in lines if line)


def _apply(provider: Provider, entry: rows.CalendarEntry, draft: EventDraft) -> EventRef | None:
    if entry.wanted == "absent":
        # An answer may have been lost: what stands there is found by our uid, not by what we remember.
        found = provider.find_event(entry.calendar, entry.uid)
        if found is not None:
            provider.cancel_event(found.ref)
        return None
    return provider.create_event(entry.calendar, draft)


def _keep_success(parts: Parts, claimed: rows.CalendarEntry, written: EventRef | None) -> None:
    with parts.database.transaction(claimed.organization_id) as session:
        entry = session.get_one(rows.CalendarEntry, claimed.id, with_for_update={"key_share": True})
        if written is not None:
            entry.event_id, entry.etag, entry.url = written.event_id, written.etag, written.url or None
        if (entry.wanted, entry.booking_version) != (claimed.wanted, claimed.booking_version):
            # Something else is wanted by now, and its own job found the entry taken.
            entry.attempt_at = parts.now()
            parts.defer(session, "write_entry", entry_id=entry.id, organization_id=entry.organization_id)
            return
        entry.status = "written" if entry.wanted == "present" else "removed"
        entry.error = None


def _keep_failure(parts: Parts, claimed: rows.CalendarEntry, error: CalendarError) -> None:
    with parts.database.transaction(claimed.organization_id) as session:
        entry = session.get_one(rows.CalendarEntry, claimed.id, with_for_update={"key_share": True})
        booking = session.get_one(rows.Booking, entry.booking_id)
        entry.error = str(error)
        if isinstance(error, NotAllowed):
            # For a person to mend; what is owed stays owed, and is tried again when they may have done so.
            entry.status = "refused"
            wait = WAITS_REFUSED[min(entry.attempts, len(WAITS_REFUSED)) - 1]
            entry.attempt_at = parts.now() + timedelta(seconds=wait)
            _reach_owner_otherwise(session, parts, entry, booking)
            return
        wait = WAITS[min(entry.attempts, len(WAITS)) - 1]
        if isinstance(error, TryLater) and error.retry_after is not None:
            wait = max(wait, error.retry_after)
        if isinstance(error, Conflict | Gone):
            wait = 0
        entry.attempt_at = parts.now() + timedelta(seconds=wait)
        if entry.attempts >= PATIENCE:
            why = f"The entry in the calendar {entry.calendar} could not be brought up to date yet: {error}"
            attention.needs_attention(session, booking, why, at=parts.now())


def _reach_owner_otherwise(
    session: Session, parts: Parts, entry: rows.CalendarEntry, booking: rows.Booking
) -> None:
    """A calendar that will not be written: its interviewer hears by mail, and a person hears of a room's."""
    if entry.interviewer_id:
        interviewer = session.get_one(rows.Interviewer, entry.interviewer_id)
        kind = "confirmation" if entry.wanted == "present" else "cancellation"
        owing.owe_interviewer_news(session, parts, booking, interviewer, kind)
        return
    why = f"The room's calendar {entry.calendar} cannot be written: {entry.error}"
    attention.needs_attention(session, booking, why, at=parts.now())
