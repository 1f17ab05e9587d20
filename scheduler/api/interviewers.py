# SPDX-License-Identifier: Apache-2.0
"""`/v1/interviewers`"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Response

from scheduler.api.answers import as_json, if_match, listing, made, nothing, single, unless_known
from scheduler.api.blueprint import Blueprint
from scheduler.api.caller import Caller
from scheduler.api.schemas.base import Listing
from scheduler.api.schemas.people import (
    BusyBlocks,
    BusyQuery,
    Interviewer,
    InterviewerFields,
    InterviewerList,
)
from scheduler.domain.intervals import parse_instant
from scheduler.services import interviewers, readings

blueprint = Blueprint("Interviewers", "The people who hold interviews.")


@blueprint.call(
    "POST", "/v1/interviewers", scope="manage", body=InterviewerFields, answers={201: Interviewer}
)
def create_interviewer(caller: Caller, data: dict[str, Any]) -> Response:
    """Add an interviewer."""
    return made(interviewers.create(caller.parts, caller.organization_id, data))


@blueprint.call("GET", "/v1/interviewers", scope="read", query=Listing, answers={200: InterviewerList})
def list_interviewers(caller: Caller, query: dict[str, Any]) -> Response:
    """All interviewers, in the order they were added."""
    return listing(interviewers.find(caller.parts, caller.organization_id, **query))


@blueprint.call(
    "GET", "/v1/interviewers/<id:interviewer_id>", scope="read", answers={200: Interviewer}, conditional=True
)
def get_interviewer(caller: Caller, interviewer_id: str) -> Response:
    """One interviewer."""
    return unless_known(interviewers.get(caller.parts, caller.organization_id, interviewer_id))


@blueprint.call(
    "PATCH",
    "/v1/interviewers/<id:interviewer_id>",
    scope="manage",
    body=InterviewerFields(partial=True),
    answers={200: Interviewer},
)
def update_interviewer(caller: Caller, changes: dict[str, Any], interviewer_id: str) -> Response:
    """Change an interviewer.

    Fields that are sent are replaced whole; null takes an optional one away.
    """
    view = interviewers.update(
        caller.parts, caller.organization_id, interviewer_id, changes, if_match=if_match()
    )
    return single(view)


@blueprint.call("DELETE", "/v1/interviewers/<id:interviewer_id>", scope="manage", answers={204: None})
def delete_interviewer(caller: Caller, interviewer_id: str) -> Response:
    """Remove an interviewer.

    Refused while bookings lie ahead. Past bookings go on telling of them.
    """
    interviewers.delete(caller.parts, caller.organization_id, interviewer_id, if_match=if_match())
    return nothing()


@blueprint.call(
    "GET",
    "/v1/interviewers/<id:interviewer_id>/busy",
    scope="read",
    query=BusyQuery,
    answers={200: BusyBlocks},
    refuses=(HTTPStatus.CONFLICT,),
)
def list_busy(caller: Caller, query: dict[str, Any], interviewer_id: str) -> Response:
    """What the service reads from an interviewer's calendars now.

    Titles and people are never read out. 409 `calendar_unreadable` says why a calendar cannot be read.
    """
    between = (parse_instant(query["start"]), parse_instant(query["end"]))
    return as_json(readings.busy(caller.parts, caller.organization_id, interviewer_id, *between))
