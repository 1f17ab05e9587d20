# SPDX-License-Identifier: Apache-2.0
"""`/v1/messages`"""

from __future__ import annotations

from typing import Any

from flask import Response

from scheduler.api.answers import listing, single
from scheduler.api.blueprint import Blueprint
from scheduler.api.caller import Caller
from scheduler.api.schemas.base import Nothing
from scheduler.api.schemas.bookings import Message, MessageList, MessageListing
from scheduler.services import mails

blueprint = Blueprint("Messages", "Every mail: owed, sent, or stopped.")


@blueprint.call("GET", "/v1/messages", scope="read", query=MessageListing, answers={200: MessageList})
def list_messages(caller: Caller, query: dict[str, Any]) -> Response:
    """All mails, in the order they were written down."""
    return listing(mails.find(caller.parts, caller.organization_id, **query))


@blueprint.call(
    "POST", "/v1/messages/<id:message_id>/cancel", scope="schedule", body=Nothing, answers={200: Message}
)
def cancel_message(caller: Caller, _nothing: dict[str, Any], message_id: str) -> Response:
    """Stop a mail that has not gone out."""
    return single(mails.cancel(caller.parts, caller.organization_id, message_id, actor=caller.actor))


@blueprint.call(
    "POST", "/v1/messages/<id:message_id>/send", scope="schedule", body=Nothing, answers={200: Message}
)
def send_message(caller: Caller, _nothing: dict[str, Any], message_id: str) -> Response:
    """Send a waiting mail at once, or one that failed or was stopped once more."""
    return single(mails.send_now(caller.parts, caller.organization_id, message_id, actor=caller.actor))
