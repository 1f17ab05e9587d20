# SPDX-License-Identifier: Apache-2.0
"""`freeBusy.query`: when calendars are busy, and nothing else about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.fakes.google.calls import Call
from tests.fakes.google.problems import Refusal, wrong
from tests.fakes.google.recurrence import instances, is_master
from tests.fakes.google.store import Calendar, Entry, Store
from tests.fakes.google.times import instant, rfc3339, zone

MOST_CALENDARS = 50
MOST_MEMBERS = 100
#: no client should hope for more than that in one question
LONGEST = timedelta(days=90)
#: kinds of events that take no time, whatever they say themselves
TIMELESS = frozenset({"workingLocation", "birthday"})

Span = tuple[datetime, datetime]


@dataclass
class FreeBusy:
    """Answers `freebusy.query`. Used with the fake's lock held."""

    store: Store
    #: longer questions are refused
    longest: timedelta = LONGEST
    #: calendars that answer with this reason instead; `None`: they are missing from the answer
    instead: dict[str, str | None] = field(default_factory=dict)

    def query(self, call: Call) -> dict[str, Any]:
        body = call.body()
        start, end = self._window(body)
        where = zone(body.get("timeZone", "UTC"))
        asked = [item["id"] for item in body.get("items", [])]
        if len(asked) > MOST_CALENDARS:
            raise wrong("invalid", f"{len(asked)} calendars are asked for at once, {MOST_CALENDARS} may be.")
        groups = {name: self._group(name, body) for name in asked if name.lower() in self.store.groups}
        members = [member for group in groups.values() for member in group.get("calendars", ())]
        calendars = {
            name: self._calendar(name, call.access.subject, (start, end), where)
            for name in (*asked, *members)
            if name not in groups and self.instead.get(name, "") is not None
        }
        return {
            "kind": "calendar#freeBusy",
            "timeMin": rfc3339(start, where),
            "timeMax": rfc3339(end, where),
            **({"groups": groups} if groups else {}),
            "calendars": calendars,
        }

    def _window(self, body: dict[str, Any]) -> Span:
        for name in ("timeMin", "timeMax", "items"):
            if name not in body:
                raise wrong("required", name)
        start, end = instant(body["timeMin"], "timeMin"), instant(body["timeMax"], "timeMax")
        if start >= end:
            raise wrong("timeRangeEmpty")
        if end - start > self.longest:
            raise Refusal("timeRangeTooLong", wrong=end - start > LONGEST)
        return start, end

    def _group(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        members = self.store.groups[name.lower()]
        if len(members) > min(body.get("groupExpansionMax", MOST_MEMBERS), MOST_MEMBERS):
            return _failed("groupTooBig")
        return {"calendars": members}

    def _calendar(self, name: str, subject: str, window: Span, where: ZoneInfo) -> dict[str, Any]:
        address = subject if name == "primary" else name.lower()
        calendar = self.store.calendars.get(address)
        reason = self.instead.get(name) or (None if calendar and not calendar.closed else "notFound")
        if reason is not None or calendar is None:
            return {"busy": [], **_failed(reason or "notFound")}
        spans = merged(sorted(busy(calendar, window)))
        return {
            "busy": [{"start": rfc3339(start, where), "end": rfc3339(end, where)} for start, end in spans]
        }


def busy(calendar: Calendar, window: Span) -> Iterator[Span]:
    """The times that are taken, not cut to the window."""
    for entry in list(calendar.live()):
        for found in instances(calendar, entry, *window) if is_master(entry) else (entry,):
            start, end = calendar.span(found)
            if start < window[1] and end > window[0] and start < end and blocks(found):
                yield start, end


def blocks(entry: Entry) -> bool:
    """Declined, transparent and timeless events take no time; unanswered and tentative ones do."""
    return (
        not entry.cancelled
        and entry.fields.get("transparency") != "transparent"
        and entry.fields["eventType"] not in TIMELESS
        and entry.own_answer() != "declined"
    )


def merged(spans: list[Span]) -> list[Span]:
    """Overlapping times as one; ``spans`` are sorted."""
    result: list[Span] = []
    for start, end in spans:
        if result and start <= result[-1][1]:
            result[-1] = result[-1][0], max(end, result[-1][1])
        else:
            result.append((start, end))
    return result


def _failed(reason: str) -> dict[str, Any]:
    return {"errors": [{"domain": "global", "reason": reason}]}
