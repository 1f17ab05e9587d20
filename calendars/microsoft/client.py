# SPDX-License-Identifier: Apache-2.0
"""Requests to Graph: a place for each, time limits, one fresh token after a refusal, retries of ours."""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from calendars.access import TokenSource
from calendars.errors import NotAllowed, Outage, TryLater
from calendars.microsoft.problems import DOWN, RECONNECT, TokenRefused, code_in, meaning_of
from calendars.microsoft.slots import Slots
from calendars.retry import Breaker, Budget, retrying

logger = logging.getLogger(__name__)

ENDPOINT = "https://graph.microsoft.com/v1.0"
#: times as UTC, which no clock change makes ambiguous, and ids that survive a move to another folder
PREFER = 'outlook.timezone="UTC", IdType="ImmutableId"'
TIMEOUT = 15.0
CONNECT = 5.0


class ForeignLink(NotAllowed):
    """Microsoft's answer leads to another host; it was not followed."""


class Client:
    """Requests to one Graph, made as whoever's tokens are given. Safe to use from several threads."""

    def __init__(
        self,
        endpoint: str,
        breaker: Breaker,
        slots: Slots,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._breaker, self._slots, self._sleep = breaker, slots, sleep
        self._local = threading.local()

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
        attempts: int = 4,
    ) -> dict[str, Any]:
        """
        The answer's JSON; empty for an answer without content. ``path`` is below the endpoint, or a link of
        Graph's own.

        Raises the errors of `problems.MEANINGS`, after trying again what may pass.
        """
        url = self._url(path)
        headers = {"Prefer": f"{PREFER}, {prefer}" if prefer else PREFER}
        if etag:
            headers["If-Match"] = etag
        budget = Budget(deadline=deadline, attempts=attempts)

        def once() -> dict[str, Any]:
            try:
                return self._once(source, method, url, body, query, headers, budget)
            except TokenRefused:
                # Dropped by now; another may be accepted.
                try:
                    return self._once(source, method, url, body, query, headers, budget)
                except TokenRefused:
                    raise NotAllowed(RECONNECT) from None

        return retrying(once, budget=budget, breaker=self._breaker, sleep=self._sleep)

    def _url(self, path: str) -> str:
        if path.startswith("/"):
            return self._endpoint + path
        ours, theirs = urlsplit(self._endpoint), urlsplit(path)
        if (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
            logger.error("Graph answered with a link to another host; it was not followed")
            raise ForeignLink
        return path

    def _once(
        self,
        source: TokenSource,
        method: str,
        url: str,
        body: Mapping[str, Any] | None,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str],
        budget: Budget,
    ) -> dict[str, Any]:
        token = source.token()
        number = str(uuid.uuid4())
        with self._slots.one(budget.deadline):
            left = budget.left()
            if left is not None and left <= 0:
                raise TryLater("There was no time left to ask Microsoft; try again.")
            limit = TIMEOUT if left is None else max(0.05, min(TIMEOUT, left))
            try:
                response = self._session().request(
                    method,
                    url,
                    json=body,
                    params=query,
                    headers={**headers, "Authorization": f"Bearer {token}", "client-request-id": number},
                    timeout=(min(CONNECT, limit), limit),
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                raise Outage(f"Microsoft's calendars are not answering ({type(error).__name__}).") from None
        return self._answer(source, token, response, number)

    def _answer(
        self, source: TokenSource, token: str, response: requests.Response, number: str
    ) -> dict[str, Any]:
        if response.status_code in (202, 204):
            return {}
        if response.ok:
            try:
                answer = response.json()
            except ValueError:
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
        raise error

    def _session(self) -> requests.Session:
        """One for each thread: sessions are not safe to share."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True
        return session


def mailbox(address: str, rest: str = "") -> str:
    """The path of a mailbox, or of something in it."""
    return f"/users/{quote(address, safe='@')}{rest}"


def event_path(address: str, event_id: str, rest: str = "") -> str:
    """The path of an event; its id is case-sensitive and holds characters that paths give a meaning to."""
    return mailbox(address, f"/events/{quote(event_id, safe='')}{rest}")
