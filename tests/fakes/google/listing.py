# SPDX-License-Identifier: Apache-2.0
"""Lists of events: windows, filters, pages, and what changed since a sync token."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.fakes.google import views
from tests.fakes.google.calls import Call, calendar_of
from tests.fakes.google.problems import Refusal, wrong
from tests.fakes.google.recurrence import HORIZON, instances, is_master
from tests.fakes.google.store import Calendar, Entry, Fields, Role, Store
from tests.fakes.google.times import instant, stamp, zone

#: what cannot be said together with a sync token
NOT_WITH_SYNC = (
    *("iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty"),
    *("timeMin", "timeMax", "updatedMin"),
)
#: after what no sync token is given; a window may be set at first
NO_SYNC_AFTER = tuple(name for name in NOT_WITH_SYNC if name not in {"timeMin", "timeMax"})
#: what has to be said again with a sync token as it was said at first
SAME_WITH_SYNC = ("singleEvents", "eventTypes", "showHiddenInvitations", "timeZone")
MOST = 2500
#: how far back `updatedMin` may reach
MEMORY = timedelta(days=28)


@dataclass(frozen=True, kw_only=True)
class _Round:
    """One list, from its first page to its last."""

    calendar: str
    asked: tuple[tuple[str, str], ...]
    entries: tuple[Entry, ...]
    #: of the store when the list began: what changes during it comes again
    version: int
    syncs: bool


@dataclass(frozen=True, kw_only=True)
class _SyncPoint:
    calendar: str
    asked: tuple[list[str], ...]
    version: int


@dataclass
class EventLists:
    """Answers `events.list` and `events.instances`. Used with the fake's lock held."""

    store: Store
    #: page token → the list and how far it has come
    _pages: dict[str, tuple[_Round, int]] = field(default_factory=dict)
    _sync_points: dict[str, _SyncPoint | None] = field(default_factory=dict)

    def page(self, call: Call, *, empty: bool = False) -> Fields:
        """``empty``: a page of nothing, whose next page is what was asked for."""
        calendar, role = calendar_of(call, self.store)
        size = min(call.number("maxResults", 250), MOST)
        if size < 1:
            raise wrong("invalid", "Invalid value for: maxResults")
        page = call.parameter("pageToken")
        around, position = self._page(call, page) if page else (self._begun(call, calendar), 0)
        rest = slice(position, position if empty else position + size)
        return self._document(
            call, calendar, role, around, rest, more=empty or rest.stop < len(around.entries)
        )

    def instances(self, call: Call) -> Fields:
        calendar, role = calendar_of(call, self.store)
        master = calendar.entries.get(call.names["eventId"])
        if master is None or not is_master(master):
            raise Refusal("notFound")
        found = instances(calendar, master, *self._window(call))
        entries = tuple(entry for entry in found if call.flag("showDeleted") or not entry.cancelled)
        around = _Round(calendar=calendar.address, asked=(), entries=entries, version=0, syncs=False)
        return self._document(call, calendar, role, around, slice(None), more=False)

    def expire(self) -> None:
        """From now on every sync token handed out so far is too old."""
        self._sync_points = dict.fromkeys(self._sync_points)

    def _page(self, call: Call, token: str) -> tuple[_Round, int]:
        if token not in self._pages:
            raise wrong("invalid", "Invalid page token value.")
        around, position = self._pages[token]
        if around.asked != _asked(call):
            raise wrong("invalid", "A page token goes with the parameters of the first page.")
        return around, position

    def _begun(self, call: Call, calendar: Calendar) -> _Round:
        token = call.parameter("syncToken")
        entries = self._since(call, calendar, token) if token else self._matching(call, calendar)
        return _Round(
            calendar=calendar.address,
            asked=_asked(call),
            entries=tuple(entries),
            version=self.store.version,
            syncs=all(call.parameter(name) is None for name in NO_SYNC_AFTER),
        )

    def _document(
        self, call: Call, calendar: Calendar, role: Role, around: _Round, page: slice, *, more: bool
    ) -> Fields:
        where = call.parameter("timeZone") or calendar.time_zone
        document: dict[str, Any] = {
            "kind": "calendar#events",
            "etag": f'"p{self.store.version}"',
            "summary": calendar.address,
            "updated": stamp(self.store.now()),
            "timeZone": where,
            "accessRole": role,
            "defaultReminders": [{"method": "popup", "minutes": 10}],
            "items": _shown(call, role, zone(where), around.entries[page]),
        }
        if more:
            document["nextPageToken"] = token = secrets.token_urlsafe(16)
            self._pages[token] = (around, page.stop)
        elif around.syncs:
            document["nextSyncToken"] = self._sync_token(call, around)
        return document

    def _sync_token(self, call: Call, around: _Round) -> str:
        token = secrets.token_urlsafe(16) + "="
        self._sync_points[token] = _SyncPoint(
            calendar=around.calendar, asked=_repeated(call), version=around.version
        )
        return token

    def _since(self, call: Call, calendar: Calendar, token: str) -> Iterator[Entry]:
        """What changed since the token was handed out, whatever its time."""
        if together := [name for name in NOT_WITH_SYNC if call.parameter(name) is not None]:
            raise wrong("invalid", f"Sync token cannot be used with {', '.join(together)}.")
        if call.parameter("showDeleted") == "false":
            raise wrong("invalid", "Sync token cannot be used with showDeleted=false.")
        if token not in self._sync_points:
            raise wrong("invalid", "Invalid sync token value.")
        point = self._sync_points[token]
        if point is None:
            raise Refusal("fullSyncRequired")
        if point.calendar != calendar.address or point.asked != _repeated(call):
            raise wrong("invalid", "A sync token goes with the calendar and parameters of the first list.")
        changed = [entry for entry in calendar.entries.values() if entry.version > point.version]
        return self._expanded(call, calendar, changed, self._window(call))

    def _matching(self, call: Call, calendar: Calendar) -> Iterable[Entry]:
        start, end = self._window(call)
        least = self._updated_min(call)
        deleted = call.flag("showDeleted") or least is not None
        single, bounded = call.flag("singleEvents"), call.parameter("timeMin") or call.parameter("timeMax")
        found = [
            entry
            for entry in self._expanded(call, calendar, calendar.entries.values(), (start, end))
            if (deleted or not entry.cancelled or _is_cancelled_exception(entry, single=single))
            and (least is None or entry.fields["updated"] >= least)
            and (not bounded or _touches(calendar, entry, start, end))
            and _fits(call, entry)
        ]
        return self._ordered(call, calendar, found)

    def _expanded(
        self, call: Call, calendar: Calendar, entries: Iterable[Entry], window: tuple[datetime, datetime]
    ) -> Iterator[Entry]:
        """Series as they are, or instance by instance."""
        if not call.flag("singleEvents"):
            yield from entries
            return
        done: set[str] = set()
        for entry in list(entries):
            if is_master(entry):
                for found in instances(calendar, entry, *window):
                    if found.id not in done:
                        done.add(found.id)
                        yield _of(found, cancelled=entry.cancelled)
            elif entry.id not in done:
                done.add(entry.id)
                yield entry

    def _ordered(self, call: Call, calendar: Calendar, found: list[Entry]) -> list[Entry]:
        order = call.parameter("orderBy")
        if order == "startTime":
            if not call.flag("singleEvents"):
                raise wrong("invalid", "The requested ordering is not available for the particular query.")
            return sorted(found, key=calendar.span)
        return sorted(found, key=lambda entry: entry.fields["updated"]) if order == "updated" else found

    def _window(self, call: Call) -> tuple[datetime, datetime]:
        start, end = call.parameter("timeMin"), call.parameter("timeMax")
        now = self.store.now()
        window = (
            instant(start, "timeMin") if start else now - HORIZON,
            instant(end, "timeMax") if end else now + HORIZON,
        )
        if start and end and window[0] >= window[1]:
            raise wrong("timeRangeEmpty")
        return window

    def _updated_min(self, call: Call) -> str | None:
        given = call.parameter("updatedMin")
        if given is None:
            return None
        least = instant(given, "updatedMin")
        if least < self.store.now() - MEMORY:
            raise Refusal("updatedMinTooLongAgo")
        return stamp(least)


