# SPDX-License-Identifier: Apache-2.0
"""
What was read of one calendar: stretches of time, each as of its own look. Newer ones win where they reach,
and older ones stay beyond, so that a short look takes nothing away from what a long one found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from calendars.values import Busy, busy_within
from scheduler.domain.intervals import Interval, format_instant, parse_instant, subtract


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Time that was looked at, all that was busy in it, and when that was."""

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


def renewed(stretches: Iterable[Stretch], fresh: Stretch) -> tuple[Stretch, ...]:
    """All of the fresh one, and of the others what lies beyond; in order."""
    older = (
        part
        for stretch in stretches
        for rest in subtract([stretch.during], [fresh.during])
        if (part := stretch.within(rest)) is not None
    )
    return tuple(sorted((fresh, *older), key=lambda stretch: stretch.during))


def within(stretches: Iterable[Stretch], window: Interval) -> tuple[Stretch, ...]:
    """What is known of the window."""
    return tuple(part for stretch in stretches if (part := stretch.within(window)) is not None)


def unknown(stretches: Iterable[Stretch], window: Interval) -> tuple[Interval, ...]:
    """The time of the window that none of them is about."""
    return subtract([window], [stretch.during for stretch in stretches])
