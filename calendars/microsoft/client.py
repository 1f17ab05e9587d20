# SPDX-License-Identifier: Apache-2.0
"""Requests to Graph: a place for each, time limits, one fresh token after a refusal, retries of ours."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from requests.auth import AuthBase

from calendars.access import TokenSource
from calendars.errors import NotAllowed, NoTime, Outage
from calendars.microsoft.problems import (
    DOWN,
    RECONNECT,
    BadAnswer,
    TokenRefused,
    code_in,
    meaning_of,
    needs_mailbox,
)
from calendars.microsoft.signin import Challenged, check_plain, trusted
from calendars.microsoft.slots import Slots
from calendars.pieces import turns
from calendars.retry import Breaker, Budget, retrying

logger = logging.getLogger(__name__)

ENDPOINT = "https://graph.microsoft.com/v1.0"
#: times as UTC, which no clock change makes ambiguous, and ids that survive a move to another folder
PREFER = 'outlook.timezone="UTC", IdType="ImmutableId"'
TIMEOUT = 15.0
CONNECT = 5.0


class ForeignLink(NotAllowed):
    """Microsoft's answer leads to another host; it was not followed."""


@dataclass(frozen=True, kw_only=True)
class _Request:
    """What is asked, apart from whose token asks it."""

    method: str
    url: str
    body: Mapping[str, Any] | None
    query: Mapping[str, str] | None
    headers: Mapping[str, str]


@dataclass(frozen=True)
class _Bearer(AuthBase):
    """The token as requests' own idea of access: a header alone gives way to what ``~/.netrc`` says."""

    token: str = field(repr=False)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class Client:
    """
    Requests to one Graph, made as whoever's tokens are given. Safe to use from several threads.

    Raises ValueError for an endpoint that is plain ``http`` anywhere but on this machine.
    """

    def __init__(
        self,
        endpoint: str,
        breaker: Breaker,
        slots: Slots,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        check_plain(endpoint)
        self._endpoint = endpoint.rstrip("/")
        self._breaker, self._slots, self._sleep = breaker, slots, sleep
        #: sessions nobody uses just now: their connections are open, and a new one costs some round trips
        self._idle: list[requests.Session] = []

    def call(
        self,
        source: TokenSource,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        etag: str | None = None,
        prefer: str = "",
        deadline: float | None = None,
        look: Callable[[], dict[str, Any] | None] | None = None,
    ) -> dict[str, Any]:
        """
        The answer's JSON; empty for an answer without content. ``path`` is below the endpoint, or a link of
        Graph's own. ``look`` comes before every attempt but the first: what it finds is the answer.

        Raises the errors of `problems.MEANINGS`, after trying again what may pass.
        """
        headers = {"Prefer": f"{PREFER}, {prefer}" if prefer else PREFER}
        if etag:
            headers["If-Match"] = etag
        request = _Request(method=method, url=self.checked(path), body=body, query=query, headers=headers)
        budget = Budget(deadline=deadline)
        attempts = 0

        def once() -> dict[str, Any]:
            nonlocal attempts
            attempts += 1
            there = look() if look is not None and attempts > 1 else None
            return self._attempt(source, request, budget) if there is None else there

        return retrying(once, budget=budget, breaker=self._breaker, sleep=self._sleep)

    def pages(
        self,
        source: TokenSource,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        prefer: str = "",
        deadline: float | None = None,
    ) -> Iterator[dict[str, Any]]:
        """
        A mailbox's list page by page; one may be empty and still not be the last.

        Raises as `call` does, NotAllowed where there is no mailbox, and Outage for a list that does not end.
        """
        for _ in turns():
            with needs_mailbox():
                page = self.call(source, "GET", path, query=query, prefer=prefer, deadline=deadline)
            items = page.get("value")
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise BadAnswer
            yield page
            if not page.get("@odata.nextLink"):
                return
            path, query = str(page["@odata.nextLink"]), None

    def checked(self, link: str) -> str:
        """
        The address of a path below the endpoint, or of a link to it.

        Raises ForeignLink for any other: the token would travel with it.
        """
        if link.startswith("/"):
            return self._endpoint + link
        ours, theirs = urlsplit(self._endpoint), urlsplit(link)
        if (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
            logger.error("A link of Graph's leads to another host; it is not followed")
            raise ForeignLink
        return link

    def _attempt(self, source: TokenSource, request: _Request, budget: Budget) -> dict[str, Any]:
        try:
            return self._once(source, request, budget)
        except TokenRefused:
            pass  # Dropped by now; another may be accepted.
        try:
            return self._once(source, request, budget)
        except TokenRefused:
            raise NotAllowed(RECONNECT) from None

    def _once(self, source: TokenSource, request: _Request, budget: Budget) -> dict[str, Any]:
        token, number = source.token(), str(uuid.uuid4())
        with self._slots.one(budget.deadline):
            left = budget.left()
            if left is not None and left <= 0:
                raise NoTime
            limit = TIMEOUT if left is None else max(0.05, min(TIMEOUT, left))
            session = self._session()
            try:
                response = session.request(
                    request.method,
                    request.url,
                    json=request.body,
                    params=request.query,
                    headers={**request.headers, "client-request-id": number},
                    auth=_Bearer(token),
                    timeout=(min(CONNECT, limit), limit),
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                raise Outage(f"Microsoft's calendars are not answering ({type(error).__name__}).") from None
            finally:
                self._idle.append(session)
        return self._answer(source, token, response, number)

    def _answer(
        self, source: TokenSource, token: str, response: requests.Response, number: str
    ) -> dict[str, Any]:
        if response.status_code in (202, 204):
            return {}
        if response.ok:
            try:
                answer = response.json()
            except (ValueError, RecursionError):
                raise Outage(DOWN) from None
            if not isinstance(answer, dict):
                raise Outage(DOWN)
            return answer
        error = meaning_of(response)
        theirs = response.headers.get("request-id", "")
        logger.info(
            "Graph answered %s %s (request-id %s, client-request-id %s)",
            response.status_code,
            code_in(response),
            theirs[:64],
            number,
        )
        if isinstance(error, TokenRefused):
            source.drop(token)
            if error.claims and isinstance(source, Challenged):
                source.challenged(error.claims)
        raise error

    def _session(self) -> requests.Session:
        """One for each request at a time: sessions are not safe to share."""
        try:
            return self._idle.pop()
        except IndexError:
            session = requests.Session()
            session.verify = trusted()
            # What one mailbox's answer sets must not come along with another's token.
            session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            return session


def mailbox(address: str, rest: str = "") -> str:
    """The path of a mailbox, or of something in it."""
    return f"/users/{quote(address, safe='@')}{rest}"


def event_path(address: str, event_id: str, rest: str = "") -> str:
    """The path of an event; its id is case-sensitive and holds characters that paths give a meaning to."""
    return mailbox(address, f"/events/{quote(event_id, safe='')}{rest}")
