# SPDX-License-Identifier: Apache-2.0
"""Fresh options for a booked interview: found while somebody waits, the same people first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import casts, convert, rows
from scheduler.db.casts import Cast
from scheduler.domain.errors import Conflict, Invalid, Unavailable
from scheduler.domain.intervals import Interval, parse_instant
from scheduler.domain.options import Option, OptionSession, Reason
from scheduler.domain.people import Candidate
from scheduler.domain.plans import Plan
from scheduler.services import bookings, moving, picks, problems, readings, solving, views
from scheduler.services.parts import Actor, Parts
from scheduler.solver.explain import explain_none
from scheduler.solver.live import found_at_once
from scheduler.solver.problem import MOST_OPTIONS, Problem

SAME_PEOPLE = Reason("same_people", "With the same people as before")
CHANGED = "The booking was changed meanwhile; please look again."
#: a run that names no window gets one that begins when it is asked for
AT_ONCE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class _Question:
    """Where a booking could be moved to."""

    plan: Plan
    window: Interval
    options: int
    candidate: Candidate
    met: frozenset[str]
    cast: Cast
    #: as it is now
    booked: Option


def find(
    parts: Parts,
    organization_id: str,
    booking_id: str,
    *,
    actor: Actor,
    window: dict[str, str] | None = None,
    options: int | None = None,
) -> dict[str, Any]:
    """Offer times that a booking could be moved to, in place of those offered before, and say why when there
    are none. The booking itself stays as it is.

    Raises NotFound, Conflict (it cannot be moved, or it changed meanwhile), Unavailable (no calendar could be
    read).
    """
    with parts.database.transaction(organization_id) as session:
        booking = bookings.row(session, booking_id)
        moving.refuse_unless_movable(session, parts, booking, actor)
        question = _question(session, parts, booking, window, options)
    problem = _problem(parts, organization_id, question)
    found = _found(problem, question)
    explanation = None if found else explain_none(problem).to_json()
    with parts.database.transaction(organization_id) as session:
        booking = bookings.locked(session, booking_id)
        moving.refuse_unless_movable(session, parts, booking, actor)
        if booking.option_id != question.booked.id:
            raise Conflict(CHANGED, code="changed")
        offered = _offer(session, booking, found)
        return {"data": [views.option(row) for row in offered], "explanation": explanation}


def _question(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    asked: dict[str, str] | None,
    options: int | None,
) -> _Question:
    run = session.get_one(rows.Run, booking.run_id)
    plan = Plan.from_json(booking.plan)
    window = _asked_window(asked, parts.now()) if asked else _usual_window(run, plan, parts.now())
    return _Question(
        plan=plan,
        window=window,
        options=options or run.options_wanted,
        candidate=convert.candidate(session.get_one(rows.Candidate, booking.candidate_id)),
        met=casts.people_met(session, booking.candidate_id, except_run_candidate=booking.run_candidate_id),
        cast=casts.cast_for(session, plan, window, moving=booking.id),
        booked=Option(
            id=booking.option_id,
            sessions=tuple(OptionSession.from_json(item) for item in booking.sessions),
        ),
    )


def _asked_window(asked: dict[str, str], now: datetime) -> Interval:
    window = Interval(parse_instant(asked["start"]), parse_instant(asked["end"]))
    if window.end <= now:
        raise Invalid.at("/window/end", "is in the past")
    return window


def _usual_window(run: rows.Run, plan: Plan, now: datetime) -> Interval:
    """The window that the run was given; the plan's horizon from now where it was given none."""
    horizon = timedelta(days=plan.horizon_days)
    given_none = run.window_end - run.window_start == horizon and run.created_at - run.window_start < AT_ONCE
    if given_none or run.window_end <= now:
        return Interval(now, now + horizon)
    return Interval(run.window_start, run.window_end)


def _problem(parts: Parts, organization_id: str, question: _Question) -> Problem:
    owners = question.cast.owners
    reach = problems.reach(question.plan, question.window, parts.now())
    looks = readings.read_all(parts, organization_id, owners, reach, patience=parts.patience)
    people = question.cast.interviewers
    if people and not any(looks[person.id].readable for person in people):
        raise Unavailable(picks.BLIND, code="calendars_unreadable")
    return problems.state(
        question.plan,
        question.window,
        parts.now(),
        question.cast,
        looks,
        candidate=question.candidate,
        met=question.met,
        # One more, since the present time may be among them.
        options=min(question.options + 1, MOST_OPTIONS),
    )


def _found(problem: Problem, question: _Question) -> list[Option]:
    """With the same people as far as there are enough such times, then with others at other times."""
    own = question.booked.people
    same = problem.evolve(interviewers=tuple(p for p in problem.interviewers if p.id in own))
    found = [_labelled(option) for option in _other_times(found_at_once(same), question.booked)]
    if len(found) < question.options:
        starts = {option.start for option in found}
        others = _other_times(found_at_once(problem), question.booked)
        found += [option for option in others if option.start not in starts]
    return found[: question.options]


def _other_times(options: tuple[Option, ...], booked: Option) -> list[Option]:
    now = {session.key: session.start for session in booked.sessions}
    return [o for o in options if {session.key: session.start for session in o.sessions} != now]


def _labelled(option: Option) -> Option:
    return option.evolve(reasons=(SAME_PEOPLE, *option.reasons))


def _offer(session: Session, booking: rows.Booking, found: list[Option]) -> list[rows.Option]:
    """Put these on offer instead of what was before; one that was among them keeps its id."""
    before = session.scalars(
        sa.select(rows.Option).where(
            rows.Option.run_candidate_id == booking.run_candidate_id,
            rows.Option.status.in_(("offered", "held")),
        )
    ).all()
    wanted = {option.sessions for option in found}
    kept: dict[tuple[OptionSession, ...], rows.Option] = {}
    for row in before:
        content = convert.option(row).sessions
        if content in wanted and content not in kept:
            kept[content] = row
        else:
            row.status = "withdrawn"
    run_candidate = session.get_one(rows.RunCandidate, booking.run_candidate_id)
    new = solving.add_options(session, run_candidate, tuple(o for o in found if o.sessions not in kept))
    there = kept | {convert.option(row).sessions: row for row in new}
    return [there[option.sessions] for option in found]
