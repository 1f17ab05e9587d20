# SPDX-License-Identifier: Apache-2.0
"""`/v1/plans`"""

from __future__ import annotations

from typing import Any

from flask import Response

from scheduler.api.answers import if_match, listing, made, nothing, single, unless_known
from scheduler.api.blueprint import Blueprint
from scheduler.api.caller import Caller
from scheduler.api.schemas.base import Listing
from scheduler.api.schemas.plans import Plan, PlanFields, PlanList
from scheduler.services import plans

blueprint = Blueprint("Plans", "Templates of a candidate's interviews.")


@blueprint.call("POST", "/v1/plans", scope="manage", body=PlanFields, answers={201: Plan})
def create_plan(caller: Caller, data: dict[str, Any]) -> Response:
    """Add a plan."""
    return made(plans.create(caller.parts, caller.organization_id, data))


@blueprint.call("GET", "/v1/plans", scope="read", query=Listing, answers={200: PlanList})
def list_plans(caller: Caller, query: dict[str, Any]) -> Response:
    """All plans, in the order they were added."""
    return listing(plans.find(caller.parts, caller.organization_id, **query))


@blueprint.call("GET", "/v1/plans/<id:plan_id>", scope="read", answers={200: Plan}, conditional=True)
def get_plan(caller: Caller, plan_id: str) -> Response:
    """One plan."""
    return unless_known(plans.get(caller.parts, caller.organization_id, plan_id))


@blueprint.call(
    "PATCH",
    "/v1/plans/<id:plan_id>",
    scope="manage",
    body=PlanFields(partial=True),
    answers={200: Plan},
)
def update_plan(caller: Caller, changes: dict[str, Any], plan_id: str) -> Response:
    """Change a plan.

    Fields that are sent are replaced whole; null takes an optional one away.
    """
    view = plans.update(caller.parts, caller.organization_id, plan_id, changes, if_match=if_match())
    return single(view)


@blueprint.call("DELETE", "/v1/plans/<id:plan_id>", scope="manage", answers={204: None})
def delete_plan(caller: Caller, plan_id: str) -> Response:
    """Remove a plan.

    Runs and bookings keep the plan as it was.
    """
    plans.delete(caller.parts, caller.organization_id, plan_id, if_match=if_match())
    return nothing()
