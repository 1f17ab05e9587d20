# SPDX-License-Identifier: Apache-2.0
"""Candidates: the people interviews are for. Nothing here ranks them, and there is no field for it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.db.pages import Page
from scheduler.domain import moves
from scheduler.domain.errors import Conflict, Invalid
from scheduler.domain.ids import new_id
from scheduler.services import catalogue, views
from scheduler.services.parts import Parts

OPTIONAL = ("external_id", "phone", "time_zone", "locale", "availability", "metadata")


def create(parts: Parts, organization_id: str, data: dict[str, Any]) -> dict[str, Any]:
    """Add a candidate. Raises Conflict for an external_id in use."""
    with parts.database.transaction(organization_id) as session:
        row = rows.Candidate(**_new(parts, organization_id))
        catalogue.put(row, _complete(dict.fromkeys(OPTIONAL) | data))
        catalogue.add(session, row)
        return view(row)


def get(parts: Parts, organization_id: str, candidate_id: str) -> dict[str, Any]:
    with parts.database.transaction(organization_id) as session:
        return view(catalogue.one(session, rows.Candidate, candidate_id))


def find(parts: Parts, organization_id: str, *, limit: int = 50, cursor: str | None = None) -> Page:
    return catalogue.find(parts, organization_id, rows.Candidate, limit=limit, cursor=cursor).mapped(view)


def update(
    parts: Parts,
    organization_id: str,
    candidate_id: str,
    changes: dict[str, Any],
    *,
    if_match: Collection[int] | None = None,
) -> dict[str, Any]:
    """Replace these fields; None takes an optional one away."""
    with parts.database.transaction(organization_id) as session:
        row = catalogue.one(session, rows.Candidate, candidate_id, if_match=if_match, lock=True)
        catalogue.change(session, row, _complete(changes))
        return view(row)


def delete(
    parts: Parts, organization_id: str, candidate_id: str, *, if_match: Collection[int] | None = None
) -> None:
    """Remove a candidate, or hide one whom past runs tell of. Conflict while something lies ahead."""
    with parts.database.transaction(organization_id) as session:
        row = catalogue.one(session, rows.Candidate, candidate_id, if_match=if_match, lock=True)
        _refuse_while_something_lies_ahead(session, parts, candidate_id)
        told_of = sa.exists().where(rows.RunCandidate.candidate_id == candidate_id)
        if session.scalar(sa.select(told_of)):
            catalogue.put(row, {"deleted_at": parts.now(), "external_id": None, "version": row.version + 1})
        else:
            session.execute(sa.delete(rows.Candidate).where(rows.Candidate.id == candidate_id))


def _refuse_while_something_lies_ahead(session: Session, parts: Parts, candidate_id: str) -> None:
    booked = sa.exists().where(
        rows.Booking.candidate_id == candidate_id,
        rows.Booking.status.in_(moves.ACTIVE_BOOKING),
        rows.Booking.end > parts.now(),
    )
    if session.scalar(sa.select(booked)):
        raise Conflict("There are bookings ahead with this candidate.", code="has_bookings")
    asked = sa.exists().where(
        rows.RunCandidate.candidate_id == candidate_id, rows.RunCandidate.status.in_(("waiting", "offered"))
    )
    if session.scalar(sa.select(asked)):
        raise Conflict("A run is under way for this candidate; cancel it first.", code="has_runs")


def upsert(
    session: Session, parts: Parts, organization_id: str, fields: dict[str, Any], *, pointer: str
) -> rows.Candidate:
    """The candidate a run asks for: named by id, else known by external_id and brought up to date, else
    new.

    Raises Invalid, with `pointer` before the place of the error.
    """
    if "id" in fields:
        return _named(session, fields["id"], pointer)
    if fields.get("external_id") is not None:
        row = _known_or_new(session, parts, organization_id, fields)
        catalogue.change(session, row, _complete(fields))
        return row
    row = rows.Candidate(**_new(parts, organization_id))
    catalogue.put(row, _complete(dict.fromkeys(OPTIONAL) | fields))
    catalogue.add(session, row)
    return row


def _known_or_new(
    session: Session, parts: Parts, organization_id: str, fields: dict[str, Any]
) -> rows.Candidate:
    """Whoever has this external_id, locked."""
    known = sa.select(rows.Candidate).where(rows.Candidate.external_id == fields["external_id"])
    row: rows.Candidate | None = None
    while row is None:  # who had it may lose it between the two: deleted, or erased
        made = insert(rows.Candidate).values(_new_values(parts, organization_id, fields))
        session.execute(made.on_conflict_do_nothing(index_elements=["organization_id", "external_id"]))
        row = session.scalar(known.with_for_update(key_share=True))
    return row


def _named(session: Session, candidate_id: str, pointer: str) -> rows.Candidate:
    # The lock holds off a deletion, or an erasure, until the run that asks is written down.
    query = catalogue.standing(rows.Candidate).where(rows.Candidate.id == candidate_id)
    row: rows.Candidate | None = session.scalar(query.with_for_update(read=True))
    if row is None:
        raise Invalid.at(f"{pointer}/id", "there is no such candidate")
    return row


def _new(parts: Parts, organization_id: str) -> dict[str, Any]:
    return {
        "id": new_id("cand"),
        "organization_id": organization_id,
        "version": 1,
        "created_at": parts.now(),
    }


def _new_values(parts: Parts, organization_id: str, fields: dict[str, Any]) -> dict[Any, Any]:
    values = _new(parts, organization_id) | _complete(dict.fromkeys(OPTIONAL) | fields)
    return {getattr(rows.Candidate, catalogue.ATTRIBUTES.get(name, name)): v for name, v in values.items()}


def _complete(values: dict[str, Any]) -> dict[str, Any]:
    """The same fields; where None cannot be kept, what stands for nothing."""
    nothing: dict[str, Any] = {"availability": [], "metadata": {}}
    return {name: nothing.get(name) if value is None else value for name, value in values.items()}


def view(row: rows.Candidate) -> dict[str, Any]:
    return {**views.candidate(row), "_version": row.version}
