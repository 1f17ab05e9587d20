# SPDX-License-Identifier: Apache-2.0
"""Interviewers: who they are, when they work, what they may hold."""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import Any

from scheduler.db import casts, rows
from scheduler.db.pages import Page
from scheduler.domain.ids import new_id
from scheduler.services import catalogue, grants
from scheduler.services.parts import Parts

#: Monday to Friday, nine to five, on the interviewer's own clock
OFFICE_HOURS = [{"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "17:00"}]
DEFAULTS: dict[str, Any] = {
    "external_id": None,
    "locale": None,
    "active": True,
    "busy_calendars": [],
    "working_hours": OFFICE_HOURS,
    "preferred_hours": [],
    "qualifications": [],
    "limits": {"per_day": None, "per_week": None},
    "buffer": {"before": 0, "after": 0},
    "metadata": {},
}


def create(parts: Parts, organization_id: str, data: dict[str, Any]) -> dict[str, Any]:
    """Add an interviewer; what is not said gets its default. Raises Conflict for an external_id in use."""
    with parts.database.transaction(organization_id) as session:
        values = _complete(dict.fromkeys([*DEFAULTS, "calendar"]) | data, email=data["email"])
        row = rows.Interviewer(
            id=new_id("ivw"),
            organization_id=organization_id,
            resource_id=catalogue.resource_for(session, organization_id, values["calendar"]),
            version=1,
            created_at=parts.now(),
        )
        catalogue.put(row, values)
        catalogue.add(session, row)
        return view(row)


def get(parts: Parts, organization_id: str, interviewer_id: str) -> dict[str, Any]:
    with parts.database.transaction(organization_id) as session:
        return view(catalogue.one(session, rows.Interviewer, interviewer_id))


def find(parts: Parts, organization_id: str, *, limit: int = 50, cursor: str | None = None) -> Page:
    return catalogue.find(parts, organization_id, rows.Interviewer, limit=limit, cursor=cursor).mapped(view)


def update(
    parts: Parts,
    organization_id: str,
    interviewer_id: str,
    changes: dict[str, Any],
    *,
    if_match: Collection[int] | None = None,
) -> dict[str, Any]:
    """Replace these fields; None puts one back to its default.

    Another calendar is a Conflict while bookings lie ahead. What was granted for the one before is thrown
    away. Whoever is active no more is lost for the interviews ahead of them.
    """
    with parts.database.transaction(organization_id) as session:
        row = catalogue.one(session, rows.Interviewer, interviewer_id, if_match=if_match, lock=True)
        values = _complete(changes, email=changes.get("email") or row.email)
        if "active" in values:
            # Whoever is booking them comes first, and is seen by the look below.
            casts.lock_resources(session, [row.resource_id])
        if "calendar" in values:
            catalogue.move_to_calendar(session, parts, row, values["calendar"])
        was_active = row.active
        catalogue.change(session, row, values)
        grants.forget_unnamed(session, row)
        if row.active != was_active:
            parts.defer(session, "notice_losses", organization_id=organization_id, owner_id=row.id)
        return view(row)


def delete(
    parts: Parts, organization_id: str, interviewer_id: str, *, if_match: Collection[int] | None = None
) -> None:
    """Take somebody off every list and panel; past bookings keep them, and what they granted is thrown away.

    Conflict while bookings lie ahead.
    """
    with parts.database.transaction(organization_id) as session:
        row = catalogue.one(session, rows.Interviewer, interviewer_id, if_match=if_match, lock=True)
        catalogue.retire(session, parts, row)
        row.active = False
        grants.forget_unnamed(session, row)


def _complete(values: dict[str, Any], *, email: str) -> dict[str, Any]:
    """The same fields, with defaults for None and for what is missing inside."""
    defaults = DEFAULTS | {"calendar": {"provider": "ics", "address": email}}
    complete = {
        name: copy.deepcopy(defaults[name]) if value is None and name in defaults else value
        for name, value in values.items()
    }
    for name in complete.keys() & {"limits", "buffer"}:
        complete[name] = DEFAULTS[name] | complete[name]
    if "qualifications" in complete:
        complete["qualifications"] = [{"level": "qualified"} | item for item in complete["qualifications"]]
    return complete


def view(row: rows.Interviewer) -> dict[str, Any]:
    return {
        "id": row.id,
        "external_id": row.external_id,
        "name": row.name,
        "email": row.email,
        "time_zone": row.time_zone,
        "locale": row.locale,
        "active": row.active,
        "calendar": row.calendar,
        "busy_calendars": row.busy_calendars,
        "working_hours": row.working_hours,
        "preferred_hours": row.preferred_hours,
        "qualifications": row.qualifications,
        "limits": row.limits,
        "buffer": row.buffer,
        "metadata": row.metadata_,
        "_version": row.version,
    }
