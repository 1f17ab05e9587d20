# SPDX-License-Identifier: Apache-2.0
"""The provider over Microsoft Graph, version 1.0."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from calendars.access import Access, TokenSource
from calendars.errors import Conflict, Gone, NotAllowed, NotConnected, Outage
from calendars.microsoft import reading, writing
from calendars.microsoft.client import ENDPOINT, Client, event_path, mailbox
from calendars.microsoft.problems import NO_MAILBOX, NOT_PERMITTED, Refused, SyncExpired, code_of
from calendars.microsoft.slots import AT_ONCE, Slots
from calendars.pieces import Refusal, Told, collected, groups, spans
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
#: how far ahead changes are followed; interviews are booked no further
HORIZON = timedelta(days=180)
#: Outlook's subscriptions live 4230 minutes at most
SUBSCRIPTION_LIFE = timedelta(minutes=4200)
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
        asked = {key.address: key for key in calendars}
        pool = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="microsoft")
        try:
            work: list[tuple[tuple[str, ...], Future[dict[str, Told]]]] = [
                (group, pool.submit(self._schedules, group, first, last, deadline))
                for group in self._groups([key for key in asked.values() if key.detail == "free_busy"])
                for first, last in spans(start, end, reading.LONGEST)
            ]
            work += [
                ((key.address,), pool.submit(self._events, key, start, end, deadline))
                for key in asked.values()
                if key.detail == "events"
            ]
            told = collected(work, missing=reading.MISSING, code_of=code_of, deadline=deadline)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        read_at = self._now()
        return {address: as_reading(told[address], start, end, read_at) for address in asked}

    def _groups(self, keys: Sequence[CalendarKey]) -> list[tuple[str, ...]]:
        own = [key.address for key in keys if self._access.personal(key.address) is not None]
        shared = [key.address for key in keys if key.address not in set(own)]
        return [*((address,) for address in own), *groups(shared, reading.MOST_SCHEDULES)]

    def _schedules(
        self, group: tuple[str, ...], start: datetime, end: datetime, deadline: float | None
    ) -> dict[str, Told]:
        """One getSchedule for a group, asked in the name of whoever's mailbox may be used."""
        told: dict[str, Told] = {}
        refused: NotAllowed | None = None
        for asker in self._askers(group):
            try:
                answer = self._schedule(asker, [a for a in group if a not in told], start, end, deadline)
            except NotAllowed as error:
                if str(error) not in (NO_MAILBOX, NOT_PERMITTED):
                    raise
                refused = error
                if asker in group:
                    told[asker] = Refusal(code_of(error), str(error))
            else:
                return told | answer
        if refused is None:
            return told
        rest = Refusal(code_of(refused), str(refused))
        return {address: told.get(address, rest) for address in group}

    def _askers(self, group: tuple[str, ...]) -> list[str]:
        """In whose name to ask, the likeliest first; a few of many are enough."""
        personal = self._access.personal(group[0]) is not None
        first = [self._reader] if self._reader and not personal else []
        return [*first, *(address for address in group if address not in first)][:5]

    def _schedule(
        self, asker: str, addresses: list[str], start: datetime, end: datetime, deadline: float | None
    ) -> dict[str, Told]:
        answer = self._client.call(
            self._source(asker),
            "POST",
            mailbox(asker, "/calendar/getSchedule"),
            body=reading.schedule_body(addresses, start, end),
            deadline=deadline,
        )
        told = reading.schedules_of(answer)
        return {address: told.get(address.lower(), reading.MISSING) for address in addresses}

    def _events(
        self, key: CalendarKey, start: datetime, end: datetime, deadline: float | None
    ) -> dict[str, Told]:
        query = {
            "startDateTime": (start - DAY).isoformat(),  # whole days begin elsewhere than the window's do
            "endDateTime": (end + DAY).isoformat(),
            "$select": reading.EVENT_FIELDS,
            "$expand": f"singleValueExtendedProperties($filter=id eq '{reading.PROPERTY}')",
            "$top": "500",
        }
        source = self._source(key.address)
        items = [
            item
            for page in self._pages(source, mailbox(key.address, "/calendarView"), query, deadline=deadline)
            for item in page["value"]
        ]
        return {key.address: reading.events_of(items, key.time_zone)}

    def _pages(
        self,
        source: TokenSource,
        path: str,
        query: Mapping[str, str] | None,
        *,
        prefer: str = "",
        deadline: float | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Page by page; one may be empty and still not be the last. Links are followed on our host alone."""
        while True:
            page = self._client.call(source, "GET", path, query=query, prefer=prefer, deadline=deadline)
            if not isinstance(page.get("value"), list):
                raise reading.BadAnswer
            yield page
            if not page.get("@odata.nextLink"):
                return
            path, query = str(page["@odata.nextLink"]), None

    # Writing

    def create_event(self, calendar: str, draft: EventDraft) -> EventRef:
        """
        Write the event, once; see `Provider.create_event`.

        What an earlier attempt left is looked for first: nothing says how long Graph remembers a transaction.
        """
        source = self._source(calendar)
        for _ in range(LOOKS):
            there = self._find(source, calendar, draft.uid)
            if there is not None:
                return self._update(source, calendar, there, draft)
            try:
                return self._create(source, calendar, draft)
            except Outage as error:
                unclear = error
        raise unclear

    def _create(self, source: TokenSource, calendar: str, draft: EventDraft) -> EventRef:
        """One attempt: after an unclear answer the next one begins by looking."""
        wish = writing.conference(draft)
        wanted = {**writing.body(draft, calendar), "transactionId": writing.transaction_id(draft), **wish}
        try:
            event = self._client.call(source, "POST", mailbox(calendar, "/events"), body=wanted, attempts=1)
        except Gone:
            raise NotAllowed(NO_MAILBOX) from None
        except Refused:
            if not wish:
                raise
            # A mailbox without Teams refuses the whole event.
            plain = {name: value for name, value in wanted.items() if name not in wish}
            event = self._client.call(source, "POST", mailbox(calendar, "/events"), body=plain, attempts=1)
        return writing.reference(_event(event), calendar, asked=bool(wish))

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
        for _ in range(LOOKS):
            change = writing.merged(event, draft, calendar)
            if not change:
                return writing.reference(event, calendar)
            path = event_path(calendar, str(event["id"]))
            try:
                changed = self._client.call(
                    source, "PATCH", path, body=change, etag=str(event.get("@odata.etag") or "")
                )
            except Conflict:
                event = self._get(source, calendar, str(event["id"]))
            else:
                return writing.reference(_event(changed), calendar, asked="isOnlineMeeting" in change)
        raise Conflict

    def cancel_event(self, ref: EventRef) -> None:
        """Take the event out of everybody's calendar; already gone is done."""
        source = self._source(ref.calendar)
        try:
            event = self._get(source, ref.calendar, ref.event_id)
            if event.get("attendees"):
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
        try:
            for page in self._pages(source, mailbox(calendar, "/events"), query):
                for event in page["value"]:
                    if not event.get("isCancelled"):
                        return _event(event)
        except Gone:
            raise NotAllowed(NO_MAILBOX) from None
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
        """
        What happened since the cursor; see `Provider.changes_since`.

        The cursor holds a delta link and the day it is of: its window is fixed, so each day begins anew.
        """
        source = self._source(calendar.address)
        today = self._now().date().isoformat()
        link = _link_in(cursor, today)
        try:
            return self._delta(source, calendar.address, link, today)
        except SyncExpired:
            return self._delta(source, calendar.address, None, today)

    def _delta(self, source: TokenSource, address: str, link: str | None, today: str) -> Changes:
        query = None
        if link is None:
            midnight = datetime.fromisoformat(today).replace(tzinfo=UTC)
            query = {
                "startDateTime": (midnight - DAY).isoformat(),
                "endDateTime": (midnight + HORIZON).isoformat(),
            }
        path = link or mailbox(address, "/calendarView/delta")
        changed: set[str] = set()
        last: dict[str, Any] = {}
        for page in self._pages(source, path, query, prefer="odata.maxpagesize=500"):
            changed.update(str(item["id"]) for item in page["value"] if item.get("id"))
            last = page
        fresh = last.get("@odata.deltaLink")
        if not fresh:
            raise reading.BadAnswer
        return Changes(
            cursor=json.dumps({"link": fresh, "day": today}), event_ids=frozenset(changed) if link else None
        )

    def watch(self, calendar: str, hook: Hook) -> Channel | None:
        """Subscribe to the mailbox's events (subscription: create). Graph asks our address back meanwhile."""
        expires = self._now() + SUBSCRIPTION_LIFE
        answer = self._client.call(
            self._source(calendar),
            "POST",
            "/subscriptions",
            body={
                "changeType": "created,updated,deleted",
                "notificationUrl": hook.url,
                "lifecycleNotificationUrl": hook.url,
                "resource": mailbox(calendar, "/events"),
                "expirationDateTime": _stamp(expires),
                "clientState": hook.token,
            },
        )
        return self._channel(calendar, answer, expires)

    def renew(self, channel: Channel, hook: Hook) -> Channel:
        """Prolong the subscription; one that is gone is made again."""
        expires = self._now() + SUBSCRIPTION_LIFE
        try:
            answer = self._client.call(
                self._source(channel.calendar),
                "PATCH",
                f"/subscriptions/{channel.id}",
                body={"expirationDateTime": _stamp(expires)},
            )
        except (Gone, NotAllowed):
            fresh = self.watch(channel.calendar, hook)
            if fresh is None:
                raise
            return fresh
        return self._channel(channel.calendar, {"id": channel.id, **answer}, expires)

    def unwatch(self, channel: Channel) -> None:
        """End the subscription. Already gone is done."""
        try:
            self._client.call(self._source(channel.calendar), "DELETE", f"/subscriptions/{channel.id}")
        except (Gone, NotAllowed):
            return  # one that is not there, or not ours to end, ends by itself

    def _channel(self, calendar: str, answer: Mapping[str, Any], expires: datetime) -> Channel:
        try:
            told = answer.get("expirationDateTime")
            return Channel(
                provider=self.name,
                calendar=calendar,
                id=str(answer["id"]),
                expires_at=datetime.fromisoformat(told) if told else expires,
            )
        except (KeyError, ValueError, TypeError):
            raise reading.BadAnswer from None

    def probe(self, calendar: str | None = None) -> str:
        """Whether we can sign in, and read schedules in the name of this mailbox or the reader's."""
        address = calendar or self._reader
        if address is None:
            source = self._access.organization("")
            if source is not None:
                source.token()
            return "signed in; no mailbox to try it on yet"
        start = self._now().replace(microsecond=0)
        answer = self._schedules((address,), start, start + timedelta(hours=1), None)[address]
        if isinstance(answer, Refusal):
            raise NotAllowed(f"{address}: {answer.reason}")
        return f"the schedule of {address} can be read"

    def _source(self, address: str) -> TokenSource:
        source = self._access.personal(address) or self._access.organization(address)
        if source is None:
            raise NotConnected
        return source


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _event(answer: dict[str, Any]) -> dict[str, Any]:
    if not answer.get("id"):
        raise reading.BadAnswer
    return answer


def _link_in(cursor: str | None, today: str) -> str | None:
    try:
        kept = json.loads(cursor) if cursor else {}
        return str(kept["link"]) if kept.get("day") == today else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
