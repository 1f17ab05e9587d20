# SPDX-License-Identifier: Apache-2.0
"""Vendors where people connect their own calendars."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa
from cryptography.fernet import Fernet

from calendars.google import GoogleCalendars
from calendars.google.oauth import GoogleSignIn
from calendars.microsoft import Credential, MicrosoftCalendars
from calendars.microsoft.oauth import MicrosoftSignIn
from scheduler.access import OrganizationAccess
from scheduler.db import rows
from scheduler.services import connecting, connections
from tests.fakes.google import FakeGoogle
from tests.fakes.microsoft import FakeMicrosoft
from tests.services.town import Town

ADA = "ada@acme.example"
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@dataclass
class Door:
    """One vendor's sign-in, and Ada who is to connect."""

    town: Town
    fake: FakeGoogle | FakeMicrosoft
    provider: str
    ada: str

    def ticket(self) -> str:
        url = connections.invite(self.town.parts, self.town.organization_id, self.ada)["url"]
        return parse_qs(urlsplit(url).query)["ticket"][0]

    def leave(self) -> connecting.Leaving:
        return connecting.leave(self.town.parts, self.provider, self.ticket())

    def back(self, leaving, address=ADA, **how) -> dict[str, str]:
        return self.fake.approve(urlsplit(leaving.url).query, address, **how)

    def arrive(self, answer, mark) -> connecting.Arrived:
        return connecting.arrive(self.town.parts, self.provider, answer, mark)

    def connect(self) -> None:
        leaving = self.leave()
        self.arrive(self.back(leaving), leaving.mark)

    def status(self) -> dict:
        return connections.status(self.town.parts, self.town.organization_id, self.ada)

    def access(self) -> OrganizationAccess:
        sign_in = self.town.parts.sign_ins[self.provider]
        return OrganizationAccess(self.town.parts, self.town.organization_id, sign_in, None, self.provider)

    def row(self) -> rows.Connection:
        with self.town.parts.database.transaction(self.town.organization_id) as session:
            return session.scalars(sa.select(rows.Connection)).one()


def sign_in_of(fake):
    if isinstance(fake, FakeGoogle):
        return GoogleSignIn(
            fake.client_id,
            fake.client_secret,
            authorize_url=fake.authorize_url,
            token_url=fake.token_uri,
        )
    credential = Credential(secret=fake.client_secret)
    return MicrosoftSignIn(fake.tenant_id, fake.client_id, credential, authority=fake.authority)


def granting(door):
    """The door's town with providers that open through what Ada granted."""
    kind = {"google": GoogleCalendars, "microsoft": MicrosoftCalendars}[door.provider]
    endpoint = door.fake.api_endpoint if door.provider == "google" else door.fake.graph_endpoint
    return replace(
        door.town.parts,
        granted=lambda _: {door.provider: kind(door.access(), endpoint=endpoint, now=door.town.clock)},
    )
