# SPDX-License-Identifier: Apache-2.0
"""Microsoft Graph's calendars and Entra's sign-in on 127.0.0.1."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from tests.fakes.microsoft import views
from tests.fakes.microsoft.call import Call, Tenant, error_answer
from tests.fakes.microsoft.consent import Asked, posting_page
from tests.fakes.microsoft.errors import GraphError, SignInError, denied, invalid, not_found, unauthorized
from tests.fakes.microsoft.keys import Certificate
from tests.fakes.microsoft.meetings import Meetings
from tests.fakes.microsoft.people import People
from tests.fakes.microsoft.preferences import Preferences
from tests.fakes.microsoft.routes import Route, segments_of
from tests.fakes.microsoft.signin import Grant, SignIn
from tests.fakes.microsoft.store import Change, Item, Mailbox, Store
from tests.fakes.microsoft.subscriptions import Subscriptions
from tests.fakes.microsoft.table import table
from tests.fakes.server import FakeServer
from tests.fakes.wire import Answer, Recorded

MOST_AT_ONCE = 4


class FakeMicrosoft(People, FakeServer):
    """
    A tenant. Starts on entering, stops on leaving, and then complains about wrong requests.

    ``tls``: serve everything over TLS, with a certificate that only `ca_file` vouches for.
    """

    def __init__(self, *, tls: bool = False) -> None:
        super().__init__()
        self.tenant_id = "5ca1ab1e-0000-4000-8000-000000000000"
        #: another name of it, under which its id is found
        self.tenant_domain = "corp.onmicrosoft.example"
        #: how many requests are answered at once before the others are turned away
        self.most_allowed_at_once = MOST_AT_ONCE
        #: seconds those are told to wait; `None`: they are not told
        self.retry_after: int | None = 1
        #: spelling of a key in errors that Graph spells in two ways
        self.inner_error_key = "innerError"
        #: whether errors come with an empty code
        self.empty_codes = False
        #: who is at the browser that opens the authorize page; `None`: nobody, so nothing is granted
        self.browsed_by: str | None = None
        store = Store(self._time, self._changed)
        self.tenant = Tenant(
            tenant_id=self.tenant_id,
            store=store,
            meetings=Meetings(store, self.sent.append),
            courier=self.courier,
            lock=self.lock,
            complain=self.wrong_is,
        )
        self.sign_in = SignIn(self.tenant_id, store, self._time)
        self.subscriptions = Subscriptions(self.tenant)
        self._tls = Certificate() if tls else None
        self._routes = table(self.subscriptions)

    # For tests

    @property
    def graph_endpoint(self) -> str:
        return f"{self.url}/v1.0"

    @property
    def authority(self) -> str:
        return self.url

    @property
    def client_id(self) -> str:
        return self.sign_in.client_id

    @property
    def id_token_claims(self) -> dict[str, Any]:
        """Put over the claims of coming id tokens, to make them wrong; `None` leaves a claim out."""
        return self.sign_in.id_token_claims

    @property
    def client_secret(self) -> str:
        return self.sign_in.client_secret

    @property
    def certificate_file(self) -> str:
        """Private key and certificate in one PEM, which the app may sign in with."""
        return self.sign_in.certificate.key_file

    @property
    def ca_file(self) -> str:
        """Vouches for the TLS certificate. Only with ``tls``."""
        assert self._tls is not None
        return self._tls.certificate_file

    def approve(
        self, authorize_url_query: str | Mapping[str, str], address: str, *, scopes: set[str] | None = None
    ) -> dict[str, str]:
        """
        A person agrees on the consent screen; the query of the redirect comes back.

        ``authorize_url_query``: the address the service sends the browser to, or its query.
        ``scopes``: what is agreed to, when it is not what was asked for.
        """
        with self.lock:
            asked = Asked.read(authorize_url_query, self.client_id)
            return self.sign_in.approve(asked, address, None if scopes is None else frozenset(scopes))

    def decline(self, authorize_url_query: str | Mapping[str, str]) -> dict[str, str]:
        """A person refuses on the consent screen; the query of the redirect comes back."""
        return Asked.read(authorize_url_query, self.client_id).declined()

    def wrong_is(self, what: str) -> None:
        """Note a wrong request."""
        self.wrong.append(what)

    def start(self) -> None:
        super().start()
        self.sign_in.host = self.url.partition("://")[2]
        hosts = (self.url, f"https://{self.sign_in.host}", "https://graph.microsoft.com")
        self.sign_in.graph_scopes = {f"{host}/.default" for host in hosts}

    def stop(self) -> None:
        super().stop()
        self.sign_in.certificate.remove()
        if self._tls is not None:
            self._tls.remove()

    # Hooks of the server

    def tls(self) -> ssl.SSLContext | None:
        if self._tls is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._tls.key_file)
        return context

    def is_api(self, request: Recorded) -> bool:
        return request.path.startswith("/v1.0/")

    def writes(self, request: Recorded) -> bool:
        return super().writes(request) and not request.path.lower().endswith("getschedule")

    def refuse(self, request: Recorded, at_once: int) -> Answer | None:
        if at_once <= self.most_allowed_at_once:
            return None
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        text = "Application is over its MailboxConcurrency limit."
        return self._refusal(request, GraphError(429, "ApplicationThrottled", text, headers=headers))

    def answer(self, request: Recorded) -> Answer:
        if not self.is_api(request):
            return self._answer_sign_in(request)
        try:
            with self.at_work():
                route, call = self._call(request)
                if route.locked:
                    return self._finished(route.handler(call), call)
            return self._finished(route.handler(call), call)
        except GraphError as error:
            if error.wrong:
                self.wrong_is(f"{request.method} {request.target}: {error.message}")
            return self._refusal(request, error)

    def empty_page(self, request: Recorded) -> Answer:
        with self.at_work():
            _, call = self._call(request)
            return self._finished(views.empty_page(call), call)

    # Graph

    def _call(self, request: Recorded) -> tuple[Route, Call]:
        """What is asked, by whom. Raises GraphError when nobody may, or nothing is."""
        grant = self.sign_in.grant(request.headers.get("authorization", ""))
        if grant is None:
            raise unauthorized("Access token has expired or is not valid.")
        route, names = self._route(request)
        call = Call(
            tenant=self.tenant,
            request=request,
            preferences=Preferences.read(request.headers.get("prefer", "")),
            names=names,
            base=self.tenant.links_to or self.graph_endpoint,
            owner=self._owner(names["user"], grant) if "user" in names else None,
            person=grant.person,
        )
        if not grant.permissions & route.permissions:
            raise denied()
        if "calendar" in names and names["calendar"] != call.mailbox.calendar_id:
            raise not_found()
        return route, call

    def _route(self, request: Recorded) -> tuple[Route, dict[str, str]]:
        segments = segments_of(request)
        for route in self._routes:
            names = route.matches(request.method, segments)
            if names is not None:
                return route, names
        raise invalid(f"Resource not found for the segment {segments[-1]!r}.", "BadRequest")

    def _owner(self, name: str, grant: Grant) -> Mailbox:
        if name == "me":
            if grant.person is None:
                raise invalid("/me request is only valid with delegated authentication flow.", "BadRequest")
            mailbox: Mailbox | None = grant.person
        else:
            mailbox = self.tenant.store.mailbox(name)
        if grant.person not in {None, mailbox}:
            raise denied()
        if mailbox is None:
            raise GraphError(404, "ErrorInvalidUser", f"The requested user '{name}' is invalid.")
        if mailbox.forgotten:
            text = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
            raise GraphError(404, "MailboxNotEnabledForRESTAPI", text)
        if mailbox.closed:
            raise denied()
        return mailbox

    def _finished(self, answer: Answer, call: Call) -> Answer:
        headers = {"request-id": secrets.token_hex(16), **_echo(call.request), **answer.headers}
        if call.preferences.applied:
            headers["Preference-Applied"] = call.preferences.applied
        return replace(answer, headers=headers)

    def _refusal(self, request: Recorded, error: GraphError) -> Answer:
        request_id = secrets.token_hex(16)
        inner = {
            "date": f"{self.now():%Y-%m-%dT%H:%M:%S}",
            "request-id": request_id,
            "client-request-id": request.headers.get("client-request-id", request_id),
        }
        answer = error_answer(error, inner, inner_key=self.inner_error_key, empty_code=self.empty_codes)
        return replace(answer, headers={"request-id": request_id, **_echo(request), **answer.headers})

    def _time(self) -> datetime:
        """By the clock that is set when it is asked."""
        return self.now()

    def _changed(self, item: Item, change: Change) -> None:
        self.subscriptions.note(item, change)

    # Sign-in

    def _answer_sign_in(self, request: Recorded) -> Answer:
        tenant, _, rest = request.path.lstrip("/").partition("/")
        try:
            with self.lock:
                return self._signed_in(request, tenant, rest)
        except SignInError as refusal:
            if refusal.wrong:
                self.wrong_is(f"{request.method} {request.path}: {refusal.text}")
            return Answer.json(refusal.status, self.sign_in.error(refusal))

    def _signed_in(self, request: Recorded, tenant: str, rest: str) -> Answer:
        wanted = (request.method, rest)
        if wanted == ("POST", "oauth2/v2.0/token"):
            return Answer.json(200, self.sign_in.token(request.form(), tenant))
        if wanted == ("GET", "v2.0/.well-known/openid-configuration"):
            if tenant not in {self.tenant_id, self.tenant_domain, "common", "organizations"}:
                raise SignInError(400, "invalid_tenant", 90002, f"Tenant '{tenant}' not found.")
            return Answer.json(200, self.sign_in.discovery())
        if wanted == ("GET", "discovery/v2.0/keys"):
            return Answer.json(200, self.sign_in.signer.key_set())
        if wanted == ("GET", "oauth2/v2.0/authorize"):
            return self._authorize_page(request)
        if request.path == "/common/discovery/instance":
            return Answer.json(200, self.sign_in.instances())
        self.wrong_is(f"{request.method} {request.target}: there is nothing here.")
        return Answer.json(404, {"error": "not_found"})

    def _authorize_page(self, request: Recorded) -> Answer:
        """The consent screen for whoever is at the browser, who agrees."""
        asked = Asked.read(dict(request.query), self.client_id)
        if self.browsed_by is None:
            back = asked.declined()
        else:
            back = self.sign_in.approve(asked, self.browsed_by, None)
        if asked.posts:
            return Answer(200, posting_page(asked.redirect_uri, back), {"Content-Type": "text/html"})
        joint = "&" if "?" in asked.redirect_uri else "?"
        return Answer(302, b"", {"Location": f"{asked.redirect_uri}{joint}{urlencode(back)}"})


def _echo(request: Recorded) -> dict[str, str]:
    given = request.headers.get("client-request-id")
    return {"client-request-id": given} if given else {}
