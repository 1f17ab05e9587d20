# SPDX-License-Identifier: Apache-2.0
"""Watch channels: an empty POST to the client's address whenever a calendar changes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.google.calls import Call, calendar_of
from tests.fakes.google.problems import Refusal, wrong
from tests.fakes.google.store import Store

_ID = re.compile(r"[A-Za-z0-9\-_+/=]{1,64}")
LONGEST = timedelta(days=7)
DEFAULT = timedelta(hours=1)


@dataclass
class Channel:
    """What one client hears of one calendar, until it expires."""

    id: str
    address: str
    token: str | None
    calendar: str
    resource_id: str
    resource_uri: str
    #: whose token opened it: nobody else may close it
    subject: str
    expires_at: datetime
    #: of the last message; the first is 1
    number: int = 0


class Channels:
    """Opens and closes channels, and sends along them. Used with the fake's lock held."""

    def __init__(
        self, store: Store, now: Callable[[], datetime], post: Callable[[str, Mapping[str, str]], None]
    ) -> None:
        self._store = store
        self._now = now
        self._post = post
        self._ids: set[str] = set()
        self._open: dict[str, Channel] = {}

    def watch(self, call: Call) -> dict[str, Any]:
        calendar, _ = calendar_of(call, self._store)
        body = call.body()
        self._check(body)
        uri = call.request.target.replace("/watch", "", 1)
        channel = Channel(
            id=body["id"],
            address=body["address"],
            token=body.get("token"),
            calendar=calendar.address,
            resource_id=hashlib.sha256(calendar.address.encode()).hexdigest()[:27],
            resource_uri=f"https://www.googleapis.com{uri}?alt=json",
            subject=call.access.subject,
            expires_at=self._expiry(body),
        )
        self._ids.add(channel.id)
        self._open[channel.id] = channel
        self._send(channel, "sync")
        return {
            "kind": "api#channel",
            "id": channel.id,
            "resourceId": channel.resource_id,
            "resourceUri": channel.resource_uri,
            "expiration": str(int(channel.expires_at.timestamp() * 1000)),
            **({"token": channel.token} if channel.token is not None else {}),
        }

    def stop(self, call: Call) -> None:
        body = call.body()
        channel = self._open.get(body.get("id", ""))
        if channel is None or channel.resource_id != body.get("resourceId"):
            raise Refusal("channelUnknown", body.get("id", ""))
        if channel.subject != call.access.subject:
            raise wrong("forbidden")
        del self._open[channel.id]

    def changed(self, address: str) -> None:
        """Tell everybody who listens to this calendar, without saying what."""
        for channel in self.on(address):
            self._send(channel, "exists")

    def on(self, address: str) -> list[Channel]:
        """The open channels of a calendar."""
        now = self._now()
        return [
            channel
            for channel in self._open.values()
            if channel.calendar == address and channel.expires_at > now
        ]

    def _check(self, body: Mapping[str, Any]) -> None:
        for name in ("id", "type", "address"):
            if not body.get(name):
                raise wrong("required", name)
        if body["type"] not in {"web_hook", "webhook"} or not _ID.fullmatch(body["id"]):
            raise wrong("invalid", "Invalid channel.")
        if len(body.get("token", "")) > 256:
            raise wrong("invalid", "The channel token is too long.")
        if not _is_reachable(body["address"]):
            raise Refusal("webhookUrlUnauthorized", body["address"], wrong=True)
        if body["id"] in self._ids:
            raise wrong("channelIdNotUnique", body["id"])

    def _expiry(self, body: Mapping[str, Any]) -> datetime:
        """No later than Google allows; asked for in milliseconds since 1970, or in seconds from now."""
        now = self._now()
        asked = now + DEFAULT
        if "expiration" in body:
            asked = datetime.fromtimestamp(int(body["expiration"]) / 1000, UTC)
        elif "ttl" in body.get("params", {}):
            asked = now + timedelta(seconds=int(body["params"]["ttl"]))
        if asked <= now:
            raise wrong("invalid", "The channel would have expired already.")
        return min(asked, now + LONGEST)

    def _send(self, channel: Channel, state: str) -> None:
        channel.number += 1
        headers = {
            "X-Goog-Channel-ID": channel.id,
            "X-Goog-Channel-Expiration": format_datetime(channel.expires_at.astimezone(UTC), usegmt=True),
            "X-Goog-Resource-ID": channel.resource_id,
            "X-Goog-Resource-URI": channel.resource_uri,
            "X-Goog-Resource-State": state,
            "X-Goog-Message-Number": str(channel.number),
            "User-Agent": "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)",
            "Accept": "*/*",
        }
        if channel.token is not None:
            headers["X-Goog-Channel-Token"] = channel.token
        self._post(channel.address, headers)


def _is_reachable(address: str) -> bool:
    """HTTPS, as Google asks; plain HTTP only on this machine, where tests have no certificates."""
    parts = urlsplit(address)
    if parts.scheme == "https":
        return True
    try:
        return parts.scheme == "http" and ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.hostname == "localhost"