def _shown(call: Call, role: Role, where: ZoneInfo, entries: Iterable[Entry]) -> list[Fields]:
    most = call.parameter("maxAttendees")
    return [
        views.cancelled(entry)
        if entry.cancelled
        else views.event(entry, role, where, most_guests=int(most) if most else None)
        for entry in entries
    ]


def _touches(calendar: Calendar, entry: Entry, start: datetime, end: datetime) -> bool:
    if is_master(entry):
        return any(True for _ in instances(calendar, entry, start, end))
    first, last = calendar.span(entry)
    return first < end and last > start


def _is_cancelled_exception(entry: Entry, *, single: bool) -> bool:
    """Without expansion, cancelled instances of a series are told even to who asks for no deletions."""
    return not single and "recurringEventId" in entry.fields


def _fits(call: Call, entry: Entry) -> bool:
    types = call.request.parameters("eventTypes")
    uid, words = call.parameter("iCalUID"), call.parameter("q")
    properties = entry.fields.get("extendedProperties", {})
    text = " ".join(str(entry.fields.get(name, "")) for name in ("summary", "description", "location"))
    return (
        (not types or entry.fields["eventType"] in types)
        and (uid is None or entry.fields["iCalUID"] == uid)
        and (words is None or words.lower() in text.lower())
        and all(
            properties.get(kind, {}).get(pair.partition("=")[0]) == pair.partition("=")[2]
            for kind in ("private", "shared")
            for pair in call.request.parameters(f"{kind}ExtendedProperty")
        )
    )


def _of(entry: Entry, *, cancelled: bool) -> Entry:
    """The instance of a series that is gone is gone, too."""
    if not cancelled or entry.cancelled:
        return entry
    return Entry(entry.calendar, entry.fields | {"status": "cancelled"}, entry.version)


def _asked(call: Call) -> tuple[tuple[str, str], ...]:
    """What a page token goes with."""
    free = {"pageToken", "maxResults", "fields", "quotaUser"}
    return tuple(sorted(pair for pair in call.request.query if pair[0] not in free))


def _repeated(call: Call) -> tuple[list[str], ...]:
    return tuple(call.request.parameters(name) for name in SAME_WITH_SYNC)
