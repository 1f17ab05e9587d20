# SPDX-License-Identifier: Apache-2.0
"""Looking at calendars: of many people and rooms at once, by provider, with no transaction open."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from calendars.errors import CalendarError, TryLater
from calendars.provider import Provider
from calendars.values import Blocks, Busy, CalendarKey, Detail, Reading, Unreadable
from scheduler.db import convert, rows
from scheduler.domain.errors import Conflict, Invalid
from scheduler.domain.intervals import Interval, format_instant
from scheduler.domain.people import CalendarAddress, Interviewer, Owner, Room
from scheduler.services import catalogue, known, organizations
from scheduler.services.known import Known
from scheduler.services.parts import Parts

#: a question about one calendar may not reach further than this
LONGEST_WINDOW = timedelta(days=200)
#: seconds that a provider which keeps to its deadline may take to say so
GRACE = 0.25
NOT_SET_UP = "This service has no access to {provider} calendars."


@dataclass(frozen=True, kw_only=True)
class Look:
    """What the calendars of one person or room said."""

    #: empty where it could not be read
    busy: tuple[Busy, ...]
    #: why it could not be read
    reason: str | None = None
    #: whether that ends by itself, as when a provider is down
    passing: bool = False
    #: when this was known, where it is from earlier because it cannot be read now
    known_at: datetime | None = None

    @property
    def readable(self) -> bool:
        return self.reason is None

    @property
    def stale(self) -> bool:
        return self.known_at is not None


def read_all(
    parts: Parts,
    organization_id: str,
    owners: Iterable[Owner],
    window: Interval,
    *,
    patience: float | None = None,
    live: bool = False,
    closely: Collection[str] = (),
    originals: Collection[CalendarAddress] = (),
    how: Mapping[str, Any] | None = None,
) -> dict[str, Look]:
    """What is busy for each owner, by id. One call a provider, providers side by side. The own calendars of
    the interviewers named in `closely` are read event by event, which tells entries of ours from others;
    where only free and busy is shown to us, that is taken. So are the `originals`, by which copies are known.

    `patience` is the most seconds to wait; a provider that takes longer leaves its owners unreadable. Where a
    provider is not answering, what was read earlier is taken, unless it is older than the organisation
    allows, or `live` is asked for. `how`: the organisation's settings for this, by whoever has them already.
    """
    owners = tuple(owners)
    wanted = {owner.id: calendars_of(owner) for owner in owners}
    how = _how(parts, organization_id) if how is None else how
    granted = parts.granted(organization_id)
    keys: dict[CalendarAddress, CalendarKey] = {}
    for owner in owners:
        for calendar in wanted[owner.id]:
            close = owner.id in closely and calendar == owner.calendar
            detail: Detail = "events" if close else how["detail"]
            if isinstance(owner, Room):  # nobody signs in as a room
                detail = "free_busy"
            key = CalendarKey(address=calendar.address, time_zone=owner.time_zone, detail=detail)
            if close or calendar not in keys:
                keys[calendar] = key
    beside = {calendar: _original(calendar, keys.get(calendar)) for calendar in originals}
    begun = parts.now()
    told = _ask_gently(parts, {**parts.providers, **granted}, keys | beside, window, patience)
    readings = {calendar: told[calendar] for calendar in keys}
    networked = {calendar: found for calendar, found in readings.items() if calendar.provider in granted}
    _remember(parts, organization_id, keys, networked, window, begun)
    earlier: dict[CalendarAddress, Known] = {}
    if not live:
        oldest = timedelta(minutes=how["max_age_minutes"])
        earlier = _recall(parts, organization_id, readings, window, oldest)
    return {owner_id: _together(readings, earlier, calendars) for owner_id, calendars in wanted.items()}


def _original(calendar: CalendarAddress, key: CalendarKey | None) -> CalendarKey:
    """As its owner is read, if they are, and event by event. In UTC else: its own times tell nothing then."""
    return replace(key or CalendarKey(address=calendar.address, time_zone="UTC"), detail="events")


def read_events(
    parts: Parts,
    organization_id: str,
    calendars: Mapping[CalendarAddress, str],
    window: Interval,
    *,
    patience: float,
) -> dict[CalendarAddress, Reading]:
    """What is busy in each of these calendars (with their owners' zones), event by event, so that events of
    ours are told apart from others at the same time. It costs a call a calendar, and is kept nowhere.
    """
    keys = {
        calendar: CalendarKey(address=calendar.address, time_zone=zone, detail="events")
        for calendar, zone in calendars.items()
    }
    return _ask(parts, parts.providers_of(organization_id), keys, window, _deadline(patience))


def _how(parts: Parts, organization_id: str) -> dict[str, Any]:
    with parts.database.transaction(organization_id) as session:
        return organizations.calendars(session, organization_id)


def _remember(
    parts: Parts,
    organization_id: str,
    keys: Mapping[CalendarAddress, CalendarKey],
    readings: Mapping[CalendarAddress, Reading],
    window: Interval,
    begun: datetime,
) -> None:
    """Keep what networks said; files and the like are always there to be read again."""
    kept = {calendar: (keys[calendar], reading) for calendar, reading in readings.items()}
    known.remember(parts, organization_id, kept, window, begun=begun)


def _recall(
    parts: Parts,
    organization_id: str,
    readings: Mapping[CalendarAddress, Reading],
    window: Interval,
    oldest: timedelta,
) -> dict[CalendarAddress, Known]:
    """What was known earlier of those calendars that only their provider keeps from being read."""
    passing = [
        calendar
        for calendar, reading in readings.items()
        if isinstance(reading, Unreadable) and reading.passing
    ]
    if not passing:
        return {}
    with parts.database.transaction(organization_id) as session:
        found = {
            calendar: known.recall(session, calendar, window, now=parts.now(), oldest=oldest)
            for calendar in passing
        }
    return {calendar: one for calendar, one in found.items() if one is not None}


def calendars_of(owner: Owner) -> tuple[CalendarAddress, ...]:
    """Where they are busy: the main one first."""
    more = owner.busy_calendars if isinstance(owner, Interviewer) else ()
    return (owner.calendar, *more)


def _ask_gently(
    parts: Parts,
    providers: Mapping[str, Provider],
    keys: Mapping[CalendarAddress, CalendarKey],
    window: Interval,
    patience: float | None,
) -> dict[CalendarAddress, Reading]:
    """As asked; where events are not shown to us, when it is busy."""
    deadline = _deadline(patience)
    told = _ask(parts, providers, keys, window, deadline)
    closed = {
        calendar: replace(keys[calendar], detail="free_busy")
        for calendar, reading in told.items()
        if keys[calendar].detail == "events" and isinstance(reading, Unreadable) and not reading.passing
    }
    if not closed:
        return told
    again = _ask(parts, providers, closed, window, deadline)
    return told | {calendar: reading for calendar, reading in again.items() if isinstance(reading, Blocks)}


def _deadline(patience: float | None) -> float | None:
    return None if patience is None else time.monotonic() + patience


def _ask(
    parts: Parts,
    providers: Mapping[str, Provider],
    keys: Mapping[CalendarAddress, CalendarKey],
    window: Interval,
    deadline: float | None,
) -> dict[CalendarAddress, Reading]:
    by_provider: dict[str, dict[str, CalendarKey]] = defaultdict(dict)
    for calendar, key in keys.items():
        by_provider[calendar.provider][calendar.address] = key
    answers: dict[CalendarAddress, Reading] = {}
    now = parts.now()
    pending: dict[str, Future[dict[str, Reading]]] = {}
    pool = ThreadPoolExecutor(max_workers=max(1, len(by_provider)), thread_name_prefix="read")
    try:
        for name, calendars in by_provider.items():
            provider = providers.get(name)
            if provider is None:
                reason = NOT_SET_UP.format(provider=name.capitalize())
                answers |= _all_unreadable(name, calendars, "not_set_up", reason, now)
            else:
                pending[name] = pool.submit(_read, provider, calendars, window, deadline)
        for name, future in pending.items():
            left = None if deadline is None else max(0.0, deadline - time.monotonic()) + GRACE
            answers |= _answer_of(name, by_provider[name], future, left, now)
    finally:
        # A provider that hangs may finish by itself; nobody waits for it.
        pool.shutdown(wait=False, cancel_futures=True)
    return answers


def _read(
    provider: Provider, calendars: Mapping[str, CalendarKey], window: Interval, deadline: float | None
) -> dict[str, Reading]:
    return provider.read_busy(tuple(calendars.values()), window.start, window.end, deadline=deadline)


def _answer_of(
    name: str,
    calendars: Mapping[str, CalendarKey],
    future: Future[dict[str, Reading]],
    seconds: float | None,
    now: datetime,
) -> dict[CalendarAddress, Reading]:
    try:
        answer = future.result(timeout=seconds)
    except TimeoutError:
        reason = "The calendar did not answer in time."
        return _all_unreadable(name, calendars, "too_slow", reason, now, passing=True)
    except CalendarError as error:
        passing = isinstance(error, TryLater)
        return _all_unreadable(name, calendars, "failed", str(error), now, passing=passing)
    missing = Unreadable(reason="The calendar gave no answer.", code="no_answer", read_at=now)
    return {CalendarAddress(name, address): answer.get(address, missing) for address in calendars}


def _all_unreadable(
    name: str, calendars: Iterable[str], code: str, reason: str, now: datetime, *, passing: bool = False
) -> dict[CalendarAddress, Reading]:
    unreadable = Unreadable(reason=reason, code=code, read_at=now, passing=passing)
    return {CalendarAddress(name, address): unreadable for address in calendars}


def _together(
    readings: Mapping[CalendarAddress, Reading],
    earlier: Mapping[CalendarAddress, Known],
    calendars: tuple[CalendarAddress, ...],
) -> Look:
    """All calendars of one owner; one that cannot be read makes the owner unreadable: unknown is never
    free.
    """
    busy: list[Busy] = []
    known_at: list[datetime] = []
    for calendar in calendars:
        reading = readings[calendar]
        if isinstance(reading, Blocks):
            busy.extend(reading.blocks)
        elif calendar in earlier:
            busy.extend(earlier[calendar].busy)
            known_at.append(earlier[calendar].read_at)
        else:
            return Look(busy=(), reason=reading.reason, passing=reading.passing)
    return Look(
        busy=tuple(sorted(busy, key=lambda block: (block.start, block.end))),
        known_at=min(known_at, default=None),
    )


def busy(
    parts: Parts, organization_id: str, interviewer_id: str, start: datetime, end: datetime
) -> dict[str, Any]:
    """What the service reads from one interviewer's calendars now."""
    if end <= start:
        raise Invalid.at("/end", "is not after start")
    if end - start > LONGEST_WINDOW:
        raise Invalid.at("/end", f"is more than {LONGEST_WINDOW.days} days after start")
    with parts.database.transaction(organization_id) as session:
        person = convert.interviewer(catalogue.one(session, rows.Interviewer, interviewer_id))
    window = Interval(start, end)
    look = read_all(parts, organization_id, [person], window, patience=10, live=True)[person.id]
    if look.reason is not None:
        raise Conflict(look.reason, code="calendar_unreadable")
    return {
        "data": [
            {"start": format_instant(b.start), "end": format_instant(b.end), "kind": b.kind}
            for b in look.busy
        ],
        "read_at": format_instant(parts.now()),
    }
