# SPDX-License-Identifier: Apache-2.0
"""The provider over CalDAV (RFC 4791), one account for each calendar."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from icalendar import Calendar as Ical
from lxml import etree  # type: ignore[import-untyped]

from calendars.caldav import objects
from calendars.caldav.client import (
    ANOTHER,
    GONE,
    NOT_PERMITTED,
    NOT_THERE,
    RECONNECT,
    CalDavAccount,
    Calendar,
    Unsupported,
)
from calendars.errors import CalendarError, Conflict, Gone, NotAllowed, NotConnected, Outage
from calendars.ics.reading import read_blocks, read_event_times
from calendars.ics.unclear import Unclear
from calendars.pieces import Refusal, Told, code_of, collected
from calendars.pieces import reading as as_reading
from calendars.retry import Breaker
from calendars.values import (
    Attendee,
    AttendeeStatus,
    CalendarKey,
    Changes,
    Channel,
    EventDraft,
    EventRef,
    FoundEvent,
    Hook,
    Reading,
    in_utc,
)

LOOKS = 3
#: between the first and the last zone of the world: so far off may a server place a day that has no zone
SHIFT = timedelta(hours=26)
CALENDAR = {"Content-Type": "text/calendar; charset=utf-8"}
MISSING = Refusal("no_answer", "The CalDAV server gave no answer about this calendar.")
CODES = {
    RECONNECT: "reconnect",
    NOT_PERMITTED: "not_permitted",
    GONE: "not_found",
    NOT_THERE: "not_found",
    ANOTHER: "not_found",
}
PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
DAV, DATA = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}calendar-data"
ANSWERS: dict[str, AttendeeStatus] = {
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "tentative",
}

_RANGE = 'start="{start:%Y%m%dT%H%M%SZ}" end="{end:%Y%m%dT%H%M%SZ}"'
_EVENTS = (
    '<?xml version="1.0"?><C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
    "<D:prop><C:calendar-data/></D:prop>"
    '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">'
    f"<C:time-range {_RANGE}/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
)
_SYNC = (
    '<?xml version="1.0"?><D:sync-collection xmlns:D="DAV:"><D:sync-token>{token}</D:sync-token>'
    "<D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>"
)
_ETAGS = '<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop><D:getetag/></D:prop></D:propfind>'


def _now() -> datetime:
    return datetime.now(UTC)


class BadAnswer(Outage):
    """The CalDAV server is not answering as it should: what came makes no sense."""


class CalDavCalendars:
    """Calendars behind CalDAV accounts. Safe to use from several threads."""

    name = "caldav"

    def __init__(
        self,
        account_of: Callable[[str], CalDavAccount | None],
        *,
        breaker_of: Callable[[str], Breaker] | None = None,
        at_once: int = 8,
        now: Callable[[], datetime] = _now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``account_of`` gives the account for an address; ``breaker_of`` the breaker of a server."""
        self._account_of, self._at_once, self._now, self._sleep = account_of, at_once, now, sleep
        self._breakers: dict[str, Breaker] = {}
        self._breaker_of = breaker_of or (lambda host: self._breakers.setdefault(host, Breaker("CalDAV")))
        self._lock = threading.Lock()
        self._calendars: dict[tuple[str, CalDavAccount], Calendar] = {}

    def read_busy(
        self,
        calendars: Sequence[CalendarKey],
        start: datetime,
        end: datetime,
        *,
        deadline: float | None = None,
    ) -> dict[str, Reading]:
        """Look at each calendar between two instants; see `Provider.read_busy`."""
        start, end = in_utc(start), in_utc(end)
        if end <= start:
            raise ValueError("The window must end after it starts.")
        asked = {key.address: key for key in calendars}
        pool = ThreadPoolExecutor(max_workers=self._at_once, thread_name_prefix="caldav")
        try:
            work = [
                ((key.address,), pool.submit(self._read, key, start, end, deadline)) for key in asked.values()
            ]
            told = collected(work, missing=MISSING, code_of=_code_of, deadline=deadline)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        read_at = self._now()
        return {address: as_reading(told[address], start, end, read_at) for address in asked}

    def _read(
        self, key: CalendarKey, start: datetime, end: datetime, deadline: float | None
    ) -> dict[str, Told]:
        calendar = self._calendar(key.address)
        try:
            data = self._data(calendar, start, end, deadline)
            return {key.address: read_blocks(data, key, start, end) if data else ()}
        except Gone:
            return {key.address: Refusal("not_found", GONE)}
        except Unclear as unclear:
            return {key.address: Refusal(unclear.code, unclear.reason)}

    def _data(self, calendar: Calendar, start: datetime, end: datetime, deadline: float | None) -> bytes:
        """
        The events, whatever detail is wished: a server's free-busy report has whole days and floating times
        in a zone of its own, and does not say which they are.
        """
        report = _EVENTS.format(start=start - SHIFT, end=end + SHIFT)
        answer = calendar.call("REPORT", body=report, headers={"Depth": "1"}, deadline=deadline)
        return b"".join(_event_in(response) for response in _multistatus(answer.body))

    def create_event(self, calendar: str, draft: EventDraft) -> EventRef:
        """Write the event, once; see `Provider.create_event`."""
        there, name = self._calendar(calendar), objects.name_of(draft.uid)
        for _ in range(LOOKS):
            try:
                body = objects.written(draft, self._now())
                headers = {**CALENDAR, "If-None-Match": "*"}
                there.call("PUT", name, body=body, headers=headers)
                return self._ref(calendar, there, draft.uid)
            except Conflict:
                try:
                    return self._update(calendar, there, draft)
                except Gone:
                    continue
            except Gone:
                raise NotAllowed(GONE) from None
        raise Conflict

    def update_event(self, ref: EventRef, draft: EventDraft) -> EventRef:
        """Make the event as the draft says; Gone when it was deleted. See `Provider.update_event`."""
        if ref.event_id != objects.name_of(draft.uid):
            raise ValueError("The draft is of another event.")
        return self._update(ref.calendar, self._calendar(ref.calendar), draft)

    def _update(self, address: str, calendar: Calendar, draft: EventDraft) -> EventRef:
        name = objects.name_of(draft.uid)
        for _ in range(LOOKS):
            there = calendar.call("GET", name)
            body = objects.merged(there.body, draft, address, self._now())
            try:
                calendar.call("PUT", name, body=body, headers={**CALENDAR, "If-Match": there.etag})
            except Conflict:
                continue
            return self._ref(address, calendar, draft.uid)
        raise Conflict

    def cancel_event(self, ref: EventRef) -> None:
        """Take the event out of the calendar; already gone is done."""
        try:
            self._calendar(ref.calendar).call("DELETE", ref.event_id)
        except Gone:
            return

    def find_event(self, calendar: str, uid: str) -> FoundEvent | None:
        """The event with this uid as it is now, or None."""
        account = self._calendar(calendar)
        try:
            there = account.call("GET", objects.name_of(uid))
            found = read_event_times(there.body, CalendarKey(calendar, "UTC"), uid)
        except Gone:
            _check_calendar(account)
            return None
        except Unclear as unclear:
            raise NotAllowed(unclear.reason) from None
        if found is None:
            return None
        start, end, status, _ = found
        ref = EventRef(provider=self.name, calendar=calendar, event_id=objects.name_of(uid), etag=there.etag)
        return FoundEvent(ref=ref, start=start, end=end, status=status, attendees=_attendees(there.body))

    def changes_since(self, calendar: CalendarKey, cursor: str | None) -> Changes:
        """What happened since the cursor: by sync-collection (RFC 6578), else by everybody's ETags."""
        there = self._calendar(calendar.address)
        kept = _kept(cursor)
        try:
            return self._synced(there, kept.get("token", ""))
        except (Unsupported, Conflict, NotAllowed, Gone):
            pass
        try:
            if kept.get("token"):  # too old: begin again
                return self._synced(there, "")
        except (Unsupported, Conflict, NotAllowed, Gone):
            pass
        digest = hashlib.sha256(there.call("PROPFIND", body=_ETAGS, headers={"Depth": "1"}).body).hexdigest()
        same = kept.get("digest") == digest
        return Changes(cursor=json.dumps({"digest": digest}), event_ids=frozenset() if same else None)

    def _synced(self, calendar: Calendar, token: str) -> Changes:
        report = _SYNC.format(token=token.replace("&", "&amp;").replace("<", "&lt;"))
        tree = _multistatus(calendar.call("REPORT", body=report).body)
        fresh = tree.findtext(f"{DAV}sync-token")
        if not fresh:
            raise Unsupported
        names = {_name(str(href.text)) for href in tree.iter(f"{DAV}href") if href.text}
        return Changes(cursor=json.dumps({"token": fresh}), event_ids=frozenset(names) if token else None)

    def watch(self, calendar: str, hook: Hook) -> Channel | None:  # noqa: ARG002  # the protocol's shape
        """None: CalDAV servers tell nobody of changes."""
        return None

    def renew(self, channel: Channel, hook: Hook) -> Channel:  # noqa: ARG002  # the protocol's shape
        """Raises NotAllowed: there are no channels."""
        raise NotAllowed("CalDAV servers tell nobody of changes.")

    def unwatch(self, channel: Channel) -> None:
        """Nothing to stop."""

    def probe(self, calendar: str | None = None) -> str:
        """Whether the calendar of this account is found; if it has others, which."""
        if calendar is None:
            return "no account to try"
        there = self._calendar(calendar)
        try:
            there.url()
        except NotAllowed as error:
            if str(error) != NOT_THERE or not (others := there.beside()):
                raise
            raise NotAllowed(f"{NOT_THERE} It has {', '.join(others)}") from None
        return f"the calendar of {calendar} can be reached"

    def _calendar(self, address: str) -> Calendar:
        account = self._account_of(address)
        if account is None:
            raise NotConnected("Nobody has given an account for this CalDAV calendar.")
        with self._lock:
            if (address, account) not in self._calendars:
                breaker = self._breaker_of(account.host)
                self._calendars[address, account] = Calendar(account, address, breaker, self._sleep)
            return self._calendars[address, account]

    def _ref(self, address: str, calendar: Calendar, uid: str) -> EventRef:
        """Servers may change what they are given, and then its ETag is not told with the answer."""
        name = objects.name_of(uid)
        etag = calendar.call("GET", name).etag
        return EventRef(provider=self.name, calendar=address, event_id=name, etag=etag)


