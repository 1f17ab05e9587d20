# SPDX-License-Identifier: Apache-2.0
"""A small organisation, by itself or with its people at Google and Microsoft."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from cryptography.fernet import Fernet

from calendars.google import GoogleCalendars, ServiceAccount
from calendars.microsoft import Credential, EntraApplication, MicrosoftCalendars
from calendars.retry import Breaker
from scheduler.db.session import Database
from scheduler.jobs.queue import Queue
from scheduler.messages.mailer import Mailer
from scheduler.services import invariants, organizations
from scheduler.services.links import Links
from scheduler.services.parts import Parts
from scheduler.services.sealing import Sealing
from scheduler.webhooks.post import HttpPost
from tests.fakes.google import FakeGoogle
from tests.fakes.microsoft import FakeMicrosoft
from tests.fakes.receiver import Receiver
from tests.patience import PATIENCE
from tests.services.doors import ADA, NEW, OLD, Door, sign_in_of
from tests.services.networks import Networks
from tests.services.town import NOW, Calendars, Post, Town
from tests.standins import Clock

#: outages in a row after which a vendor is left alone: for how long is a matter of real time
NEVER = 10**6


@pytest.fixture
def town(database_url: str) -> Iterator[Town]:
    clock, post = Clock(NOW), Post()
    calendars = Calendars(now=clock)
    database = Database(database_url)
    parts = Parts(
        database=database,
        now=clock,
        providers={"ics": calendars},
        mail=Mailer(post, "interviews@acme.example"),
        links=Links(["first-secret-key"], "https://interviews.acme.example"),
        defer=Queue().defer,
        sealing=Sealing([Fernet.generate_key().decode()]),
        post=HttpPost(local=True),
        patience=PATIENCE,
    )
    organization_id = organizations.create(parts, name="Acme")
    yield Town(parts=parts, clock=clock, calendars=calendars, post=post, organization_id=organization_id)
    broken = [str(breach) for breach in invariants.check_all(parts)]
    database.close()
    assert broken == []


@pytest.fixture
def networks(town) -> Iterator[Networks]:
    with FakeGoogle() as google, FakeMicrosoft() as microsoft:
        google.now = microsoft.now = town.clock
        asleep: list[float] = []
        providers = {
            "google": GoogleCalendars(
                ServiceAccount(google.service_account()),
                endpoint=google.api_endpoint,
                breaker=Breaker("Google Calendar", after=NEVER),
                now=town.clock,
                sleep=asleep.append,
            ),
            "microsoft": MicrosoftCalendars(
                EntraApplication(
                    microsoft.tenant_id,
                    microsoft.client_id,
                    Credential(secret=microsoft.client_secret),
                    authority=microsoft.authority,
                ),
                endpoint=microsoft.graph_endpoint,
                breaker=Breaker("Microsoft 365", after=NEVER),
                now=town.clock,
                sleep=asleep.append,
            ),
        }
        town.parts = replace(town.parts, granted=lambda _: providers)
        yield Networks(town, google, microsoft)


@pytest.fixture
def receiver():
    with Receiver() as started:
        yield started


@pytest.fixture
def held(town):
    """A town of one interviewer, and a plan that holds what is offered."""
    town.hire("Ada", skills=("python",))
    town.holding = town.plan(holds=True, notice_hours=1)
    town.usual = town.plan(notice_hours=1)
    return town


@pytest.fixture(params=["google", "microsoft"])
def door(request, town) -> Iterator[Door]:
    with FakeGoogle() if request.param == "google" else FakeMicrosoft() as fake:
        fake.now = town.clock
        fake.add_person(ADA)
        fake.add_person("bob@acme.example")
        town.parts = replace(
            town.parts, sign_ins={request.param: sign_in_of(fake)}, sealing=Sealing([NEW, OLD])
        )
        ada = town.hire("Ada", calendar={"provider": request.param, "address": ADA})
        yield Door(town, fake, request.param, ada)
