# SPDX-License-Identifier: Apache-2.0
"""
Staying fresh: asking what has changed in the calendars that hold events of ours, being told of it where
providers tell, and reading everybody's calendars again now and then, so that an outage finds them known.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calendars.errors import CalendarError
from calendars.values import CalendarKey, Changes, Channel, Hook
from scheduler.db import convert, rows
from scheduler.domain.intervals import Interval
from scheduler.domain.people import CalendarAddress, Owner
from scheduler.services import known, noticing, readings
from scheduler.services.asking import LONGER
from scheduler.services.hearing import token_for, token_hash
from scheduler.services.known import NEVER
from scheduler.services.parts import Parts
from scheduler.services.waits import until_again

#: a worker that has not come back after this long is taken for lost
LEASE = timedelta(seconds=90)
#: between two looks at a calendar: without notices of its provider, and with them
POLL, POLL_WATCHED = timedelta(seconds=60), timedelta(minutes=30)
#: after a look that failed: in passing, and for a reason that somebody has to mend
AGAIN, AGAIN_REFUSED = timedelta(minutes=1), timedelta(minutes=15)
#: the time that is read again and again, from yesterday on
HORIZON = timedelta(weeks=6)
A_DAY = timedelta(days=1)
#: between two readings of everything near: after one that went well, or that somebody has to mend, and after
#: one that failed in passing
REFRESH, REFRESH_AGAIN = timedelta(minutes=10), timedelta(minutes=2)


def sync(parts: Parts, organization_id: str, state_id: str) -> None:
    """Look what has changed in one calendar since the last look; what changed of ours is verified."""
    with parts.database.transaction(organization_id) as session:
        state = _claim(session, parts, state_id)
        if state is None:
            return
    parts.reach("sync.claimed")
    provider = parts.providers_of(organization_id).get(state.provider)
    key = CalendarKey(address=state.address, time_zone=state.time_zone)
    try:
        changes = provider.changes_since(key, state.cursor) if provider else None
    except CalendarError as error:
        _put_off(parts, organization_id, state, error)
        return
    if changes is None:
        _put_off(parts, organization_id, state, None)
        return
    parts.reach("sync.answered")
    if changes.any and state.synced_at is not None:
        _read_again(parts, organization_id, state)
    with parts.database.transaction(organization_id) as session:
        _keep(session, parts, state, changes)
        if changes.any:
            noticing.ask(session, parts, state)
        parts.reach("sync.kept")


def _claim(session: Session, parts: Parts, state_id: str) -> rows.CalendarState | None:
    """Take the calendar for a while. None: not due, somebody else's, or nothing of ours stands in it."""
    now = parts.now()
    state = session.scalar(
        sa.select(rows.CalendarState)
        .where(rows.CalendarState.id == state_id, rows.CalendarState.sync_at <= now)
        .with_for_update(skip_locked=True, key_share=True)
    )
    if state is None:
        return None
    if not _holds_ours(session, state, now):
        state.sync_at, state.cursor, state.synced_at = NEVER, None, None
        state.watch_at = now if state.channel_id else None
        return None
    state.sync_at = now + LEASE
    session.flush()
    return state


def _holds_ours(session: Session, state: rows.CalendarState, now: datetime) -> bool:
    query = (
        sa.select(rows.CalendarEntry.id)
        .join(rows.Booking, rows.Booking.id == rows.CalendarEntry.booking_id)
        .where(
            rows.CalendarEntry.provider == state.provider,
            rows.CalendarEntry.calendar == state.address,
            rows.CalendarEntry.wanted == "present",
            rows.Booking.end > now,
        )
    )
    return session.scalar(query.limit(1)) is not None


def _keep(session: Session, parts: Parts, claimed: rows.CalendarState, changes: Changes) -> None:
    state = session.get_one(rows.CalendarState, claimed.id, with_for_update={"key_share": True})
    now = parts.now()
    state.cursor, state.synced_at = changes.cursor, now
    if state.sync_at == claimed.sync_at:  # else somebody told of a change meanwhile, and it stays due
        watched = state.channel_expires_at is not None and state.channel_expires_at > now
        state.sync_at = now + (POLL_WATCHED if watched else POLL)
    if changes.any:
        _verify(session, parts, state, changes)


