# SPDX-License-Identifier: Apache-2.0
"""Calendar entries: what should stand in whose calendar is written down with the booking, and made true by
a job.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calendars.errors import CalendarError, Gone, NotAllowed
from calendars.provider import Provider
from calendars.values import EventDraft, EventRef
from scheduler.db import rows
from scheduler.domain.ids import new_id
from scheduler.domain.options import OptionSession
from scheduler.domain.people import CalendarAddress
from scheduler.services import (
    altered,
    attention,
    conferences,
    hold_entries,
    known,
    owing,
    refusals,
    turns,
    wanted,
)
from scheduler.services.drafts import draft_of
from scheduler.services.parts import Parts
from scheduler.services.waits import until_again
from scheduler.services.wanted import Place

#: seconds until the next try, by how many there were: however long a vendor was away, ten minutes after it is
#: back everything has been tried again
WAITS: tuple[float, ...] = (2, 10, 30, 120, 300, 600)
WAITS_REFUSED: tuple[float, ...] = (15, 60, 600, 3600)
#: a worker that has not come back after this long, by the database's clock, is taken for lost, and the entry
#: is tried again
LEASE = timedelta(seconds=60)
#: so many tries without success are something a person should know
PATIENCE = 5
#: and so is one wait of this length
LONG = timedelta(minutes=30)
#: how long after it was written, or removed, an entry is compared with its calendar
VERIFY_WRITTEN = timedelta(hours=6)
VERIFY_REMOVED = timedelta(minutes=10)
LATE = "The entry in the calendar {calendar} could not be brought up to date yet; it is tried again."


def want_present(session: Session, parts: Parts, booking: rows.Booking) -> None:
    """Owe every calendar concerned the booking's events as they should be now.

    What stands already is changed and not made anew; what stands where nobody takes part any more goes.
    """
    before = _entries_of(session, booking) if booking.version > 1 else []
    there = {(e.session_key, e.provider, e.calendar): e for e in before}
    standing = {(e.session_key, e.provider): e.calendar for e in there.values() if e.wanted == "present"}
    for place in wanted.places(session, booking, standing):
        entry = there.pop((place.session_key, place.provider, place.calendar), None)
        if entry is None:
            entry = _entry(parts, booking, place)
            session.add(entry)
        else:
            _change(session, parts, booking, entry, place)
        _defer(session, parts, entry)
    session.flush()
    for entry in there.values():
        if entry.wanted == "present":
            _take_out(session, parts, booking, entry)


def _entries_of(session: Session, booking: rows.Booking) -> list[rows.CalendarEntry]:
    """All entries of a booking, locked in the order of their ids."""
    query = (
        sa.select(rows.CalendarEntry)
        .where(rows.CalendarEntry.booking_id == booking.id)
        .order_by(rows.CalendarEntry.id)
        .with_for_update(key_share=True)
    )
    return list(session.scalars(query))


def _entry(parts: Parts, booking: rows.Booking, place: Place) -> rows.CalendarEntry:
    return rows.CalendarEntry(
        id=new_id("cal"),
        organization_id=booking.organization_id,
        booking_id=booking.id,
        session_key=place.session_key,
        provider=place.provider,
        calendar=place.calendar,
        interviewer_id=place.interviewer_id,
        room_id=place.room_id,
        uid=_uid(booking, place),
        wanted="present",
        status="pending",
        booking_version=booking.version,
        attempt_at=parts.now(),
        attendees=list(place.attendees),
        conference=place.conference,
    )


def _uid(booking: rows.Booking, place: Place) -> str:
    """An event that moves from one organiser's calendar to another's is a new one: guests' copies of the old
    one bear its name until they are gone.
    """
    again = booking.version > 1 and place.provider in wanted.INVITING
    return f"{booking.id}.{place.session_key}{f'.{booking.version}' if again else ''}@convene"


def _change(
    session: Session, parts: Parts, booking: rows.Booking, entry: rows.CalendarEntry, place: Place
) -> None:
    """Owe a calendar the present form of an event that it holds, or has held."""
    if entry.status == "removed":
        entry.event_id = None
    if entry.wanted != "present" or entry.conference != place.conference:
        entry.conference, entry.conference_state, entry.conference_url = place.conference, "none", None
    entry.interviewer_id, entry.room_id = place.interviewer_id, place.room_id
    entry.attendees = list(place.attendees)
    _owe(session, parts, booking, entry, "present")


def want_absent(session: Session, parts: Parts, booking: rows.Booking) -> None:
    """Owe every calendar of the booking the removal of its entry."""
    for entry in _entries_of(session, booking):
        _take_out(session, parts, booking, entry)


def _take_out(session: Session, parts: Parts, booking: rows.Booking, entry: rows.CalendarEntry) -> None:
    _owe(session, parts, booking, entry, "absent")
    altered.end(booking, _planned(entry, booking), entry.calendar)
    _defer(session, parts, entry)


def _owe(session: Session, parts: Parts, booking: rows.Booking, entry: rows.CalendarEntry, what: str) -> None:
    """From now on this is wanted; how the calendar differed from what was wanted before is settled."""
    now = parts.now()
    refusals.end(booking, _planned(entry, booking), entry.calendar)
    # Somebody may be writing what was wanted before: a change waits for them, or they would have the last
    # word. A removal does not: it is looked after (VERIFY_REMOVED).
    if what == "absent":
        entry.lease_until = None
    entry.attempt_at = now
    entry.wanted, entry.status, entry.booking_version = what, "pending", booking.version
    entry.attempts, entry.error = 0, None
    session.execute(
        sa.update(rows.Discrepancy)
        .where(rows.Discrepancy.entry_id == entry.id, rows.Discrepancy.resolved_at.is_(None))
        .values(resolved_at=now)
    )


def _defer(session: Session, parts: Parts, entry: rows.CalendarEntry) -> None:
    parts.defer(session, "write_entry", entry_id=entry.id, organization_id=entry.organization_id)


def write(parts: Parts, organization_id: str, entry_id: str) -> None:
    """Make one calendar agree with what is wanted. Safe to repeat: entries are known by a uid of ours."""
    with parts.database.transaction(organization_id) as session:
        claimed = _claim(session, parts, entry_id)
    if claimed is None:
        return
    parts.reach("entry.claimed")
    entry, draft = claimed
    provider = parts.providers_of(organization_id).get(entry.provider)
    try:
        if provider is None:
            raise NotAllowed(f"This service has no access to {entry.provider.capitalize()} calendars.")
        written = _apply(provider, entry, draft)
    except CalendarError as error:
        _keep_failure(parts, entry, error)
    else:
        parts.reach("entry.written")
        _keep_success(parts, entry, written, draft.time_zone)
        parts.reach("entry.kept")


def _claim(session: Session, parts: Parts, entry_id: str) -> tuple[rows.CalendarEntry, EventDraft] | None:
    """Take the entry for a while; nobody else tries it meanwhile. None: nothing to do, somebody else is at
    it, or another has to go first.
    """
    entry = session.scalar(
        sa.select(rows.CalendarEntry)
        .where(
            rows.CalendarEntry.id == entry_id,
            rows.CalendarEntry.status.in_(("pending", "refused")),
            rows.CalendarEntry.attempt_at <= parts.now(),
            sa.or_(
                rows.CalendarEntry.lease_until.is_(None),
                rows.CalendarEntry.lease_until < sa.func.clock_timestamp(),
            ),
        )
        .with_for_update(skip_locked=True, key_share=True)
    )
    if entry is None or turns.is_early(session, entry):
        return None
    entry.attempts += 1
    entry.lease_until = sa.func.clock_timestamp() + LEASE
    session.flush()
    return entry, hold_entries.draft_of(session, entry) if entry.option_id else draft_of(session, entry)


def _apply(provider: Provider, entry: rows.CalendarEntry, draft: EventDraft) -> EventRef | None:
    if entry.wanted == "absent":
        # An answer may have been lost: what stands there is found by our uid, not by what we remember.
        found = provider.find_event(entry.calendar, entry.uid)
        if found is not None:
            provider.cancel_event(found.ref)
        return None
    if entry.event_id is None:
        return provider.create_event(entry.calendar, draft)
    try:
        return provider.update_event(_ref(entry), draft)
    except Gone:
        # Somebody deleted it. A change that a person asked for since then is theirs to see; a touch of ours
        # does not bring it back.
        if entry.written_version == entry.booking_version:
            raise
        return provider.create_event(entry.calendar, draft)


def _ref(entry: rows.CalendarEntry) -> EventRef:
    return EventRef(
        provider=entry.provider,
        calendar=entry.calendar,
        event_id=entry.event_id or "",
        etag=entry.etag or "",
        url=entry.url or "",
    )


def _keep_success(
    parts: Parts, claimed: rows.CalendarEntry, written: EventRef | None, time_zone: str
) -> None:
    with parts.database.transaction(claimed.organization_id) as session:
        if written is not None and claimed.booking_id:
            # First of all: who hears of changes takes the calendar's row before those of its entries.
            calendar = CalendarAddress(claimed.provider, claimed.calendar)
            known.follow(session, parts, claimed.organization_id, calendar, time_zone)
        entry = _locked(session, claimed.id)
        entry.lease_until = None
        if written is not None:
            entry.event_id, entry.etag, entry.url = written.event_id, written.etag, written.url or None
            entry.written_version = claimed.booking_version
        if _is_overtaken(entry, claimed):
            _begin_again(session, parts, entry)
            return
        entry.status = "written" if entry.wanted == "present" else "removed"
        entry.verify_at = parts.now() + (VERIFY_WRITTEN if written else VERIFY_REMOVED)
        entry.error = None
        if entry.booking_id is None:
            return
        booking = session.get_one(rows.Booking, entry.booking_id)
        planned = _planned(entry, booking)
        attention.take_back(session, parts, booking, LATE.format(calendar=entry.calendar))
        refusals.done(session, parts, booking, planned, entry.calendar)
        turns.go_on(session, parts, booking)
        if written is not None:
            altered.stands_again(session, parts, booking, planned, entry.calendar)
            conferences.settle(session, parts, entry, written)


def _is_overtaken(entry: rows.CalendarEntry, claimed: rows.CalendarEntry) -> bool:
    """Whether something else is wanted by now."""
    return (entry.wanted, entry.booking_version) != (claimed.wanted, claimed.booking_version)


def _begin_again(session: Session, parts: Parts, entry: rows.CalendarEntry) -> None:
    """What is wanted by now has a job of its own, which found the entry taken."""
    entry.status, entry.attempt_at = "pending", parts.now()
    _defer(session, parts, entry)


def _locked(session: Session, entry_id: str) -> rows.CalendarEntry:
    """The entry, with its booking's row taken first: what follows may change that too."""
    booking_id = session.scalar(
        sa.select(rows.CalendarEntry.booking_id).where(rows.CalendarEntry.id == entry_id)
    )
    if booking_id:
        session.get_one(rows.Booking, booking_id, with_for_update={"key_share": True})
    return session.get_one(rows.CalendarEntry, entry_id, with_for_update={"key_share": True})


