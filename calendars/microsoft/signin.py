# SPDX-License-Identifier: Apache-2.0
"""
Signing in at Entra as an application (client credentials), with a secret or a certificate.

MSAL insists on an ``https`` authority. For one that is plain ``http`` on a loopback host, which the settings
allow for rehearsals, it is given the ``https`` form and a session that speaks ``http`` to exactly that host.
"""

from __future__ import annotations

import ipaddress
import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable
from urllib.parse import urlsplit, urlunsplit

import msal
import requests
from requests.adapters import HTTPAdapter

from calendars.access import TokenSource
from calendars.errors import CalendarError, NotAllowed, Outage, TryLater

AUTHORITY = "https://login.microsoftonline.com"
TIMEOUT = (5.0, 15.0)
#: seconds for which Entra's refusal is taken as its answer: whoever has to put it right is not that quick
REFUSED_FOR = 60.0
#: what Entra's error codes mean for whoever runs the service
ADVICE = {
    7000215: "the client secret is wrong: MICROSOFT_CLIENT_SECRET must be the secret's value, not its id",
    7000222: "the client secret has expired: make a new one and change MICROSOFT_CLIENT_SECRET",
    700016: "the application is not known in this tenant: check MICROSOFT_CLIENT_ID and MICROSOFT_TENANT_ID",
    90002: "the tenant is not known: check MICROSOFT_TENANT_ID",
    700027: "the certificate is not registered with the application, or has expired",
    65001: "an administrator has not consented to the application's permissions",
}


class SignInFailed(NotAllowed):
    """Microsoft does not let this service sign in."""


@runtime_checkable
class Challenged(Protocol):
    """A source of tokens that can ask for one with what continuous access evaluation wants."""

    def challenged(self, claims: str) -> None:
        """The next token must have these claims, a JSON object."""
        ...


def trusted() -> str | bool:
    """The file of certificate authorities to trust: a private one from the environment, or the usual ones."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True


def check_plain(url: str) -> None:
    """Raises ValueError for an address that is plain ``http`` anywhere but on this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return
    try:
        local = parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        local = False
    if parts.scheme != "http" or not local:
        raise ValueError("Microsoft's addresses must be https, except on a loopback host.")


def session_for(authority: str) -> tuple[requests.Session, str]:
    """
    A session for MSAL with time limits and private authorities, and the authority as MSAL wants it.

    Raises ValueError for an authority that is plain ``http`` anywhere but on this machine.
    """
    check_plain(authority)
    session = _TimedSession()
    session.verify = trusted()
    parts = urlsplit(authority)
    if parts.scheme == "http":
        secure = urlunsplit(("https", *parts[1:]))
        session.mount(f"https://{parts.netloc}/", _PlainOnLoopback())
        return session, secure
    return session, authority


class _TimedSession(requests.Session):
    """MSAL sets no time limit of its own."""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", TIMEOUT)
        return super().request(*args, **kwargs)


