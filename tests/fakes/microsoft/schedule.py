# SPDX-License-Identifier: Apache-2.0
"""getSchedule: free and busy of up to 20 people."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fakes.microsoft.call import Call, graph
from tests.fakes.microsoft.errors import GraphError, invalid
from tests.fakes.microsoft.store import Item
from tests.fakes.microsoft.times import read_wall, shown, zone_named
from tests.fakes.wire import Answer

MOST_SCHEDULES = 20
LONGEST = timedelta(days=62)
_STRENGTH = {"free": 0, "workingElsewhere": 0, "tentative": 1, "busy": 2, "oof": 3, "unknown": 2}


def get_schedule(call: Call) -> Answer:
    """POST …/calendar/getSchedule"""
    call.allow_parameters()
    document = call.document()
    if unknown := document.keys() - {"schedules", "startTime", "endTime", "availabilityViewInterval"}:
        raise invalid(f"getSchedule does not take {sorted(unknown)}.", "RequestBodyRead")
    addresses = document.get("schedules")
    if not isinstance(addresses, list) or not all(isinstance(one, str) for one in addresses):
        raise invalid("schedules is a list of addresses.", "RequestBodyRead")
    if not 1 <= len(addresses) <= MOST_SCHEDULES:
        raise invalid(
            f"The number of schedules must be 1 to {MOST_SCHEDULES}, not {len(addresses)}.",
            "ErrorInvalidParameter",
        )
    start, end = _window(document)
    step = _interval(document)
    value = [_schedule(call, address, start, end, step) for address in addresses]
    context = f"{call.base}/$metadata#Collection(microsoft.graph.scheduleInformation)"
    return graph(200, {"@odata.context": context, "value": value})


def _window(document: dict[str, Any]) -> tuple[datetime, datetime]:
    ends = []
    for name in ("startTime", "endTime"):
        wall, zone = read_wall(document.get(name), name)
        ends.append(wall.replace(tzinfo=zone_named(zone)).astimezone(UTC))
    start, end = ends
    if end <= start:
        raise invalid("The end time must be after the start time.", "ErrorInvalidTimeInterval")
    if end - start >= LONGEST:
        days = math.ceil((end - start) / timedelta(days=1)) + ((end - start) == LONGEST)
        raise invalid(
            "The requested time duration specified for FreeBusyViewOptions.TimeWindow is too long."
            f" The allowed limit = 62 days; the actual limit = {days} days.",
            "ErrorTimeIntervalTooBig",
        )
    return start, end


def _interval(document: dict[str, Any]) -> timedelta:
    minutes = document.get("availabilityViewInterval", 30)
    if minutes is None:
        raise GraphError(500, "ErrorInternalServerError", "availabilityViewInterval is null.", wrong=True)
    if type(minutes) is not int or not 5 <= minutes <= 1440:
        raise invalid("availabilityViewInterval must be 5 to 1440.", "ErrorInvalidMergedFreeBusyInterval")
    return timedelta(minutes=minutes)


def _schedule(call: Call, address: str, start: datetime, end: datetime, step: timedelta) -> dict[str, Any]:
    mailbox = call.store.mailbox(address)
    if mailbox is None or mailbox.forgotten:
        text = f"Unable to resolve e-mail address {address} to an Active Directory object."
        return {"scheduleId": address, "error": {"message": text, "responseCode": "5009"}}
    if mailbox.closed:
        text = "The caller does not have access to free/busy data."
        return {"scheduleId": address, "error": {"message": text, "responseCode": "ErrorNoFreeBusyAccess"}}
    items = [item for item in mailbox.items.values() if item.blocks and item.when.within(start, end)]
    items.sort(key=lambda item: item.when.instants())
    told: dict[str, Any] = {
        "scheduleId": address,
        "availabilityView": _view(items, start, end, step),
        "scheduleItems": [_item(call, item) for item in items],
    }
    if mailbox.working_hours:
        told["workingHours"] = mailbox.working_hours
    return told


def _item(call: Call, item: Item) -> dict[str, Any]:
    zone = call.preferences.time_zone
    start, end = item.when.instants()
    status: str = item.fields["showAs"]
    private = item.fields["sensitivity"] in {"private", "confidential"}
    told: dict[str, Any] = {
        "isPrivate": private,
        "status": status.capitalize() if call.tenant.capital_statuses else status,
        "start": shown(start, zone),
        "end": shown(end, zone),
    }
    if not private:
        told["subject"] = item.fields["subject"]
        told["location"] = item.fields["location"].get("displayName", "")
    return told


def _view(items: list[Item], start: datetime, end: datetime, step: timedelta) -> str:
    """A digit for each slot; an event that touches a slot fills it."""
    digits = [0] * math.ceil((end - start) / step)
    for item in items:
        begins, ends = item.when.instants()
        first = max(0, (begins - start) // step)
        last = min(len(digits), math.ceil((ends - start) / step))
        for slot in range(first, last):
            digits[slot] = max(digits[slot], _STRENGTH[item.fields["showAs"]])
    return "".join(map(str, digits))


def usual_hours(mailbox_zone: str) -> dict[str, Any]:
    """What Outlook assumes of everybody. ``mailbox_zone``: as Windows calls it."""
    return {
        "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
        "startTime": "08:00:00.0000000",
        "endTime": "17:00:00.0000000",
        "timeZone": {"name": mailbox_zone},
    }
