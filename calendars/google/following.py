# SPDX-License-Identifier: Apache-2.0
"""Staying fresh: what changed (Events: list, by sync token), and being told that it did (Events: watch)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from calendars.access import TokenSource
from calendars.errors import CalendarError, Gone
from calendars.google.client import Client
from calendars.google.problems import BadAnswer, Refused, SyncExpired, needs_calendar
from calendars.values import CalendarKey, Changes, Channel, Hook

DAY = timedelta(days=1)
#: no channel has been seen to live longer
CHANNEL_LIFE = timedelta(days=7)


class Following:
    """The half of the provider that follows calendars. Safe to use from several threads."""

    def __init__(
        self,
        client: Client,
        source_of: Callable[[str], TokenSource],
        now: Callable[[], datetime],
    ) -> None:
        self._client, self._source_of, self._now = client, source_of, now

    def changes_since(self, calendar: CalendarKey, cursor: str | None) -> Changes:
        """
        What happened since the cursor, which holds a sync token; see `Provider.changes_since`.

        Single instances are listed, so that a change of one of them has the id that free time is known by.
        """
        source = self._source_of(calendar.address)
        token = _token_in(cursor)
        if token is not None:
            try:
                return self._listed(source, calendar.address, token)
            except (SyncExpired, Refused):
                pass  # too old, or no token of this Google's
        try:
            return self._listed(source, calendar.address, None)
        except SyncExpired:
            raise BadAnswer from None

    def _listed(self, source: TokenSource, calendar: str, token: str | None) -> Changes:
        parameters: dict[str, Any] = {
            "calendarId": calendar,
            "singleEvents": True,
            "maxResults": 2500,
            "fields": "kind,nextPageToken,nextSyncToken,items(id,status)",
        }
        if token:
            parameters["syncToken"] = token
        else:
            parameters["timeMin"] = (self._now() - DAY).replace(microsecond=0).isoformat()
        changed: set[str] = set()
        fresh = None
        with needs_calendar():
            for page in self._client.pages(source, parameters):
                changed.update(str(item["id"]) for item in page["items"] if item.get("id"))
                fresh = page.get("nextSyncToken")
        if not fresh:
            raise BadAnswer
        return Changes(cursor=json.dumps({"token": fresh}), event_ids=frozenset(changed) if token else None)

    def watch(self, calendar: str, hook: Hook) -> Channel:
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
        with needs_calendar():
            answer = self._client.call(request, self._source_of(calendar))
        try:
            told = (
                datetime.fromtimestamp(int(answer["expiration"]) / 1000, UTC)
                if "expiration" in answer
                else expires
            )
            return Channel(
                provider="google",
                calendar=calendar,
                id=str(answer["id"]),
                resource=str(answer["resourceId"]),
                expires_at=told,
            )
        except (KeyError, ValueError, TypeError):
            raise BadAnswer from None

    def renew(self, channel: Channel, hook: Hook) -> Channel:
        """A new channel, then the end of the old one: channels cannot be prolonged."""
        fresh = self.watch(channel.calendar, hook)
        with suppress(CalendarError):  # it ends by itself, and its notices are not believed any more
            self.unwatch(channel)
        return fresh

    def unwatch(self, channel: Channel) -> None:
        """Stop a channel (Channels: stop). Already gone is done."""
        body = {"id": channel.id, "resourceId": channel.resource}
        try:
            self._client.call(self._client.api.channels().stop(body=body), self._source_of(channel.calendar))
        except Gone:
            return


def _token_in(cursor: str | None) -> str | None:
    try:
        return str(json.loads(cursor)["token"]) if cursor else None
    except (ValueError, KeyError, TypeError):
        return None
