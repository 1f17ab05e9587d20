# SPDX-License-Identifier: Apache-2.0
"""Lists of events: calendarView and events, page by page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from tests.fakes.microsoft.call import Call, graph
from tests.fakes.microsoft.errors import GraphError, invalid
from tests.fakes.microsoft.events import provision
from tests.fakes.microsoft.options import by_property, expanded, is_by_property, keeper, number, selected
from tests.fakes.microsoft.render import event
from tests.fakes.microsoft.store import Item
from tests.fakes.microsoft.times import read_instant
from tests.fakes.wire import Answer

LONGEST_VIEW = timedelta(days=1825)
DEFAULT_PAGE = 10
LARGEST_PAGE = 1000
_OPTIONS = ("$top", "$skip", "$select", "$filter", "$expand", "$orderby")


def calendar_view(call: Call) -> Answer:
    """GET …/calendarView"""
    call.allow_parameters("startDateTime", "endDateTime", *_OPTIONS)
    start, end = window(call)
    items = [
        item
        for item in call.mailbox.items.values()
        if item.kind != "seriesMaster" and item.when.within(start, end)
    ]
    return _page(call, items, "start/dateTime")


def window(call: Call) -> tuple[datetime, datetime]:
    """The asked time. Raises GraphError."""
    start = read_instant(call.parameter("startDateTime"), "startDateTime")
    end = read_instant(call.parameter("endDateTime"), "endDateTime")
    if end <= start:
        raise invalid("The start time must be before the end time.", "ErrorInvalidParameter")
    if end - start > LONGEST_VIEW:
        raise invalid(
            "The requested time duration is greater than the allowed range. Maximum number of days: 1825"
        )
    return start, end


def events(call: Call) -> Answer:
    """GET …/events: single events and series, not the events of a series."""
    call.allow_parameters(*_OPTIONS)
    wanted = call.parameter("$filter")
    items: Iterable[Item] = call.mailbox.items.values()
    if wanted is not None and is_by_property(wanted):
        items = call.store.with_property(call.mailbox, *by_property(wanted))
    return _page(call, [item for item in items if item.series is None], "lastModifiedDateTime desc")


def _page(call: Call, items: list[Item], order: str) -> Answer:
    keep = keeper(call.parameter("$filter"))
    expand, select = expanded(call.parameter("$expand")), call.parameter("$select")
    top = number(call.parameter("$top"), "$top", call.preferences.page_size or DEFAULT_PAGE, LARGEST_PAGE)
    skip = number(call.parameter("$skip"), "$skip", 0)
    if skip and (call.request.path, call.request.query) not in call.tenant.links:
        raise invalid("A page was asked for that no link led to.")
    items = sorted(filter(keep, items), key=lambda item: (item.when.instants()[0], item.number))
    if (call.parameter("$orderby") or order).lower() not in {"start/datetime", "start/datetime asc"}:
        _reorder(items, call.parameter("$orderby") or order)
    selected({}, select)  # a wrong name is refused in an empty list too
    shown = []
    for item in items[skip : skip + top]:
        provision(call.tenant, item)
        shown.append(selected(event(item, call.preferences, expand=expand), select))
    page: dict[str, Any] = {"@odata.context": f"{call.base}/$metadata#users/events", "value": shown}
    if skip + top < len(items):
        query = [(name, value) for name, value in call.request.query if name not in {"$skip", "$top"}]
        page["@odata.nextLink"] = link(call, [*query, ("$top", str(top)), ("$skip", str(skip + top))])
    return graph(200, page)


def _reorder(items: list[Item], order: str) -> None:
    words = order.lower().split()
    keys = {
        "start/datetime": lambda item: item.when.instants()[0],
        "end/datetime": lambda item: item.when.instants()[1],
        "lastmodifieddatetime": lambda item: item.modified,
        "createddatetime": lambda item: item.created,
    }
    if words[0] not in keys or words[1:] not in ([], ["asc"], ["desc"]):
        raise invalid(f"$orderby={order} is not supported.", "ErrorInvalidUrlQuery")
    items.sort(key=keys[words[0]], reverse=words[1:] == ["desc"])


def link(call: Call, query: list[tuple[str, str]]) -> str:
    """An absolute address of this list with another query, noted as handed out."""
    call.tenant.links.add((call.request.path, tuple(query)))
    path = call.request.target.partition("?")[0].removeprefix("/v1.0")
    text = "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in query)
    return f"{call.base}{path}?{text}"


def empty_page(call: Call) -> Answer:
    """A page of nothing that says the rest is where this page was."""
    if call.request.method != "GET":
        raise GraphError(500, "generalException", "Only lists have pages.", wrong=True)
    page = {"@odata.context": f"{call.base}/$metadata#users/events", "value": []}
    return graph(200, {**page, "@odata.nextLink": link(call, list(call.request.query))})
