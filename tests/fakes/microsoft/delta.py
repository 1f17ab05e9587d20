# SPDX-License-Identifier: Apache-2.0
"""calendarView/delta: what is in a window, then what changed in it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tests.fakes.microsoft.call import Call, graph
from tests.fakes.microsoft.errors import GraphError, invalid
from tests.fakes.microsoft.render import event, shown_id
from tests.fakes.microsoft.store import Item, Mailbox
from tests.fakes.microsoft.views import DEFAULT_PAGE, link, window
from tests.fakes.wire import Answer


@dataclass(frozen=True, kw_only=True)
class Round:
    """One walk from a first page to a deltaLink."""

    mailbox: Mailbox
    start: datetime
    end: datetime
    generation: int
    #: still to be told
    waiting: list[Item]
    #: how much of the mailbox's log the round takes in
    position: int
    #: whether what is outside the window is told as removed
    tells_removed: bool


class Rounds:
    """Every token that was given out leads to a round; tokens may be used again."""

    def __init__(self) -> None:
        self._rounds: dict[str, Round] = {}

    def answer(self, call: Call) -> Answer:
        """GET …/calendarView/delta"""
        call.allow_parameters("startDateTime", "endDateTime", "$skiptoken", "$deltatoken")
        if call.parameter("$skiptoken") is not None:
            round_ = self._known(call, "$skiptoken")
        elif call.parameter("$deltatoken") is not None:
            round_ = self._continued(self._known(call, "$deltatoken"))
        else:
            round_ = self._first(call)
            if call.tenant.empty_first_page:
                return self._page(call, [], round_, more=True)
        size = call.preferences.page_size or DEFAULT_PAGE
        told, rest = round_.waiting[:size], round_.waiting[size:]
        values = [_told(call, round_, item) for item in told]
        following = replace(round_, waiting=rest)
        return self._page(call, [value for value in values if value], following, more=bool(rest))

    def _first(self, call: Call) -> Round:
        start, end = window(call)
        items = [item for item in call.mailbox.items.values() if _in_window(item, start, end)]
        return Round(
            mailbox=call.mailbox,
            start=start,
            end=end,
            generation=call.tenant.generation,
            waiting=items,
            position=len(call.mailbox.log),
            tells_removed=False,
        )

    def _continued(self, before: Round) -> Round:
        log = before.mailbox.log
        changed = log[before.position :]
        return replace(before, waiting=changed, position=len(log), tells_removed=True)

    def _known(self, call: Call, kind: str) -> Round:
        if len(call.request.query) != 1:
            raise invalid(f"A link with {kind} was changed.", "ErrorInvalidUrlQuery")
        token = call.parameter(kind) or ""
        found = self._rounds.get(token)
        if found is None or found.mailbox is not call.mailbox:
            raise invalid(f"The {kind} is not one that was given out.", "ErrorInvalidSyncStateData")
        if found.generation < call.tenant.generation:
            location = call.base + call.request.path.removeprefix("/v1.0") + "?$deltatoken="
            raise GraphError(
                410,
                call.tenant.sync_gone_code,
                "The sync state generation is not found; generation=149;[highest=157][157][155][156].",
                headers={"Location": location},
            )
        return found

    def _page(self, call: Call, values: list[dict[str, Any]], rest: Round, *, more: bool) -> Answer:
        token = secrets.token_urlsafe(24)
        self._rounds[token] = rest
        name, parameter = ("nextLink", "$skiptoken") if more else ("deltaLink", "$deltatoken")
        context = f"{call.base}/$metadata#Collection(event)"
        page = {"@odata.context": context, "value": values}
        return graph(200, {**page, f"@odata.{name}": link(call, [(parameter, token)])})


def _in_window(item: Item, start: datetime, end: datetime) -> bool:
    return not item.gone and item.kind != "seriesMaster" and item.when.within(start, end)


def _told(call: Call, round_: Round, item: Item) -> dict[str, Any] | None:
    if _in_window(item, round_.start, round_.end):
        return event(item, call.preferences)
    if not round_.tells_removed:
        return None
    return {"@removed": {"reason": "deleted"}, "id": shown_id(item, call.preferences)}
