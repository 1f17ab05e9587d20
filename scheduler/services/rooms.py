# SPDX-License-Identifier: Apache-2.0
"""Rooms: places with a calendar of their own, that hold so many people."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from scheduler.db import rows
from scheduler.db.pages import Page
from scheduler.domain.ids import new_id
from scheduler.services import catalogue
from scheduler.services.parts import Parts


def create(parts: Parts, organization_id: str, data: dict[str, Any]) -> dict[str, Any]:
    """Add a room. Raises Conflict for an external_id in use."""
    with parts.database.transaction(organization_id) as session:
        row = rows.Room(
            id=new_id("room"),
            organization_id=organization_id,
            resource_id=catalogue.resource_for(session, organization_id, data["calendar"]),
            version=1,
            created_at=parts.now(),
        )
        catalogue.put(row, _complete({"external_id": None, "location": None, "metadata": None} | data))
        catalogue.add(session, row)
        return view(row)


def get(parts: Parts, organization_id: str, room_id: str) -> dict[str, Any]:
    with parts.database.transaction(organization_id) as session:
        return view(catalogue.one(session, rows.Room, room_id))


def find(parts: Parts, organization_id: str, *, limit: int = 50, cursor: str | None = None) -> Page:
    return catalogue.find(parts, organization_id, rows.Room, limit=limit, cursor=cursor).mapped(view)


def update(
    parts: Parts,
    organization_id: str,
    room_id: str,
    changes: dict[str, Any],
    *,
    if_match: Collection[int] | None = None,
) -> dict[str, Any]:
    """Replace these fields; None takes an optional one away.

    Another calendar is a Conflict while bookings lie ahead.
    """
    with parts.database.transaction(organization_id) as session:
        row = catalogue.one(session, rows.Room, room_id, if_match=if_match, lock=True)
        if changes.get("calendar"):
            catalogue.move_to_calendar(session, parts, row, changes["calendar"])
        catalogue.change(session, row, _complete(changes))
        return view(row)


def delete(
    parts: Parts, organization_id: str, room_id: str, *, if_match: Collection[int] | None = None
) -> None:
    """Take a room off every list. Past bookings keep it; Conflict while some lie ahead."""
    with parts.database.transaction(organization_id) as session:
        row = catalogue.one(session, rows.Room, room_id, if_match=if_match, lock=True)
        catalogue.retire(session, parts, row)


def _complete(values: dict[str, Any]) -> dict[str, Any]:
    return values | {"metadata": values["metadata"] or {}} if "metadata" in values else values


def view(row: rows.Room) -> dict[str, Any]:
    return {
        "id": row.id,
        "external_id": row.external_id,
        "name": row.name,
        "capacity": row.capacity,
        "time_zone": row.time_zone,
        "calendar": row.calendar,
        "location": row.location,
        "metadata": row.metadata_,
        "_version": row.version,
    }
