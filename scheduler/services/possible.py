# SPDX-License-Identifier: Apache-2.0
"""Which of the offered options can still be chosen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from scheduler.db import casts, convert, rows
from scheduler.domain import moves
from scheduler.domain.intervals import Interval
from scheduler.domain.options import Option
from scheduler.services import problems, snapshots, views
from scheduler.services.parts import Parts
from scheduler.solver.problem import Problem
from scheduler.solver.seating import seat


def people_and_rooms(option: Option) -> set[str]:
    """The ids of everybody and every room of an option."""
    return {item.room.id for item in option.sessions if item.room} | set(option.people)


def still_possible(session: Session, parts: Parts, run_candidate: rows.RunCandidate) -> list[rows.Option]:
    """The offered options that nothing of ours has made impossible since they were made. After a booking:
    the times it could be moved to, in whose way it does not stand itself.

    An option all of whose people and rooms are still unoccupied stands. For the others the seats are worked
    out again, from the calendars as they were known and the bookings as they are now.
    """
    notice = timedelta(hours=session.get_one(rows.Run, run_candidate.run_id).plan["notice_hours"])
    earliest = parts.now() + notice
    offered = list(
        session.scalars(
            sa.select(rows.Option)
            .where(
                rows.Option.run_candidate_id == run_candidate.id,
                rows.Option.status.in_(moves.OPEN_OPTION),
                rows.Option.start >= earliest,
            )
            .order_by(rows.Option.start, rows.Option.position)
        )
    )
    moving = _booked(session, run_candidate)
    crossed = _crossed(session, parts, offered, moving) if offered else set()
    snapshot = snapshots.problem_of(session, run_candidate) if crossed else None
    if snapshot is None:
        return offered
    problem = _present_problem(session, parts, snapshot, offered, moving)
    return [row for row in offered if row.id not in crossed or seat(problem, convert.option(row)) is not None]


def _booked(session: Session, run_candidate: rows.RunCandidate) -> str | None:
    if run_candidate.status != "booked":
        return None
    return session.scalar(
        sa.select(rows.Booking.id).where(
            rows.Booking.run_candidate_id == run_candidate.id, rows.Booking.status != "cancelled"
        )
    )


def _crossed(session: Session, parts: Parts, offered: list[rows.Option], moving: str | None) -> set[str]:
    """Options at least one of whose people or rooms is occupied near the option, or held for others."""
    ids = {id_ for row in offered for id_ in people_and_rooms(convert.option(row))}
    resources = {
        id_: resource_id
        for table in (rows.Interviewer, rows.Room)
        for id_, resource_id in session.execute(
            sa.select(table.id, table.resource_id).where(table.id.in_(ids))
        )
    }
    whole = Range(
        min(row.start for row in offered) - casts.MARGIN, max(row.end for row in offered) + casts.MARGIN
    )
    booked = sa.select(rows.Reservation.resource_id).where(
        rows.Reservation.resource_id.in_(resources.values()), casts.occupied(whole, but_for=moving)
    )
    held = sa.select(rows.Hold.resource_id).where(
        rows.Hold.resource_id.in_(resources.values()),
        rows.Hold.during.op("&&")(whole),
        casts.in_the_way(parts.now(), but_for=[offered[0].run_candidate_id]),
    )
    taken = set(session.scalars(booked.union(held)))
    gone = ids - resources.keys()
    # A limit per week can be used up by an interview days away: any interview nearby calls for a second look.
    touched = {id_ for id_, resource_id in resources.items() if resource_id in taken} | gone
    return {row.id for row in offered if people_and_rooms(convert.option(row)) & touched}


def _present_problem(
    session: Session, parts: Parts, problem: Problem, offered: list[rows.Option], moving: str | None
) -> Problem:
    run_candidate_id = offered[0].run_candidate_id
    around = Interval(min(row.start for row in offered), max(row.end for row in offered))
    cast = casts.cast_for(
        session, problem.plan, around, now=parts.now(), moving=moving, holders=[run_candidate_id]
    )
    # A move may go further than the run's own window.
    window = around if moving else problem.window
    return problems.as_of_now(problem.evolve(now=parts.now(), window=window), cast)


def still_possible_views(
    session: Session, parts: Parts, run_candidate: rows.RunCandidate
) -> list[dict[str, Any]]:
    return [views.option(row) for row in still_possible(session, parts, run_candidate)]
