# SPDX-License-Identifier: Apache-2.0
"""
One CalDAV account: where its calendar is, and requests to it, by the caldav library.

What comes back is judged by status alone; texts of servers are not passed on.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import caldav
import requests
from caldav.lib import error as dav_errors
from lxml import etree  # type: ignore[import-untyped]

from calendars.errors import (
    CalendarError,
    Conflict,
    Gone,
    NotAllowed,
    NoTime,
    Outage,
    TryLater,
    WrongPassword,
)
from calendars.retry import Breaker, Budget, retrying, seconds_to_wait

TIMEOUT = 15.0
#: the longest answer that is read, in bytes
LONGEST = 20 * 1024 * 1024
RECONNECT = "The CalDAV server does not accept the user name and password; give them again."
NOT_PERMITTED = "The CalDAV server does not permit this; the account may not read or write the calendar."
GONE = "There is no calendar at this CalDAV address any more."
NOT_THERE = "This CalDAV account has no calendar at the address."
ANOTHER = "This CalDAV account is for another calendar than the one at the address."
FAR = "The CalDAV server names a calendar on another host; it was not followed."
DOWN = "The CalDAV server is not answering as it should."
#: a provider whose hosts stand beside each other
SHARED = ".icloud.com"
UNSAFE = "A CalDAV address must be a URL that begins with https."
#: calendars that are named to whoever has to choose
SHOWN = 10
PORTS = {"https": 443, "http": 80}


class Unsupported(CalendarError):
    """The server does not know this request."""


@dataclass(frozen=True, kw_only=True)
class CalDavAccount:
    """
    A user's way to their calendar. ``url``: the calendar's, or that of the server it is found on.

    Raises NotAllowed for one that is no URL, or that would send the password in the open.
    """

    url: str
    username: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        try:
            scheme, host, _, path = _place(self.url)
        except ValueError:
            raise NotAllowed(UNSAFE) from None
        if not host or not (scheme == "https" or (scheme == "http" and _is_loopback(host))):
            raise NotAllowed(UNSAFE)
        if not path:
            object.__setattr__(self, "url", f"{self.url}/")  # the library wants a path

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc


def _place(url: str) -> tuple[str, str, int | None, str]:
    """Scheme, host, port and path, alike for however this is spelled. Raises ValueError for no URL."""
    parts = urlsplit(url)
    port = parts.port or PORTS.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port, unquote(parts.path).rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server said: its body as bytes, and the headers that matter."""

    body: bytes
    etag: str = ""


class Calendar:
    """
    One calendar of one account. Each request has a client of its own: they are not to be shared.

    ``address``: the calendar's where that is a URL; by any other name it is whichever the account leads to.
    """

    def __init__(
        self,
        account: CalDavAccount,
        address: str,
        breaker: Breaker,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._account, self._breaker, self._sleep = account, breaker, sleep
        self._wanted = address if address.startswith(("https:", "http:")) else None
        self._lock = threading.Lock()
        self._url: str | None = None

    def url(self, deadline: float | None = None) -> str:
        """Of the calendar, with a slash at its end; looked for once."""
        with self._lock:
            if self._url is None:
                found = self._retried(self._discover, deadline)
                self._url = found if found.endswith("/") else f"{found}/"
            return self._url

    def beside(self) -> list[str]:
        """The first few calendars that the account has, for whoever gave an address that is none."""
        found: list[str] = self._retried(lambda client: list(islice(_for_events(client), SHOWN)), None)
        return found

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
                raise (
                    NotAllowed(NOT_PERMITTED) if "forbidden" in status else WrongPassword(RECONNECT)
                ) from None
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
        """The wanted one and no other; else where the account leads, or its first that holds events."""
        if self._wanted is not None:
            return self._the_wanted(client, self._wanted)
        if (here := _calendar_at(client, self._account.url)) is not None:
            return here
        first = next(_for_events(client), None)
        if first is None:
            raise NotAllowed("This CalDAV account has no calendar for events.")
        return first

    def _the_wanted(self, client: caldav.DAVClient, wanted: str) -> str:
        found = _calendar_at(client, wanted)
        if found is None:
            raise NotAllowed(NOT_THERE)
        if _place(wanted) != _place(self._account.url):
            try:
                another = _calendar_at(client, self._account.url)
            except dav_errors.DAVError:
                another = None  # a server may close its root to people; theirs opens below
            if another is not None:
                raise NotAllowed(ANOTHER)
        return found


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
            raise NotAllowed(FAR)
        return super().request(url, *args, **kwargs)


def is_near(home: str, url: str) -> bool:
    """Whether this address is of the same host, or one below it. (iCloud's users have hosts beside it.)"""
    ours, theirs = urlsplit(home), urlsplit(url)
    host, other = ours.hostname or "", theirs.hostname or ""
    family = SHARED if host.endswith(SHARED) else f".{host}"
    return theirs.scheme == ours.scheme and (_place(home)[:3] == _place(url)[:3] or other.endswith(family))


def _for_events(client: caldav.DAVClient) -> Iterator[str]:
    """The account's calendars that hold events."""
    for found in client.principal().calendars():  # type: ignore[no-untyped-call]
        if "VEVENT" in (found.get_supported_components() or ["VEVENT"]):
            yield str(found.url)


def _calendar_at(client: caldav.DAVClient, url: str) -> str | None:
    """This address when a calendar is there."""
    asked = '<propfind xmlns="DAV:"><prop><resourcetype/></prop></propfind>'
    tree = client.propfind(url, asked, 0).tree
    types = {str(element.tag) for element in tree.iter()} if tree is not None else set()
    return url if "{urn:ietf:params:xml:ns:caldav}calendar" in types else None


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
        raise WrongPassword(RECONNECT)
    if status in (400, 405, 415, 422):
        raise Unsupported
    raise NotAllowed(NOT_PERMITTED)
