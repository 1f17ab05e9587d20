# SPDX-License-Identifier: Apache-2.0
"""The provider over Microsoft Graph, version 1.0."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from calendars.access import Access, TokenSource
from calendars.errors import Conflict, Gone, NotAllowed, NotConnected
from calendars.microsoft import reading, writing
from calendars.microsoft.client import ENDPOINT, Client, event_path, mailbox
from calendars.microsoft.following import Following
from calendars.microsoft.problems import (
    NO_MAILBOX,
    NOT_PERMITTED,
    BadAnswer,
    Refused,
    code_of,
    needs_mailbox,
)
from calendars.microsoft.slots import AT_ONCE, Slots
from calendars.pieces import NO_ADDRESS, Refusal, Told, collected, groups, is_mail, spans
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

DAY = timedelta(days=1)
LOOKS = 3


def _now() -> datetime:
    return datetime.now(UTC)


class MicrosoftCalendars:
    """Calendars of Microsoft 365. Safe to use from several threads."""

    name = "microsoft"

    def __init__(
        self,
        access: Access,
        *,
        endpoint: str = ENDPOINT,
        reader: str | None = None,
        breaker: Breaker | None = None,
        slots: Slots | None = None,
        now: Callable[[], datetime] = _now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``reader``: a mailbox in whose name everybody's schedules are asked for."""
        self._access = access
        self._reader = reader
        self._client = Client(endpoint, breaker or Breaker("Microsoft 365"), slots or Slots(), sleep)
        self._following = Following(self._client, self._source, now)
        self._now = now
        #: a mailbox in whose name asking has worked
        self._works: str | None = None

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
        asked = {key.address: key for key in calendars}
        known = [key for key in asked.values() if is_mail(key.address)]
        pool = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="microsoft")
        views = reading.Views()
        try:
            work: list[tuple[tuple[str, ...], Future[dict[str, Told]]]] = [
                (group, pool.submit(self._schedules, group, first, last, deadline))
                for group in self._groups([key for key in known if key.detail == "free_busy"])
                for first, last in spans(start, end, reading.LONGEST)
            ]
            work += [
                ((key.address,), pool.submit(self._events, views, key, start, end, deadline))
                for key in known
                if key.detail == "events"
            ]
            told = collected(work, missing=reading.MISSING, code_of=code_of, deadline=deadline)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        told = views.named(told)
        read_at = self._now()
        return {address: as_reading(told.get(address, NO_ADDRESS), start, end, read_at) for address in asked}

    def _groups(self, keys: Sequence[CalendarKey]) -> list[tuple[str, ...]]:
        own = [key.address for key in keys if self._access.personal(key.address) is not None]
        shared = [key.address for key in keys if key.address not in set(own)]
        return [*((address,) for address in own), *groups(shared, reading.MOST_SCHEDULES)]

    def _schedules(
        self, group: tuple[str, ...], start: datetime, end: datetime, deadline: float | None
    ) -> dict[str, Told]:
        """One getSchedule for a group, asked in the name of whoever's mailbox may be used."""
        told: dict[str, Told] = {}
        for asker in self._askers(group):
            rest = [address for address in group if address not in told]
            try:
                answer = self._schedule(asker, rest, start, end, deadline)
            except NotAllowed as error:
                if asker in group:
                    told[asker] = Refusal(code_of(error), str(error))
                if str(error) not in (NO_MAILBOX, NOT_PERMITTED) and self._access.personal(asker) is None:
                    raise  # whoever asks is refused like that
            else:
                return told | answer
        return told

    def _askers(self, group: tuple[str, ...]) -> list[str]:
        """In whose name to ask, the likeliest first."""
        if self._access.personal(group[0]) is not None:
            return list(group)
        likeliest = (address for address in (self._reader, self._works) if address)
        return list(dict.fromkeys((*likeliest, *group)))

    def _schedule(
        self, asker: str, addresses: list[str], start: datetime, end: datetime, deadline: float | None
    ) -> dict[str, Told]:
        with needs_mailbox():
            answer = self._client.call(
                self._source(asker),
                "POST",
                mailbox(asker, "/calendar/getSchedule"),
                body=reading.schedule_body(addresses, start, end),
                deadline=deadline,
            )
        if self._access.personal(asker) is None:
            self._works = asker
        told = reading.schedules_of(answer)
        return {address: told.get(address.lower(), reading.MISSING) for address in addresses}

    def _events(
        self, views: reading.Views, key: CalendarKey, start: datetime, end: datetime, deadline: float | None
    ) -> dict[str, Told]:
        query = {
            "startDateTime": (start - DAY).isoformat(),  # whole days begin elsewhere than the window's do
            "endDateTime": (end + DAY).isoformat(),
            "$select": reading.EVENT_FIELDS,
            "$expand": f"singleValueExtendedProperties($filter=id eq '{reading.PROPERTY}')",
            "$top": "500",
        }
        source, path = self._source(key.address), mailbox(key.address, "/calendarView")
        pages = self._client.pages(source, path, query, deadline=deadline)
        items = [item for page in pages for item in page["value"]]
        return {key.address: views.add(key, items)}

    # Writing

    def create_event(self, calendar: str, draft: EventDraft) -> EventRef:
        """
        Write the event, once; see `Provider.create_event`.

        What an earlier attempt left is looked for first: nothing says how long Graph remembers a transaction.
        """
        source = self._source(calendar)
        there = self._find(source, calendar, draft.uid)
        if there is not None:
            return self._update(source, calendar, there, draft)
        wanted = {**writing.body(draft, calendar), "transactionId": writing.transaction_id(draft)}
        wish = writing.conference(draft)
        try:
            event = self._post(source, calendar, {**wanted, **wish}, draft.uid)
        except Refused:
            if not wish:
                raise
            # A mailbox without Teams may refuse the whole event.
            event = self._post(source, calendar, wanted, draft.uid)
        return writing.reference(_event(event), calendar, asked=bool(wish))

    def _post(self, source: TokenSource, calendar: str, body: dict[str, Any], uid: str) -> dict[str, Any]:
        """The new event; after an unclear answer the one that is there."""
        with needs_mailbox():
            return self._client.call(
                source,
                "POST",
                mailbox(calendar, "/events"),
                body=body,
                look=lambda: self._find(source, calendar, uid),
            )

    def update_event(self, ref: EventRef, draft: EventDraft) -> EventRef:
        """Make the event as the draft says; Gone when it was deleted. See `Provider.update_event`."""
        source = self._source(ref.calendar)
        event = self._get(source, ref.calendar, ref.event_id)
        if reading.uid_of(event) not in (None, draft.uid):
            raise ValueError("The draft is of another event.")
        return self._update(source, ref.calendar, event, draft)

    def _update(
        self, source: TokenSource, calendar: str, event: dict[str, Any], draft: EventDraft
    ) -> EventRef:
        asked = bool(writing.conference(draft))
        refused = False
        for _ in range(LOOKS):
            change = writing.merged(event, draft, calendar)
            wish = {} if refused else writing.conference(draft, event)
            if not change and not wish:
                return writing.reference(event, calendar, asked=asked)
            try:
                event = _event(self._patch(source, calendar, event, {**change, **wish}))
            except Conflict:
                event = self._get(source, calendar, str(event["id"]))
            except Refused:
                if not wish:
                    raise
                refused = True  # A mailbox without Teams may refuse the whole change.
            else:
                return writing.reference(event, calendar, asked=asked)
        raise Conflict

    def _patch(
        self, source: TokenSource, calendar: str, event: Mapping[str, Any], change: Mapping[str, Any]
    ) -> dict[str, Any]:
        path, etag = event_path(calendar, str(event["id"])), str(event.get("@odata.etag") or "")
        return self._client.call(source, "PATCH", path, body=change, etag=etag)

    def cancel_event(self, ref: EventRef) -> None:
        """Take the event out of everybody's calendar; already gone is done."""
        source = self._source(ref.calendar)
        try:
            event = self._get(source, ref.calendar, ref.event_id)
            if event.get("attendees") and event.get("isOrganizer") is not False:
                path = event_path(ref.calendar, ref.event_id, "/cancel")
                self._client.call(source, "POST", path, body={"comment": ""})
            else:
                self._client.call(source, "DELETE", event_path(ref.calendar, ref.event_id))
        except Gone:
            return

    def find_event(self, calendar: str, uid: str) -> FoundEvent | None:
        """The event with this uid as it is now, or None."""
        event = self._find(self._source(calendar), calendar, uid)
        return None if event is None else writing.found(event, calendar)

    def _find(self, source: TokenSource, calendar: str, uid: str) -> dict[str, Any] | None:
        value = uid.replace("'", "''")
        query = {
            "$filter": "singleValueExtendedProperties/Any("
            f"ep: ep/id eq '{reading.PROPERTY}' and ep/value eq '{value}')",
            "$expand": writing.EXPAND,
        }
        for page in self._client.pages(source, mailbox(calendar, "/events"), query):
            for event in page["value"]:
                if not event.get("isCancelled"):
                    return _event(event)
        return None

    def _get(self, source: TokenSource, calendar: str, event_id: str) -> dict[str, Any]:
        """The living event. Raises Gone."""
        query = {"$expand": writing.EXPAND}
        event = _event(self._client.call(source, "GET", event_path(calendar, event_id), query=query))
        if event.get("isCancelled"):
            raise Gone
        return event

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
        """Whether we can sign in, and read schedules in the name of this mailbox or the reader's."""
        address = calendar or self._reader
        if address is None:
            source = self._access.organization("")
            if source is None:
                raise NotConnected
            source.token()
            return "signed in; no mailbox to try it on yet"
        start = self._now().replace(microsecond=0)
        answer = self._schedules((address,), start, start + timedelta(hours=1), None)[address]
        if isinstance(answer, Refusal):
            raise NotAllowed(f"{address}: {answer.reason}")
        return f"the schedule of {address} can be read"

    def _source(self, address: str) -> TokenSource:
        if not is_mail(address):
            raise NotAllowed(NO_ADDRESS.reason)
        source = self._access.personal(address) or self._access.organization(address)
        if source is None:
            raise NotConnected
        return source


def _event(answer: dict[str, Any]) -> dict[str, Any]:
    if not answer.get("id"):
        raise BadAnswer
    return answer