def _verify(session: Session, parts: Parts, state: rows.CalendarState, changes: Changes) -> None:
    """A hint is no fact: our events that it may be about are looked at."""
    query = sa.select(rows.CalendarEntry).where(
        rows.CalendarEntry.provider == state.provider,
        rows.CalendarEntry.calendar == state.address,
        rows.CalendarEntry.verify_at.is_not(None),
    )
    if changes.event_ids is not None:
        query = query.where(rows.CalendarEntry.event_id.in_(changes.event_ids))
    for entry in session.scalars(query.order_by(rows.CalendarEntry.id).with_for_update(key_share=True)):
        entry.verify_at = parts.now()
        parts.defer(session, "verify_entry", organization_id=entry.organization_id, entry_id=entry.id)


def _put_off(
    parts: Parts, organization_id: str, claimed: rows.CalendarState, error: CalendarError | None
) -> None:
    """The cursor of the last complete look stays good."""
    wait = until_again(error, passing=AGAIN, refused=AGAIN_REFUSED)
    with parts.database.transaction(organization_id) as session:
        state = session.get_one(rows.CalendarState, claimed.id, with_for_update={"key_share": True})
        state.sync_at = parts.now() + wait


def _read_again(parts: Parts, organization_id: str, state: rows.CalendarState) -> None:
    """What is known of a calendar that changed is out of date."""
    provider = parts.granted(organization_id).get(state.provider)
    if provider is None:
        return
    begun, window = parts.now(), _window(parts)
    key = CalendarKey(address=state.address, time_zone=state.time_zone)
    reading = provider.read_busy([key], window.start, window.end)[state.address]
    calendar = CalendarAddress(state.provider, state.address)
    known.remember(parts, organization_id, {calendar: (key, reading)}, window, begun=begun)


def _window(parts: Parts) -> Interval:
    """As far as a run asks that ends within the horizon (`asking.look`)."""
    return Interval(parts.now() - A_DAY, parts.now() + HORIZON + A_DAY + LONGER)


def refresh(parts: Parts, organization_id: str) -> None:
    """Read the calendars of every active interviewer and room whose time has come, in the vendors' batches,
    and keep what they say; of those whose time is held event by event, which tells holds from meetings while
    the vendor is away. Of those who have interviews ahead, see whether something else has come over one.
    """
    granted = parts.granted(organization_id)
    if not granted:
        return
    with parts.database.transaction(organization_id) as session:
        people = session.scalars(
            sa.select(rows.Interviewer).where(rows.Interviewer.active, rows.Interviewer.deleted_at.is_(None))
        )
        owners: list[Owner] = [convert.interviewer(row) for row in people]
        rooms = session.scalars(sa.select(rows.Room).where(rows.Room.deleted_at.is_(None)))
        owners += [convert.room(row) for row in rooms]
        held = rows.Interviewer.resource_id.in_(sa.select(rows.Hold.resource_id))
        closely = set(session.scalars(sa.select(rows.Interviewer.id).where(held)))
        is_due = known.due(session, parts.now())
    networked = {
        owner.id: [calendar for calendar in readings.calendars_of(owner) if calendar.provider in granted]
        for owner in owners
    }
    asked = [owner for owner in owners if any(map(is_due, networked[owner.id]))]
    if not asked:
        return
    looks = readings.read_all(
        parts, organization_id, asked, _window(parts), patience=120, live=True, closely=closely
    )
    noticing.look(parts, organization_id, [owner.id for owner in asked if looks[owner.id].readable])
    failed = {calendar for id_, look in looks.items() if look.passing for calendar in networked[id_]}
    read = {calendar for id_ in looks for calendar in networked[id_]} - failed
    for calendars, wait in ((read, REFRESH), (failed, REFRESH_AGAIN)):
        with parts.database.transaction(organization_id) as session:
            known.put_off(session, calendars, parts.now() + wait)


