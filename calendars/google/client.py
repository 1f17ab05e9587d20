# SPDX-License-Identifier: Apache-2.0
"""
Google's client as we use it: built once, a transport for each request, no retries of its own.

It ignores ``Retry-After``, re-sends a POST after a dropped connection, and hands out a 200 that is no JSON as
text; and one ``Http`` shared by threads breaks. All of that is met here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import google_auth_httplib2
import httplib2
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError
from googleapiclient.http import HttpRequest

from calendars.access import TokenSource
from calendars.errors import NoTime, Outage
from calendars.google.credentials import TIMEOUT, Counted, SourceCredentials, fresh_http
from calendars.google.problems import BadAnswer, meaning_of
from calendars.pieces import turns
from calendars.retry import Breaker, Budget, retrying

ENDPOINT = "https://www.googleapis.com/calendar/v3/"
#: what a list of events calls itself, however little of it is asked for
LIST = "calendar#events"
NOT_JSON = "Google Calendar is not answering as it should: what came is not its JSON."


class Client:
    """Requests to one endpoint, made as whoever's tokens are given. Safe to use from several threads."""

    def __init__(self, endpoint: str, breaker: Breaker, sleep: Callable[[float], None] = time.sleep) -> None:
        self._endpoint = endpoint if endpoint.endswith("/") else f"{endpoint}/"
        self._breaker, self._sleep = breaker, sleep

    @property
    def api(self) -> Any:
        """The Calendar API: `api.events().insert(…)` makes a request for `call`."""
        return _service(self._endpoint)

    def call(
        self, request: HttpRequest, source: TokenSource, *, deadline: float | None = None
    ) -> dict[str, Any]:
        """
        The answer's JSON; empty for an answer without content.

        Raises the errors of `problems.MEANINGS`, after trying again what may pass.
        """
        budget = Budget(deadline=deadline)
        if isinstance(source, Counted):
            request.uri += f"{'&' if '?' in request.uri else '?'}quotaUser={source.quota_user}"
        return retrying(
            lambda: self._once(request, source, budget),
            budget=budget,
            breaker=self._breaker,
            sleep=self._sleep,
        )

    def pages(
        self, source: TokenSource, parameters: Mapping[str, Any], deadline: float | None = None
    ) -> Iterator[dict[str, Any]]:
        """
        A calendar's events page by page (Events: list); one may be empty and still not be the last.

        Raises as `call` does, BadAnswer, and Outage for a list that does not end.
        """
        token: str | None = None
        for _ in turns():
            more = {"pageToken": token} if token else {}
            page = self.call(self.api.events().list(**parameters, **more), source, deadline=deadline)
            # No events are told as an empty list, or by none; but what is no list of events says nothing.
            if not isinstance(page.get("items", [] if page.get("kind") == LIST else None), list):
                raise BadAnswer
            if not all(isinstance(item, dict) for item in page.get("items", ())):
                raise BadAnswer
            yield {"items": [], **page}
            token = page.get("nextPageToken")
            if not token:
                return

    def _once(self, request: HttpRequest, source: TokenSource, budget: Budget) -> dict[str, Any]:
        left = budget.left()
        if left is not None and left <= 0:
            raise NoTime
        timeout = TIMEOUT if left is None else max(0.05, min(TIMEOUT, left))
        plain = fresh_http(timeout)
        http = _Http(SourceCredentials(source), http=plain)
        try:
            answer = request.execute(http=http, num_retries=0)
        except HttpError as error:
            raise meaning_of(error) from None
        except (ValueError, RecursionError, AttributeError, TypeError, LookupError):
            # How googleapiclient fails over JSON that is other than it knows.
            if http.last is None:
                raise
            if http.last.status >= 300:
                raise meaning_of(HttpError(http.last, b"")) from None
            raise Outage(NOT_JSON) from None
        except (OSError, HTTPException, httplib2.HttpLib2Error) as error:
            raise Outage(f"Google Calendar is not answering ({type(error).__name__}).") from None
        finally:
            plain.close()
        if answer == "":
            return {}
        if not isinstance(answer, dict):
            raise Outage(NOT_JSON)
        return answer


class _Http(google_auth_httplib2.AuthorizedHttp):  # type: ignore[misc]  # it tells no types
    """Remembers what came, for where googleapiclient cannot make sense of it."""

    last: httplib2.Response | None = None

    def request(self, *args: Any, **kwargs: Any) -> tuple[httplib2.Response, bytes]:
        self.last, content = super().request(*args, **kwargs)
        return self.last, content


@cache
def _service(endpoint: str) -> Any:
    """Built once for each endpoint: every build leaves a megabyte behind until garbage is collected."""
    if urlsplit(endpoint).scheme not in ("http", "https"):
        raise ValueError(f"{endpoint!r} is no endpoint")
    return build(
        "calendar",
        "v3",
        http=httplib2.Http(),  # never used: each request brings its own
        static_discovery=True,
        cache_discovery=False,
        client_options={"api_endpoint": endpoint},
    )
