# SPDX-License-Identifier: Apache-2.0
"""
One CalDAV account: where its calendar is, and requests to it, by the caldav library.

What comes back is judged by status alone; texts of servers are not passed on.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import caldav
import requests
from caldav.elements import dav
from caldav.lib import error as dav_errors
from lxml import etree  # type: ignore[import-untyped]

from calendars.errors import CalendarError, Conflict, Gone, NotAllowed, NoTime, Outage, TryLater
from calendars.retry import Breaker, Budget, retrying, seconds_to_wait

TIMEOUT = 15.0
#: the longest answer that is read, in bytes
LONGEST = 20 * 1024 * 1024
RECONNECT = "The CalDAV server does not accept the user name and password; give them again."
NOT_PERMITTED = "The CalDAV server does not permit this; the account may not read or write the calendar."
GONE = "There is no calendar at this CalDAV address any more."
DOWN = "The CalDAV server is not answering as it should."
#: a provider whose hosts stand beside each other
SHARED = ".icloud.com"
UNSAFE = "A CalDAV address must begin with https."


class Unsupported(CalendarError):
    """The server does not know this request."""


@dataclass(frozen=True, kw_only=True)
class CalDavAccount:
    """A user's way to their calendar. ``url``: the calendar's, or that of the server it is found on."""

    url: str
    username: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
            raise NotAllowed(UNSAFE)

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server said: its body as bytes, and the headers that matter."""

    body: bytes
    etag: str = ""


class Calendar:
    """The calendar of one account. Each request has a client of its own: they are not to be shared."""

    def __init__(
        self, account: CalDavAccount, breaker: Breaker, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._account, self._breaker, self._sleep = account, breaker, sleep
        self._lock = threading.Lock()
        self._url: str | None = None

    def url(self, deadline: float | None = None) -> str:
        """Of the calendar, with a slash at its end; looked for once."""
        with self._lock:
            if self._url is None:
                found = self._retried(self._discover, deadline)
                self._url = found if found.endswith("/") else f"{found}/"
            return self._url

    def call(
        self,
        method: str,
        path: str = "",
        *,
        body: str = "",
        headers: Mapping[str, str] | None = None,
        deadline: float | None = None,
    ) -> Answer:
        """One request below the calendar. Raises what `_judged` does, after trying again what may pass."""
        url = self.url(deadline) + quote(path)
        answer: Answer = self._retried(
            lambda client: self._once(client, method, url, body, headers or {}), deadline
        )
        return answer

    def _retried(self, ask: Callable[[caldav.DAVClient], Any], deadline: float | None) -> Any:
        budget = Budget(deadline=deadline)

        def once() -> Any:
            left = budget.left()
            if left is not None and left <= 0:
                raise NoTime
            limit = TIMEOUT if left is None else max(0.05, min(TIMEOUT, left))
            client = _Client(self._account, limit)
            try:
                return ask(client)
            except dav_errors.AuthorizationError as refusal:
                status = str(refusal.reason or "").lower()
                raise NotAllowed(NOT_PERMITTED if "forbidden" in status else RECONNECT) from None
            except dav_errors.NotFoundError:
                raise NotAllowed(GONE) from None
            except (requests.RequestException, OSError) as problem:
                raise Outage(f"{DOWN[:-1]} ({type(problem).__name__}).") from None
            except (dav_errors.DAVError, etree.XMLSyntaxError, AssertionError, ValueError, AttributeError):
                raise Outage(DOWN) from None
            finally:
                client.close()

        return retrying(once, budget=budget, breaker=self._breaker, sleep=self._sleep)

    def _once(
        self,
        client: caldav.DAVClient,
        method: str,
        url: str,
        body: str,
        headers: Mapping[str, str],
    ) -> Answer:
        response = client.session.request(
            method,
            url,
            data=body.encode(),
            headers={"Content-Type": "application/xml; charset=utf-8", **headers},
            auth=(self._account.username, self._account.password),
            timeout=client.timeout,
            allow_redirects=False,
            stream=True,
        )
        with response:
            content = _bounded(response)
            _judged(response)
            return Answer(body=content, etag=response.headers.get("ETag", ""))

    def _discover(self, client: caldav.DAVClient) -> str:
        """The address itself when it is a calendar's, else the account's first that holds events."""
        here = caldav.Calendar(client=client, url=self._account.url)
        try:
            kind = here.get_property(dav.ResourceType(), use_cached=False)
        except (dav_errors.NotFoundError, dav_errors.PropfindError):
            kind = None
        if kind and "calendar" in str(kind):
            return str(here.url)
        if "{urn:ietf:params:xml:ns:caldav}calendar" in _types(here):
            return str(here.url)
        for found in client.principal().calendars():  # type: ignore[no-untyped-call]
            if "VEVENT" in (found.get_supported_components() or ["VEVENT"]):
                return str(found.url)
        raise NotAllowed("This CalDAV account has no calendar for events.")


class _Client(caldav.DAVClient):
    """
    Asks only where the account is. What a server names leads to its own hosts, or else the password would go
    wherever it says.
    """

    def __init__(self, account: CalDavAccount, timeout: float) -> None:
        self._home = account.url
        super().__init__(
            account.url,
            username=account.username,
            password=account.password,
            timeout=timeout,  # type: ignore[arg-type]  # handed on to requests, which takes fractions
        )

    def request(self, url: str, *args: Any, **kwargs: Any) -> Any:
        """Raises NotAllowed for another host."""
        if not is_near(self._home, str(url)):
            raise NotAllowed("The CalDAV server names a calendar on another host; it was not followed.")
        return super().request(url, *args, **kwargs)


def is_near(home: str, url: str) -> bool:
    """Whether this address is of the same host, or one below it. (iCloud's users have hosts beside it.)"""
    ours, theirs = urlsplit(home), urlsplit(url)
    host, other = ours.hostname or "", theirs.hostname or ""
    family = SHARED if host.endswith(SHARED) else f".{host}"
    return theirs.scheme == ours.scheme and (theirs.netloc == ours.netloc or other.endswith(family))


def _types(calendar: caldav.Calendar) -> set[str]:
    response = calendar.client.propfind(  # type: ignore[union-attr]  # it was made with one
        str(calendar.url), '<propfind xmlns="DAV:"><prop><resourcetype/></prop></propfind>', 0
    )
    tree = response.tree
    return {str(element.tag) for element in tree.iter()} if tree is not None else set()


def _bounded(response: requests.Response) -> bytes:
    content = b""
    for piece in response.iter_content(65536):
        content += piece
        if len(content) > LONGEST:
            raise NotAllowed("The calendar is too large to be read.")
    return content


def _judged(response: requests.Response) -> None:
    """Raise what a status that is none of success means (RFC 4918, RFC 4791)."""
    status = response.status_code
    if 200 <= status < 300:
        return
    if status in (429, 503, 507) or status >= 500:
        wait = seconds_to_wait(response.headers.get("Retry-After"), datetime.now(UTC))
        if status in (501, 505):
            raise Unsupported
        kind = TryLater if status == 429 else Outage
        raise kind(DOWN, retry_after=wait)
    if status in (404, 410):
        raise Gone
    if status in (409, 412):
        raise Conflict
    if status == 401:
        raise NotAllowed(RECONNECT)
    if status in (400, 405, 415, 422):
        raise Unsupported
    raise NotAllowed(NOT_PERMITTED)
