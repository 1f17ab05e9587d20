# SPDX-License-Identifier: Apache-2.0
"""A pick: a time that somebody has chosen, and what it takes to keep it.

Look at the calendars of the people concerned again, with no transaction open; find seats for that time, the
option's own people first. Then, in the transaction that writes it down: lock, recount, seat, judge. The
exclusion constraint is the last lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calendars.values import Busy
from scheduler.db import casts, convert, rows
from scheduler.db.casts import Cast
from scheduler.domain import moves
from scheduler.domain.errors import SlotTaken, Unavailable
from scheduler.domain.intervals import Interval
from scheduler.domain.options import Option
from scheduler.domain.people import Candidate
from scheduler.domain.plans import Plan
from scheduler.services import organizations, problems, readings, snapshots, unreadable_mail
from scheduler.services.chosen import Choice
from scheduler.services.insisting import TAKEN
from scheduler.services.parts import Parts
from scheduler.services.readings import Look
from scheduler.services.reserving import people_and_rooms
from scheduler.services.standing import Standing
from scheduler.solver.check import violations
from scheduler.solver.problem import HELD, BusyBlock, Problem
from scheduler.solver.seating import seat

NOT_OFFERED = "That time is no longer on offer."
UNCHECKED = "It was booked while a calendar could not be read; please check that nothing stands in its way."
CLOSED = (
    "We cannot check the calendars for this time, and have told those who can mend it. Nothing is lost; "
    "please choose another time, or ask us."
)
#: seconds after which it may have been mended
MENDED = 600
BLIND = "We could not check the calendars just now. Nothing is lost; please try again in a moment."


class TakenWithOthers(SlotTaken):
    """That time has just been taken."""

    def __init__(self, options: list[dict[str, Any]], detail: str = TAKEN) -> None:
        super().__init__(detail)
        #: what can still be chosen, in the API's form
        self.options = options


class Crossed(SlotTaken):
    """That time has gone, by what calendars or people's own hours and limits say."""

    def __init__(self, options: frozenset[str]) -> None:
        super().__init__(TAKEN)
        #: ids of all that is on offer to the same candidate and has gone with it
        self.options = options


