# SPDX-License-Identifier: Apache-2.0
"""
What is known of calendars: what was last read of each, kept without titles, people or descriptions, so that
offers can go on for a while when a provider is down. How old it may be is the organisation's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from calendars.values import Busy, CalendarKey, Reading, Unreadable, busy_within
from scheduler.db import rows
from scheduler.domain.ids import new_id
from scheduler.domain.intervals import Interval
from scheduler.domain.people import CalendarAddress
from scheduler.services import stretches
from scheduler.services.parts import Parts
from scheduler.services.stretches import Stretch

#: for what is not due before something happens
NEVER = datetime(2200, 1, 1, tzinfo=UTC)

#: no organisation wants to know what is older
KEPT = timedelta(days=1)


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
    *,
    begun: datetime,
) -> None:
    """Keep these readings of the window; what is known beyond it, or from looks begun later, stays known."""
    if not readings:
        return
    with parts.database.transaction(organization_id) as session:
        for state in _states(session, organization_id, readings):
            key = CalendarAddress(state.provider, state.address)
            _keep(state, readings[key][1], window, begun, parts.now())


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
            "stretches": [],
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


def _keep(
    state: rows.CalendarState, reading: Reading, window: Interval, begun: datetime, now: datetime
) -> None:
    others = [one for one in _stretches(state) if one.read_at > now - KEPT and one.during.end > now]
    if isinstance(reading, Unreadable):
        if not any(begun < one.read_at <= now for one in others):
            state.unreadable_since = state.unreadable_since or now
            state.unreadable_code, state.unreadable_reason = reading.code, reading.reason
        return
    state.unreadable_since = state.unreadable_code = state.unreadable_reason = None
    fresh = Stretch(during=window, read_at=begun, busy=reading.blocks)
    state.stretches = [one.to_json() for one in stretches.renewed(others, fresh, now=now)]


def _stretches(state: rows.CalendarState) -> Iterator[Stretch]:
    return (Stretch.from_json(one) for one in state.stretches)


def recall(
    session: Session, calendar: CalendarAddress, window: Interval, *, now: datetime, oldest: timedelta
) -> Known | None:
    """
    What was read of this calendar, and is not older than `oldest`.

    The same question reaches further ahead each time that it is asked. So as much of the window may be
    unknown as passes until what is known is too old; it counts as busy.
    """
    row = session.scalar(
        sa.select(rows.CalendarState).where(
            rows.CalendarState.provider == calendar.provider, rows.CalendarState.address == calendar.address
        )
    )
    if row is None:
        return None
    told = [one for one in stretches.within(_stretches(row), window) if one.read_at >= now - oldest]
    rest = stretches.unknown(told, window)
    if not told or sum((gap.duration for gap in rest), timedelta()) > oldest:
        return None
    blocks = [block for one in told for block in one.busy] + [Busy(gap.start, gap.end) for gap in rest]
    return Known(busy=busy_within(blocks, window.start, window.end), read_at=min(one.read_at for one in told))


def due(session: Session, now: datetime) -> Callable[[CalendarAddress], bool]:
    """Which calendars are to be read again: all but those whose time has not come."""
    names = sa.select(rows.CalendarState.provider, rows.CalendarState.address)
    later = session.execute(names.where(rows.CalendarState.refresh_at > now))
    waiting = {CalendarAddress(provider, address) for provider, address in later}
    return lambda calendar: calendar not in waiting


def put_off(session: Session, calendars: Iterable[CalendarAddress], until: datetime) -> None:
    """Read these again then."""
    names = sa.tuple_(rows.CalendarState.provider, rows.CalendarState.address)
    there = [(calendar.provider, calendar.address) for calendar in calendars]
    locked = (
        sa.select(rows.CalendarState.id)
        .where(names.in_(there))
        .order_by(rows.CalendarState.provider, rows.CalendarState.address)
        .with_for_update(key_share=True)
    )
    ids = list(session.scalars(locked))
    session.execute(
        sa.update(rows.CalendarState).where(rows.CalendarState.id.in_(ids)).values(refresh_at=until)
    )


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
            stretches=[],
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
