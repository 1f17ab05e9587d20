# SPDX-License-Identifier: Apache-2.0
"""A fake Microsoft 365 with Ada, Bob and a room, and our provider looking at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from calendars import Attendee, Blocks, CalendarKey, EventDraft, NotAllowed
from calendars.access import TokenSource
from calendars.microsoft import Credential, EntraApplication, MicrosoftCalendars
from calendars.microsoft.problems import RECONNECT
from calendars.values import Busy, Unreadable
from tests.fakes.microsoft import FakeMicrosoft

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
START = datetime(2026, 11, 24, tzinfo=UTC)
END = START + timedelta(days=7)
ADA, BOB, ROOM = "ada@corp.example", "bob@corp.example", "blue@corp.example"


def at(hour: int, minute: int = 0, day: int = 25) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def draft(**changes) -> EventDraft:
    plain = EventDraft(
        uid="bkg_1.talk@convene",
        start=at(10),
        end=at(11),
        time_zone="Europe/Zurich",
        summary="A talk: Candy Doe",
        description="Interview with Candy Doe.\nVideo: none <yet>",
        attendees=(Attendee(email=BOB, name="Bob"),),
        private={"booking": "bkg_1"},
    )
    return replace(plain, **changes)


@dataclass(frozen=True)
class Grants:
    """`Access` by what some people granted, and perhaps their organisation."""

    own: Mapping[str, TokenSource] = field(default_factory=dict)
    everybody: TokenSource | None = None

    def personal(self, address: str) -> TokenSource | None:
        return self.own.get(address)

    def organization(self, address: str) -> TokenSource | None:  # noqa: ARG002  # one for all
        return self.everybody


class Dead:
    """A grant that its owner took back."""

    def token(self) -> str:
        raise NotAllowed(RECONNECT)

    def drop(self, token: str) -> None:
        raise AssertionError(token)


@dataclass
class Desk:
    """The provider, what it slept, and shorter ways to ask it."""

    fake: FakeMicrosoft
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.provider = self.made()

    def application(self, **how) -> EntraApplication:
        credential = how.pop("credential", Credential(secret=self.fake.client_secret))
        given = {"authority": self.fake.authority, **how}
        return EntraApplication(self.fake.tenant_id, self.fake.client_id, credential, **given)

    def made(self, **how) -> MicrosoftCalendars:
        access = how.pop("access", None) or self.application()
        given = {"endpoint": self.fake.graph_endpoint, "now": lambda: NOW, "sleep": self.slept.append}
        return MicrosoftCalendars(access, **{**given, **how})

    def read(self, *addresses, detail="free_busy", zone="Europe/Zurich", start=START, end=END, **how):
        keys = [CalendarKey(address, zone, detail) for address in addresses]
        return self.provider.read_busy(keys, start, end, **how)

    def busy(self, address=ADA, **how) -> tuple[Busy, ...]:
        reading = self.read(address, **how)[address]
        assert isinstance(reading, Blocks), reading
        return reading.blocks

    def code(self, address=ADA, **how) -> str:
        reading = self.read(address, **how)[address]
        assert isinstance(reading, Unreadable), reading
        return reading.code

    def calls(self, ending: str) -> list:
        return [request for request in self.fake.requests if request.path.endswith(ending)]

    def api_calls(self, method: str | None = None) -> list:
        return [r for r in self.fake.requests if r.path.startswith("/v1.0") and method in (None, r.method)]

    def tokens_asked(self) -> list:
        return [r for r in self.fake.requests if r.path.endswith("/oauth2/v2.0/token")]


@pytest.fixture
def microsoft() -> Iterator[FakeMicrosoft]:
    with FakeMicrosoft() as fake:
        fake.now = lambda: NOW
        fake.add_person(ADA, time_zone="Europe/Zurich")
        fake.add_person(BOB, time_zone="Europe/Zurich")
        fake.add_room(ROOM)
        yield fake


@pytest.fixture
def desk(microsoft) -> Desk:
    return Desk(microsoft)
