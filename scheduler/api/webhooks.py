# SPDX-License-Identifier: Apache-2.0
"""`/v1/webhooks`"""

from __future__ import annotations

from typing import Any

from flask import Response

from scheduler.api.answers import if_match, listing, made, nothing, single
from scheduler.api.blueprint import Blueprint
from scheduler.api.caller import Caller
from scheduler.api.schemas.base import Listing, Nothing
from scheduler.api.schemas.webhooks import (
    Webhook,
    WebhookChanges,
    WebhookFields,
    WebhookList,
    WebhookWithSecret,
)
from scheduler.services import webhooks

blueprint = Blueprint("Web hooks", "Where events are posted to, signed as Standard Webhooks says.")


@blueprint.call(
    "POST",
    "/v1/webhooks",
    scope="manage",
    body=WebhookFields,
    answers={201: WebhookWithSecret},
    secret=True,
)
def create_webhook(caller: Caller, data: dict[str, Any]) -> Response:
    """Have events posted to a URL from now on.

    Each is posted until it is taken (a status of 2xx): at least once, with the same `webhook-id` each time,
    and not always in order; the booking's `version` tells old news. `secret` is shown in this answer alone.
    """
    return made(webhooks.create(caller.parts, caller.organization_id, data))


@blueprint.call("GET", "/v1/webhooks", scope="read", query=Listing, answers={200: WebhookList})
def list_webhooks(caller: Caller, query: dict[str, Any]) -> Response:
    """All web hooks, in the order they were added."""
    return listing(webhooks.find(caller.parts, caller.organization_id, **query))


@blueprint.call("GET", "/v1/webhooks/<id:webhook_id>", scope="read", answers={200: Webhook})
def get_webhook(caller: Caller, webhook_id: str) -> Response:
    """One web hook."""
    return single(webhooks.get(caller.parts, caller.organization_id, webhook_id))


@blueprint.call(
    "PATCH",
    "/v1/webhooks/<id:webhook_id>",
    scope="manage",
    body=WebhookChanges(partial=True),
    answers={200: Webhook},
)
def update_webhook(caller: Caller, changes: dict[str, Any], webhook_id: str) -> Response:
    """Change a web hook, stop it, or set it going again.

    Events that happen while it is disabled wait for it, for thirty days.
    """
    view = webhooks.update(caller.parts, caller.organization_id, webhook_id, changes, if_match=if_match())
    return single(view)


@blueprint.call("DELETE", "/v1/webhooks/<id:webhook_id>", scope="manage", answers={204: None})
def delete_webhook(caller: Caller, webhook_id: str) -> Response:
    """Remove a web hook, with what it has not been sent yet."""
    webhooks.delete(caller.parts, caller.organization_id, webhook_id, if_match=if_match())
    return nothing()


@blueprint.call(
    "POST",
    "/v1/webhooks/<id:webhook_id>/rotate",
    scope="manage",
    body=Nothing,
    answers={200: WebhookWithSecret},
    secret=True,
)
def rotate_webhook(caller: Caller, _nothing: dict[str, Any], webhook_id: str) -> Response:
    """Give a web hook a new secret; for 24 hours the one before signs as well."""
    return single(webhooks.rotate(caller.parts, caller.organization_id, webhook_id))
