# SPDX-License-Identifier: Apache-2.0
"""People, their settings and calendars, and the rooms of the tenant."""

from __future__ import annotations

from typing import Any

from tests.fakes.microsoft.call import Call, graph
from tests.fakes.microsoft.store import Mailbox
from tests.fakes.microsoft.times import windows_name
from tests.fakes.wire import Answer


def user(call: Call) -> Answer:
    """GET /users/{id}"""
    mailbox = call.mailbox
    name = mailbox.address.partition("@")[0]
    told = {"id": mailbox.user_id, "displayName": name, "mail": mailbox.address}
    context = f"{call.base}/$metadata#users/$entity"
    return graph(200, {"@odata.context": context, **told, "userPrincipalName": mailbox.address})


def mailbox_settings(call: Call) -> Answer:
    """GET /users/{id}/mailboxSettings"""
    told = {"timeZone": windows_name(call.mailbox.time_zone), "workingHours": call.mailbox.working_hours}
    return graph(200, {"@odata.context": f"{call.base}/$metadata#mailboxSettings", **told})


def calendar(call: Call) -> Answer:
    """GET /users/{id}/calendar, or one by its id"""
    return graph(200, _calendar(call.mailbox))


def calendars(call: Call) -> Answer:
    """GET /users/{id}/calendars"""
    return graph(200, {"value": [_calendar(call.mailbox)]})


def _calendar(mailbox: Mailbox) -> dict[str, Any]:
    provider = "teamsForBusiness" if mailbox.teams else "unknown"
    return {
        "id": mailbox.calendar_id,
        "name": "Calendar",
        "isDefaultCalendar": True,
        "canEdit": True,
        "canShare": True,
        "canViewPrivateItems": True,
        "allowedOnlineMeetingProviders": [provider] if mailbox.teams else [],
        "defaultOnlineMeetingProvider": provider,
        "owner": {"name": mailbox.address.partition("@")[0], "address": mailbox.address},
    }


def rooms(call: Call) -> Answer:
    """GET /places/microsoft.graph.room"""
    found = [mailbox for mailbox in call.store.mailboxes() if mailbox.is_room and not mailbox.forgotten]
    value = [
        {
            "id": mailbox.user_id,
            "emailAddress": mailbox.address,
            "displayName": mailbox.address.partition("@")[0],
            "capacity": mailbox.capacity,
            "bookingType": "standard",
        }
        for mailbox in found
    ]
    return graph(
        200, {"@odata.context": f"{call.base}/$metadata#places/microsoft.graph.room", "value": value}
    )
