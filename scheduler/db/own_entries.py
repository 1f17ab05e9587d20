# SPDX-License-Identifier: Apache-2.0
"""The entries of ours that calendars show: whoever reads one must not take them for somebody else's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased

from scheduler.db import rows
from scheduler.domain.intervals import Interval, parse_instant
from scheduler.domain.people import CalendarAddress


@dataclass(frozen=True, kw_only=True)
class OwnEntry:
    """An entry that we wrote, or are about to write or to remove."""

    #: when it should stand there; None: it is on its way out
    during: Interval | None
    #: the calendars it should stand in
    calendars: frozenset[CalendarAddress]
    #: those of them that it is written to: others have copies
    originals: frozenset[CalendarAddress]
    #: where it stands until it is moved; None: it is not being moved
    leaves: Interval | None = None


_ADDRESSES = sa.bindparam("addresses", type_=ARRAY(sa.Text()))
_MOVING: sa.BindParameter[list[str]] = sa.bindparam("moving", expanding=True)
#: whether it may still stand where it was wanted before
_UNDER_WAY = sa.and_(
    rows.CalendarEntry.status != "written",
    rows.CalendarEntry.written_version != rows.CalendarEntry.booking_version,
)
#: whether a calendar was ever asked to take it: before that a block at its time is somebody's own meeting
_ASKED = sa.or_(rows.CalendarEntry.event_id.is_not(None), rows.CalendarEntry.attempts > 0)
_PRESENT = rows.CalendarEntry.wanted == "present"
_ALIKE = aliased(rows.CalendarEntry)
#: whether others of its name stay where one is gone, or is to go: nobody may have asked about their calendars
_STAYS_ELSEWHERE = (
    sa.select(sa.func.bool_or(_ALIKE.wanted == "present"))
    .where(_ALIKE.booking_id == rows.CalendarEntry.booking_id, _ALIKE.uid == rows.CalendarEntry.uid)
    .scalar_subquery()
)
# Put together once: that takes longer than asking. Of an organisation's entries most are settled, and in the
# calendars of people whom nobody asks about.
_ENTRIES = (
    sa.select(
        rows.CalendarEntry.uid,
        rows.CalendarEntry.provider,
        rows.CalendarEntry.calendar,
        rows.CalendarEntry.attendees,
        rows.CalendarEntry.session_key,
        sa.or_(_PRESENT, _STAYS_ELSEWHERE).label("stands"),
        sa.and_(_PRESENT, _UNDER_WAY).label("under_way"),
        rows.Booking.sessions,
        sa.and_(rows.Booking.id.in_(_MOVING), _ASKED).label("leaves"),
    )
    .join(rows.Booking, rows.Booking.id == rows.CalendarEntry.booking_id)
    .where(
        sa.or_(
            rows.Booking.id.in_(_MOVING),
            sa.and_(
                rows.Booking.start < sa.bindparam("until"),
                rows.Booking.end > sa.bindparam("since"),
                sa.or_(
                    ~_PRESENT,
                    _UNDER_WAY,
                    rows.CalendarEntry.calendar == sa.func.any(_ADDRESSES),
                    rows.CalendarEntry.attendees.op("?|")(_ADDRESSES),
                ),
            ),
        )
    )
)


def own_entries(
    session: Session, addresses: Collection[str], during: Interval, *, moving: Collection[str]
) -> dict[str, OwnEntry]:
    """By uid: the entries of bookings in this time that stand in calendars with these addresses, and all that
    are on their way. `moving`: the ids of bookings that are being moved, whenever they are.
    """
    asked = {
        "addresses": sorted(addresses),
        "since": during.start,
        "until": during.end,
        "moving": list(moving),
    }
    by_uid: dict[str, list[Any]] = defaultdict(list)
    for found in session.execute(_ENTRIES, asked):
        by_uid[found.uid].append(found)
    return {uid: _own_entry(found) for uid, found in by_uid.items()}


def _own_entry(found: Iterable[Any]) -> OwnEntry:
    """What the entries with one uid come to."""
    found = list(found)
    stands = next((_session_time(entry) for entry in found if entry.stands), None)
    leaves = any(entry.leaves for entry in found)
    return OwnEntry(
        during=None if leaves or any(entry.under_way for entry in found) else stands,
        # Whom an event invites has a copy of it.
        calendars=frozenset(
            CalendarAddress(entry.provider, address)
            for entry in found
            for address in (entry.calendar, *entry.attendees)
        ),
        originals=frozenset(CalendarAddress(entry.provider, entry.calendar) for entry in found),
        leaves=stands if leaves else None,
    )


def _session_time(entry: Any) -> Interval:
    data = next(item for item in entry.sessions if item["key"] == entry.session_key)
    return Interval(parse_instant(data["start"]), parse_instant(data["end"]))
