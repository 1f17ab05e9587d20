# SPDX-License-Identifier: Apache-2.0
"""One request on its way through the fake, and the tenant it is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from tests.fakes.courier import Courier
from tests.fakes.microsoft.errors import GraphError, invalid, stale
from tests.fakes.microsoft.meetings import Meetings
from tests.fakes.microsoft.preferences import Preferences
from tests.fakes.microsoft.store import Item, Mailbox, Store
from tests.fakes.wire import Answer, Recorded

GRAPH_JSON = (
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
)


@dataclass(kw_only=True)
class Tenant:
    """What the parts of the fake share."""

    tenant_id: str
    store: Store
    meetings: Meetings
    courier: Courier
    lock: RLock
    #: notes something that was asked though no client should
    complain: Callable[[str], None]
    #: where links to next pages lead, the version included; `None`: where the fake is
    links_to: str | None = None
    #: whether a Teams meeting is there in the answer to its creation
    teams_at_once: bool = False
    #: sync tokens of older generations have expired
    generation: int = 1
    #: code of the answer to those
    sync_gone_code: str = "SyncStateNotFound"
    #: whether a sync round begins with a page of nothing
    empty_first_page: bool = True
    #: whether getSchedule writes `Busy` for `busy`
    capital_statuses: bool = False
    #: every link that was handed out
    links: set[tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request with everything that was found out about it."""

    tenant: Tenant
    request: Recorded
    preferences: Preferences
    #: the parts of the path that vary
    names: dict[str, str]
    #: where the fake is, the version included
    base: str
    #: whose mailbox the path names; a call for something else has none
    owner: Mailbox | None
    #: the person who let the caller in, `None` for the app itself
    person: Mailbox | None

    @property
    def store(self) -> Store:
        return self.tenant.store

    @property
    def mailbox(self) -> Mailbox:
        assert self.owner is not None
        return self.owner

    def item(self) -> Item:
        """The event the path names. Raises GraphError."""
        return self.store.item(self.mailbox, self.names["event"])

    def document(self) -> dict[str, Any]:
        """The JSON object that was sent. Raises GraphError."""
        if "application/json" not in self.request.headers.get("content-type", ""):
            raise invalid("The body must be JSON and say so.", "RequestBodyRead")
        try:
            document = self.request.json()
        except ValueError:
            raise invalid("The body is not JSON.", "RequestBodyRead") from None
        if not isinstance(document, dict):
            raise invalid("The body must be a JSON object.", "RequestBodyRead")
        return document

    def check_version(self, item: Item) -> None:
        """Raises GraphError when `If-Match` names another version."""
        wanted = self.request.headers.get("if-match")
        if wanted is None or wanted == "*":
            return
        if not wanted.startswith('W/"') or not wanted.endswith('"'):
            raise invalid(f"If-Match: {wanted!r} is no etag of Graph's.")
        if wanted != item.etag:
            raise stale()

    def parameter(self, name: str) -> str | None:
        """Raises GraphError when it is given more than once."""
        values = self.request.parameters(name)
        if len(values) > 1:
            raise invalid(f"{name} is given {len(values)} times.")
        return values[0] if values else None

    def allow_parameters(self, *names: str) -> None:
        """Raises GraphError when the query has any other."""
        for name, _ in self.request.query:
            if name not in names:
                raise invalid(f"The query parameter {name!r} is not supported here.", "ErrorInvalidUrlQuery")


def graph(status: int, document: Any = None, **headers: str) -> Answer:
    """What Graph sends; without a document, nothing."""
    if document is None:
        return Answer(status, b"", headers)
    return Answer.json(status, document, {"Content-Type": GRAPH_JSON, **headers})


def error_answer(error: GraphError, inner: dict[str, str], *, inner_key: str, empty_code: bool) -> Answer:
    """The error as a document, in one of the shapes seen in the wild."""
    code = "" if empty_code else error.code
    body = {"error": {"code": code, "message": error.message, inner_key: inner}}
    return graph(error.status, body, **error.headers)
