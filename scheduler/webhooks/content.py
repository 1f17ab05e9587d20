# SPDX-License-Identifier: Apache-2.0
"""What comes of posting an event to a web hook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`status` is HTTP's; None: nobody answered, and `error` says how that was."""

    status: int | None = None
    error: str | None = None
    #: seconds that the receiver asks us to wait
    retry_after: float | None = None


class Post(Protocol):
    """The way out for web hooks."""

    def objection(self, url: str) -> str | None:
        """Why nothing may be posted to this URL, by its form alone; None: it may be tried."""

    def send(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Post one event; takes SECONDS at most, and raises nothing."""
