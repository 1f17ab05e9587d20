# SPDX-License-Identifier: Apache-2.0
"""`/v1/events`"""

from __future__ import annotations

from typing import Any

from flask import Response

from scheduler.api.answers import listing
from scheduler.api.blueprint import Blueprint
from scheduler.api.caller import Caller
from scheduler.api.schemas.webhooks import EventList, EventListing
from scheduler.services import feed

blueprint = Blueprint("Events", "What has happened, for programs that follow it.")


@blueprint.call("GET", "/v1/events", scope="read", query=EventListing, answers={200: EventList})
def list_events(caller: Caller, query: dict[str, Any]) -> Response:
    """Everything that has happened, in an order that never changes: nothing appears later further up.

    To follow it, ask again with the `cursor` of the last event seen.
    """
    return listing(feed.find(caller.parts, caller.organization_id, **query))
