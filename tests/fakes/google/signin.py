# SPDX-License-Identifier: Apache-2.0
"""The consent screen and the token endpoint (RFC 6749, RFC 7523, RFC 7636) as Google answers them."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.fakes.google.grants import LIFETIME, Consent, Grants, redirect_of, short, signing_key
from tests.fakes.wire import Answer

AUDIENCE = "https://oauth2.googleapis.com/token"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
IDENTITY = ("openid", "email", "https://www.googleapis.com/auth/userinfo.email")


@dataclass
class NotGranted(Exception):
    """A call for a token is refused (RFC 6749, 5.2)."""

    error: str
    description: str
    status: int = 400
    #: whether no client should ever ask this
    wrong: bool = False

    def answer(self) -> Answer:
        return Answer.json(self.status, {"error": self.error, "error_description": self.description})


@dataclass
class SignIn:
    """Signs people in and hands out tokens. Called with the state's lock held."""

    now: Callable[[], datetime]
    #: whether somebody of this address exists
    knows: Callable[[str], bool]
    grants: Grants = field(default_factory=Grants)
    client_id: str = "convene.apps.googleusercontent.com"
    client_secret: str = "GOCSPX-secret"
    #: put over the claims of the next id tokens, to make them wrong
    claims: dict[str, Any] = field(default_factory=dict)

    def approve(
        self, query: str | Mapping[str, str], address: str, scopes: Collection[str] | None
    ) -> dict[str, str]:
        """Somebody agrees on the consent screen; the query of the redirect. ``scopes``: those left ticked."""
        asked = dict(parse_qsl(query.rpartition("?")[2])) if isinstance(query, str) else dict(query)
        self._check_asked(asked)
        consent = Consent(
            address=address.lower(),
            client_id=asked["client_id"],
            scopes=frozenset(asked["scope"].split() if scopes is None else scopes),
            redirect_uri=asked["redirect_uri"],
            challenge=asked.get("code_challenge"),
            nonce=asked.get("nonce"),
            offline=asked.get("access_type") == "offline"
            and (asked.get("prompt") == "consent" or not self._known_to(address, asked["client_id"])),
            expires_at=self.now() + timedelta(minutes=10),
        )
        code = "4/" + secrets.token_urlsafe(24)
        self.grants.codes[code] = consent
        return redirect_of(consent, code, asked)

    def token(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer a call for a token. Raises NotGranted."""
        answer = {
            JWT_BEARER: self._for_service_account,
            "authorization_code": self._for_code,
            "refresh_token": self._for_refresh_token,
        }.get(form.get("grant_type", ""))
        if answer is None:
            raise NotGranted("unsupported_grant_type", "Invalid grant_type: ", wrong=True)
        return {"token_type": "Bearer", "expires_in": int(LIFETIME.total_seconds()), **answer(form)}

    def _check_asked(self, asked: Mapping[str, str]) -> None:
        """What the consent screen would refuse to show."""
        missing = {"client_id", "redirect_uri", "response_type", "scope", "state"} - asked.keys()
        if missing:
            raise NotGranted(
                "invalid_request", f"Required parameter is missing: {sorted(missing)}", wrong=True
            )
        if asked["client_id"] != self.client_id:
            raise NotGranted("invalid_client", "The OAuth client was not found.", 401)
        if asked["response_type"] != "code" or asked.get("code_challenge_method") != "S256":
            raise NotGranted(
                "invalid_request", "A code with a challenge of S256 is what is secure.", wrong=True
            )

    def _known_to(self, address: str, client_id: str) -> bool:
        return self.grants.consented_before(address, client_id)

    def _for_service_account(self, form: Mapping[str, str]) -> dict[str, Any]:
        claims = verified(form.get("assertion", ""))
        delegated = self.grants.accounts.get(claims["iss"])
        if delegated is None:
            raise NotGranted("invalid_grant", "Invalid grant: account not found")
        if claims.get("aud") != AUDIENCE or claims["exp"] - claims["iat"] > 3600:
            raise NotGranted("invalid_grant", "Invalid JWT: check its audience and lifetime.", wrong=True)
        scopes = [short(scope) for scope in claims.get("scope", "").split()]
        if not scopes:
            raise NotGranted("invalid_scope", "Empty or missing scope not allowed.", wrong=True)
        subject = claims.get("sub", claims["iss"]).lower()
        alone = subject == claims["iss"]
        if not alone and not self.knows(subject):
            raise NotGranted("invalid_grant", "Invalid email or User ID")
        if not alone and not delegated.issuperset(scopes):
            raise NotGranted(
                "unauthorized_client",
                "Client is unauthorized to retrieve access tokens using this method, "
                "or client not authorized for any of the scopes requested.",
                401,
            )
        token = self.grants.new_access(subject, scopes, self.now(), by_service_account=alone)
        return {"access_token": token}

    def _check_client(self, form: Mapping[str, str]) -> None:
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            raise NotGranted("invalid_client", "Unauthorized", 401)

    def _for_code(self, form: Mapping[str, str]) -> dict[str, Any]:
        self._check_client(form)
        # A code is good for one try.
        consent = self.grants.codes.pop(form.get("code", ""), None)
        if consent is None or consent.expires_at <= self.now():
            raise NotGranted("invalid_grant", "Malformed auth code.")
        if form.get("redirect_uri") != consent.redirect_uri:
            raise NotGranted("redirect_uri_mismatch", "Bad Request", wrong=True)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != consent.challenge:
            raise NotGranted("invalid_grant", "Invalid code verifier.", wrong=True)
        answer = self._tokens(consent)
        if consent.offline:
            answer["refresh_token"] = self.grants.new_refresh(consent)
        return answer

    def _for_refresh_token(self, form: Mapping[str, str]) -> dict[str, Any]:
        self._check_client(form)
        consent = self.grants.refresh.get(form.get("refresh_token", ""))
        if consent is None or not self.knows(consent.address):
            raise NotGranted("invalid_grant", "Token has been expired or revoked.")
        return self._tokens(consent)

    def _tokens(self, consent: Consent) -> dict[str, Any]:
        access = self.grants.new_access(consent.address, consent.scopes, self.now())
        answer = {"access_token": access, "scope": " ".join(sorted(consent.scopes))}
        if "openid" in consent.scopes:
            answer["id_token"] = self._id_token(consent)
        return answer

    def _id_token(self, consent: Consent) -> str:
        now = int(self.now().timestamp())
        claims: dict[str, Any] = {
            "iss": "https://accounts.google.com",
            "aud": consent.client_id,
            "azp": consent.client_id,
            "sub": str(int.from_bytes(hashlib.sha256(consent.address.encode()).digest()[:8], "big")),
            "iat": now,
            "exp": now + 3600,
        }
        if consent.nonce is not None:
            claims["nonce"] = consent.nonce
        if consent.scopes.intersection(IDENTITY[1:]):
            claims |= {"email": consent.address, "email_verified": True}
        return signed({name: value for name, value in (claims | self.claims).items() if value is not None})


def verified(assertion: str) -> dict[str, Any]:
    """The claims of a service account's assertion. Raises NotGranted."""
    try:
        head, body, signature = assertion.split(".")
        signing_key().public_key().verify(
            _bytes(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256()
        )
        claims: dict[str, Any] = json.loads(_bytes(body))
    except (ValueError, InvalidSignature):
        raise NotGranted("invalid_grant", "Invalid JWT Signature.", wrong=True) from None
    return claims


def signed(claims: Mapping[str, Any]) -> str:
    """A JWT (RFC 7519) with our signature."""
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256", "typ": "JWT"}, claims)]
    text = ".".join(map(_text, parts))
    return f"{text}.{_text(signing_key().sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
