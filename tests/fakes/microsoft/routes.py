# SPDX-License-Identifier: Apache-2.0
"""Which path means what, and who may go there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from tests.fakes.microsoft.call import Call
from tests.fakes.wire import Answer, Recorded

CALENDARS = frozenset({"Calendars.Read", "Calendars.ReadWrite"})
FREE_BUSY = CALENDARS | {"Calendars.ReadBasic", "Calendars.ReadBasic.All"}
WRITE = frozenset({"Calendars.ReadWrite"})
SETTINGS = frozenset({"MailboxSettings.Read", "MailboxSettings.ReadWrite"})
PLACES = frozenset({"Place.Read.All"})
PROFILE = frozenset({"User.Read", "User.Read.All", "User.ReadBasic.All"})

Handler = Callable[[Call], Answer]


@dataclass(frozen=True, kw_only=True)
class Route:
    """A kind of request. In the pattern ``{name}`` is a segment that varies."""

    method: str
    pattern: tuple[str, ...]
    handler: Handler
    #: any one of these lets a caller in
    permissions: frozenset[str]
    #: whether the state is locked meanwhile; not while the service is called back
    locked: bool = True

    @classmethod
    def of(cls, line: str, handler: Handler, permissions: frozenset[str], *, locked: bool = True) -> Route:
        method, path = line.split(" ")
        return cls(
            method=method,
            pattern=tuple(path.strip("/").split("/")),
            handler=handler,
            permissions=permissions,
            locked=locked,
        )

    def matches(self, method: str, segments: list[str]) -> dict[str, str] | None:
        """The segments that vary, or `None` when this is another kind of request."""
        if method != self.method or len(segments) != len(self.pattern):
            return None
        names = {}
        for wanted, segment in zip(self.pattern, segments, strict=True):
            if wanted.startswith("{"):
                names[wanted[1:-1]] = segment
            elif "|" in wanted:
                if segment not in wanted.split("|"):
                    return None
                names["answer"] = segment
            elif wanted.lower() != segment.lower():
                return None
        return names


def segments_of(request: Recorded) -> list[str]:
    """The path behind the version, decoded piece by piece: an id may hold a quoted slash."""
    path = request.target.partition("?")[0].removeprefix("/v1.0").strip("/")
    segments = [unquote(segment) for segment in path.split("/")]
    if segments[0] == "me":
        return ["users", "me", *segments[1:]]
    # users('address') is the same as users/address
    quoted = re.fullmatch(r"users\('(.+)'\)", segments[0])
    return ["users", quoted[1], *segments[1:]] if quoted else segments
