# SPDX-License-Identifier: Apache-2.0
"""
A person connects their own Google calendar
(https://developers.google.com/identity/protocols/oauth2/web-server).
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import requests

from calendars.errors import NotAllowed, Outage
from calendars.google.credentials import SCOPES
from calendars.google.problems import RECONNECT
from calendars.oauth import Begun, Declined, Grant, Tokens, WrongAnswer, claims_of

AUTHORIZE = "https://accounts.google.com/o/oauth2/v2/auth"
TOKEN = "https://oauth2.googleapis.com/token"  # noqa: S105  # an address
REVOKE = "https://oauth2.googleapis.com/revoke"
ISSUERS = ("https://accounts.google.com", "accounts.google.com")
TIMEOUT = (5.0, 15.0)
TOO_LITTLE = (
    "Not everything that is needed was ticked at Google: seeing when you are busy, and keeping the events "
    "that Convene makes. Please connect again and leave both ticked."
)


class GoogleSignIn:
    """The OAuth web client of this service. The addresses are Google's unless a test says otherwise."""

    provider = "google"

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        authorize_url: str = AUTHORIZE,
        token_url: str = TOKEN,
    ) -> None:
        self._client_id, self._client_secret = client_id, client_secret
        self._authorize_url, self._token_url = authorize_url, token_url

    def begin(self, *, redirect_uri: str, state: str, hint: str) -> Begun:
        """Where to send the person; see `SignIn.begin`."""
        verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        query = {
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": " ".join(("openid", "email", *SCOPES)),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "access_type": "offline",
            # Without it a second consent brings no refresh token.
            "prompt": "consent",
            "login_hint": hint,
        }
        kept = {"verifier": verifier, "nonce": nonce, "redirect_uri": redirect_uri}
        return Begun(url=f"{self._authorize_url}?{urlencode(query)}", kept=kept)

    def finish(self, kept: Mapping[str, Any], answer: Mapping[str, str], *, now: datetime) -> Grant:
        """What they granted; see `SignIn.finish`."""
        if answer.get("error"):
            raise Declined
        if not answer.get("code"):
            raise WrongAnswer
        told = self._ask(
            grant_type="authorization_code",
            code=answer["code"],
            redirect_uri=kept["redirect_uri"],
            code_verifier=kept["verifier"],
        )
        claims = claims_of(
            told.get("id_token"), audience=self._client_id, issuers=ISSUERS, nonce=kept["nonce"], now=now
        )
        if claims.get("email_verified") is not True or not claims.get("email"):
            raise WrongAnswer("Google does not vouch for the address of this account.")
        scopes = tuple(str(told.get("scope") or "").split())
        if not set(SCOPES) <= set(scopes) or not told.get("refresh_token"):
            raise NotAllowed(TOO_LITTLE)
        return Grant(
            subject=claims["sub"],
            addresses=(str(claims["email"]).lower(),),
            scopes=scopes,
            tokens=_tokens(told, now),
        )

    def refresh(self, refresh_token: str, *, now: datetime) -> Tokens:
        """The next access token; the refresh token stays."""
        return _tokens(self._ask(grant_type="refresh_token", refresh_token=refresh_token), now)

    def _ask(self, **form: str) -> dict[str, Any]:
        authorities = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True
        form |= {"client_id": self._client_id, "client_secret": self._client_secret}
        try:
            response = requests.post(
                self._token_url, data=form, timeout=TIMEOUT, verify=authorities, allow_redirects=False
            )
            told = response.json()
        except (requests.RequestException, ValueError, RecursionError):
            raise Outage("Google's sign-in is not answering as it should.") from None
        if response.ok and isinstance(told, dict) and told.get("access_token"):
            return told
        kind = told.get("error") if isinstance(told, dict) else None
        if response.status_code >= 500 or response.status_code == 429 or kind is None:
            raise Outage("Google's sign-in is not answering as it should.")
        if kind in ("invalid_client", "unauthorized_client"):
            raise Outage("Google does not accept GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET.")
        raise NotAllowed(RECONNECT)


def _tokens(told: Mapping[str, Any], now: datetime) -> Tokens:
    return Tokens(
        access_token=str(told["access_token"]),
        expires_at=now + timedelta(seconds=float(told.get("expires_in") or 0)),
        refresh_token=told.get("refresh_token"),
    )