def _keep_failure(parts: Parts, claimed: rows.CalendarEntry, error: CalendarError) -> None:
    with parts.database.transaction(claimed.organization_id) as session:
        entry = _locked(session, claimed.id)
        if _is_overtaken(entry, claimed):
            entry.lease_until = None
            _begin_again(session, parts, entry)  # what was tried is not wanted any more
            return
        if entry.attempts != claimed.attempts:
            return  # our lease had ended, and it is another's, or written by another
        pause = _put_off(parts, entry, error)
        if entry.booking_id is None:
            hold_entries.failed(session, entry)
            return
        booking = session.get_one(rows.Booking, entry.booking_id)
        if isinstance(error, Gone):
            altered.tell(session, parts, booking, _planned(entry, booking), entry)
        elif isinstance(error, NotAllowed):
            _reach_owners_otherwise(session, parts, entry, booking)
        elif entry.attempts >= PATIENCE or pause >= LONG:
            why = LATE.format(calendar=entry.calendar)
            attention.needs_attention(session, parts, booking, why, error=str(error))


def _put_off(parts: Parts, entry: rows.CalendarEntry, error: CalendarError) -> timedelta:
    """Note why it did not go; how long until it is tried again."""
    entry.error, entry.lease_until = str(error), None
    if isinstance(error, Gone):
        entry.status = "missing"
        return timedelta(0)
    if isinstance(error, NotAllowed):
        # For a person to mend; what is owed stays owed, and is tried again when they may have done so.
        entry.status = "refused"
        wait = timedelta(seconds=WAITS_REFUSED[min(entry.attempts, len(WAITS_REFUSED)) - 1])
    else:
        usual = timedelta(seconds=WAITS[min(entry.attempts, len(WAITS)) - 1])
        wait = until_again(error, passing=usual)  # none after a conflict
    entry.attempt_at = parts.now() + wait
    return wait


