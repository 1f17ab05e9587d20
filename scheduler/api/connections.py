# SPDX-License-Identifier: Apache-2.0
"""`/v1/interviewers/{id}/connection`"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Response

from scheduler.api.answers import as_json, nothing
from scheduler.api.blueprint import Blueprint
from scheduler.api.caller import Caller
from scheduler.api.schemas.base import Nothing
from scheduler.api.schemas.connections import CalDavAccount, Connection, ConnectionLink, WhichCalendar
from scheduler.services import connections

blueprint = Blueprint("Connections", "Who lets us into an interviewer's calendars.")


@blueprint.call(
    "GET",
    "/v1/interviewers/<id:interviewer_id>/connection",
    scope="read",
    query=WhichCalendar,
    answers={200: Connection},
)
def get_connection(caller: Caller, which: dict[str, Any], interviewer_id: str) -> Response:
    """Whether the interviewer's calendar can be used, and what to do when not.

    `provider` and `address` name one of their `busy_calendars`.
    """
    return as_json(connections.status(caller.parts, caller.organization_id, interviewer_id, which))


@blueprint.call(
    "POST",
    "/v1/interviewers/<id:interviewer_id>/connection",
    scope="manage",
    body=Nothing,
    query=WhichCalendar,
    answers={200: ConnectionLink},
)
def invite_to_connect(
    caller: Caller, _nothing: dict[str, Any], which: dict[str, Any], interviewer_id: str
) -> Response:
    """A link for the calendar's owner, who signs in at Google or Microsoft and grants access.

    It works for seven days. 409 `not_set_up` when the service has no client there.
    """
    return as_json(connections.invite(caller.parts, caller.organization_id, interviewer_id, which))


@blueprint.call(
    "PUT",
    "/v1/interviewers/<id:interviewer_id>/connection",
    scope="manage",
    body=CalDavAccount,
    query=WhichCalendar,
    answers={200: Connection},
    refuses=(HTTPStatus.CONFLICT,),
)
def keep_account(
    caller: Caller, data: dict[str, Any], which: dict[str, Any], interviewer_id: str
) -> Response:
    """Keep a CalDAV account for the interviewer's calendar, once it has been tried.

    422 when the server does not take it, 503 when it does not answer.
    """
    kept = connections.keep_account(caller.parts, caller.organization_id, interviewer_id, data, which)
    return as_json(kept)


@blueprint.call(
    "DELETE",
    "/v1/interviewers/<id:interviewer_id>/connection",
    scope="manage",
    query=WhichCalendar,
    answers={204: None},
)
def forget_connection(caller: Caller, which: dict[str, Any], interviewer_id: str) -> Response:
    """Throw away what was granted. The owner can also end it at the provider."""
    connections.forget(caller.parts, caller.organization_id, interviewer_id, which)
    return nothing()
