# SPDX-License-Identifier: Apache-2.0
"""The provider over Google Calendar, API version 3."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from calendars.access import Access, TokenSource
from calendars.errors import CalendarError, Conflict, Gone, NotAllowed, NotConnected, Outage
from calendars.google import ids, reading, writing
from calendars.google.client import ENDPOINT, Client
from calendars.google.problems import (
    NO_SUCH_PERSON,
    AlreadyThere,
    NoConference,
    RangeTooLong,
    SyncExpired,
    code_of,
)
from calendars.pieces import Refusal, Told, collected, groups, joined, spans
from calendars.pieces import reading as as_reading
from calendars.retry import Breaker
from calendars.values import (
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

NOT_CONNECTED = "Nobody has given access to this Google calendar: its owner has to connect it."
LOOKS = 3
#: of a group, so many are tried until one can ask for the others
MOST_ASKERS = 8
CHANNEL_LIFE = timedelta(days=7)
DAY = timedelta(days=1)


def _now() -> datetime:
    return datetime.now(UTC)


class GoogleCalendars:
    """Calendars of Google Workspace and Google accounts. Safe to use from several threads."""

    name = "google"

    def __init__(
        self,
        access: Access,
        *,
        endpoint: str = ENDPOINT,
        reader: str | None = None,
        breaker: Breaker | None = None,
        at_once: int = 8,
        now: Callable[[], datetime] = _now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``reader``: an address that asks for everybody's free/busy, where the organisation granted that."""
        self._access = access
        self._reader = reader
        self._client = Client(endpoint, breaker or Breaker("Google Calendar"), sleep)
        self._at_once = at_once
        self._cannot_ask: set[str] = set()
        self._now = now

    # Reading

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
        pool = ThreadPoolExecutor(max_workers=self._at_once, thread_name_prefix="google")
        try:
            asked = {key.address: key for key in calendars}
            work = [
                *self._ask_free_busy(
                    pool, [k for k in asked.values() if k.detail == "free_busy"], start, end, deadline
                ),
                *(
                    ((key.address,), pool.submit(self._read_events, key, start, end, deadline))
                    for key in asked.values()
                    if key.detail == "events"
                ),
            ]
            told = collected(work, missing=reading.MISSING, code_of=code_of, deadline=deadline)
            read_at = self._now()
            return {address: as_reading(told[address], start, end, read_at) for address in asked}
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _ask_free_busy(
        self,
        pool: ThreadPoolExecutor,
        keys: Sequence[CalendarKey],
        start: datetime,
        end: datetime,
        deadline: float | None,
    ) -> list[tuple[tuple[str, ...], Future[dict[str, Told]]]]:
        own = [k.address for k in keys if self._access.personal(k.address) is not None]
        shared = [k.address for k in keys if k.address not in set(own)]
        asked = [*((address,) for address in own), *groups(shared, reading.MOST_CALENDARS)]
        return [
            (group, pool.submit(self._free_busy, group, first, last, deadline))
            for group in asked
            for first, last in spans(start, end, reading.LONGEST)
        ]

    def _free_busy(
        self, group: tuple[str, ...], start: datetime, end: datetime, deadline: float | None
    ) -> dict[str, Told]:
        """One query for a group, asked by whoever may: rooms, and who has left, can only be asked about."""
        refused: NotAllowed = NotConnected()
        for asker in self._askers(group):
            try:
                return self._query(self._source(asker), list(group), start, end, deadline)
            except NotAllowed as error:
                refused = error
                if str(error) == NO_SUCH_PERSON:
                    self._cannot_ask.add(asker)
                elif not isinstance(error, NotConnected):
                    raise
        raise refused

    def _askers(self, group: tuple[str, ...]) -> list[str]:
        """Who might ask for this group, the likeliest first; a few of many are enough."""
        reader = [self._reader] if self._reader and self._access.personal(group[0]) is None else []
        others = sorted((a for a in group if a not in reader), key=lambda a: a in self._cannot_ask)
        return [*reader, *others][:MOST_ASKERS]

    def _query(
        self,
        source: TokenSource,
        addresses: list[str],
        start: datetime,
        end: datetime,
        deadline: float | None,
    ) -> dict[str, Told]:
        body = reading.free_busy_body(addresses, start, end)
        try:
            answer = self._client.call(
                self._client.api.freebusy().query(body=body), source, deadline=deadline
            )
        except RangeTooLong:
            middle = start + (end - start) / 2
            if end - start < DAY:
                raise Outage from None
            halves = [
                self._query(source, addresses, first, last, deadline)
                for first, last in ((start, middle), (middle, end))
            ]
            return {address: joined([half[address] for half in halves]) for address in addresses}
        return {address: reading.free_busy_of(answer, address) for address in addresses}

    def _read_events(
        self, key: CalendarKey, start: datetime, end: datetime, deadline: float | None
    ) -> dict[str, Told]:
        source = self._source(key.address)
        parameters: dict[str, Any] = {
            "calendarId": key.address,
            "singleEvents": True,
            "timeMin": (start - DAY).isoformat(),  # whole days begin elsewhere than the window's do
            "timeMax": (end + DAY).isoformat(),
            "maxResults": 2500,
            "fields": reading.EVENT_FIELDS,
        }
        pages = self._pages(source, parameters, deadline)
        told = [reading.blocks_of(page["items"], page.get("timeZone") or key.time_zone) for page in pages]
        return {key.address: joined(told)}

    def _pages(
        self, source: TokenSource, parameters: Mapping[str, Any], deadline: float | None = None
    ) -> Any:
        """Page by page; one may be empty and still not be the last."""
        token: str | None = None
        while True:
            more = {"pageToken": token} if token else {}
            page = self._client.call(
                self._client.api.events().list(**parameters, **more), source, deadline=deadline
            )
            if not isinstance(page.get("items", []), list):
                raise reading.BadAnswer
            yield {"items": [], **page}
            token = page.get("nextPageToken")
            if not token:
                return

    # Writing

    def create_event(self, calendar: str, draft: EventDraft) -> EventRef:
        """Write the event, once; see `Provider.create_event`."""
        source = self._source(calendar)
        for generation in range(ids.GENERATIONS):
            id_ = ids.event_id(draft.uid, generation)
            try:
                return self._insert(source, calendar, draft, id_)
            except AlreadyThere:
                # An answer was lost, or the id was used up by an event that is gone.
                event = self._get(source, calendar, id_)
                if event is not None and writing.is_ours(event, draft.uid):
                    return self._patch(source, calendar, id_, draft)
        raise NotAllowed("This event was deleted and made again too often.")

    def _insert(self, source: TokenSource, calendar: str, draft: EventDraft, id_: str) -> EventRef:
        wanted = {"id": id_, **writing.body(draft, calendar)}
        asked = writing.conference(draft, id_)
        send = "none" if draft.status == "tentative" else "all"

        def insert(body: dict[str, Any]) -> dict[str, Any]:
            request = self._client.api.events().insert(
                calendarId=calendar, body=body, conferenceDataVersion=1, sendUpdates=send
            )
            return _event(self._client.call(request, source))

        try:
            return writing.reference(insert(wanted | asked), calendar, asked=bool(asked))
        except NoConference:
            return writing.reference(insert(wanted), calendar, asked=True, refused=True)
        except Gone as error:
            raise NotAllowed(str(error)) from None

    def update_event(self, ref: EventRef, draft: EventDraft) -> EventRef:
        """Make the event as the draft says; Gone when it was deleted. See `Provider.update_event`."""
        if ids.uid_of(ref.event_id) != draft.uid:
            raise ValueError("The draft is of another event.")
        return self._patch(self._source(ref.calendar), ref.calendar, ref.event_id, draft)

    def _patch(self, source: TokenSource, calendar: str, id_: str, draft: EventDraft) -> EventRef:
        for _ in range(LOOKS):
            event = self._get(source, calendar, id_)
            if event is None:
                raise Gone
            wanted = writing.merged(event, writing.body(draft, calendar))
            asked = {} if event.get("conferenceData") else writing.conference(draft, id_)
            if not asked and writing.same(event, wanted):
                return writing.reference(event, calendar)
            # A hold that is confirmed invites now; nobody was told of it before.
            send = "none" if draft.status == "tentative" else "all"
            request = self._client.api.events().patch(
                calendarId=calendar,
                eventId=id_,
                body=wanted | asked,
                conferenceDataVersion=1,
                sendUpdates=send,
            )
            request.headers["If-Match"] = event["etag"]
            try:
                return writing.reference(
                    _event(self._client.call(request, source)), calendar, asked=bool(asked)
                )
            except Conflict:
                continue
            except NoConference:
                draft = _without_conference(draft)
        raise Conflict

    def cancel_event(self, ref: EventRef) -> None:
        """Take the event out of everybody's calendar; already gone is done."""
        source = self._source(ref.calendar)
        event = self._get(source, ref.calendar, ref.event_id)
        if event is None:
            return
        # Nobody was told of a hold, so nobody is told that it ends.
        send = "none" if event.get("status") == "tentative" else "all"
        request = self._client.api.events().delete(
            calendarId=ref.calendar, eventId=ref.event_id, sendUpdates=send
        )
        try:
            self._client.call(request, source)
        except Gone:
            return

    def find_event(self, calendar: str, uid: str) -> FoundEvent | None:
        """The event with this uid as it is now, or None."""
        source = self._source(calendar)
        for generation in range(ids.GENERATIONS):
            request = self._client.api.events().get(
                calendarId=calendar, eventId=ids.event_id(uid, generation)
            )
            try:
                event = _event(self._client.call(request, source))
            except Gone:
                return None
            if event.get("status") != "cancelled":
                return writing.found(event, calendar)
        return None

    def _get(self, source: TokenSource, calendar: str, id_: str) -> dict[str, Any] | None:
        """The living event; None when it is gone."""
        request = self._client.api.events().get(calendarId=calendar, eventId=id_)
        try:
            event = _event(self._client.call(request, source))
        except Gone:
            return None
        return None if event.get("status") == "cancelled" else event

    # Staying fresh

    def changes_since(self, calendar: CalendarKey, cursor: str | None) -> Changes:
        """
        What happened since the cursor, which holds a sync token; see `Provider.changes_since`.

        Single instances are listed, so that a change of one of them has the id that free time is known by.
        """
        source = self._source(calendar.address)
        token = _token_in(cursor)
        try:
            return self._listed(source, calendar.address, token)
        except SyncExpired:
            return self._listed(source, calendar.address, None)

    def _listed(self, source: TokenSource, calendar: str, token: str | None) -> Changes:
        parameters: dict[str, Any] = {
            "calendarId": calendar,
            "singleEvents": True,
            "maxResults": 2500,
            "fields": "nextPageToken,nextSyncToken,items(id,status)",
        }
        if token:
            parameters["syncToken"] = token
        else:
            parameters["timeMin"] = (self._now() - DAY).replace(microsecond=0).isoformat()
        changed: set[str] = set()
        last: dict[str, Any] = {}
        for page in self._pages(source, parameters):
            changed.update(str(item["id"]) for item in page["items"] if item.get("id"))
            last = page
        fresh = last.get("nextSyncToken")
        if not fresh:
            raise reading.BadAnswer
        return Changes(cursor=json.dumps({"token": fresh}), event_ids=frozenset(changed) if token else None)

    def watch(self, calendar: str, hook: Hook) -> Channel | None:
        """Open a channel for the calendar's events (Events: watch)."""
        expires = self._now() + CHANNEL_LIFE
        body = {
            "id": str(uuid.uuid4()),
            "type": "web_hook",
            "address": hook.url,
            "token": hook.token,
            "expiration": str(int(expires.timestamp() * 1000)),
        }
        request = self._client.api.events().watch(calendarId=calendar, body=body)
        answer = self._client.call(request, self._source(calendar))
        try:
            told = (
                datetime.fromtimestamp(int(answer["expiration"]) / 1000, UTC)
                if "expiration" in answer
                else expires
            )
            return Channel(
                provider=self.name,
                calendar=calendar,
                id=str(answer["id"]),
                resource=str(answer["resourceId"]),
                expires_at=told,
            )
        except (KeyError, ValueError, TypeError):
            raise reading.BadAnswer from None

    def renew(self, channel: Channel, hook: Hook) -> Channel:
        """A new channel, then the end of the old one: channels cannot be prolonged."""
        fresh = self.watch(channel.calendar, hook)
        if fresh is None:
            raise NotAllowed("Google no longer tells of changes.")
        with suppress(CalendarError):  # it ends by itself, and its notices are not believed any more
            self.unwatch(channel)
        return fresh

    def unwatch(self, channel: Channel) -> None:
        """Stop a channel (Channels: stop). Already gone is done."""
        body = {"id": channel.id, "resourceId": channel.resource}
        try:
            self._client.call(self._client.api.channels().stop(body=body), self._source(channel.calendar))
        except Gone:
            return

    def probe(self, calendar: str | None = None) -> str:
        """Whether free/busy can be asked as this calendar's owner, or as the reader."""
        address = calendar or self._reader
        if address is None:
            return "configured; no calendar to try it on yet"
        start = self._now().replace(microsecond=0)
        answer = self._free_busy((address,), start, start + timedelta(hours=1), None)[address]
        if isinstance(answer, Refusal):
            raise NotAllowed(f"{address}: {answer.reason}")
        return f"free/busy of {address} can be read"

    def _source(self, address: str) -> TokenSource:
        source = self._access.personal(address) or self._access.organization(address)
        if source is None:
            raise NotConnected(NOT_CONNECTED)
        return source


def _event(answer: dict[str, Any]) -> dict[str, Any]:
    if not answer.get("id"):
        raise reading.BadAnswer
    return answer


def _token_in(cursor: str | None) -> str | None:
    try:
        return str(json.loads(cursor)["token"]) if cursor else None
    except (ValueError, KeyError, TypeError):
        return None


def _without_conference(draft: EventDraft) -> EventDraft:
    return replace(draft, conference="none")