class _PlainOnLoopback(HTTPAdapter):
    """Speaks plain http to the host it is mounted for, and reads its addresses as https."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        host = urlsplit(request.url or "").netloc
        request.url = (request.url or "").replace("https://", "http://", 1)
        kwargs["proxies"] = {}  # none leads to this machine
        response = super().send(request, *args, **kwargs)
        content = response.content.replace(f"http://{host}".encode(), f"https://{host}".encode())
        response._content = content  # noqa: SLF001  # the one way to change what was read
        return response


def scope_of(graph_endpoint: str) -> str:
    """Everything the application was granted at this Graph, which national clouds name by their host."""
    parts = urlsplit(graph_endpoint)
    # A rehearsal on this machine stands in for Microsoft's own.
    host = parts.netloc if parts.scheme == "https" else "graph.microsoft.com"
    return f"https://{host}/.default"


@dataclass(frozen=True, kw_only=True)
class Credential:
    """How the application proves itself: a secret, or a certificate and its key in one PEM file."""

    secret: str | None = field(repr=False, default=None)
    certificate_file: Path | None = None

    def __post_init__(self) -> None:
        if (self.secret is None) == (self.certificate_file is None):
            raise ValueError("An Entra application signs in with a secret or a certificate.")

    def as_msal_wants(self) -> str | dict[str, str]:
        """Raises SignInFailed when the file cannot be read."""
        if self.certificate_file is None:
            return self.secret or ""
        try:
            text = self.certificate_file.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            raise SignInFailed("The certificate file of the Microsoft application cannot be read.") from None
        return {"private_key": text, "public_certificate": text}


class EntraApplication:
    """
    `Access` to every mailbox that the application may use: one source of tokens for all of them.

    Raises ValueError for an authority that is plain ``http`` anywhere but on this machine.
    """

    def __init__(
        self,
        tenant_id: str,
        client_id: str,
        credential: Credential,
        *,
        authority: str = AUTHORITY,
        graph_endpoint: str = "https://graph.microsoft.com/v1.0",
    ) -> None:
        check_plain(authority)
        self._source = _Application(
            f"{authority.rstrip('/')}/{tenant_id}", client_id, credential, scope_of(graph_endpoint)
        )

    def personal(self, address: str) -> TokenSource | None:  # noqa: ARG002  # the protocol's shape
        """None: people grant nothing here."""
        return None

    def organization(self, address: str) -> TokenSource | None:  # noqa: ARG002  # one for all
        """The application itself."""
        return self._source


class _Application:
    """Tokens of the application. MSAL keeps them until they are about to end."""

    def __init__(self, authority: str, client_id: str, credential: Credential, scope: str) -> None:
        self._authority, self._client_id = authority, client_id
        self._credential, self._scope = credential, scope
        self._lock = threading.Lock()
        self._app: msal.ConfidentialClientApplication | None = None
        self._last = ""
        self._claims: str | None = None
        self._refusal = ""
        self._refused_until = 0.0

    def token(self) -> str:
        with self._lock:
            if time.monotonic() < self._refused_until:
                raise SignInFailed(self._refusal)
            result = self._result()
            self._claims = None
            if "access_token" not in result:
                error = refused(result)
                if isinstance(error, SignInFailed):
                    # MSAL repeats some refusals from memory; after a while a new application asks again.
                    self._app = None
                    self._refusal, self._refused_until = str(error), time.monotonic() + REFUSED_FOR
                raise error
            self._last = str(result["access_token"])
            return self._last

    def drop(self, token: str) -> None:
        with self._lock:
            # Several requests may have been refused with one token: the second must not take its successor.
            if self._app is not None and token == self._last:
                self._app.remove_tokens_for_client()
                self._last = ""

    def challenged(self, claims: str) -> None:
        """The next token must have these claims; see `Challenged`."""
        with self._lock:
            self._claims = claims

    def _result(self) -> dict[str, Any]:
        try:
            result: dict[str, Any] = self._client().acquire_token_for_client(
                [self._scope],
                claims_challenge=self._claims,
                # A failing renewal ahead of time must not hide the token that is still good.
                http_exceptions=(requests.RequestException, msal.exceptions.MsalServiceError),
            )
        except (requests.RequestException, msal.exceptions.MsalServiceError):
            raise Outage("Microsoft's sign-in is not answering as it should.") from None
        except (ValueError, KeyError, TypeError):
            self._app = None
            raise Outage("Microsoft's sign-in is not answering as it should.") from None
        return result

    def _client(self) -> msal.ConfidentialClientApplication:
        """Made when it is first needed: making it asks the authority what it offers."""
        if self._app is None:
            session, authority = session_for(self._authority)
            self._app = msal.ConfidentialClientApplication(
                self._client_id,
                client_credential=self._credential.as_msal_wants(),
                authority=authority,
                http_client=session,
                # Our settings name the authority; asking Microsoft about it would hide real errors.
                instance_discovery=False,
            )
        return self._app


def refused(result: dict[str, Any]) -> CalendarError:
    """What an answer without a token means. Nothing of its text is passed on but Entra's own error codes."""
    codes = [int(code) for code in result.get("error_codes") or () if str(code).isdigit()]
    advice = next((ADVICE[code] for code in codes if code in ADVICE), None)
    kind = str(result.get("error") or "")
    if kind in ("temporarily_unavailable", "") and advice is None:
        return TryLater("Microsoft's sign-in asks to try again later.")
    told = ", ".join(f"AADSTS{code}" for code in codes) or kind
    return SignInFailed(
        f"Microsoft does not let this service sign in ({told})" + (f": {advice}." if advice else ".")
    )
