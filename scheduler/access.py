# SPDX-License-Identifier: Apache-2.0
"""
The calendars that open through what was granted: Google, Microsoft 365 and CalDAV, for each organisation.

What must be one per process is shared by all organisations: the breakers, the places for requests to Graph,
the sign-in of the application. The vendors' libraries are loaded with the first calendar that needs them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import sqlalchemy as sa

from calendars.access import Access, TokenSource
from calendars.oauth import SignIn, Tokens
from calendars.provider import Provider
from calendars.retry import Breaker
from scheduler.db import rows
from scheduler.services import grants
from scheduler.services.parts import Parts
from scheduler.settings import Settings

#: seconds for which a provider may remember what it was refused
FRESH = 30.0
#: of people in whose names a provider may ask so many are named
SOME_PEOPLE = 8


class PersonalTokens:
    """Tokens of one connection: from memory while they are good, else from its row, else from outside."""

    def __init__(self, parts: Parts, organization_id: str, connection_id: str, sign_in: SignIn) -> None:
        self._parts, self._organization_id, self._id = parts, organization_id, connection_id
        self._sign_in = sign_in
        self._lock = threading.Lock()
        self._kept: Tokens | None = None
        self._refused: str | None = None

    def token(self) -> str:
        with self._lock:
            if self._kept is None or self._kept.expires_at <= self._parts.now() + grants.MARGIN:
                self._kept = grants.access_token(
                    self._parts, self._organization_id, self._id, self._refresh, refused=self._refused
                )
            return self._kept.access_token

    def drop(self, token: str) -> None:
        with self._lock:
            if self._kept is not None and self._kept.access_token == token:
                self._kept, self._refused = None, token

    def _refresh(self, refresh_token: str) -> Tokens:
        return self._sign_in.refresh(refresh_token, now=self._parts.now())


class OrganizationAccess:
    """`Access` of one organisation at one provider: its people's own grants, and the one for everybody."""

    def __init__(
        self, parts: Parts, organization_id: str, sign_in: SignIn | None, everybody: Access | None, name: str
    ) -> None:
        self._everybody = everybody
        self._own: dict[str, PersonalTokens] = {}
        if sign_in is not None:
            found = grants.connected(parts, organization_id, name)
            self._own = {
                address: PersonalTokens(parts, organization_id, id_, sign_in)
                for address, id_ in found.items()
            }

    def personal(self, address: str) -> TokenSource | None:
        """What the calendar's owner granted."""
        return self._own.get(address)

    def organization(self, address: str) -> TokenSource | None:
        """What the whole organisation granted."""
        return self._everybody.organization(address) if self._everybody else None


@dataclass(frozen=True)
class _Kept:
    providers: Mapping[str, Provider]
    state: tuple[Any, ...]
    until: float


