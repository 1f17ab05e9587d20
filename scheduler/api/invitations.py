# SPDX-License-Identifier: Apache-2.0
"""`/v1/invitations`"""

from __future__ import annotations

from typing import Any

from flask import Response

from scheduler.api.answers import single
from scheduler.api.blueprint import Blueprint
from scheduler.api.caller import Caller
from scheduler.api.schemas.base import Nothing
from scheduler.api.schemas.runs import Invitation
from scheduler.services import invitations

blueprint = Blueprint("Invitations", "Candidates' links.")


@blueprint.call(
    "POST",
    "/v1/invitations/<id:invitation_id>/revoke",
    scope="schedule",
    body=Nothing,
    answers={200: Invitation},
)
def revoke_invitation(caller: Caller, _nothing: dict[str, Any], invitation_id: str) -> Response:
    """Take a link back: it stops working at once."""
    view = invitations.revoke(caller.parts, caller.organization_id, invitation_id, actor=caller.actor)
    return single(view)


@blueprint.call(
    "POST",
    "/v1/invitations/<id:invitation_id>/resend",
    scope="schedule",
    body=Nothing,
    answers={200: Invitation},
)
def resend_invitation(caller: Caller, _nothing: dict[str, Any], invitation_id: str) -> Response:
    """Send the mail with the link once more; a revoked link is replaced by a new one.

    409 `expired` when the offer is over, `nothing_to_choose` when nothing of it can be chosen any more,
    `conflict` when the candidate has chosen or the interview is cancelled.
    """
    view = invitations.resend(caller.parts, caller.organization_id, invitation_id, actor=caller.actor)
    return single(view)
