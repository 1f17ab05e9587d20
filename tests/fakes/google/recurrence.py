# SPDX-License-Identifier: Apache-2.0
"""Instances of recurring events: ids, times, and what was changed about single ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

from dateutil.rrule import rrulestr

from tests.fakes.google.store import Calendar, Entry
from tests.fakes.google.times import Moment, as_instant, written

_INSTANCE = re.compile(r"(?P<master>.+)_(?P<when>\d{8}(T\d{6}Z)?)")
#: beyond this from now no instances are made up when nobody says where to stop
HORIZON = timedelta(days=730)


def is_master(entry: Entry) -> bool:
    return "recurrence" in entry.fields


def exceptions(calendar: Calendar, master_id: str) -> list[Entry]:
    """The instances of a series that differ from it, cancelled ones included."""
    return [entry for entry in calendar.entries.values() if entry.fields.get("recurringEventId") == master_id]


def instances(calendar: Calendar, master: Entry, start: datetime, end: datetime) -> Iterator[Entry]:
    """
    Each instance that touches the window, changed and cancelled ones included.

    One that was moved is found where it is now. What is made up here is on no calendar yet.
    """
    changed = {entry.id: entry for entry in exceptions(calendar, master.id)}
    for entry in (*changed.values(), *_regular(master, calendar, start, end)):
        if entry.id in changed and changed[entry.id] is not entry:
            continue
        first, last = calendar.span(entry)
        if first < end and last > start:
            yield entry


def instance(calendar: Calendar, event_id: str) -> Entry | None:
    """The instance this id means, made up from its series; `None` when there is none."""
    match = _INSTANCE.fullmatch(event_id)
    master = calendar.entries.get(match["master"]) if match else None
    if match is None or master is None or not is_master(master):
        return None
    day = datetime.strptime(match["when"][:8], "%Y%m%d").replace(tzinfo=UTC)
    around = _regular(master, calendar, day - timedelta(days=2), day + timedelta(days=3))
    return next((entry for entry in around if entry.id == event_id), None)


def _regular(master: Entry, calendar: Calendar, start: datetime, end: datetime) -> Iterator[Entry]:
    first, length = master.start, _length(master)
    rules = rrulestr(
        "\n".join(master.fields["recurrence"]), dtstart=_wall(first), forceset=True, ignoretz=False
    )
    is_timed = isinstance(first, datetime)
    margin = timedelta(days=2)
    for wall in rules.xafter(_comparable(start - length - margin, is_timed=is_timed), inc=True):
        begin: Moment = wall if is_timed else wall.date()
        if as_instant(begin, calendar.zone) >= end:
            return
        yield _made_up(master, begin, begin + length)


def _made_up(master: Entry, begin: Moment, end: Moment) -> Entry:
    zone_name = master.fields["start"].get("timeZone")
    when = f"{begin:%Y%m%d}" if not isinstance(begin, datetime) else f"{begin.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    fields: dict[str, Any] = {key: value for key, value in master.fields.items() if key != "recurrence"}
    fields |= {
        "id": f"{master.id}_{when}",
        "recurringEventId": master.id,
        "originalStartTime": written(begin, zone_name),
        "start": written(begin, zone_name),
        "end": written(end, zone_name),
    }
    return Entry(master.calendar, fields, master.version)


def _length(entry: Entry) -> timedelta:
    start, end = entry.start, entry.end
    return end - start


def _wall(found: Moment) -> datetime:
    return found if isinstance(found, datetime) else datetime.combine(found, time())


def _comparable(found: datetime, *, is_timed: bool) -> datetime:
    return found if is_timed else found.replace(tzinfo=None)
