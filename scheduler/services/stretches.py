# SPDX-License-Identifier: Apache-2.0
"""
What was read of one calendar: stretches of time, each as of the beginning of its own look. Newer ones win
where they reach, whichever comes back first, and older ones stay beyond, so that a short look takes nothing
away from what a long one found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from calendars.values import Busy, busy_within
from scheduler.domain.intervals import Interval, format_instant, parse_instant, subtract


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Time that was looked at, all that was busy in it, and when the look began."""

    during: Interval
    read_at: datetime
    busy: tuple[Busy, ...]

    def within(self, window: Interval) -> Stretch | None:
        """As much of it as lies in the window."""
        common = self.during.clipped(window)
        if common is None:
            return None
        return Stretch(
            during=common, read_at=self.read_at, busy=busy_within(self.busy, common.start, common.end)
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "start": format_instant(self.during.start),
            "end": format_instant(self.during.end),
            "read_at": format_instant(self.read_at),
            "busy": [[format_instant(b.start), format_instant(b.end), b.kind, b.own] for b in self.busy],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Stretch:
        busy = (
            Busy(parse_instant(start), parse_instant(end), kind, own)
            for start, end, kind, own in data["busy"]
        )
        return cls(
            during=Interval(parse_instant(data["start"]), parse_instant(data["end"])),
            read_at=parse_instant(data["read_at"]),
            busy=tuple(busy),
        )


def renewed(stretches: Iterable[Stretch], fresh: Stretch, *, now: datetime) -> tuple[Stretch, ...]:
    """Each instant as the look that began last found it; in order. What is from after now was read by a
    clock that is ahead, which would outlast every look until then: it gives way.
    """
    newer: list[Stretch] = []
    older: list[Stretch] = []
    for stretch in stretches:
        (newer if fresh.read_at < stretch.read_at <= now else older).append(stretch)
    kept = [*newer, *_beyond(newer, fresh)]
    kept += (part for stretch in older for part in _beyond([fresh], stretch))
    return tuple(sorted(kept, key=lambda stretch: stretch.during))


def _beyond(others: Iterable[Stretch], stretch: Stretch) -> Iterator[Stretch]:
    """What lies beyond the others of this one."""
    for rest in subtract([stretch.during], [one.during for one in others]):
        if (part := stretch.within(rest)) is not None:
            yield part


def within(stretches: Iterable[Stretch], window: Interval) -> tuple[Stretch, ...]:
    """What is known of the window."""
    return tuple(part for stretch in stretches if (part := stretch.within(window)) is not None)


def unknown(stretches: Iterable[Stretch], window: Interval) -> tuple[Interval, ...]:
    """The time of the window that none of them is about."""
    return subtract([window], [stretch.during for stretch in stretches])
