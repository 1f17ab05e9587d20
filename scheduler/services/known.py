# SPDX-License-Identifier: Apache-2.0
"""
What is known of calendars: the last reading of each, kept without titles, people or descriptions, so that
offers can go on for a while when a provider is down. How old it may be is the organisation's to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from calendars.values import Busy, CalendarKey, Reading, Unreadable
from scheduler.db import rows
from scheduler.domain.ids import new_id
from scheduler.domain.intervals import Interval, format_instant, parse_instant
from scheduler.domain.people import CalendarAddress
from scheduler.services.parts import Parts

#: for what is not due before something happens
NEVER = datetime(2200, 1, 1, tzinfo=UTC)

#: a long look is kept this long before a shorter one takes its place
OF_LATE = timedelta(minutes=20)


@dataclass(frozen=True, kw_only=True)
class Known:
    """A reading from earlier."""

    busy: tuple[Busy, ...]
    read_at: datetime


def remember(
    parts: Parts,
    organization_id: str,
    readings: Mapping[CalendarAddress, tuple[CalendarKey, Reading]],
    window: Interval,
) -> None:
    """Keep these readings of the window. A short look, as before a booking, does not take the place of a long
    one of late.
    """
    if not readings:
        return
    with parts.database.transaction(organization_id) as session:
        for state in _states(session, organization_id, readings):
            key = CalendarAddress(state.provider, state.address)
            _keep(state, readings[key][1], window, parts.now())


def _states(
    session: Session,
    organization_id: str,
    readings: Mapping[CalendarAddress, tuple[CalendarKey, Reading]],
) -> list[rows.CalendarState]:
    """The rows of these calendars, made where there are none, locked in the order of their names."""
    calendars = sorted(readings, key=lambda calendar: (calendar.provider, calendar.address))
    blank = [
        {
            "id": new_id("cst"),
            "organization_id": organization_id,
            "provider": calendar.provider,
            "address": calendar.address,
            "time_zone": readings[calendar][0].time_zone,
            "blocks": [],
            "sync_at": NEVER,
        }
        for calendar in calendars
    ]
    session.execute(insert(rows.CalendarState).on_conflict_do_nothing(), blank)
    names = sa.tuple_(rows.CalendarState.provider, rows.CalendarState.address)
    query = (
        sa.select(rows.CalendarState)
        .where(names.in_([(calendar.provider, calendar.address) for calendar in calendars]))
        .order_by(rows.CalendarState.provider, rows.CalendarState.address)
        .with_for_update(key_share=True)
    )
    return list(session.scalars(query))


def _keep(state: rows.CalendarState, reading: Reading, window: Interval, now: datetime) -> None:
    if isinstance(reading, Unreadable):
        state.unreadable_since = state.unreadable_since or now
        state.unreadable_code, state.unreadable_reason = reading.code, reading.reason
        return
    state.unreadable_since = state.unreadable_code = state.unreadable_reason = None
    if _knows_more(state, window, now):
        return
    state.blocks = [_packed(block) for block in reading.blocks]
    state.known_from, state.known_until, state.read_at = window.start, window.end, reading.read_at


def _knows_more(state: rows.CalendarState, window: Interval, now: datetime) -> bool:
    if state.read_at is None or state.known_from is None or state.known_until is None:
        return False
    wider = state.known_from <= window.start and window.end <= state.known_until
    longer = state.known_until - state.known_from > window.end - window.start
    return wider and longer and state.read_at > now - OF_LATE


def _packed(block: Busy) -> list[str | None]:
    return [format_instant(block.start), format_instant(block.end), block.kind, block.own]


def recall(
    session: Session, calendar: CalendarAddress, window: Interval, *, not_before: datetime
) -> Known | None:
    """What was read of this calendar at or after `not_before`, when it covers the window."""
    row = session.scalar(
        sa.select(rows.CalendarState).where(
            rows.CalendarState.provider == calendar.provider, rows.CalendarState.address == calendar.address
        )
    )
    if row is None or row.read_at is None or row.known_from is None or row.known_until is None:
        return None
    if row.read_at < not_before or not Interval(row.known_from, row.known_until).contains(window):
        return None
    blocks = (Busy(parse_instant(b[0]), parse_instant(b[1]), b[2], b[3]) for b in row.blocks)
    near = (block for block in blocks if block.start < window.end and block.end > window.start)
    return Known(busy=tuple(near), read_at=row.read_at)


def follow(
    session: Session, parts: Parts, organization_id: str, calendar: CalendarAddress, time_zone: str
) -> None:
    """From now on look for changes of this calendar: an event of ours stands in it."""
    now = parts.now()
    session.execute(
        insert(rows.CalendarState)
        .values(
            id=new_id("cst"),
            organization_id=organization_id,
            provider=calendar.provider,
            address=calendar.address,
            time_zone=time_zone,
            blocks=[],
            sync_at=now,
            watch_at=now if parts.hook_url else None,
        )
        .on_conflict_do_update(
            index_elements=["organization_id", "provider", "address"],
            set_={
                "sync_at": sa.func.least(rows.CalendarState.sync_at, now + timedelta(minutes=1)),
                "watch_at": sa.func.coalesce(rows.CalendarState.watch_at, now) if parts.hook_url else None,
            },
            # One that is followed already goes on as it is.
            where=rows.CalendarState.sync_at == NEVER,
        )
    )