@dataclass(frozen=True, kw_only=True)
class Pick:
    """What somebody wants, as it was when they asked."""

    organization_id: str
    run_candidate_id: str
    option: Option
    plan: Plan
    window: Interval
    candidate: Candidate
    met: frozenset[str]
    cast: Cast
    policy: str
    #: how the organisation wants calendars to be read
    calendars: Mapping[str, Any]
    #: what could be overbooked when the options were made: what was offered is not refused for it
    overbook: tuple[str, ...]
    #: what was known of calendars then, by id
    known: Mapping[str, tuple[Busy, ...]]
    #: the booking that this time is to be the new one of; its old time stands in nobody's way
    moving: str | None = None


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Why a time cannot be had, in words, by our own rows."""

    detail: str
    #: what these rows say of everything on offer to the candidate, if they were asked
    standing: Standing | None = None
    #: ids of what else is known to have gone
    crossed: frozenset[str] = frozenset()

    @classmethod
    def after(cls, taken: SlotTaken) -> Refused:
        crossed = taken.options if isinstance(taken, Crossed) else frozenset[str]()
        return cls(detail=taken.detail, crossed=crossed)


def pick_of(session: Session, parts: Parts, choice: Choice, *, moving: str | None = None) -> Pick | Refused:
    """Refused: the option is not on offer any more, or our own bookings leave nobody for it. Then no calendar
    need be asked.
    """
    run, row = choice.run, choice.option
    if row.status not in moves.OPEN_OPTION or row.start <= parts.now():
        return Refused(detail=NOT_OFFERED)
    plan, option = Plan.from_json(run.plan), convert.option(row)
    holders = [choice.run_candidate.id]
    cast = casts.cast_for(
        session, plan, choice.span, now=parts.now(), moving=moving, holders=holders, bare=True
    )
    standing = Standing(plan, cast)
    if standing.of(option) is False:
        return Refused(detail=TAKEN, standing=standing)
    around = Interval(option.start, option.end)
    candidate = convert.candidate(choice.candidate)
    policy = choice.organization.policies.get("provider_down") or "refuse"
    window = Interval(run.window_start, run.window_end)
    return Pick(
        organization_id=run.organization_id,
        run_candidate_id=choice.run_candidate.id,
        option=option,
        plan=plan,
        # Where an interview may be moved to was settled when the options were made.
        window=around if moving else window,
        candidate=candidate,
        met=casts.people_met(session, candidate.id, except_run_candidate=choice.run_candidate.id),
        cast=casts.completed(session, cast, around, moving=moving),
        policy=policy,
        calendars=organizations.DEFAULTS["calendars"] | choice.organization.calendars,
        overbook=_overbook(session, choice, moving),
        known=_known(session, choice, around) if policy == "book_pending" else {},
        moving=moving,
    )


def _overbook(session: Session, choice: Choice, moving: str | None) -> tuple[str, ...]:
    if moving:  # fresh options come from what may be overbooked now
        return organizations.overbook(session, choice.organization.id)
    return snapshots.overbook_of(session, choice.run_candidate)


def _known(session: Session, choice: Choice, around: Interval) -> dict[str, tuple[Busy, ...]]:
    offered = snapshots.problem_of(session, choice.run_candidate)
    return _known_busy(offered, around) if offered else {}


def _known_busy(problem: Problem, around: Interval) -> dict[str, tuple[Busy, ...]]:
    """What was read for the options, where that reached so far: time that was not read is unknown."""

    def known(block: BusyBlock) -> Busy:
        # of the kind only what may be overbooked matters
        kind = block.kind if block.kind in problem.overbook else "busy"
        return Busy(block.during.start, block.during.end, kind)  # type: ignore[arg-type]  # as it was read

    if not (problem.calendars_read or problem.window).contains(around):
        return {}
    blocks = {person.id: person.busy for person in problem.interviewers}
    blocks |= {room.id: room.busy for room in problem.rooms}
    # What was held then may not be now.
    return {id_: tuple(known(b) for b in busy if b.kind != HELD) for id_, busy in blocks.items()}


def look_again(parts: Parts, pick: Pick) -> tuple[Problem, frozenset[str]]:
    """The question as the calendars answer it now, and who of it is known from earlier only.

    Of the option's own people when they can; else of everybody. Raises Crossed when our own bookings, and
    people as they are now, leave nobody after all, so that no calendar need be asked, and when the calendars
    leave nobody; Unavailable when those who might be free cannot be checked.
    """
    everybody = {owner.id for owner in pick.cast.owners}
    at_best = dict.fromkeys(everybody, Look(busy=()))
    if seat(_state(parts, pick, at_best, everybody), pick.option) is None:
        raise Crossed(_gone_at_best(parts, pick) | {pick.option.id})
    own = people_and_rooms(pick.option)
    looks = _look(parts, pick, own)
    problem = _state(parts, pick, looks, own)
    if seat(problem, pick.option) is None:
        looks = {**looks, **_look(parts, pick, everybody - own)}
        problem = _state(parts, pick, looks, everybody)
        if seat(problem, pick.option) is None:
            if seat(_state(parts, pick, _at_best(looks), everybody), pick.option) is not None:
                raise _unchecked(parts, pick, looks)
            raise Crossed(_gone_too(parts, pick) | {pick.option.id})
    parts.reach("pick.looked")
    return problem, frozenset(id_ for id_, look in looks.items() if look.stale)


def _look(parts: Parts, pick: Pick, ids: Iterable[str]) -> dict[str, Look]:
    ids = set(ids)
    owners = [owner for owner in pick.cast.owners if owner.id in ids]
    if not owners:
        return {}
    # A day on either side: whole-day events and buffers reach over the edges.
    around = Interval(pick.option.start, pick.option.end).padded(problems.A_DAY, problems.A_DAY)
    pending = pick.policy == "book_pending"
    looks = readings.read_all(
        parts,
        pick.organization_id,
        owners,
        around,
        patience=parts.patience,
        live=not pending,
        closely=pick.cast.closely,
        originals=pick.cast.originals,
        how=pick.calendars,
    )
    if not pending:
        return looks
    return {
        id_: Look(busy=pick.known[id_], known_at=parts.now())
        if not look.readable and id_ in pick.known
        else look
        for id_, look in looks.items()
    }


def _at_best(looks: Mapping[str, Look]) -> dict[str, Look]:
    """As it may be: who cannot be read is free."""
    return {id_: look if look.readable else Look(busy=()) for id_, look in looks.items()}


def _gone_at_best(parts: Parts, pick: Pick) -> frozenset[str]:
    """What else is on offer to the candidate, and cannot be had whatever calendars say: people may have
    other hours, limits or skills than when it was offered.
    """
    with parts.database.transaction(pick.organization_id) as session:
        others = [convert.option(row) for row in _others(session, pick)]
    if not others:
        return frozenset()
    everybody = {owner.id for owner in pick.cast.owners}
    problem = _state(parts, _for_all(pick, others), dict.fromkeys(everybody, Look(busy=())), everybody)
    return frozenset(other.id for other in others if seat(problem, other) is None)


def _for_all(pick: Pick, others: Sequence[Option]) -> Pick:
    """Where an interview may be moved to was settled when the options were made."""
    return replace(pick, window=_span(others)) if pick.moving else pick


def _span(options: Sequence[Option]) -> Interval:
    return Interval(min(option.start for option in options), max(option.end for option in options))


def _gone_too(parts: Parts, pick: Pick) -> frozenset[str]:
    """What else is on offer to the candidate, and cannot be had by what calendars say now."""
    with parts.database.transaction(pick.organization_id) as session:
        others = [convert.option(row) for row in _others(session, pick)]
        if not others:
            return frozenset()
        span = _span(others)
        cast = casts.cast_for(
            session, pick.plan, span, now=parts.now(), moving=pick.moving, holders=[pick.run_candidate_id]
        )
    looks = problems.look_now(parts, pick.organization_id, cast, span)
    within = replace(_for_all(pick, others), cast=cast)
    problem = _state(parts, within, _at_best(looks), {owner.id for owner in cast.owners})
    return frozenset(other.id for other in others if seat(problem, other) is None)


def _others(session: Session, pick: Pick) -> Iterable[rows.Option]:
    return session.scalars(
        sa.select(rows.Option).where(
            rows.Option.run_candidate_id == pick.run_candidate_id,
            rows.Option.status.in_(moves.OPEN_OPTION),
            rows.Option.id != pick.option.id,
        )
    )


def _unchecked(parts: Parts, pick: Pick, looks: Mapping[str, Look]) -> Unavailable:
    """Why nothing can be booked. What does not end by itself is told to those who can mend it."""
    closed = {id_: look.reason for id_, look in looks.items() if look.reason and not look.passing}
    with parts.database.transaction(pick.organization_id) as session:
        run_candidate = session.get_one(rows.RunCandidate, pick.run_candidate_id)
        run = session.get_one(rows.Run, run_candidate.run_id)
        for id_, reason in sorted(closed.items()):
            person = session.get(rows.Interviewer, id_)
            if person is not None:
                unreadable_mail.tell_owner(session, parts, person, reason, run=run)
            owner = person or session.get_one(rows.Room, id_)
            unreadable_mail.tell_contact(session, parts, run, owner, reason)
    if len(closed) < sum(not look.readable for look in looks.values()):
        return Unavailable(BLIND, code="calendars_unreadable")
    return Unavailable(CLOSED, code="calendars_unreadable", retry_after=MENDED)


def _state(parts: Parts, pick: Pick, looks: Mapping[str, Look], ids: set[str]) -> Problem:
    cast = replace(
        pick.cast,
        interviewers=tuple(person for person in pick.cast.interviewers if person.id in ids),
        rooms=tuple(room for room in pick.cast.rooms if room.id in ids),
    )
    problem = problems.state(
        pick.plan,
        pick.window,
        parts.now(),
        cast,
        looks,
        candidate=pick.candidate,
        met=pick.met,
        overbook=pick.overbook,
    )
    return problems.as_offered(problem)


def seat_under_lock(
    session: Session, parts: Parts, pick: Pick, problem: Problem, *, also: Iterable[int] = ()
) -> Option:
    """Lock people and rooms in order (`also`: further ones), recount, seat and judge. Raises SlotTaken."""
    considered = {person.id for person in problem.interviewers} | {room.id for room in problem.rooms}
    locked = {id_: pick.cast.resources[id_] for id_ in considered}
    casts.lock_resources(session, [*locked.values(), *also])
    window = Interval(pick.option.start, pick.option.end)
    cast = casts.cast_for(
        session,
        pick.plan,
        window,
        now=parts.now(),
        locked=locked,
        moving=pick.moving,
        holders=[pick.run_candidate_id],
        bare=True,
    )
    current = problems.as_of_now(problem, cast)
    seated = seat(current, pick.option)
    if seated is None:
        raise SlotTaken(TAKEN)
    broken = violations(current, seated)
    if broken:
        msg = f"the seating of {pick.option.id} breaks {', '.join(v.code for v in broken)}"
        raise AssertionError(msg)
    return seated
