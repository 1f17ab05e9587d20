# SPDX-License-Identifier: Apache-2.0
"""The fake Google as tests hold it: what its people do, and its HTTP interface."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from tests.fakes.google import discovery
from tests.fakes.google.calls import Call, check_scopes
from tests.fakes.google.channels import Channels
from tests.fakes.google.conferences import Conferences
from tests.fakes.google.events import EventCalls
from tests.fakes.google.freebusy import FreeBusy
from tests.fakes.google.grants import DELEGATED, service_account, short
from tests.fakes.google.guests import Guests
from tests.fakes.google.listing import EventLists
from tests.fakes.google.people import People
from tests.fakes.google.problems import Refusal
from tests.fakes.google.selection import selected
from tests.fakes.google.signin import NotGranted, SignIn
from tests.fakes.google.store import Calendar, Store
from tests.fakes.server import FakeServer
from tests.fakes.wire import Answer, Recorded

API = "/calendar/v3/"
SIGN_IN = "/o/oauth2/v2/auth"
WRITING = frozenset({"events.insert", "events.patch", "events.update", "events.delete"})
SERVICE_ACCOUNT = "convene@interviews.iam.gserviceaccount.com"


class FakeGoogle(People, FakeServer):
    """
    Google with made-up people. What they do by hand is in `People`; what clients do goes over HTTP.

    ``validates``: whether each answer is held against Google's own description of it.
    """

    def __init__(self, *, validates: bool = True) -> None:
        FakeServer.__init__(self)
        self.validates = validates
        #: whether rooms, and people out of office, answer invitations right after the call; else at `tick`
        self.answers_at_once = True
        #: who is signed in where the consent screen is opened; `None` clicks on Cancel
        self.signed_in: str | None = None
        self.store = Store(self._now, self._calendar_changed)
        self.sign_in = SignIn(self._now, self._knows)
        self.guests = Guests(self.store, self.sent)
        self.conferences = Conferences()
        self.event_calls = EventCalls(self.store, self.guests, self.conferences, self.wrong_note)
        self.event_lists = EventLists(self.store)
        self.freebusy = FreeBusy(self.store)
        self.channels = Channels(self.store, self._now, self._push)
        self._methods = {
            "freebusy.query": self.freebusy.query,
            "events.list": self.event_lists.page,
            "events.instances": self.event_lists.instances,
            "events.get": self.event_calls.get,
            "events.insert": self.event_calls.insert,
            "events.patch": self.event_calls.patch,
            "events.update": self.event_calls.update,
            "events.delete": self.event_calls.delete,
            "events.watch": self.channels.watch,
            "channels.stop": self.channels.stop,
            "settings.get": self._setting,
        }

    # Addresses and credentials

    @property
    def api_endpoint(self) -> str:
        return f"{self.url}{API}"

    @property
    def token_uri(self) -> str:
        return f"{self.url}/token"

    @property
    def authorize_url(self) -> str:
        return f"{self.url}{SIGN_IN}"

    @property
    def client_id(self) -> str:
        return self.sign_in.client_id

    @property
    def client_secret(self) -> str:
        return self.sign_in.client_secret

    @property
    def id_token_claims(self) -> dict[str, Any]:
        """Put over the claims of coming id tokens, to make them wrong; `None` leaves a claim out."""
        return self.sign_in.claims

    def service_account(self, scopes_delegated: Collection[str] | None = None) -> dict[str, str]:
        """The JSON of the service account; from now on it may do this in everybody's name."""
        scopes = DELEGATED if scopes_delegated is None else frozenset(map(short, scopes_delegated))
        with self.lock:
            self.sign_in.grants.accounts[SERVICE_ACCOUNT] = scopes
        return service_account(SERVICE_ACCOUNT, self.token_uri)

    def approve(
        self,
        authorize_url_query: str | Mapping[str, str],
        address: str,
        *,
        scopes: Collection[str] | None = None,
    ) -> dict[str, str]:
        """Somebody agrees on the consent screen, to all or to these ``scopes``; the redirect's query."""
        with self.lock:
            return self.sign_in.approve(authorize_url_query, address, scopes)

    def expire_tokens(self) -> None:
        """No access token works any more; new ones can be had."""
        with self.lock:
            self.sign_in.grants.access.clear()

    def revoke(self, address: str) -> None:
        """Somebody takes back what was granted: their refresh tokens and access tokens are dead."""
        with self.lock:
            self.sign_in.grants.revoke(address.lower())

    def expire_sync_state(self) -> None:
        with self.lock:
            self.event_lists.expire()

    # HTTP

    def is_api(self, request: Recorded) -> bool:
        return request.path.startswith(API)

    def writes(self, request: Recorded) -> bool:
        found = (
            discovery.find(request.method, request.path.removeprefix(API)) if self.is_api(request) else None
        )
        return found is not None and found[0].id in WRITING

    def answer(self, request: Recorded) -> Answer:
        return self._answered(request, empty=False)

    def empty_page(self, request: Recorded) -> Answer:
        return self._answered(request, empty=True)

    def _answered(self, request: Recorded, *, empty: bool) -> Answer:
        with self.lock:
            try:
                if self.is_api(request):
                    return self._api(request, empty=empty)
                return self._signing_in(request)
            except Refusal as refusal:
                if refusal.wrong:
                    self.wrong_note(
                        f"{request.method} {request.target}: {refusal.reason} {refusal.what}".strip()
                    )
                return refusal.answer()
            except NotGranted as refusal:
                if refusal.wrong:
                    self.wrong_note(f"{request.method} {request.path}: {refusal.description}")
                return refusal.answer()

    def _signing_in(self, request: Recorded) -> Answer:
        if (request.method, request.path) == ("POST", "/token"):
            return Answer.json(200, self.sign_in.token(request.form()), {"Cache-Control": "no-store"})
        if (request.method, request.path) == ("GET", SIGN_IN):
            return self._consent_screen(dict(request.query))
        raise Refusal("notFound", f"nothing is at {request.path}", wrong=True)

    def _consent_screen(self, query: dict[str, str]) -> Answer:
        if self.signed_in is None:
            back = {"error": "access_denied", "state": query.get("state", "")}
        else:
            back = self.sign_in.approve(query, self.signed_in, None)
        return Answer(302, headers={"Location": f"{query['redirect_uri']}?{urlencode(back)}"})

    def _api(self, request: Recorded, *, empty: bool) -> Answer:
        found = discovery.find(request.method, request.path.removeprefix(API))
        if found is None or found[0].id not in self._methods:
            raise Refusal("notFound", "this fake has no such method", wrong=True)
        method, names = found
        access = self.sign_in.grants.holder(request.headers.get("authorization"), self.now())
        if access is None:
            raise Refusal("authError")
        discovery.check_parameters(method, request.query)
        check_scopes(method, access)
        call = Call(method=method, request=request, access=access, names=names)
        document = self.event_lists.page(call, empty=True) if empty else self._methods[method.id](call)
        if self.answers_at_once:
            self.guests.answer_by_themselves()
        return self._rendered(call, document)

    def _rendered(self, call: Call, document: dict[str, Any] | None) -> Answer:
        if document is None:
            return Answer(204)
        if self.validates and call.method.response is not None:
            for mismatch in discovery.mismatches(call.method.response, document):
                self.wrong_note(f"The fake answers what Google would not: {mismatch}")
        fields = call.parameter("fields")
        headers = {"ETag": document["etag"]} if "etag" in document else {}
        return Answer.json(200, selected(document, fields) if fields else document, headers)

    def wrong_note(self, what: str) -> None:
        self.wrong.append(what)

    # What happens by itself

    def tick(self) -> None:
        """Rooms, and people out of office, answer the invitations they have."""
        with self.lock:
            self.guests.answer_by_themselves()

    def _setting(self, call: Call) -> dict[str, str]:
        calendar: Calendar | None = self.store.calendars.get(call.access.subject)
        if calendar is None or call.names["setting"] != "timezone":
            raise Refusal("notFound")
        return {
            "kind": "calendar#setting",
            "etag": f'"{self.store.version}"',
            "id": "timezone",
            "value": calendar.time_zone,
        }

    def _knows(self, address: str) -> bool:
        calendar = self.store.calendars.get(address.lower())
        return calendar is not None and not calendar.is_room

    def _now(self) -> datetime:
        """`now` may be set to another clock at any time."""
        return self.now()

    def _calendar_changed(self, address: str) -> None:
        self.channels.changed(address)

    def _push(self, address: str, headers: Mapping[str, str]) -> None:
        if self.notify:
            self.courier.post(address, headers)