class Granted:
    """An organisation's providers by name. Safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        #: set once by wiring: the parts and this know each other
        self.parts: Parts | None = None

    @property
    def for_everybody(self) -> frozenset[str]:
        """The providers that the settings open for whole organisations."""
        settings = self._settings
        found = {"google": settings.google_service_account_file, "microsoft": settings.microsoft_client_id}
        return frozenset(name for name, setting in found.items() if setting)

    def __call__(self, organization_id: str) -> Mapping[str, Provider]:
        if self.parts is None:
            return {}
        # Asked each time: whoever has just connected, in another process, can be read at once.
        state = grants.state_of_access(self.parts, organization_id)
        with self._lock:
            kept = self._kept.get(organization_id)
            if kept is None or kept.state != state or kept.until < time.monotonic():
                made = self._made(self.parts, organization_id)
                kept = _Kept(made, state, time.monotonic() + FRESH)
                self._kept[organization_id] = kept
            return kept.providers

    def _made(self, parts: Parts, organization_id: str) -> dict[str, Provider]:
        settings = self._settings
        made: dict[str, Provider] = {}
        if accounts := grants.connected(parts, organization_id, "caldav"):
            made["caldav"] = self._caldav(parts, organization_id, accounts)
        if settings.google_service_account_file or settings.google_client_id:
            made["google"] = self._google(parts, organization_id)
        if settings.microsoft_client_id:
            made["microsoft"] = self._microsoft(parts, organization_id)
        return made

    def _reader(self, parts: Parts, organization_id: str, name: str) -> str | None:
        with parts.database.transaction(organization_id) as session:
            organization = session.get(rows.Organization, organization_id)
            return ((organization.organizers if organization else None) or {}).get(name)

    def _google(self, parts: Parts, organization_id: str) -> Provider:
        from calendars.google import GoogleCalendars  # noqa: PLC0415  # 30 MB that only its users pay for

        return GoogleCalendars(
            OrganizationAccess(
                parts, organization_id, parts.sign_ins.get("google"), self._service_account, "google"
            ),
            endpoint=self._settings.google_api_endpoint,
            reader=self._reader(parts, organization_id, "google"),
            people=_some_people(parts, organization_id),
            breaker=self._breakers["google"],
            now=parts.now,
        )

    def _microsoft(self, parts: Parts, organization_id: str) -> Provider:
        from calendars.microsoft import MicrosoftCalendars  # noqa: PLC0415  # as above

        return MicrosoftCalendars(
            OrganizationAccess(
                parts, organization_id, parts.sign_ins.get("microsoft"), self._application, "microsoft"
            ),
            endpoint=self._settings.microsoft_graph_endpoint,
            reader=self._reader(parts, organization_id, "microsoft"),
            breaker=self._breakers["microsoft"],
            slots=self._slots,
            now=parts.now,
        )

    def _caldav(self, parts: Parts, organization_id: str, accounts: Mapping[str, str]) -> Provider:
        from calendars.caldav import CalDavAccount, CalDavCalendars  # noqa: PLC0415  # as above

        def account_of(address: str) -> CalDavAccount | None:
            if address not in accounts:
                return None
            return CalDavAccount(**grants.secret_of(parts, organization_id, accounts[address]))

        return CalDavCalendars(account_of, breaker_of=_breaker_of_server, now=parts.now)

    @cached_property
    def _breakers(self) -> dict[str, Breaker]:
        return {"google": Breaker("Google Calendar"), "microsoft": Breaker("Microsoft 365")}

    @cached_property
    def _service_account(self) -> Access | None:
        from calendars.google import ServiceAccount  # noqa: PLC0415  # as above

        path = self._settings.google_service_account_file
        return ServiceAccount.from_file(path) if path else None

    @cached_property
    def _application(self) -> Access | None:
        from calendars.microsoft import EntraApplication  # noqa: PLC0415  # as above

        settings = self._settings
        return EntraApplication(
            settings.microsoft_tenant_id or "",
            settings.microsoft_client_id or "",
            _credential(settings),
            authority=settings.microsoft_authority,
            graph_endpoint=settings.microsoft_graph_endpoint,
        )

    @cached_property
    def _slots(self) -> Any:
        from calendars.microsoft import Slots  # noqa: PLC0415  # as above

        return Slots(folder=self._settings.data_dir / "graph-requests")


def _some_people(parts: Parts, organization_id: str) -> list[str]:
    """Addresses at Google in whose names free/busy may be asked."""
    address = rows.Interviewer.calendar["address"].astext
    query = sa.select(address).where(
        rows.Interviewer.active,
        rows.Interviewer.deleted_at.is_(None),
        rows.Interviewer.calendar["provider"].astext == "google",
    )
    with parts.database.transaction(organization_id) as session:
        return list(session.scalars(query.order_by(rows.Interviewer.id).limit(SOME_PEOPLE)))


@cache
def _breaker_of_server(host: str) -> Breaker:
    """One for each CalDAV server, whoever's accounts are there."""
    return Breaker(f"The CalDAV server {host}")


def try_account(address: str, account: Mapping[str, str]) -> None:
    """Look for the calendar of a CalDAV account. Raises CalendarError."""
    from calendars.caldav import CalDavAccount, CalDavCalendars  # noqa: PLC0415  # as above

    made = CalDavAccount(**account)
    CalDavCalendars(lambda _: made).probe(address)


def _credential(settings: Settings) -> Any:
    from calendars.microsoft import Credential  # noqa: PLC0415  # as above

    secret = settings.microsoft_client_secret
    return Credential(
        secret=secret.reveal() if secret else None,
        certificate_file=settings.microsoft_client_certificate_file,
    )


class SignIns(Mapping[str, SignIn]):
    """How people connect their own calendars, by provider, where the settings allow it; made when needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        makers: dict[str, Callable[[Settings], SignIn]] = {}
        if settings.google_client_id:
            makers["google"] = cache(_google_sign_in)
        if settings.microsoft_client_id:
            makers["microsoft"] = cache(_microsoft_sign_in)
        self._makers = makers

    def __getitem__(self, name: str) -> SignIn:
        return self._makers[name](self._settings)

    def __iter__(self) -> Any:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def _google_sign_in(settings: Settings) -> SignIn:
    from calendars.google.oauth import GoogleSignIn  # noqa: PLC0415  # as above

    secret = settings.google_client_secret
    return GoogleSignIn(settings.google_client_id or "", secret.reveal() if secret else "")


def _microsoft_sign_in(settings: Settings) -> SignIn:
    from calendars.microsoft.oauth import MicrosoftSignIn  # noqa: PLC0415  # as above

    return MicrosoftSignIn(
        settings.microsoft_tenant_id or "",
        settings.microsoft_client_id or "",
        _credential(settings),
        authority=settings.microsoft_authority,
        graph_endpoint=settings.microsoft_graph_endpoint,
    )
