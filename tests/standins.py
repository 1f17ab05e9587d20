# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for what reaches out of the process: a clock that waits, mail and jobs that go nowhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from scheduler.db.session import Database
from scheduler.services.links import Links
from scheduler.services.parts import Parts
from scheduler.services.sealing import Sealing
from scheduler.webhooks.post import HttpPost
from tests.patience import PATIENCE

#: a Tuesday
NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
SECRET = "a2V5LWtleS1rZXkta2V5LWtleS1rZXkta2V5LWtleTE="


@dataclass
class Clock:
    """Stands still until a test moves it."""

    instant: datetime = NOW

    def __call__(self) -> datetime:
        return self.instant

    def forward(self, **by: float) -> None:
        self.instant += timedelta(**by)


@dataclass
class Post:
    """Notes the mails it is given."""

    sent: list[Any] = field(default_factory=list)

    def send(self, facts: Any, *, message_id: str) -> None:
        self.sent.append((facts, message_id))

    def invite(self, facts: Any) -> bytes:
        raise NotImplementedError


@dataclass
class Jobs:
    """Notes the jobs it is given, and carries none of them out."""

    deferred: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __call__(self, session: Any, task: str, **ids: str) -> None:
        assert session.in_transaction()
        self.deferred.append((task, ids))


def parts_on(database: Database, *, now: Clock, defer: Jobs) -> Parts:
    return Parts(
        database=database,
        now=now,
        providers={},
        mail=Post(),
        links=Links([SECRET], "https://interviews.example.com"),
        defer=defer,
        sealing=Sealing([SECRET]),
        post=HttpPost(),
        patience=PATIENCE,
    )
