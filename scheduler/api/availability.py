# SPDX-License-Identifier: Apache-2.0
"""`/v1/availability`"""

from __future__ import annotations

from typing import Any

from flask import Response

from scheduler.api.answers import as_json
from scheduler.api.blueprint import Blueprint
from scheduler.api.caller import Caller
from scheduler.api.schemas.runs import Availability, AvailabilityQuestion
from scheduler.services import availability

blueprint = Blueprint("Availability", "When a session could be, answered at once.")


@blueprint.call(
    "POST", "/v1/availability", scope="read", body=AvailabilityQuestion, answers={200: Availability}
)
def ask_availability(caller: Caller, data: dict[str, Any]) -> Response:
    """When could one session of a plan begin, and what blocks the other times?

    Changes nothing. Without a candidate, no candidate's hours are taken into account.
    """
    return as_json(availability.ask(caller.parts, caller.organization_id, data))
