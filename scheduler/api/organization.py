# SPDX-License-Identifier: Apache-2.0
"""`/v1/organization`"""

from __future__ import annotations

from typing import Any

from flask import Response

from scheduler.api.answers import if_match, single, unless_known
from scheduler.api.blueprint import Blueprint
from scheduler.api.caller import Caller
from scheduler.api.schemas.people import Organization, OrganizationFields
from scheduler.services import organizations

blueprint = Blueprint("Organization", "The tenant that the key belongs to.")


@blueprint.call("GET", "/v1/organization", scope="read", answers={200: Organization}, conditional=True)
def get_organization(caller: Caller) -> Response:
    """Your organisation."""
    return unless_known(organizations.get(caller.parts, caller.organization_id))


@blueprint.call(
    "PATCH",
    "/v1/organization",
    scope="manage",
    body=OrganizationFields(partial=True),
    answers={200: Organization},
)
def update_organization(caller: Caller, changes: dict[str, Any]) -> Response:
    """Change your organisation."""
    return single(organizations.update(caller.parts, caller.organization_id, changes, if_match=if_match()))
