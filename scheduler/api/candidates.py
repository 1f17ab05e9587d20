# SPDX-License-Identifier: Apache-2.0
"""`/v1/candidates`"""

from __future__ import annotations

from typing import Any

from flask import Response

from scheduler.api.answers import if_match, listing, made, nothing, single, unless_known
from scheduler.api.blueprint import Blueprint
from scheduler.api.caller import Caller
from scheduler.api.schemas.base import Listing
from scheduler.api.schemas.people import Candidate, CandidateFields, CandidateList
from scheduler.services import candidates

blueprint = Blueprint("Candidates", "The people interviews are for.")


@blueprint.call("POST", "/v1/candidates", scope="schedule", body=CandidateFields, answers={201: Candidate})
def create_candidate(caller: Caller, data: dict[str, Any]) -> Response:
    """Add a candidate."""
    return made(candidates.create(caller.parts, caller.organization_id, data))


@blueprint.call("GET", "/v1/candidates", scope="read", query=Listing, answers={200: CandidateList})
def list_candidates(caller: Caller, query: dict[str, Any]) -> Response:
    """All candidates, in the order they were added."""
    return listing(candidates.find(caller.parts, caller.organization_id, **query))


@blueprint.call(
    "GET", "/v1/candidates/<id:candidate_id>", scope="read", answers={200: Candidate}, conditional=True
)
def get_candidate(caller: Caller, candidate_id: str) -> Response:
    """One candidate."""
    return unless_known(candidates.get(caller.parts, caller.organization_id, candidate_id))


@blueprint.call(
    "PATCH",
    "/v1/candidates/<id:candidate_id>",
    scope="schedule",
    body=CandidateFields(partial=True),
    answers={200: Candidate},
)
def update_candidate(caller: Caller, changes: dict[str, Any], candidate_id: str) -> Response:
    """Change a candidate.

    Fields that are sent are replaced whole; null takes an optional one away.
    """
    view = candidates.update(caller.parts, caller.organization_id, candidate_id, changes, if_match=if_match())
    return single(view)


@blueprint.call("DELETE", "/v1/candidates/<id:candidate_id>", scope="schedule", answers={204: None})
def delete_candidate(caller: Caller, candidate_id: str) -> Response:
    """Remove a candidate.

    Refused while a run is under way or bookings lie ahead. Past ones go on telling of them.
    """
    candidates.delete(caller.parts, caller.organization_id, candidate_id, if_match=if_match())
    return nothing()