def _check_calendar(calendar: Calendar) -> None:
    """Raises NotAllowed where not the event is gone but the calendar."""
    try:
        calendar.call("PROPFIND", body=_ETAGS, headers={"Depth": "0"})
    except Gone:
        raise NotAllowed(GONE) from None


def _multistatus(body: bytes) -> Any:
    """The answer to a report. Whatever else may be XML, such as a page in between, is none."""
    try:
        tree = etree.fromstring(body, PARSER)
    except (etree.XMLSyntaxError, ValueError):
        raise BadAnswer from None
    if tree.tag != f"{DAV}multistatus":
        raise BadAnswer
    return tree


def _event_in(response: Any) -> bytes:
    """The object that a report found: one that is left out, as where there were too many, is not free."""
    if response.tag != f"{DAV}response":
        return b""
    data = response.find(f".//{DATA}")
    if data is None or len(data) or not data.text:
        raise BadAnswer  # entities, which are not expanded, or nothing where an event should be
    text: bytes = data.text.encode() + b"\r\n"
    return text


def _name(href: str) -> str:
    return unquote(href).rstrip("/").rpartition("/")[2]


def _attendees(body: bytes) -> tuple[Attendee, ...]:
    found: list[Attendee] = []
    for event in Ical.from_ical(body).walk("VEVENT"):
        found += [guest for person in _listed(event) if (guest := _attendee(person)) is not None]
    return tuple(found)


def _listed(event: Any) -> list[Any]:
    people = event.get("ATTENDEE", [])
    return people if isinstance(people, list) else [people]


def _attendee(person: Any) -> Attendee | None:
    status = ANSWERS.get(str(person.params.get("PARTSTAT", "")).upper(), "needs_action")
    try:
        return Attendee(email=str(person).removeprefix("mailto:").removeprefix("MAILTO:"), status=status)
    except ValueError:
        return None


def _kept(cursor: str | None) -> dict[str, str]:
    try:
        kept = json.loads(cursor) if cursor else {}
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}


def _code_of(error: CalendarError) -> str:
    return code_of(error, CODES)
