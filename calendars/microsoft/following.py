# SPDX-License-Identifier: Apache-2.0
"""Staying fresh: what changed (event: delta), and being told that something did (subscription)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from calendars.access import TokenSource
from calendars.errors import Gone, NotAllowed
from calendars.microsoft.client import Client, ForeignLink, mailbox
from calendars.microsoft.problems import BadAnswer, SyncExpired, needs_mailbox
from calendars.values import CalendarKey, Changes, Channel, Hook

DAY = timedelta(days=1)
#: how far ahead changes are followed; interviews are booked no further
HORIZON = timedelta(days=180)
#: Outlook's subscriptions live 4230 minutes at most
SUBSCRIPTION_LIFE = timedelta(minutes=4200)


class Following:
    """The half of the provider that follows mailboxes. Safe to use from several threads."""

    def __init__(
        self,
        client: Client,
        source_of: Callable[[str], TokenSource],
        now: Callable[[], datetime],
    ) -> None:
        self._client, self._source_of, self._now = client, source_of, now

    def changes_since(self, calendar: CalendarKey, cursor: str | None) -> Changes:
        """
        What happened since the cursor; see `Provider.changes_since`.

        The cursor holds a delta link and the day it is of: its window is fixed, so each day begins anew.
        """
        today = self._now().date().isoformat()
        link = self._link_in(cursor, today)
        if link is not None:
            try:
                return self._delta(calendar.address, link, today)
            except SyncExpired:
                pass
        try:
            return self._delta(calendar.address, None, today)
        except SyncExpired:
            raise BadAnswer from None

    def _link_in(self, cursor: str | None, today: str) -> str | None:
        """Today's delta link; one of another Graph, which the settings once named, is not followed."""
        try:
            kept = json.loads(cursor) if cursor else {}
            return self._client.checked(str(kept["link"])) if kept.get("day") == today else None
        except (ValueError, KeyError, TypeError, AttributeError, ForeignLink):
            return None

    def _delta(self, address: str, link: str | None, today: str) -> Changes:
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
        for page in self._client.pages(self._source_of(address), path, query, prefer="odata.maxpagesize=500"):
            changed.update(str(item["id"]) for item in page["value"] if item.get("id"))
            last = page
        if not last.get("@odata.deltaLink"):
            raise BadAnswer
        fresh = self._client.checked(str(last["@odata.deltaLink"]))
        return Changes(
            cursor=json.dumps({"link": fresh, "day": today}), event_ids=frozenset(changed) if link else None
        )

    def watch(self, calendar: str, hook: Hook) -> Channel:
        """Subscribe to the mailbox's events (subscription: create). Graph asks our address back meanwhile."""
        expires = self._now() + SUBSCRIPTION_LIFE
        with needs_mailbox():
            answer = self._client.call(
                self._source_of(calendar),
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
        return _channel(calendar, answer, expires)

    def renew(self, channel: Channel, hook: Hook) -> Channel:
        """Prolong the subscription; one that is gone is made again."""
        expires = self._now() + SUBSCRIPTION_LIFE
        try:
            answer = self._client.call(
                self._source_of(channel.calendar),
                "PATCH",
                f"/subscriptions/{channel.id}",
                body={"expirationDateTime": _stamp(expires)},
            )
        except (Gone, NotAllowed):
            return self.watch(channel.calendar, hook)
        return _channel(channel.calendar, {"id": channel.id, **answer}, expires)

    def unwatch(self, channel: Channel) -> None:
        """End the subscription. Already gone is done."""
        try:
            self._client.call(self._source_of(channel.calendar), "DELETE", f"/subscriptions/{channel.id}")
        except (Gone, NotAllowed):
            return  # one that is not there, or not ours to end, ends by itself


def _channel(calendar: str, answer: Mapping[str, Any], expires: datetime) -> Channel:
    try:
        told = answer.get("expirationDateTime")
        return Channel(
            provider="microsoft",
            calendar=calendar,
            id=str(answer["id"]),
            expires_at=datetime.fromisoformat(told) if told else expires,
        )
    except (KeyError, ValueError, TypeError):
        raise BadAnswer from None


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
