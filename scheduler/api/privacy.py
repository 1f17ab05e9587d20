# SPDX-License-Identifier: Apache-2.0
"""`/v1/privacy`"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Response

from scheduler.api.answers import single
from scheduler.api.blueprint import Blueprint
from scheduler.api.caller import Caller
from scheduler.api.schemas.privacy import Erasure, ErasureRequest, Export, ExportQuestion
from scheduler.services import erasing, exporting

blueprint = Blueprint("Privacy", "What is kept about a candidate: to be handed over, or to be erased.")
UNKNOWN = (HTTPStatus.NOT_FOUND,)


@blueprint.call(
    "POST",
    "/v1/privacy/erasure",
    scope="admin",
    body=ErasureRequest,
    answers={200: Erasure},
    refuses=UNKNOWN,
)
def erase_candidate(caller: Caller, data: dict[str, Any]) -> Response:
    """Erase what is personal of a candidate.

    Times, versions and counts stay. Links stop working, waiting mails are dropped, what was offered is
    withdrawn. Asked for again, it answers the same.
    """
    return single(erasing.erase(caller.parts, caller.organization_id, **data, actor=caller.actor))


@blueprint.call(
    "GET",
    "/v1/privacy/export",
    scope="admin",
    query=ExportQuestion,
    answers={200: Export},
    refuses=UNKNOWN,
)
def export_candidate(caller: Caller, query: dict[str, Any]) -> Response:
    """Everything that is kept about a candidate, also of one who was deleted."""
    return single(exporting.export(caller.parts, caller.organization_id, **query))
