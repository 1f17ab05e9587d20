# SPDX-License-Identifier: Apache-2.0
"""
Tokens for Google: a service account with domain-wide delegation, and any `TokenSource` as Google's client
wants it (https://developers.google.com/identity/protocols/oauth2/service-account).
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import google_auth_httplib2
import httplib2
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.oauth2 import service_account

from calendars.access import TokenSource
from calendars.errors import NotAllowed, Outage
from calendars.google.problems import refused_token

#: the least that reading when people are busy and keeping interviews on an organiser's calendar needs
SCOPES = (
    "https://www.googleapis.com/auth/calendar.freebusy",
    "https://www.googleapis.com/auth/calendar.events.owned",
)
TIMEOUT = 10.0
#: subjects whose credentials are kept; the oldest goes when there are more
MOST_SUBJECTS = 5000


def fresh_http(timeout: float = TIMEOUT) -> httplib2.Http:
    """A transport for one request: httplib2 is not safe to share. A private authority is honoured."""
    authorities = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    http = httplib2.Http(timeout=timeout, ca_certs=authorities or None)
    # A redirect would take the token elsewhere.
    http.follow_redirects = False
    return http


class ServiceAccount:
    """
    `Access` to every calendar of a Workspace domain, acting as its owner. Safe to use from several threads.
    """

    def __init__(self, info: Mapping[str, Any], *, scopes: tuple[str, ...] = SCOPES) -> None:
        try:
            self._base = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
                dict(info), scopes=list(scopes)
            )
        except (ValueError, KeyError, GoogleAuthError):
            raise NotAllowed("The Google service account file is not one: create a JSON key again.") from None
        self._lock = threading.Lock()
        self._sources: dict[str, _Delegated] = {}

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> ServiceAccount:
        """Read the JSON key file. Raises NotAllowed when it cannot be read or is no key."""
        try:
            info = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise NotAllowed("The Google service account file cannot be read as JSON.") from None
        if not isinstance(info, dict):
            raise NotAllowed("The Google service account file holds no JSON object.")
        return cls(info)

    @property
    def client_email(self) -> str:
        """Whose delegation an administrator authorises."""
        return str(self._base.service_account_email)

    def personal(self, address: str) -> TokenSource | None:  # noqa: ARG002  # the protocol's shape
        """None: people grant nothing here."""
        return None

    def organization(self, address: str) -> TokenSource | None:
        """Acting as this address."""
        with self._lock:
            source = self._sources.pop(address, None) or _Delegated(self._base.with_subject(address), address)
            self._sources[address] = source
            while len(self._sources) > MOST_SUBJECTS:
                del self._sources[next(iter(self._sources))]
            return source


@runtime_checkable
class Counted(Protocol):
    """A source of tokens whose requests count for whom they are made, not for the service account."""

    #: who that is, by a name that says nothing; 40 characters at most
    quota_user: str


class _Delegated:
    """Tokens of one subject, fetched when needed, one request at a time."""

    def __init__(self, credentials: service_account.Credentials, subject: str) -> None:
        self._credentials = credentials
        self.quota_user = hashlib.sha256(subject.lower().encode()).hexdigest()[:40]
        self._lock = threading.Lock()

    def token(self) -> str:
        with self._lock:
            if not self._credentials.valid:
                self._refresh()
            return str(self._credentials.token)

    def drop(self, token: str) -> None:
        with self._lock:
            if self._credentials.token == token:
                self._credentials.token = None

    def _refresh(self) -> None:
        http = fresh_http()
        try:
            request = google_auth_httplib2.Request(http)
            self._credentials.refresh(request)  # type: ignore[no-untyped-call]
        except RefreshError as error:
            raise refused_token(error) from None
        except (TransportError, OSError, HTTPException, httplib2.HttpLib2Error):
            raise Outage("Google's sign-in is not answering.") from None
        except (RecursionError, AttributeError, TypeError, KeyError, ValueError):
            # how google-auth fails over JSON that is other than it knows
            raise Outage("Google's sign-in is not answering as it should.") from None
        finally:
            http.close()


class SourceCredentials(Credentials):
    """A `TokenSource` as google-auth credentials: refreshing drops the refused token and takes another."""

    def __init__(self, source: TokenSource) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._source = source

    def refresh(self, request: object) -> None:  # noqa: ARG002  # google-auth's shape
        if self.token:
            self._source.drop(self.token)
        self.token = self._source.token()

    def before_request(self, request: object, method: str, url: str, headers: dict[str, str]) -> None:  # noqa: ARG002
        """Take the source's present token: it knows when it expires."""
        self.token = self._source.token()
        headers["authorization"] = f"Bearer {self.token}"
