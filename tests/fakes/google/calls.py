# SPDX-License-Identifier: Apache-2.0
"""One call of the API: who calls, about which calendar, and whether that is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.fakes.google.discovery import Method
from tests.fakes.google.grants import Access
from tests.fakes.google.problems import Refusal, wrong
from tests.fakes.google.store import Calendar, Role, Store
from tests.fakes.wire import Recorded

#: scopes that reach no further than the calendars somebody owns
OWNED = frozenset({"calendar.events.owned", "calendar.events.owned.readonly", "calendar.app.created"})
STRENGTH: dict[Role, int] = {"freeBusyReader": 0, "reader": 1, "writer": 2, "owner": 3}


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call that may be made."""

    method: Method
    request: Recorded
    access: Access
    #: what the path names
    names: dict[str, str]

    def parameter(self, name: str) -> str | None:
        return self.request.parameter(name)

    def flag(self, name: str) -> bool:
        return self.request.parameter(name) == "true"

    def number(self, name: str, default: int) -> int:
        return int(self.request.parameter(name) or default)

    def body(self) -> dict[str, Any]:
        """The body, which has to be an object. Refuses anything else."""
        try:
            sent = self.request.json()
        except ValueError:
            raise wrong("parseError") from None
        if not isinstance(sent, dict):
            raise wrong("badRequest")
        return sent


def check_scopes(method: Method, access: Access) -> None:
    if not method.scopes & access.scopes:
        raise Refusal("insufficientPermissions")


def calendar_of(call: Call, store: Store) -> tuple[Calendar, Role]:
    """The calendar the path names, and what the caller is there. Refuses what the caller may not look at."""
    asked = call.names["calendarId"].lower()
    address = call.access.subject if asked == "primary" else asked
    calendar = store.calendars.get(address)
    if calendar is None:
        raise Refusal("notFound")
    role = role_on(calendar, call.access.subject)
    if calendar.closed:
        raise Refusal("notACalendarUser" if role == "owner" else "notFound")
    if role == "freeBusyReader" and address not in calendar.roles:
        writes = call.request.method != "GET" and not call.method.id.endswith("watch")
        raise Refusal("requiredAccessLevel" if writes else "notFound")
    if role != "owner" and not call.method.scopes & call.access.scopes - OWNED:
        raise Refusal("insufficientPermissions")
    return calendar, role


def role_on(calendar: Calendar, subject: str) -> Role:
    """Everybody of the domain sees free/busy; more than that has to be shared."""
    if calendar.address == subject:
        return "owner"
    return calendar.roles.get(subject, "freeBusyReader")


def check_role(role: Role, least: Role) -> None:
    if STRENGTH[role] < STRENGTH[least]:
        raise Refusal("requiredAccessLevel")
