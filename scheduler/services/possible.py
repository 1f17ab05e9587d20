# SPDX-License-Identifier: Apache-2.0
"""Which of the offered options can still be chosen."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import casts, convert, rows
from scheduler.domain import moves
from scheduler.domain.intervals import Interval
from scheduler.domain.plans import Plan
from scheduler.services import problems, snapshots
from scheduler.services.parts import Parts
from scheduler.services.standing import Standing
from scheduler.solver.seating import seat


def still_possible(
    session: Session, parts: Parts, run_candidate: rows.RunCandidate, standing: Standing | None = None
) -> list[rows.Option]:
    """The offered options that nothing of ours has made impossible since they were made. After a booking:
    the times it could be moved to, in whose way it does not stand itself.

    Where our bookings alone do not tell, the seats are worked out again, from the calendars as they were
    known and the bookings as they are now. `standing`: what our own rows said of all that is on offer a
    moment ago, if they were asked.
    """
    plan = _plan_of(session, run_candidate)
    offered = in_time(session, parts, run_candidate)
    if not offered:
        return []
    moving = _booked(session, run_candidate)
    around = Interval(min(row.start for row in offered), max(row.end for row in offered))
    if standing is None:
        holders = [run_candidate.id]
        cast = casts.cast_for(
            session, plan, around, now=parts.now(), moving=moving, holders=holders, bare=True
        )
        standing = Standing(plan, cast)
    verdicts = {row.id: standing.of(convert.option(row)) for row in offered}
    unclear = [row for row in offered if verdicts[row.id] is None]
    snapshot = snapshots.problem_of(session, run_candidate) if unclear else None
    if snapshot is not None:
        # A move may go further than the run's own window.
        window = around if moving else snapshot.window
        asked = problems.as_offered(snapshot.evolve(now=parts.now(), window=window))
        problem = problems.as_of_now(asked, standing.cast)
        verdicts |= {row.id: seat(problem, convert.option(row)) is not None for row in unclear}
    return [row for row in offered if verdicts[row.id] is not False]


def in_time(session: Session, parts: Parts, run_candidate: rows.RunCandidate) -> list[rows.Option]:
    """The offered options that the plan's notice still leaves, whatever others have taken meanwhile."""
    notice = timedelta(hours=_plan_of(session, run_candidate).notice_hours)
    query = _offered(run_candidate).where(rows.Option.start >= parts.now() + notice)
    return list(session.scalars(query.order_by(rows.Option.start, rows.Option.position)))


def last_chance(session: Session, run_candidate: rows.RunCandidate) -> datetime | None:
    """Until when the last of the offered options can be chosen, or could be."""
    last = max((row.start for row in session.scalars(_offered(run_candidate))), default=None)
    return last and last - timedelta(hours=_plan_of(session, run_candidate).notice_hours)


def _offered(run_candidate: rows.RunCandidate) -> sa.Select[rows.Option]:
    return sa.select(rows.Option).where(
        rows.Option.run_candidate_id == run_candidate.id, rows.Option.status.in_(moves.OPEN_OPTION)
    )


def _plan_of(session: Session, run_candidate: rows.RunCandidate) -> Plan:
    return Plan.from_json(session.get_one(rows.Run, run_candidate.run_id).plan)


def _booked(session: Session, run_candidate: rows.RunCandidate) -> str | None:
    if run_candidate.status != "booked":
        return None
    return session.scalar(
        sa.select(rows.Booking.id).where(
            rows.Booking.run_candidate_id == run_candidate.id, rows.Booking.status != "cancelled"
        )
    )
