# SPDX-License-Identifier: Apache-2.0
"""Who may do what: access tokens, refresh tokens, codes of the consent screen, service accounts."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

LIFETIME = timedelta(seconds=3599)
SCOPE_ROOT = "https://www.googleapis.com/auth/"
#: what an administrator delegates to the service account unless a test says otherwise
DELEGATED = frozenset({"calendar.freebusy", "calendar.events.owned"})


def short(scope: str) -> str:
    """A scope without Google's address in front."""
    return scope.removeprefix(SCOPE_ROOT)


@dataclass(frozen=True, kw_only=True)
class Access:
    """What an access token is good for."""

    #: whose calendars these are: a person, or the service account itself
    subject: str
    #: without Google's address in front
    scopes: frozenset[str]
    expires_at: datetime
    by_service_account: bool = False


@dataclass(frozen=True, kw_only=True)
class Consent:
    """What a person let a client do, behind a refresh token or, until it is redeemed, a code."""

    address: str
    client_id: str
    scopes: frozenset[str]
    redirect_uri: str
    challenge: str | None
    nonce: str | None
    offline: bool
    expires_at: datetime


@dataclass
class Grants:
    """Every token there is."""

    access: dict[str, Access] = field(default_factory=dict)
    codes: dict[str, Consent] = field(default_factory=dict)
    refresh: dict[str, Consent] = field(default_factory=dict)
    #: service account → the scopes delegated to it
    accounts: dict[str, frozenset[str]] = field(default_factory=dict)

    def new_access(
        self, subject: str, scopes: Iterable[str], now: datetime, *, by_service_account: bool = False
    ) -> str:
        token = "ya29." + secrets.token_urlsafe(24)
        self.access[token] = Access(
            subject=subject,
            scopes=frozenset(map(short, scopes)),
            expires_at=now + LIFETIME,
            by_service_account=by_service_account,
        )
        return token

    def new_refresh(self, consent: Consent) -> str:
        token = "1//" + secrets.token_urlsafe(24)
        self.refresh[token] = consent
        return token

    def consented_before(self, address: str, client_id: str) -> bool:
        return any((kept.address, kept.client_id) == (address, client_id) for kept in self.refresh.values())

    def holder(self, authorization: str | None, now: datetime) -> Access | None:
        """What the request's token is good for; `None` when it is none, or dead."""
        access = self.access.get((authorization or "").removeprefix("Bearer "))
        return access if access is not None and access.expires_at > now else None

    def revoke(self, address: str) -> None:
        self.access = {token: kept for token, kept in self.access.items() if kept.subject != address}
        self.refresh = {token: kept for token, kept in self.refresh.items() if kept.address != address}


@cache
def signing_key() -> rsa.RSAPrivateKey:
    """One for the whole process: it takes a while to find."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def service_account(email: str, token_uri: str) -> dict[str, str]:
    """The file an administrator downloads."""
    key = signing_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account",
        "project_id": "interviews",
        "private_key_id": "0123456789abcdef",
        "private_key": key.decode(),
        "client_email": email,
        "client_id": "100000000000000000001",
        "token_uri": token_uri,
    }


def redirect_of(consent: Consent, code: str, query: Mapping[str, str]) -> dict[str, str]:
    """What the consent screen sends back to the client."""
    scopes = " ".join(sorted(consent.scopes))
    return {**({"state": query["state"]} if "state" in query else {}), "code": code, "scope": scopes}
