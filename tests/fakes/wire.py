# SPDX-License-Identifier: Apache-2.0
"""What passes between a fake vendor and those who talk to it: requests, answers, mails."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import parse_qsl

JSON_TYPE = "application/json; charset=UTF-8"


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A request as it arrived. Header names are lower case, the path and the query are percent-decoded."""

    #: the effective one, where `X-HTTP-Method-Override` names another
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    body: bytes
    at: datetime
    #: path and query as they were on the wire
    target: str

    def parameter(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)

    def parameters(self, name: str) -> list[str]:
        """Every value of a query parameter that may be repeated."""
        return [value for key, value in self.query if key == name]

    def json(self) -> Any:
        """The body; `None` without one. Raises ValueError when it is not JSON."""
        return json.loads(self.body) if self.body else None

    def form(self) -> dict[str, str]:
        """The body of a form that was posted."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True)
class Answer:
    """What goes back. `Content-Length` and `Date` are added on the way."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, status: int, document: Any, headers: Mapping[str, str] | None = None) -> Answer:
        """JSON, as a vendor would write it; ``headers`` win over the usual content type."""
        return cls(status, json.dumps(document).encode(), {"Content-Type": JSON_TYPE, **(headers or {})})


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail the vendor would have sent to an attendee."""

    to: str
    #: as on the organiser's calendar
    event_id: str
    kind: Literal["invitation", "update", "cancellation"]


@dataclass(frozen=True, kw_only=True)
class Undelivered:
    """A push that did not arrive: where it went, and why not."""

    address: str
    reason: str