def watch(parts: Parts, organization_id: str, state_id: str) -> None:
    """See to it that the provider tells of changes in a calendar that holds events of ours, and stops when
    none is left.
    """
    with parts.database.transaction(organization_id) as session:
        state = session.scalar(
            sa.select(rows.CalendarState)
            .where(rows.CalendarState.id == state_id, rows.CalendarState.watch_at <= parts.now())
            .with_for_update(skip_locked=True, key_share=True)
        )
        if state is None:
            return
        wanted = parts.hook_url is not None and _holds_ours(session, state, parts.now())
        state.watch_at = parts.now() + LEASE
        session.flush()
    try:
        if wanted:
            _watch(parts, organization_id, state)
        else:
            _unwatch(parts, organization_id, state)
    except CalendarError as error:
        # Polling goes on in the meantime.
        wait = until_again(error, passing=AGAIN, refused=AGAIN_REFUSED)
        _set_watch(parts, state, watch_at=parts.now() + wait)


def _watch(parts: Parts, organization_id: str, state: rows.CalendarState) -> None:
    provider = parts.providers_of(organization_id).get(state.provider)
    token = token_for(parts, organization_id, state.id)
    hook = Hook(url=f"{parts.hook_url}/{state.provider}", token=token)
    old = _channel_of(state)
    channel = None
    if provider is not None:
        channel = provider.renew(old, hook) if old else provider.watch(state.address, hook)
    if channel is None:
        _set_watch(parts, state, watch_at=None)
        return
    parts.reach("watch.opened")
    half = (channel.expires_at - parts.now()) / 2
    facts: dict[str, object] = {
        "channel_id": channel.id,
        "channel_resource": channel.resource or None,
        "channel_expires_at": channel.expires_at,
        "watch_at": parts.now() + max(half, AGAIN),
    }
    if old is None or channel.id != old.id:  # one that was prolonged keeps the token it was made with
        facts["channel_token_hash"] = token_hash(token)
    _set_watch(parts, state, **facts)


def _unwatch(parts: Parts, organization_id: str, state: rows.CalendarState) -> None:
    provider = parts.providers_of(organization_id).get(state.provider)
    channel = _channel_of(state)
    if provider is not None and channel is not None and channel.expires_at > parts.now():
        provider.unwatch(channel)
    gone = ("channel_id", "channel_resource", "channel_token_hash", "channel_expires_at", "watch_at")
    _set_watch(parts, state, **dict.fromkeys(gone))


def end_channel(parts: Parts, organization_id: str, state_id: str, channel_id: str, resource: str) -> None:
    """End a channel that was opened for this calendar and is not the one that is kept."""
    with parts.database.transaction(organization_id) as session:
        state = session.get(rows.CalendarState, state_id)
    if state is None or state.channel_id == channel_id:
        return
    provider = parts.providers_of(organization_id).get(state.provider)
    if provider is None:
        return
    channel = Channel(
        provider=state.provider,
        calendar=state.address,
        id=channel_id,
        resource=resource,
        expires_at=parts.now(),
    )
    with suppress(CalendarError):  # its next notice asks for it again, and it ends by itself
        provider.unwatch(channel)


def _set_watch(parts: Parts, claimed: rows.CalendarState, **facts: object) -> None:
    with parts.database.transaction(claimed.organization_id) as session:
        state = session.get_one(rows.CalendarState, claimed.id, with_for_update={"key_share": True})
        if state.watch_at != claimed.watch_at:
            del facts["watch_at"]  # somebody told of an end meanwhile, and it stays due
        for name, value in facts.items():
            setattr(state, name, value)


def _channel_of(state: rows.CalendarState) -> Channel | None:
    if state.channel_id is None or state.channel_expires_at is None:
        return None
    return Channel(
        provider=state.provider,
        calendar=state.address,
        id=state.channel_id,
        resource=state.channel_resource or "",
        expires_at=state.channel_expires_at,
    )
