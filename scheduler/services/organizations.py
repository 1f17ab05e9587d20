# SPDX-License-Identifier: Apache-2.0
"""Organisations: the tenants of the service, and how each wants it to behave."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.errors import NotFound, Stale
from scheduler.domain.ids import new_id
from scheduler.services import catalogue
from scheduler.services.parts import Parts

#: what is inside each group of settings, and what it is when nobody has said
DEFAULTS: dict[str, dict[str, Any]] = {
    "branding": {"logo_url": None, "color": None},
    "organizers": {"google": None, "microsoft": None},
    "policies": {"provider_down": "refuse"},
    "calendars": {"max_age_minutes": 120, "detail": "free_busy", "overbook": []},
}


def create(parts: Parts, *, name: str) -> str:
    """Add an organisation; its id."""
    organization_id = new_id("org")
    with parts.database.transaction(organization_id) as session:
        row = rows.Organization(id=organization_id, name=name, created_at=parts.now(), **_complete(DEFAULTS))
        session.add(row)
    return organization_id


def every(parts: Parts) -> list[str]:
    """The ids of all organisations, the oldest first."""
    with parts.database.lookup() as session:
        return list(session.scalars(sa.text("select id from every_organization()")))


def get(parts: Parts, organization_id: str) -> dict[str, Any]:
    with parts.database.transaction(organization_id) as session:
        return view(_row(session, organization_id))


def update(
    parts: Parts, organization_id: str, changes: dict[str, Any], *, if_match: Collection[int] | None = None
) -> dict[str, Any]:
    """Replace these fields; None puts one back to its default. Raises Stale."""
    with parts.database.transaction(organization_id) as session:
        row = _row(session, organization_id, lock=True)
        if if_match is not None and row.version not in if_match:
            raise Stale
        catalogue.change(session, row, _complete(changes))
        return view(row)


def calendars(session: Session, organization_id: str) -> dict[str, Any]:
    """How calendars are read, with what counts where nobody has said."""
    row = session.get(rows.Organization, organization_id)
    return DEFAULTS["calendars"] | (row.calendars if row else {})


def overbook(session: Session, organization_id: str) -> tuple[str, ...]:
    """The kinds of busy time that interviews may be put over, at a price."""
    return tuple(calendars(session, organization_id)["overbook"])


def _complete(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: DEFAULTS[name] | (value or {}) if name in DEFAULTS else value for name, value in values.items()
    }


def _row(session: Session, organization_id: str, *, lock: bool = False) -> rows.Organization:
    row = session.get(rows.Organization, organization_id, with_for_update=lock or None)
    if row is None:
        raise NotFound("There is no such organization.")
    return row


def view(row: rows.Organization) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "branding": row.branding,
        "organizers": row.organizers,
        "policies": row.policies,
        "calendars": DEFAULTS["calendars"] | row.calendars,
        "retention_days": row.retention_days,
        "_version": row.version,
    }
