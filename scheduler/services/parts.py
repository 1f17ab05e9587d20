# SPDX-License-Identifier: Apache-2.0
"""What the verbs work with. `scheduler.wiring` picks the real parts; tests pick theirs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from calendars.oauth import SignIn
from calendars.provider import Provider
from scheduler.db.session import Database
from scheduler.messages.content import MailFacts
from scheduler.points import Reach, pass_by
from scheduler.services.links import Links
from scheduler.services.sealing import Sealing
from scheduler.webhooks.content import Post


class Defer(Protocol):
    """Put a job on the caller's transaction: it exists when the transaction commits, and only then."""

    def __call__(self, session: Session, task: str, **ids: str) -> None: ...


class Mail(Protocol):
    """The way out for mail."""

    def send(self, facts: MailFacts, *, message_id: str) -> None:
        """Hand one mail to the mail server. Raises `scheduler.messages.errors.SendError`."""

    def invite(self, facts: MailFacts) -> bytes:
        """The booked interview as an iCalendar file for the candidate to keep."""


def _nothing_granted(_organization_id: str) -> Mapping[str, Provider]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Parts:
    database: Database
    now: Callable[[], datetime]
    #: calendars that every organisation reaches in the same way, by name
    providers: Mapping[str, Provider]
    mail: Mail
    links: Links
    defer: Defer
    #: calendars that open through what an organisation and its people granted, by the organisation's id
    granted: Callable[[str], Mapping[str, Provider]] = _nothing_granted
    #: the providers that the settings open for whole organisations
    for_everybody: frozenset[str] = frozenset()
    #: how people connect their own calendars, by provider
    sign_ins: Mapping[str, SignIn] = field(default_factory=dict)
    #: tries a CalDAV account for an address; raises CalendarError when it does not work
    try_account: Callable[[str, Mapping[str, str]], None] | None = None
    #: as for `doctor`: what no longer works is told to whoever asked, and neither kept nor mailed
    only_looks: bool = False
    #: what keeps secrets of other people's; None where nothing is sealed
    sealing: Sealing | None = None
    #: the way out for web hooks; None where there is none
    post: Post | None = None
    #: where providers may tell us of changes, without a trailing slash; None: nowhere they could reach
    hook_url: str | None = None
    #: called at each of scheduler.points; a rehearsal may end the process there
    reach: Reach = pass_by
    #: seconds that a look at calendars may take while somebody waits for the answer
    patience: float = 3.0
    #: seconds between two looks at what is due
    tick_seconds: float = 5.0

    def providers_of(self, organization_id: str) -> Mapping[str, Provider]:
        """The calendars this organisation can be served from, by name."""
        return {**self.providers, **self.granted(organization_id)}

    def evolve(self, **changes: Any) -> Parts:
        return replace(self, **changes)


@dataclass(frozen=True)
class Actor:
    """Who does something: `candidate`, `system`, or an API key by its id."""

    name: str


SYSTEM = Actor("system")
CANDIDATE = Actor("candidate")
