# SPDX-License-Identifier: Apache-2.0
"""Looking at calendars: of many people and rooms at once, by provider, with no transaction open."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from calendars.errors import CalendarError
from calendars.provider import Provider
from calendars.values import Busy, CalendarKey, Reading, Unreadable
from scheduler.db import convert, rows
from scheduler.domain.errors import Conflict, Invalid
from scheduler.domain.intervals import Interval, format_instant
from scheduler.domain.people import CalendarAddress, Interviewer, Owner
from scheduler.services import catalogue
from scheduler.services.parts import Parts

#: a question about one calendar may not reach further than this
LONGEST_WINDOW = timedelta(days=200)
NOT_SET_UP = "This service has no access to {provider} calendars."


@dataclass(frozen=True, kw_only=True)
class Look:
    """What the calendars of one person or room said."""

    #: empty where it could not be read
    busy: tuple[Busy, ...]
    #: why it could not be read
    reason: str | None = None
    #: what was known earlier, taken because it cannot be read now
    stale: bool = False

    @property
    def readable(self) -> bool:
        return self.reason is None


def read_all(
    parts: Parts, owners: Iterable[Owner], window: Interval, *, patience: float | None = None
) -> dict[str, Look]:
    """What is busy for each owner, by id. One call a provider, providers side by side.

    `patience` is the most seconds to wait; a provider that takes longer leaves its owners unreadable.
    """
    owners = tuple(owners)
    wanted = {owner.id: _calendars_of(owner) for owner in owners}
    zones = {owner.id: owner.time_zone for owner in owners}
    by_provider: dict[str, dict[str, CalendarKey]] = defaultdict(dict)
    for owner_id, calendars in wanted.items():
        for calendar in calendars:
            key = CalendarKey(address=calendar.address, time_zone=zones[owner_id])
            by_provider[calendar.provider].setdefault(calendar.address, key)
    readings = _ask(parts, by_provider, window, patience)
    return {owner_id: _together(readings, calendars) for owner_id, calendars in wanted.items()}


def _calendars_of(owner: Owner) -> tuple[CalendarAddress, ...]:
    more = owner.busy_calendars if isinstance(owner, Interviewer) else ()
    return (owner.calendar, *more)


def _ask(
    parts: Parts,
    by_provider: Mapping[str, Mapping[str, CalendarKey]],
    window: Interval,
    patience: float | None,
) -> dict[CalendarAddress, Reading]:
    answers: dict[CalendarAddress, Reading] = {}
    now = parts.now()
    pending: dict[str, Future[dict[str, Reading]]] = {}
    deadline = None if patience is None else time.monotonic() + patience
    pool = ThreadPoolExecutor(max_workers=max(1, len(by_provider)), thread_name_prefix="read")
    try:
        for name, calendars in by_provider.items():
            provider = parts.providers.get(name)
            if provider is None:
                reason = NOT_SET_UP.format(provider=name.capitalize())
                answers |= _all_unreadable(name, calendars, "not_set_up", reason, now)
            else:
                pending[name] = pool.submit(_read, provider, calendars, window, deadline)
        for name, future in pending.items():
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
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
        return _all_unreadable(name, calendars, "too_slow", "The calendar did not answer in time.", now)
    except CalendarError as error:
        return _all_unreadable(name, calendars, "failed", str(error), now)
    missing = Unreadable(reason="The calendar gave no answer.", code="no_answer", read_at=now)
    return {CalendarAddress(name, address): answer.get(address, missing) for address in calendars}


def _all_unreadable(
    name: str, calendars: Iterable[str], code: str, reason: str, now: datetime
) -> dict[CalendarAddress, Reading]:
    unreadable = Unreadable(reason=reason, code=code, read_at=now)
    return {CalendarAddress(name, address): unreadable for address in calendars}


def _together(readings: Mapping[CalendarAddress, Reading], calendars: tuple[CalendarAddress, ...]) -> Look:
    """All calendars of one owner; one that cannot be read makes the owner unreadable: unknown is never
    free.
    """
    busy: list[Busy] = []
    for calendar in calendars:
        reading = readings[calendar]
        if isinstance(reading, Unreadable):
            return Look(busy=(), reason=reading.reason)
        busy.extend(reading.blocks)
    return Look(busy=tuple(sorted(busy, key=lambda block: (block.start, block.end))))


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
    look = read_all(parts, [person], Interval(start, end), patience=10)[person.id]
    if look.reason is not None:
        raise Conflict(look.reason, code="calendar_unreadable")
    return {
        "data": [
            {"start": format_instant(b.start), "end": format_instant(b.end), "kind": b.kind}
            for b in look.busy
        ],
        "read_at": format_instant(parts.now()),
    }
