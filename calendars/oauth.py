# SPDX-License-Identifier: Apache-2.0
"""
One person lets us into their own calendar: the authorization code flow with PKCE (RFC 6749, RFC 7636), and
who it was by an ID token (OpenID Connect Core 1.0), whose claims are checked here.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from calendars.errors import NotAllowed
from calendars.values import in_utc

#: what clocks may differ by
SKEW = timedelta(minutes=2)


class Declined(NotAllowed):
    """Access was not granted at the provider's page."""


class WrongAnswer(NotAllowed):
    """The provider's answer does not belong to this request; please begin again."""


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A person is about to be sent to the provider."""

    url: str
    #: what `finish` needs again; to be kept where nobody reads it
    kept: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What opens the calendar for a while, and what gets the next one."""

    access_token: str = field(repr=False)
    expires_at: datetime
    #: None: the one there is stays good
    refresh_token: str | None = field(repr=False, default=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "expires_at", in_utc(self.expires_at))


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a person granted, and who they are by the provider's word."""

    #: the provider's own name for the person, which never changes
    subject: str
    #: the mail addresses that are theirs, in lower case
    addresses: tuple[str, ...]
    scopes: tuple[str, ...]
    tokens: Tokens


class SignIn(Protocol):
    """A provider's sign-in for one person's calendar."""

    provider: str

    def begin(self, *, redirect_uri: str, state: str, hint: str) -> Begun:
        """Where to send the person. ``hint``: the address they should sign in with. Raises TryLater."""
        ...

    def finish(self, kept: Mapping[str, Any], answer: Mapping[str, str], *, now: datetime) -> Grant:
        """
        What they granted, from what was kept and what came back.

        Raises Declined, WrongAnswer, NotAllowed (too little was granted), TryLater.
        """
        ...

    def refresh(self, refresh_token: str, *, now: datetime) -> Tokens:
        """The next tokens. Raises NotAllowed when the grant is dead, TryLater."""
        ...


def claims_of(
    id_token: object, *, audience: str, issuers: tuple[str, ...], nonce: str, now: datetime
) -> dict[str, Any]:
    """
    The claims of an ID token that came straight from the token endpoint (Core 1.0, 3.1.3.7), once issuer,
    audience, time and nonce are right. Raises WrongAnswer.

    It came over the connection on which we proved who we are, so that its signature tells nothing more.
    """
    claims = _payload(id_token)
    now = in_utc(now)
    heard = claims.get("aud")
    right = (
        claims.get("iss") in issuers
        and heard in (audience, [audience])
        and claims.get("azp", audience) == audience
        and claims.get("nonce") == nonce
        and isinstance(claims.get("sub"), str)
    )
    try:
        ends, begins = float(claims["exp"]), float(claims.get("nbf", claims.get("iat", 0)))
    except (KeyError, TypeError, ValueError):
        raise WrongAnswer from None
    if not right or ends < (now - SKEW).timestamp() or begins > (now + SKEW).timestamp():
        raise WrongAnswer
    return claims


def _payload(id_token: object) -> dict[str, Any]:
    try:
        part = str(id_token).split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, binascii.Error):
        raise WrongAnswer from None
    if not isinstance(claims, dict):
        raise WrongAnswer
    return claims
