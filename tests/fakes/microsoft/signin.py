# SPDX-License-Identifier: Apache-2.0
"""Sign-in: who gets which token, for how long, and who is turned away with which AADSTS number."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fakes.microsoft.consent import Asked
from tests.fakes.microsoft.errors import SignInError
from tests.fakes.microsoft.keys import Certificate, Signer
from tests.fakes.microsoft.store import Mailbox, Store

TOKEN_LIFE = timedelta(seconds=3599)
CODE_LIFE = timedelta(minutes=10)
OWN_SCOPES = {"openid", "profile", "email", "offline_access"}


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a token lets its bearer do: as a person, or as the app itself."""

    person: Mailbox | None
    #: scopes of a person's, application permissions of the app's
    permissions: frozenset[str]
    until: datetime


@dataclass(frozen=True, kw_only=True)
class _Code:
    asked: Asked
    person: Mailbox
    scopes: frozenset[str]
    until: datetime


class SignIn:
    """Guarded by the fake's lock."""

    def __init__(self, tenant_id: str, store: Store, now: Callable[[], datetime]) -> None:
        self.tenant_id = tenant_id
        self.client_id = "0c0ffee0-0000-4000-8000-000000000001"
        self.client_secret = "a-secret~that.works"
        #: whether the right secret has run out
        self.secret_expired = False
        #: application permissions that an administrator consented to
        self.roles = {"Calendars.ReadWrite", "MailboxSettings.Read", "Place.Read.All"}
        #: what is told in id tokens instead of the truth; `None` leaves a claim out
        self.id_token_claims: dict[str, Any] = {}
        self.token_life = TOKEN_LIFE
        self.certificate = Certificate()
        self.signer = Signer()
        #: where sign-in says it is, without scheme
        self.host = ""
        #: scope that stands for all of Graph's application permissions
        self.graph_scopes: set[str] = set()
        self._store = store
        self._now = now
        self._access: dict[str, Grant] = {}
        self._refresh: dict[str, tuple[Mailbox, frozenset[str]]] = {}
        self._spent: set[str] = set()
        self._codes: dict[str, _Code] = {}

    # Tokens

    def grant(self, authorization: str) -> Grant | None:
        """What a header of a call allows; `None` when it is no token that works."""
        kind, _, token = authorization.partition(" ")
        found = self._access.get(token) if kind == "Bearer" else None
        return found if found and found.until > self._now() else None

    def expire_tokens(self) -> None:
        self._access.clear()

    def revoke(self, person: Mailbox) -> None:
        """Nothing the person granted works any more."""
        self._access = {key: grant for key, grant in self._access.items() if grant.person is not person}
        self._refresh = {key: held for key, held in self._refresh.items() if held[0] is not person}

    def token(self, form: Mapping[str, str], tenant: str) -> dict[str, Any]:
        """Answer a call of the token endpoint. Raises SignInError."""
        if tenant not in {self.tenant_id, "common", "organizations"}:
            raise SignInError(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.", wrong=True)
        self._check_client(form)
        kinds = {
            "client_credentials": self._for_app,
            "authorization_code": self._for_code,
            "refresh_token": self._for_refresh,
        }
        kind = kinds.get(form.get("grant_type", ""))
        if kind is None:
            text = f"The app requested an unsupported grant type '{form.get('grant_type')}'."
            raise SignInError(400, "unsupported_grant_type", 70003, text, wrong=True)
        return kind(form)

    def _check_client(self, form: Mapping[str, str]) -> None:
        client = form.get("client_id")
        if client != self.client_id:
            text = f"Application with identifier '{client}' was not found in the directory."
            raise SignInError(400, "unauthorized_client", 700016, text)
        if "client_assertion" in form:
            kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            if form.get("client_assertion_type") != kind or not self.certificate.signed(
                form["client_assertion"], client=self.client_id, audience=self.endpoint("token")
            ):
                text = "The provided signature value did not match the expected signature value."
                raise SignInError(401, "invalid_client", 700027, text)
        elif "client_secret" not in form:
            text = "The request body must contain: 'client_assertion' or 'client_secret'."
            raise SignInError(401, "invalid_client", 7000218, text, wrong=True)
        elif not secrets.compare_digest(form["client_secret"].encode(), self.client_secret.encode()):
            text = f"Invalid client secret provided for app '{client}'."
            raise SignInError(401, "invalid_client", 7000215, text)
        elif self.secret_expired:
            text = f"The provided client secret keys for app '{client}' are expired."
            raise SignInError(401, "invalid_client", 7000222, text)

    def _for_app(self, form: Mapping[str, str]) -> dict[str, Any]:
        if form.get("scope") not in self.graph_scopes:
            text = (
                f"The provided value for scope {form.get('scope')} is not valid; it is <resource>/.default."
            )
            raise SignInError(400, "invalid_scope", 1002012, text, wrong=True)
        return self._issue(None, frozenset(self.roles))

    def _for_code(self, form: Mapping[str, str]) -> dict[str, Any]:
        code = form.get("code", "")
        held = self._codes.pop(code, None)
        if held is None:
            spent = code in self._spent
            number, text = (54005, "was already redeemed") if spent else (9002313, "is invalid")
            raise SignInError(400, "invalid_grant", number, f"The authorization code {text}.")
        self._spent.add(code)
        if held.until <= self._now():
            raise SignInError(400, "invalid_grant", 70008, "The authorization code has expired.")
        if form.get("redirect_uri") != held.asked.redirect_uri:
            text = "The reply address does not match the one of the authorization."
            raise SignInError(400, "invalid_grant", 500112, text, wrong=True)
        hashed = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if _base64url(hashed) != held.asked.challenge:
            text = "The Code_Verifier does not match the code_challenge."
            raise SignInError(400, "invalid_grant", 501481, text)
        return self._issue(held.person, held.scopes, nonce=held.asked.nonce)

    def _for_refresh(self, form: Mapping[str, str]) -> dict[str, Any]:
        token = form.get("refresh_token", "")
        held = self._refresh.pop(token, None)
        if held is None:
            number, text = (70000, "is not valid") if token in self._spent else (50173, "has been revoked")
            raise SignInError(
                400, "invalid_grant", number, f"The provided grant {text}.", suberror="bad_token"
            )
        self._spent.add(token)
        person, scopes = held
        asked = set(form.get("scope", "").split()) - OWN_SCOPES
        if missing := {short(scope) for scope in asked} - {short(scope) for scope in scopes}:
            text = f"The user has not consented to {sorted(missing)}."
            raise SignInError(400, "invalid_grant", 65001, text, suberror="consent_required")
        return self._issue(person, scopes)

    def _issue(
        self, person: Mailbox | None, scopes: frozenset[str], *, nonce: str | None = None
    ) -> dict[str, Any]:
        access = secrets.token_urlsafe(32)
        permissions = frozenset(map(short, scopes))
        self._access[access] = Grant(
            person=person, permissions=permissions, until=self._now() + self.token_life
        )
        life = int(self.token_life.total_seconds())
        told = {"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": access}
        if life >= 2 * 3600:
            told["refresh_in"] = life // 2
        if person is None:
            return told
        told["scope"] = " ".join(sorted(scopes - {"offline_access"}))
        told["client_info"] = self.client_info(person)
        if "offline_access" in scopes:
            told["refresh_token"] = refresh = secrets.token_urlsafe(32)
            self._refresh[refresh] = (person, scopes)
        if "openid" in scopes:
            told["id_token"] = self._id_token(person, nonce)
        return told

    def _id_token(self, person: Mailbox, nonce: str | None) -> str:
        now = int(self._now().timestamp())
        claims = {
            "aud": self.client_id,
            "iss": self.issuer,
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "tid": self.tenant_id,
            "oid": person.user_id,
            "sub": _base64url(hashlib.sha256(person.user_id.encode()).digest()),
            "preferred_username": person.address,
            "name": person.address.partition("@")[0],
            "nonce": nonce,
            "ver": "2.0",
            **self.id_token_claims,
        }
        return self.signer.sign({name: value for name, value in claims.items() if value is not None})

    # Consent

    def approve(self, asked: Asked, address: str, scopes: frozenset[str] | None) -> dict[str, str]:
        """The person at this address agrees: to ``scopes``, or to everything asked for."""
        person = self._store.known(address)
        wanted = asked.scopes if scopes is None else scopes | (asked.scopes & OWN_SCOPES)
        code = secrets.token_urlsafe(48)
        self._codes[code] = _Code(asked=asked, person=person, scopes=wanted, until=self._now() + CODE_LIFE)
        answer = {"code": code, "session_state": secrets.token_hex(16), **asked.state}
        return answer | ({"client_info": self.client_info(person)} if asked.client_info else {})

    # Discovery

    @property
    def issuer(self) -> str:
        return f"https://{self.host}/{self.tenant_id}/v2.0"

    def endpoint(self, name: str) -> str:
        return f"https://{self.host}/{self.tenant_id}/oauth2/v2.0/{name}"

    def client_info(self, person: Mailbox) -> str:
        told = {"uid": person.user_id, "utid": self.tenant_id}
        return _base64url(json.dumps(told).encode())

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": self.endpoint("authorize"),
            "token_endpoint": self.endpoint("token"),
            "device_authorization_endpoint": self.endpoint("devicecode"),
            "jwks_uri": f"https://{self.host}/{self.tenant_id}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "tenant_region_scope": "EU",
        }

    def instances(self) -> dict[str, Any]:
        """For clients that ask whether the authority is one of Microsoft's."""
        host = {"preferred_network": self.host, "preferred_cache": self.host, "aliases": [self.host]}
        discovery = f"https://{self.host}/{self.tenant_id}/v2.0/.well-known/openid-configuration"
        return {"tenant_discovery_endpoint": discovery, "api-version": "1.1", "metadata": [host]}

    def error(self, refusal: SignInError) -> dict[str, Any]:
        told = {
            "error": refusal.error,
            "error_description": refusal.text,
            "error_codes": [refusal.number],
            "timestamp": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z",
            "trace_id": secrets.token_hex(16),
            "correlation_id": secrets.token_hex(16),
        }
        return told | ({"suberror": refusal.suberror} if refusal.suberror else {})


def short(scope: str) -> str:
    """A scope without the resource it is of."""
    return scope.rpartition("/")[2]


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
