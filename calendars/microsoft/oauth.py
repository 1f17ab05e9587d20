# SPDX-License-Identifier: Apache-2.0
"""
A person connects their own Microsoft 365 calendar
(https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow).

MSAL makes the requests. Since 1.38 it checks nothing of the ID token but its nonce: the rest is checked here.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msal
import requests

from calendars.errors import NotAllowed, Outage
from calendars.microsoft.problems import RECONNECT
from calendars.microsoft.signin import AUTHORITY, Credential, SignInFailed, session_for
from calendars.oauth import Begun, Declined, Grant, Tokens, WrongAnswer, claims_of

SCOPES = ("Calendars.ReadWrite",)
TOO_LITTLE = "Microsoft did not grant access to the calendar. Please connect again and accept what is asked."
#: what MSAL insists on. With it the answer would come as a POST from another site, without the cookie that
#: binds it to the browser; PKCE and the state guard the query as well.
FORM_POST = "form_post"
#: answers that mean the grant is dead, whatever else they say
DEAD = frozenset({"invalid_grant", "interaction_required", "consent_required", "login_required"})


class MicrosoftSignIn:
    """The application of this service, as people sign in to it."""

    provider = "microsoft"

    def __init__(
        self,
        tenant_id: str,
        client_id: str,
        credential: Credential,
        *,
        authority: str = AUTHORITY,
        graph_endpoint: str = "https://graph.microsoft.com/v1.0",
    ) -> None:
        self._tenant_id, self._client_id, self._credential = tenant_id, client_id, credential
        self._authority = authority
        parts = urlsplit(graph_endpoint)
        host = parts.netloc if parts.scheme == "https" else "graph.microsoft.com"
        self._scopes = [f"https://{host}/{scope}" for scope in SCOPES]
        self._lock = threading.Lock()
        self._app: msal.ConfidentialClientApplication | None = None

    def begin(self, *, redirect_uri: str, state: str, hint: str) -> Begun:
        """Where to send the person; see `SignIn.begin`."""
        try:
            flow = self._client().initiate_auth_code_flow(
                self._scopes,
                redirect_uri=redirect_uri,
                state=state,
                login_hint=hint,
                response_mode=FORM_POST,
            )
        except (requests.RequestException, msal.exceptions.MsalServiceError, ValueError, KeyError):
            raise Outage("Microsoft's sign-in is not answering as it should.") from None
        return Begun(url=self._shown(str(flow["auth_uri"])), kept=flow)

    def _shown(self, url: str) -> str:
        """The address as a browser reaches it: plain on a loopback host, where the settings say so."""
        url = url.replace(f"response_mode={FORM_POST}", "response_mode=query")
        plain = urlsplit(self._authority).scheme == "http"
        return url.replace("https://", "http://", 1) if plain else url

    def finish(self, kept: Mapping[str, Any], answer: Mapping[str, str], *, now: datetime) -> Grant:
        """What they granted; see `SignIn.finish`."""
        if answer.get("error"):
            raise Declined
        told = self._ask(
            lambda app: app.acquire_token_by_auth_code_flow(dict(kept), dict(answer)), wrong=WrongAnswer
        )
        tenant = self._tenant()
        nonce = hashlib.sha256(str(kept["nonce"]).encode("ascii")).hexdigest()
        claims = claims_of(
            told.get("id_token"),
            audience=self._client_id,
            issuers=self._issuers(tenant),
            nonce=nonce,
            now=now,
        )
        if claims.get("tid") != tenant or not claims.get("oid"):
            raise WrongAnswer("This account does not belong to the organisation that set up this service.")
        scopes = tuple(str(told.get("scope") or "").split())
        granted = {scope.rsplit("/", 1)[-1].lower() for scope in scopes}
        if not {scope.lower() for scope in SCOPES} <= granted or not told.get("refresh_token"):
            raise NotAllowed(TOO_LITTLE)
        named = (claims.get(name) for name in ("preferred_username", "email", "upn"))
        return Grant(
            subject=str(claims["oid"]),
            addresses=tuple(dict.fromkeys(str(name).lower() for name in named if name)),
            scopes=scopes,
            tokens=_tokens(told, now),
        )

    def _tenant(self) -> str:
        """The tenant's id as its authority gives it: the settings may name it by a domain."""
        return str(self._client().authority.tenant)

    def _issuers(self, tenant: str) -> tuple[str, ...]:
        host = urlsplit(self._authority).netloc
        return (f"https://{host}/{tenant}/v2.0", f"http://{host}/{tenant}/v2.0")

    def refresh(self, refresh_token: str, *, now: datetime) -> Tokens:
        """The next tokens; the refresh token changes with them."""
        told = self._ask(
            lambda app: app.acquire_token_by_refresh_token(refresh_token, self._scopes), wrong=Outage
        )
        return _tokens(told, now)

    def _ask(self, ask: Any, *, wrong: type[Exception]) -> dict[str, Any]:
        try:
            # A client of its own: MSAL would keep one person's tokens beside another's.
            told = ask(self._client(fresh=True))
        except (requests.RequestException, msal.exceptions.MsalServiceError):
            raise Outage("Microsoft's sign-in is not answering as it should.") from None
        except SignInFailed as error:
            raise Outage(str(error)) from None  # ours to mend: nobody's grant is dead for it
        except (ValueError, RuntimeError, KeyError):
            raise wrong from None
        if "access_token" in told:
            return dict(told)
        if told.get("error") in DEAD:
            raise NotAllowed(RECONNECT)
        raise Outage("Microsoft's sign-in does not accept this service's credentials just now.")

    def _client(self, *, fresh: bool = False) -> msal.ConfidentialClientApplication:
        with self._lock:
            if self._app is None or fresh:
                session, authority = session_for(self._authority)
                self._app = msal.ConfidentialClientApplication(
                    self._client_id,
                    client_credential=self._credential.as_msal_wants(),
                    authority=f"{authority}/{self._tenant_id}",
                    http_client=session,
                    instance_discovery=False,
                )
            return self._app


def _tokens(told: Mapping[str, Any], now: datetime) -> Tokens:
    return Tokens(
        access_token=str(told["access_token"]),
        expires_at=now + timedelta(seconds=float(told.get("expires_in") or 0)),
        refresh_token=told.get("refresh_token"),
    )
