# SPDX-License-Identifier: Apache-2.0
"""Fresh options, found while somebody waits: for a booked interview the same people first; before a booking
within the times that the candidate names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import casts, convert, rows
from scheduler.db.casts import Cast
from scheduler.domain import moves
from scheduler.domain.errors import Conflict, Invalid, Unavailable
from scheduler.domain.intervals import Interval, parse_instant
from scheduler.domain.moves import move
from scheduler.domain.options import Option, OptionSession, Reason
from scheduler.domain.people import Candidate, intervals_to_json
from scheduler.domain.plans import Plan
from scheduler.services import (
    bookings,
    erased,
    holding,
    moving,
    organizations,
    picks,
    problems,
    readings,
    run_mail,
    solving,
    views,
)
from scheduler.services.parts import CANDIDATE, SYSTEM, Actor, Parts
from scheduler.solver.explain import explain_no_other, explain_not_found
from scheduler.solver.live import found_at_once
from scheduler.solver.problem import MOST_OPTIONS, Problem

SAME_PEOPLE = Reason("same_people", "With the same people as before")
NOBODY_FREE = "Nobody is free at those times. They are noted"
TOLD = ", and a person has been told."
CHANGED = "The booking was changed meanwhile; please look again."
#: a run that names no window gets one that begins when it is asked for
AT_ONCE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class _Question:
    """When an interview could be, or be moved to."""

    plan: Plan
    window: Interval
    options: int
    candidate: Candidate
    met: frozenset[str]
    cast: Cast
    #: what may be overbooked
    overbook: tuple[str, ...]
    #: as it is now, if it is
    booked: Option | None


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
        present = booking.option_id
    problem = _problem(parts, organization_id, question)
    found = _found(problem, question)
    parts.reach("fresh.found")
    # Why there are none, and what would help, is for who can change it.
    explanation = None if found or actor == CANDIDATE else explain_no_other(problem).to_json()
    with parts.database.transaction(organization_id) as session:
        booking = bookings.locked(session, booking_id)
        moving.refuse_unless_movable(session, parts, booking, actor)
        if booking.option_id != present:
            raise Conflict(CHANGED, code="changed")
        offered = _offer(session, booking.run_candidate_id, found)
        parts.reach("fresh.stored")
        return {"data": [views.option(row) for row in offered], "explanation": explanation}


def times(parts: Parts, organization_id: str, booking_id: str, *, most: int) -> tuple[Interval, ...]:
    """When a booking could be instead, in order; nothing is put on offer. Raises as `find` does."""
    with parts.database.transaction(organization_id) as session:
        booking = bookings.row(session, booking_id)
        moving.refuse_unless_movable(session, parts, booking, SYSTEM)
        question = _question(session, parts, booking, None, most)
    found = _found(_problem(parts, organization_id, question), question)
    return tuple(sorted(Interval(option.start, option.end) for option in found))


def find_within(
    parts: Parts, organization_id: str, run_candidate_id: str, availability: Iterable[Interval]
) -> None:
    """Offer a candidate who has not chosen yet times within those they name, in place of those before.

    Where there are none those before stay, and the run's contact hears. Raises Conflict then, and when
    nothing is on offer; Unavailable.
    """
    with parts.database.transaction(organization_id) as session:
        run_candidate = _still_choosing(session, run_candidate_id)
        say_when(session, run_candidate.candidate_id, availability)
        question = _question_before(session, parts, run_candidate)
    problem = _problem(parts, organization_id, question)
    found = _found(problem, question)
    explanation = None if found else explain_not_found(problem).to_json()
    with parts.database.transaction(organization_id) as session:
        run_candidate = _still_choosing(session, run_candidate_id)
        run = session.get_one(rows.Run, run_candidate.run_id)
        if question.plan.holds:
            found = list(
                holding.left(session, parts, question.plan, {run_candidate_id: found})[run_candidate_id]
            )
        if found:
            if run_candidate.status != "offered":
                run_candidate.status = move(moves.RUN_CANDIDATE, "candidate", run_candidate.status, "offered")
            if question.plan.holds:
                holding.let_all_go(session, parts, run_candidate_id)
            _offer(session, run_candidate.id, found)
            run_candidate.explanation = None  # of times that they named before
            holding.keep(session, parts, run, [run_candidate])
        else:
            run_candidate.explanation = explanation or holding.NONE_LEFT.to_json()
            run_mail.tell_no_options(session, parts, run, run_candidate, named_times=True)
        told = TOLD if run.contact else "."
    if not found:
        raise Conflict(NOBODY_FREE + told, code="no_options")


def say_when(session: Session, candidate_id: str, availability: Iterable[Interval]) -> None:
    """Keep when a candidate could be there. Raises Gone for one who was erased."""
    candidate = session.get_one(rows.Candidate, candidate_id, with_for_update={"key_share": True})
    erased.refuse(session, candidate_id)
    said = intervals_to_json(tuple(availability))
    if candidate.availability != said:
        candidate.availability = said
        candidate.version += 1


def _still_choosing(session: Session, run_candidate_id: str) -> rows.RunCandidate:
    found = session.get_one(rows.RunCandidate, run_candidate_id, with_for_update={"key_share": True})
    if found.status not in ("offered", "infeasible"):
        status = found.status.replace("_", " ")
        raise Conflict(f"This interview is {status}; nothing can be chosen.", code="not_offered")
    erased.refuse(session, found.candidate_id)
    return found


def _question_before(session: Session, parts: Parts, run_candidate: rows.RunCandidate) -> _Question:
    run = session.get_one(rows.Run, run_candidate.run_id)
    plan, window = Plan.from_json(run.plan), Interval(run.window_start, run.window_end)
    return _Question(
        plan=plan,
        window=window,
        options=run.options_wanted,
        candidate=convert.candidate(session.get_one(rows.Candidate, run_candidate.candidate_id)),
        met=casts.people_met(session, run_candidate.candidate_id, except_run_candidate=run_candidate.id),
        cast=casts.cast_for(session, plan, window, now=parts.now(), holders=[run_candidate.id]),
        overbook=organizations.overbook(session, run.organization_id),
        booked=None,
    )


def _question(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    asked: dict[str, str] | None,
    options: int | None,
) -> _Question:
    run = session.get_one(rows.Run, booking.run_id)
    plan = Plan.from_json(booking.plan)
    window = _asked_window(asked, parts.now()) if asked else usual_window(run, plan, parts.now())
    return _Question(
        plan=plan,
        window=window,
        options=options or run.options_wanted,
        candidate=convert.candidate(session.get_one(rows.Candidate, booking.candidate_id)),
        met=casts.people_met(session, booking.candidate_id, except_run_candidate=booking.run_candidate_id),
        cast=casts.cast_for(session, plan, window, now=parts.now(), moving=booking.id),
        overbook=organizations.overbook(session, run.organization_id),
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


def usual_window(run: rows.Run, plan: Plan, now: datetime) -> Interval:
    """The window that the run was given; the plan's horizon from now where it was given none."""
    horizon = timedelta(days=plan.horizon_days)
    given_none = (
        run.window_end - run.window_start == horizon and abs(run.created_at - run.window_start) < AT_ONCE
    )
    if given_none or run.window_end <= now:
        return Interval(now, now + horizon)
    return Interval(run.window_start, run.window_end)


