# SPDX-License-Identifier: Apache-2.0
"""Series: a master and its occurrences, each an item of its own from the start."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from tests.fakes.microsoft.store import Item, Store
from tests.fakes.microsoft.times import When, zone_named

ENDLESS = timedelta(days=366)
"""How far a series without an end is written out."""
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def spread(store: Store, master: Item, recurrence: dict[str, Any]) -> None:
    """Write out the occurrences of a daily or weekly series. ``recurrence``: as Graph has it."""
    master.kind = "seriesMaster"
    master.fields["recurrence"] = recurrence
    first = _day(master.when)
    for day in _days(recurrence, first):
        occurrence = store.make(master.mailbox, master.when.moved(day - first))
        occurrence.fields = {name: value for name, value in master.fields.items() if name != "recurrence"}
        occurrence.kind, occurrence.series = "occurrence", master
        occurrence.original_start = occurrence.when.instants()[0]
        occurrence.response, occurrence.foreign = master.response, master.foreign
        store.keep(occurrence)


def _day(when: When) -> date:
    return when.start.date() if when.all_day else when.start.astimezone(zone_named(when.zone)).date()


def _days(recurrence: dict[str, Any], first: date) -> Iterator[date]:
    pattern, span = recurrence["pattern"], recurrence["range"]
    last = date.fromisoformat(span["endDate"]) if span["type"] == "endDate" else first + ENDLESS
    most = span["numberOfOccurrences"] if span["type"] == "numbered" else ENDLESS.days
    interval = pattern.get("interval", 1)
    monday = first - timedelta(days=first.weekday())
    given, day = 0, first
    while day <= last and given < most:
        if pattern["type"] == "daily":
            falls = (day - first).days % interval == 0
        else:
            falls = _DAYS[day.weekday()] in pattern["daysOfWeek"]
            falls = falls and ((day - monday).days // 7) % interval == 0
        if falls:
            given += 1
            yield day
        day += timedelta(days=1)
