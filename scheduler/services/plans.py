# SPDX-License-Identifier: Apache-2.0
"""Plans: templates of a candidate's interviews. Runs and bookings keep a copy: a plan may always change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.db.pages import Page
from scheduler.domain.errors import FieldError, Invalid
from scheduler.domain.ids import new_id
from scheduler.domain.plans import Plan
from scheduler.services import catalogue
from scheduler.services.parts import Parts


def parse(session: Session, data: dict[str, Any], *, pointer: str = "") -> Plan:
    """The plan that `data` describes, with everybody it names in the organisation.

    Raises Invalid, with `pointer` before the place of each error.
    """
    try:
        plan = Plan.from_json(data)
    except Invalid as error:
        raise Invalid(*(FieldError(pointer + e.pointer, e.detail) for e in error.errors)) from error
    strangers = _strangers(session, plan)
    if strangers:
        raise Invalid(*(FieldError(pointer + at, "there is no such interviewer") for at in strangers))
    return plan


def _strangers(session: Session, plan: Plan) -> list[str]:
    """Where the plan names interviewers that the organisation does not have."""
    named = plan.people_named
    standing = catalogue.standing(rows.Interviewer).where(rows.Interviewer.id.in_(named))
    known = set(session.scalars(standing.with_only_columns(rows.Interviewer.id))) if named else set()
    return [
        f"/sessions/{s}/seats/{seat_index}/interviewers/{position}"
        for s, item in enumerate(plan.sessions)
        for seat_index, seat in enumerate(item.seats)
        for position, id_ in enumerate(seat.interviewers)
        if id_ not in known
    ]


def create(parts: Parts, organization_id: str, data: dict[str, Any]) -> dict[str, Any]:
    """Add a plan. Raises Invalid for one that contradicts itself, Conflict for an external_id in use."""
    with parts.database.transaction(organization_id) as session:
        row = rows.Plan(id=new_id("plan"), organization_id=organization_id, version=1, created_at=parts.now())
        catalogue.put(row, _columns(parse(session, data | {"id": row.id})))
        catalogue.add(session, row)
        return view(row)


def get(parts: Parts, organization_id: str, plan_id: str) -> dict[str, Any]:
    with parts.database.transaction(organization_id) as session:
        return view(catalogue.one(session, rows.Plan, plan_id))


def find(parts: Parts, organization_id: str, *, limit: int = 50, cursor: str | None = None) -> Page:
    return catalogue.find(parts, organization_id, rows.Plan, limit=limit, cursor=cursor).mapped(view)


def update(
    parts: Parts,
    organization_id: str,
    plan_id: str,
    changes: dict[str, Any],
    *,
    if_match: Collection[int] | None = None,
) -> dict[str, Any]:
    """Replace these fields; None puts one back to its default. The whole must still be a plan."""
    with parts.database.transaction(organization_id) as session:
        row = catalogue.one(session, rows.Plan, plan_id, if_match=if_match, lock=True)
        catalogue.change(session, row, _columns(parse(session, {**row.body, **changes})))
        return view(row)


def delete(
    parts: Parts, organization_id: str, plan_id: str, *, if_match: Collection[int] | None = None
) -> None:
    with parts.database.transaction(organization_id) as session:
        row = catalogue.one(session, rows.Plan, plan_id, if_match=if_match, lock=True)
        session.execute(sa.delete(rows.Plan).where(rows.Plan.id == row.id))


def _columns(plan: Plan) -> dict[str, Any]:
    return {"name": plan.name, "external_id": plan.external_id, "body": plan.to_json()}


def view(row: rows.Plan) -> dict[str, Any]:
    return {**row.body, "_version": row.version}