def _reach_owners_otherwise(
    session: Session, parts: Parts, entry: rows.CalendarEntry, booking: rows.Booking
) -> None:
    """A calendar that will not be written: its interviewers hear by mail, and a person hears of it."""
    kind = "confirmation" if entry.wanted == "present" else "cancellation"
    reached = list(_reached_by(session, entry, booking))
    # The link that another calendar's event makes is worth waiting for.
    due_at = conferences.confirm_at(session, parts, booking) if entry.conference == "none" else None
    for interviewer in reached:
        # What else became of the booking since then, such as that a person should look, is no news to them.
        version = entry.booking_version
        owing.owe_interviewer_news(session, parts, booking, interviewer, kind, version=version, due_at=due_at)
    refusals.tell(session, parts, booking, _planned(entry, booking), entry, by_mail=bool(reached))


def _reached_by(
    session: Session, entry: rows.CalendarEntry, booking: rows.Booking
) -> Iterator[rows.Interviewer]:
    """The interviewers who would have heard through this entry."""
    if entry.wanted == "absent" and booking.status != "cancelled":
        return  # who takes part no more has heard with the change
    if entry.wanted == "absent" and not entry.event_id:
        return  # it was never there; who heard by mail has heard with the cancellation
    for panelist in _planned(entry, booking).interviewers:
        interviewer = session.get_one(rows.Interviewer, panelist.id)
        invited = entry.provider in wanted.INVITING and interviewer.calendar["provider"] == entry.provider
        if invited or interviewer.id == entry.interviewer_id:
            yield interviewer


def _planned(entry: rows.CalendarEntry, booking: rows.Booking) -> OptionSession:
    return next(
        OptionSession.from_json(item) for item in booking.sessions if item["key"] == entry.session_key
    )
