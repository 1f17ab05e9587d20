# SPDX-License-Identifier: Apache-2.0
"""The consent screen: what a service asks a person for when it sends the browser to sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.microsoft.errors import SignInError


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request for authorization (RFC 6749, 4.1.1; RFC 7636, 4.3)."""

    scopes: frozenset[str]
    redirect_uri: str
    challenge: str
    nonce: str | None
    #: as it goes back to the service: empty, or the state under its name
    state: Mapping[str, str]
    #: whether the answer is to say who agreed
    client_info: bool
    #: whether the browser is to post the answer, as against being redirected with it
    posts: bool

    @classmethod
    def read(cls, query: str | Mapping[str, str], client_id: str) -> Asked:
        """``query``: of the authorize URL, or the whole URL. Raises SignInError."""
        if isinstance(query, str):
            query = dict(parse_qsl(urlsplit(query).query or query.lstrip("?"), keep_blank_values=True))
        must = {"client_id": client_id, "response_type": "code", "code_challenge_method": "S256"}
        for name, value in must.items():
            if query.get(name) != value:
                raise _refused(f"{name} must be {value}, not {query.get(name)}.")
        for name in ("redirect_uri", "scope", "code_challenge"):
            if not query.get(name):
                raise _refused(f"The required field '{name}' is missing from the request.")
        return cls(
            scopes=frozenset(query["scope"].split()),
            redirect_uri=query["redirect_uri"],
            challenge=query["code_challenge"],
            nonce=query.get("nonce"),
            state={"state": query["state"]} if "state" in query else {},
            client_info=query.get("client_info") == "1",
            posts=query.get("response_mode") == "form_post",
        )

    def declined(self) -> dict[str, str]:
        """The query of the redirect when the person does not agree."""
        text = "AADSTS65004: User declined to consent to access the app."
        return {"error": "access_denied", "error_description": text, "error_subcode": "cancel", **self.state}


def posting_page(address: str, answer: Mapping[str, str]) -> bytes:
    """A page that posts the answer by itself, or with a click where scripts are off."""
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in answer.items()
    )
    form = f'<form method="post" action="{escape(address)}">{fields}<button>Continue</button></form>'
    return f"<!DOCTYPE html><body>{form}<script>document.forms[0].submit()</script></body>".encode()


def _refused(text: str) -> SignInError:
    return SignInError(400, "invalid_request", 90014, text, wrong=True)
