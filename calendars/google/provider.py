# SPDX-License-Identifier: Apache-2.0
"""The provider over Google Calendar, API version 3."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from calendars.access import Access, TokenSource
from calendars.errors import Conflict, Gone, NotAllowed, NotConnected, Outage
from calendars.google import ids, reading, writing
from calendars.google.client import ENDPOINT, Client
from calendars.google.following import Following
from calendars.google.problems import (
    NO_SUCH_PERSON,
    AlreadyThere,
    BadAnswer,
    NoConference,
    RangeTooLong,
    code_of,
    needs_calendar,
)
from calendars.pieces import NO_ADDRESS, Refusal, Told, collected, groups, is_mail, joined, spans
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
#: so many of a group are tried until somebody beside it is: it may be one of rooms
SOME_ASKERS = 8
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
        people: Sequence[str] = (),
        breaker: Breaker | None = None,
        at_once: int = 8,
        now: Callable[[], datetime] = _now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """
        ``reader``: an address that asks for everybody's free/busy, where the organisation granted that.
        ``people``: some of the organisation's, who may ask where a question is about rooms alone.
        """
        self._access = access
        self._reader = reader
        self._people = tuple(people)
        self._client = Client(endpoint, breaker or Breaker("Google Calendar"), sleep)
        self._following = Following(self._client, self._source, now)
        self._at_once = at_once
        self._cannot_ask: set[str] = set()
        #: somebody in whose name asking has worked
        self._works: str | None = None
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
            known = [key for key in asked.values() if is_mail(key.address)]
            work = [
                *self._ask_free_busy(pool, known, start, end, deadline),
                *(
                    ((key.address,), pool.submit(self._read_events, key, start, end, deadline))
                    for key in known
                    if key.detail == "events"
                ),
            ]
            told = collected(work, missing=reading.MISSING, code_of=code_of, deadline=deadline)
            read_at = self._now()
            return {
                address: as_reading(told.get(address, NO_ADDRESS), start, end, read_at) for address in asked
            }
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _ask_free_busy(
        self,
        pool: ThreadPoolExecutor,
        known: Sequence[CalendarKey],
        start: datetime,
        end: datetime,
        deadline: float | None,
    ) -> list[tuple[tuple[str, ...], Future[dict[str, Told]]]]:
        """Of those for whom that will do, in the name of anybody of the organisation's."""
        everybody = [k.address for k in known]
        wanted = [k.address for k in known if k.detail == "free_busy"]
        own = [address for address in wanted if self._access.personal(address) is not None]
        shared = [address for address in wanted if address not in set(own)]
        asked = [*((address,) for address in own), *groups(shared, reading.MOST_CALENDARS)]
        return [
            (group, pool.submit(self._free_busy, group, first, last, deadline, everybody))
            for group in asked
            for first, last in spans(start, end, reading.LONGEST)
        ]

    def _free_busy(
        self,
        group: tuple[str, ...],
        start: datetime,
        end: datetime,
        deadline: float | None,
        everybody: Sequence[str] = (),
    ) -> dict[str, Told]:
        """
        One query for a group, asked by whoever may: rooms, and who has left, can only be asked about.

        ``everybody``: who is read beside the group, in whose name it may be asked too.
        """
        refused: NotAllowed = NotConnected()
        for asker in self._askers(group, everybody):
            try:
                answer = self._query(self._source_of_asker(asker, group), list(group), start, end, deadline)
            except NotAllowed as error:
                refused = error
                if str(error) == NO_SUCH_PERSON:
                    self._cannot_ask.add(asker)
                elif not isinstance(error, NotConnected) and self._access.personal(asker) is None:
                    raise  # whoever asks is refused like that
            else:
                if self._access.personal(asker) is None:
                    self._works = asker
                return answer
        raise refused

    def _askers(self, group: tuple[str, ...], everybody: Sequence[str]) -> list[str]:
        """
        In whose name to ask, the likeliest first: some of the group, who see themselves at least, some beside
        it, then all of it.
        """
        if self._access.personal(group[0]) is not None:
            return list(group)
        ours = [address for address in group if address not in self._cannot_ask]
        others = [a for a in (*everybody, *self._people) if a not in self._cannot_ask and a not in group]
        others.sort(key=lambda address: self._access.personal(address) is not None)
        askers = (self._reader, *ours[:SOME_ASKERS], self._works, *others[:SOME_ASKERS], *group)
        return [asker for asker in dict.fromkeys(askers) if asker]

    def _source_of_asker(self, asker: str, group: tuple[str, ...]) -> TokenSource:
        """Who connected their own calendar asks about others as one of the organisation's: what they granted
        is for their own, unless they are the reader.
        """
        if asker in group or asker == self._reader or self._access.personal(asker) is None:
            return self._source(asker)
        source = self._access.organization(asker)
        if source is None:
            raise NotConnected(NOT_CONNECTED)
        return source

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
        pages = self._client.pages(source, parameters, deadline)
        told = [reading.blocks_of(page["items"], page.get("timeZone") or key.time_zone) for page in pages]
        return {key.address: joined(told)}

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
            with needs_calendar():
                return _event(self._client.call(request, source))

        try:
            return writing.reference(insert(wanted | asked), calendar, asked=bool(asked))
        except NoConference:
            return writing.reference(insert(wanted), calendar, asked=True, refused=True)

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
            asked = writing.conference(draft, id_, event)
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
                self._check_calendar(source, calendar)
                return None
            if event.get("status") != "cancelled":
                return writing.found(event, calendar)
        return None

    def _check_calendar(self, source: TokenSource, calendar: str) -> None:
        """Raises NotAllowed where not the event is gone but the calendar: guests may have it still."""
        request = self._client.api.events().list(calendarId=calendar, maxResults=1, fields="kind")
        with needs_calendar():
            self._client.call(request, source)

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
        """What happened since the cursor; see `Provider.changes_since`."""
        return self._following.changes_since(calendar, cursor)

    def watch(self, calendar: str, hook: Hook) -> Channel | None:
        """Be told of changes; see `Provider.watch`."""
        return self._following.watch(calendar, hook)

    def renew(self, channel: Channel, hook: Hook) -> Channel:
        """Keep being told; see `Provider.renew`."""
        return self._following.renew(channel, hook)

    def unwatch(self, channel: Channel) -> None:
        """Stop being told; see `Provider.unwatch`."""
        self._following.unwatch(channel)

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
        if not is_mail(address):
            raise NotAllowed(NO_ADDRESS.reason)
        source = self._access.personal(address) or self._access.organization(address)
        if source is None:
            raise NotConnected(NOT_CONNECTED)
        return source


def _event(answer: dict[str, Any]) -> dict[str, Any]:
    if not answer.get("id"):
        raise BadAnswer
    return answer


def _without_conference(draft: EventDraft) -> EventDraft:
    return replace(draft, conference="none")
