# SPDX-License-Identifier: Apache-2.0
"""What interviewers, rooms, plans and candidates have in common: ids, lists, versions, external ids."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from scheduler.db import casts, pages, rows
from scheduler.db.pages import Page
from scheduler.domain.errors import Conflict, NotFound, Stale
from scheduler.services.parts import Parts
from scheduler.services.wanted import INVITING

#: attributes that may not be called like their column
ATTRIBUTES = {"metadata": "metadata_"}


def standing(table: type[rows.Base]) -> sa.Select[Any]:
    """Everything of this kind that has not been deleted."""
    query = sa.select(table)
    deleted_at = getattr(table, "deleted_at", None)
    return query if deleted_at is None else query.where(deleted_at.is_(None))


def one(
    session: Session, table: Any, id_: str, *, if_match: Collection[int] | None = None, lock: bool = False
) -> Any:
    """The row with this id. Raises NotFound, or Stale when it is no longer the version somebody looked at."""
    query = standing(table).where(table.id == id_)
    if lock:  # as it is now, whatever was read before
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    row = session.scalar(query)
    if row is None:
        raise NotFound(f"There is no such {table.__name__.lower()}.")
    if if_match is not None and row.version not in if_match:
        raise Stale
    return row


def find(parts: Parts, organization_id: str, table: Any, *, limit: int, cursor: str | None) -> Page:
    with parts.database.transaction(organization_id) as session:
        return pages.page(session, standing(table), table, limit=limit, cursor=cursor)


def put(row: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, ATTRIBUTES.get(name, name), value)


def change(session: Session, row: Any, values: dict[str, Any]) -> None:
    """Set these values; the version rises when one of them is new."""
    put(row, values)
    if session.is_modified(row):
        row.version += 1
    with external_id_taken_is_a_conflict():
        session.flush()


def add(session: Session, row: Any) -> None:
    session.add(row)
    with external_id_taken_is_a_conflict():
        session.flush()


@contextmanager
def external_id_taken_is_a_conflict() -> Iterator[None]:
    """Let the database's unique constraint decide, so that two at once cannot both be right."""
    try:
        yield
    except sa.exc.IntegrityError as error:
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
        if constraint.endswith("external_id"):
            raise Conflict("This external_id is in use already.", code="external_id_taken") from error
        raise


def resource_for(session: Session, organization_id: str, calendar: dict[str, str]) -> int:
    """The id under which bookings lock and occupy this calendar, and whoever it belongs to. A mailbox is the
    same in capitals.
    """
    provider, address = calendar["provider"], calendar["address"]
    there = rows.Resource.address == address
    if provider in INVITING:
        address = address.lower()
        there = sa.func.lower(rows.Resource.address) == address
    wanted = {"organization_id": organization_id, "provider": provider, "address": address}
    query = sa.select(rows.Resource.id).where(rows.Resource.provider == provider, there)
    found = session.scalar(query.order_by(rows.Resource.id).limit(1))
    if found is None:
        session.execute(insert(rows.Resource).values(**wanted).on_conflict_do_nothing())
        found = session.scalars(query).one()
    return found


def move_to_calendar(
    session: Session, parts: Parts, row: rows.Interviewer | rows.Room, calendar: dict[str, str]
) -> None:
    """Let somebody's interviews be written elsewhere from now on. Conflict while bookings lie ahead."""
    resource_id = resource_for(session, row.organization_id, calendar)
    if resource_id == row.resource_id:
        return
    casts.lock_resources(session, [row.resource_id, resource_id])
    refuse_while_booked(session, parts, row)
    _take_along(session, row, resource_id)
    row.resource_id = resource_id


def _take_along(session: Session, row: rows.Interviewer | rows.Room, resource_id: int) -> None:
    """What somebody has held counts in their limits and load wherever their calendar is, and what is held of
    their time stays held. Others may have the same calendar: theirs stays where it is.
    """
    sits: dict[str, Any] = {"interviewers": [{"id": row.id}]}
    theirs = [sits if isinstance(row, rows.Interviewer) else {"room": {"id": row.id}}]
    bookings = sa.select(rows.Booking.id).where(rows.Booking.sessions.contains(theirs))
    options = sa.select(rows.Option.id).where(rows.Option.sessions.contains(theirs))
    there = aliased(rows.Reservation)
    taken = sa.exists().where(
        there.resource_id == resource_id,
        there.state.in_(rows.OCCUPYING),
        there.during.op("&&")(rows.Reservation.during),
    )
    session.execute(
        sa.update(rows.Reservation)
        .where(
            rows.Reservation.resource_id == row.resource_id,
            rows.Reservation.state.in_(rows.OCCUPYING),
            rows.Reservation.booking_id.in_(bookings),
            ~taken,
        )
        .values(resource_id=resource_id)
    )
    session.execute(
        sa.update(rows.Hold)
        .where(rows.Hold.resource_id == row.resource_id, rows.Hold.option_id.in_(options))
        .values(resource_id=resource_id)
    )


def refuse_while_booked(session: Session, parts: Parts, row: rows.Interviewer | rows.Room) -> None:
    """Raises Conflict while bookings lie ahead.

    Whoever books holds the lock of the resource, so no booking can slip in behind the question.
    """
    casts.lock_resources(session, [row.resource_id])
    ahead = sa.exists().where(
        rows.Reservation.resource_id == row.resource_id,
        rows.Reservation.state.in_(rows.OCCUPYING),
        sa.func.upper(rows.Reservation.during) > parts.now(),
    )
    if session.scalar(sa.select(ahead)):
        raise Conflict(
            f"There are bookings ahead with this {type(row).__name__.lower()}.", code="has_bookings"
        )


def retire(session: Session, parts: Parts, row: rows.Interviewer | rows.Room) -> None:
    """Hide an interviewer or room for good. Raises Conflict while bookings lie ahead."""
    refuse_while_booked(session, parts, row)
    put(row, {"deleted_at": parts.now(), "external_id": None, "version": row.version + 1})
