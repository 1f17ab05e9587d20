# SPDX-License-Identifier: Apache-2.0
"""Interval algebra over instants. Half-open `[start, end)`: intervals that touch do not overlap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


def aware(instant: datetime) -> datetime:
    """The same instant in UTC; a time without a zone is refused with ValueError."""
    if instant.tzinfo is UTC:
        return instant
    if instant.tzinfo is None or instant.utcoffset() is None:
        msg = f"{instant.isoformat()} has no time zone"
        raise ValueError(msg)
    return instant.astimezone(UTC)


def parse_instant(text: str) -> datetime:
    """An RFC 3339 time with an offset, as an instant in UTC. Raises ValueError."""
    return aware(datetime.fromisoformat(text))


def format_instant(instant: datetime) -> str:
    """RFC 3339 in UTC, seconds precision unless there is a fraction: `2026-12-01T11:15:00Z`."""
    return aware(instant).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, order=True)
class Interval:
    """A stretch of time `[start, end)`, kept in UTC. Empty and reversed ones are refused."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", aware(self.start))
        object.__setattr__(self, "end", aware(self.end))
        if self.end <= self.start:
            msg = f"the end {format_instant(self.end)} is not after the start {format_instant(self.start)}"
            raise ValueError(msg)

    @property
    def duration(self) -> timedelta:
        return self.end - self.start

    def overlaps(self, other: Interval) -> bool:
        return self.start < other.end and other.start < self.end

    def contains(self, other: Interval) -> bool:
        return self.start <= other.start and other.end <= self.end

    def touches(self, other: Interval) -> bool:
        """They share an instant or a border."""
        return self.start <= other.end and other.start <= self.end

    def padded(self, before: timedelta, after: timedelta) -> Interval:
        return Interval(self.start - before, self.end + after)

    def clipped(self, window: Interval) -> Interval | None:
        if window.contains(self):
            return self
        start, end = max(self.start, window.start), min(self.end, window.end)
        return Interval(start, end) if start < end else None


def merge(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same time as sorted intervals that neither overlap nor touch."""
    merged: list[Interval] = []
    for interval in sorted(intervals):
        if merged and interval.start <= merged[-1].end:
            if interval.end > merged[-1].end:
                merged[-1] = Interval(merged[-1].start, interval.end)
        else:
            merged.append(interval)
    return tuple(merged)


def intersect(left: Iterable[Interval], right: Iterable[Interval]) -> tuple[Interval, ...]:
    """The time that lies in both."""
    return tuple(_intersections(merge(left), merge(right)))


def _intersections(left: tuple[Interval, ...], right: tuple[Interval, ...]) -> Iterator[Interval]:
    i = j = 0
    while i < len(left) and j < len(right):
        common = left[i].clipped(right[j])
        if common:
            yield common
        if left[i].end <= right[j].end:
            i += 1
        else:
            j += 1


def subtract(whole: Iterable[Interval], taken: Iterable[Interval]) -> tuple[Interval, ...]:
    """The time of `whole` that is not in `taken`."""
    free: list[Interval] = []
    holes = merge(taken)
    for piece in merge(whole):
        cursor = piece.start
        for hole in holes:
            if hole.end <= cursor:
                continue
            if hole.start >= piece.end:
                break
            if hole.start > cursor:
                free.append(Interval(cursor, hole.start))
            cursor = max(cursor, hole.end)
        if cursor < piece.end:
            free.append(Interval(cursor, piece.end))
    return tuple(free)