def _problem(parts: Parts, organization_id: str, question: _Question) -> Problem:
    cast = question.cast
    reach = problems.reach(question.plan, question.window, parts.now())
    looks = readings.read_all(
        parts,
        organization_id,
        cast.owners,
        reach,
        patience=parts.patience,
        closely=cast.closely,
        originals=cast.originals,
    )
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
        overbook=question.overbook,
        # One more, since the present time may be among them.
        options=min(question.options + 1, MOST_OPTIONS),
    )


def _found(problem: Problem, question: _Question) -> list[Option]:
    """With the same people as far as there are enough such times, then with others at other times."""
    booked = question.booked
    if booked is None:
        return list(found_at_once(problem))[: question.options]
    same = problem.evolve(interviewers=tuple(p for p in problem.interviewers if p.id in booked.people))
    found = [_labelled(option) for option in _other_times(found_at_once(same), booked)]
    if len(found) < question.options:
        starts = {option.start for option in found}
        others = _other_times(found_at_once(problem), booked)
        found += [option for option in others if option.start not in starts]
    return found[: question.options]


def _other_times(options: tuple[Option, ...], booked: Option) -> list[Option]:
    now = {session.key: session.start for session in booked.sessions}
    return [o for o in options if {session.key: session.start for session in o.sessions} != now]


def _labelled(option: Option) -> Option:
    return option.evolve(reasons=(SAME_PEOPLE, *option.reasons))


def _offer(session: Session, run_candidate_id: str, found: list[Option]) -> list[rows.Option]:
    """Put these on offer instead of what was before; one that was among them keeps its id."""
    before = session.scalars(
        sa.select(rows.Option).where(
            rows.Option.run_candidate_id == run_candidate_id,
            rows.Option.status.in_(moves.OPEN_OPTION),
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
    run_candidate = session.get_one(rows.RunCandidate, run_candidate_id)
    new = solving.add_options(session, run_candidate, tuple(o for o in found if o.sessions not in kept))
    there = kept | {convert.option(row).sessions: row for row in new}
    return [there[option.sessions] for option in found]
