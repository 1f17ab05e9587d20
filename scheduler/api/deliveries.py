# SPDX-License-Identifier: Apache-2.0
"""`/v1/webhooks/…/deliveries`"""

from __future__ import annotations

from typing import Any

from flask import Response

from scheduler.api.answers import listing, single
from scheduler.api.blueprint import Blueprint
from scheduler.api.caller import Caller
from scheduler.api.schemas.base import Nothing
from scheduler.api.schemas.webhooks import Delivery, DeliveryList, DeliveryListing
from scheduler.services import deliveries

blueprint = Blueprint("Deliveries", "What web hooks were sent, and what they are owed.")


@blueprint.call(
    "GET",
    "/v1/webhooks/<id:webhook_id>/deliveries",
    scope="read",
    query=DeliveryListing,
    answers={200: DeliveryList},
)
def list_deliveries(caller: Caller, query: dict[str, Any], webhook_id: str) -> Response:
    """What a web hook was sent and is owed, the oldest first; they are kept for thirty days."""
    return listing(deliveries.find(caller.parts, caller.organization_id, webhook_id, **query))


@blueprint.call(
    "POST",
    "/v1/webhooks/deliveries/<id:delivery_id>/redeliver",
    scope="manage",
    body=Nothing,
    answers={200: Delivery},
)
def redeliver(caller: Caller, _nothing: dict[str, Any], delivery_id: str) -> Response:
    """Send an event once more, under the same `webhook-id`."""
    return single(deliveries.redeliver(caller.parts, caller.organization_id, delivery_id))
