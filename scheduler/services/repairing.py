# SPDX-License-Identifier: Apache-2.0
"""
Repairing what is booked: somebody else in every place that was lost, at the same time, for all bookings that
were hit together with the fewest changes; or a word to a person, with what could be done.

Times never move by themselves. Calendars are looked at and the solver thinks with no transaction open; then
each booking is written by itself, under the locks of a pick, and what lost a race is solved again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice, permutations
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import casts, rows
from scheduler.domain.errors import Conflict, SlotTaken, Unavailable
from scheduler.domain.options import Option, OptionSession, Panelist
from scheduler.domain.plans import Plan
from scheduler.services import bookings, changes, choices, hits, losses, organizations, problems, replacing
from scheduler.services.exchanging import CHANGED
from scheduler.services.filling import put_in
from scheduler.services.hits import Hit
from scheduler.services.insisting import TAKEN, insist
from scheduler.services.parts import SYSTEM, Parts
from scheduler.services.reserving import people_and_rooms, replace_reservations
from scheduler.solver.check import violations
from scheduler.solver.many.problem import AssignProblem
from scheduler.solver.problem import Problem

#: a worker that has not come back after this long is taken for lost, and the losses are taken again. Slow
#: calendars can make one repair last longer: two minutes after a crash everything is to be done all the same,
#: and two workers at one loss do no harm.
LEASE = timedelta(seconds=90)
#: so many tries without success are something a person should know
MOST_TRIES = 5
#: rounds of solving again what lost a race
ROUNDS = 3
#: seconds that the calendars may take, and that the solver may think; nobody waits in front of a screen
PATIENCE, SECONDS = 60.0, 30.0
#: calendars that cannot be read just now are waited for, but not for long: somebody has to come
WAIT, LONGEST_WAIT = timedelta(minutes=2), timedelta(minutes=15)
#: a candidate who is told of other people for the third time should hear the fourth from a person
MOST_TIMES = 3
#: who has prepared for somebody, and leaves home soon, is not surprised by a machine
NOT_WITHIN = timedelta(hours=24)
#: of whom to put in whose place so many are tried, each judged under the locks: five who come, in any order
MOST_WAYS = 120
TOO_SOON, TOO_OFTEN, NOBODY, UNREADABLE = "too_soon", "too_often", "nobody_can", "unreadable"


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """Whom the solver found, by booking, and the question they were found for."""

    problem: AssignProblem
    options: Mapping[str, Option]
    resources: Mapping[str, int]
    #: whether calendars could not be read, and will be again by themselves
    blind: bool

    def index(self, hit: Hit) -> int:
        return [item.id for item in self.problem.candidates].index(hit.booking_id)

    def asked(self, hit: Hit) -> tuple[OptionSession, ...]:
        """The places of the booking that could change hands."""
        booked = self.problem.candidates[self.index(hit)].booked
        return booked.sessions if booked else ()


def repair(parts: Parts, organization_id: str) -> None:
    """See to everything that the bookings of an organisation have lost and nobody has seen to. Safe to
    repeat, and to be done by two at once.
    """
    with parts.database.transaction(organization_id) as session:
        taken = _take(session, parts)
    if not taken:
        return
    parts.reach("repair.taken")
    blind = False
    for _ in range(ROUNDS):
        hit = _automatic(parts, organization_id, taken)
        if not hit:
            break
        answer = _solve(parts, organization_id, hit)
        parts.reach("repair.solved")
        blind = answer.blind
        if not _write_all(parts, organization_id, hit, answer):
            break
    _fill_one_by_one(parts, organization_id, taken)
    _leave(parts, organization_id, taken, blind=blind)


def _take(session: Session, parts: Parts) -> frozenset[str]:
    """The losses that wait, for a while nobody else's."""
    now = parts.now()
    query = (
        sa.select(rows.Loss)
        .where(rows.Loss.attempt_at <= now, rows.Loss.handled_at.is_(None), rows.Loss.resolved_at.is_(None))
        .order_by(rows.Loss.id)
        .with_for_update(skip_locked=True, key_share=True)
    )
    taken = list(session.scalars(query))
    for loss in taken:
        loss.attempts += 1
        loss.attempt_at = now + LEASE
    return frozenset(loss.id for loss in taken)


def _hits(session: Session, parts: Parts, taken: Iterable[str]) -> list[tuple[rows.Booking, Hit]]:
    """The bookings that these losses are of and still wait in, in the order of their ids."""
    query = (
        sa.select(rows.Booking)
        .where(rows.Booking.id.in_(sa.select(rows.Loss.booking_id).where(rows.Loss.id.in_(taken))))
        .order_by(rows.Booking.id)
    )
    found = ((booking, hits.of(session, booking, taken, parts.now())) for booking in session.scalars(query))
    return [(booking, hit) for booking, hit in found if hit is not None]


def _automatic(parts: Parts, organization_id: str, taken: Iterable[str]) -> list[Hit]:
    """Those that are repaired without asking anybody."""
    with parts.database.transaction(organization_id) as session:
        return [
            hit
            for booking, hit in _hits(session, parts, taken)
            if hit.plan.on_decline == "replace" and _limit(session, parts, booking, hit) is None
        ]


def _limit(session: Session, parts: Parts, booking: rows.Booking, hit: Hit) -> str | None:
    """What keeps the service from replacing anybody by itself."""
    if any(loss.attempts > MOST_TRIES for loss in hit.lost):
        return NOBODY
    if booking.start - parts.now() < NOT_WITHIN:
        return TOO_SOON
    made = sa.select(sa.func.count(rows.Event.at.distinct())).where(
        rows.Event.booking_id == booking.id,
        rows.Event.type.in_(("interviewer.replaced", "room.replaced")),
        rows.Event.actor == SYSTEM.name,
    )
    return TOO_OFTEN if (session.scalar(made) or 0) >= MOST_TIMES else None


def _solve(parts: Parts, organization_id: str, hit: Sequence[Hit]) -> _Answer:
    """Who comes, for all of them together, as calendars say now."""
    # Imported by whoever solves: the web process uses this package without ever loading OR-Tools.
    from scheduler.solver.many.assign import assign  # noqa: PLC0415

    with parts.database.transaction(organization_id) as session:
        cast = hits.cast_of(session, hit, parts.now())
        overbook = organizations.overbook(session, organization_id)
    looks = problems.look_now(parts, organization_id, cast, hits.span(hit), patience=PATIENCE)
    parts.reach("repair.looked")
    problem = hits.question(hit, cast, looks, parts.now(), overbook)
    return _Answer(
        problem=problem,
        options=assign(problem, seconds=SECONDS).options if problem.candidates else {},
        resources=dict(cast.resources),
        blind=any(look.passing for look in looks.values()),
    )


def _write_all(parts: Parts, organization_id: str, hit: Sequence[Hit], answer: _Answer) -> bool:
    """Write what was found, booking by booking; whether one of them lost a race.

    One may wait for another, where somebody changes from that to this: they are tried as long as one of them
    gets further.
    """
    left = [each for each in hit if each.booking_id in answer.options]
    while left:
        lost = [each for each in left if not _written(parts, organization_id, each, answer)]
        if len(lost) == len(left):
            return True
        left = lost
    return False


def _written(parts: Parts, organization_id: str, hit: Hit, answer: _Answer) -> bool:
    try:
        insist(lambda: _write(parts, organization_id, hit, answer))
    except SlotTaken:
        return False
    return True


def _write(parts: Parts, organization_id: str, hit: Hit, answer: _Answer) -> None:
    """One transaction: the candidate's row, the booking, all people and rooms in order; recount; change."""
    option, asked = answer.options[hit.booking_id], answer.asked(hit)
    with parts.database.transaction(organization_id) as session:
        booking = bookings.locked(session, hit.booking_id)
        if booking.version != hit.version:
            raise SlotTaken(TAKEN)
        locked = {id_: answer.resources[id_] for id_ in people_and_rooms(option)}
        casts.lock_resources(session, [*locked.values(), *changes.occupied_by(session, booking)])
        option = _settled(_present(session, parts, hit, answer, locked), asked, option)
        _change(session, parts, booking, asked, option)
        parts.reach("repair.written")


def _present(session: Session, parts: Parts, hit: Hit, answer: _Answer, locked: Mapping[str, int]) -> Problem:
    """What was asked about this booking, by what is booked now."""
    cast = casts.cast_for(
        session, hit.plan, hits.span([hit]), now=parts.now(), locked=locked, moving=hit.booking_id, bare=True
    )
    present = problems.as_of_now(answer.problem.problem(answer.index(hit)), cast)
    return hits.with_what_stays(present, hit, answer.asked(hit))


def _settled(problem: Problem, asked: Sequence[OptionSession], option: Option) -> Option:
    """The answer as it is written down: who comes takes the place of who goes, in the same role, and only
    where the seats could not be filled like that does somebody who stays take another. Raises SlotTaken where
    it is no answer any more.
    """
    if violations(problem, option):
        raise SlotTaken(TAKEN)
    before = {item.key: item for item in asked}
    for after in option.sessions:
        for panel in _in_their_places(before[after.key], after):
            sessions = tuple(panel if item.key == after.key else item for item in option.sessions)
            if not violations(problem, option.evolve(sessions=sessions)):
                option = option.evolve(sessions=sessions)
                break
    return option


def _in_their_places(before: OptionSession, after: OptionSession) -> Iterator[OptionSession]:
    """The ways for those who come to take the places of those who go."""
    going, coming = _exchanged(before, after)
    for order in islice(permutations(coming), MOST_WAYS):
        comes = {
            leaving.id: replace(leaving, id=person.id, name=person.name)
            for leaving, person in zip(going, order, strict=True)
        }
        yield replace(after, interviewers=tuple(comes.get(p.id, p) for p in before.interviewers))


def _change(
    session: Session,
    parts: Parts,
    booking: rows.Booking,
    asked: Sequence[OptionSession],
    option: Option,
) -> None:
    """All of it at one moment, by which it is known for one repair (`_limit`, and the oracle)."""
    moment = parts.now()
    parts = parts.evolve(now=lambda: moment)
    was, touched, said = booking.sessions, set[str](), list[str]()
    before = {item.key: item for item in asked}
    roles = {(item.key, person.id): person.role for item in option.sessions for person in item.interviewers}
    booking.sessions = [_with_roles(item, roles) for item in booking.sessions]
    for after in option.sessions:
        for leaving, comes in _swaps(before[after.key], after):
            said.append(put_in(session, parts, booking, after.key, leaving, comes, SYSTEM))
            touched |= {leaving.id, comes.id}
        room = before[after.key].room
        if room and after.room and after.room != room:
            said.append(put_in(session, parts, booking, after.key, room, after.room, SYSTEM))
            touched |= {room.id, after.room.id}
    replace_reservations(session, booking, Plan.from_json(booking.plan), only=touched)
    changes.tell(session, parts, booking, was, "panel_changed", who_for_whom="\n".join(said))


def _with_roles(item: dict[str, Any], roles: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    people = [{**p, "role": roles.get((item["key"], p["id"]), p["role"])} for p in item["interviewers"]]
    return {**item, "interviewers": people}


def _swaps(before: OptionSession, after: OptionSession) -> list[tuple[Panelist, Panelist]]:
    """Who goes, and who comes, in the same role where that can be."""
    going, coming = _exchanged(before, after)
    by_role = attrgetter("role")
    return list(zip(sorted(going, key=by_role), sorted(coming, key=by_role), strict=True))


def _exchanged(before: OptionSession, after: OptionSession) -> tuple[list[Panelist], list[Panelist]]:
    """Who goes, and who comes."""
    were, are = ({person.id for person in item.interviewers} for item in (before, after))
    going = [person for person in before.interviewers if person.id not in are]
    return going, [person for person in after.interviewers if person.id not in were]


def _fill_one_by_one(parts: Parts, organization_id: str, taken: Iterable[str]) -> None:
    """Where there was no answer for a booking as a whole, each lost place by itself: who stays, and could not
    be asked anew, keeps nobody from it.
    """
    for hit in _automatic(parts, organization_id, taken):
        for loss in hit.lost:
            with suppress(Conflict, Unavailable):  # nobody can: then a person hears of it
                _fill(parts, organization_id, hit, loss)


def _fill(parts: Parts, organization_id: str, hit: Hit, loss: rows.Loss) -> None:
    key, who = loss.session_key, loss.who

    def check(session: Session, booking: rows.Booking) -> None:
        """The place before it may have been the last, or somebody else's repair of this booking was."""
        if _limit(session, parts, booking, hit) is not None:
            raise Conflict(CHANGED, code="changed")

    ours = parts, organization_id, hit.booking_id
    if losses.owner_key(who) == "room_id":
        replacing.replace_room(*ours, session_key=key, room_id=who, actor=SYSTEM, check=check)
    else:
        replacing.replace_interviewer(*ours, session_key=key, interviewer_id=who, actor=SYSTEM, check=check)


def _leave(parts: Parts, organization_id: str, taken: Iterable[str], *, blind: bool) -> None:
    """What is not repaired goes to a person, each booking with what could be done; where calendars could not
    be read just now, a little later.
    """
    with parts.database.transaction(organization_id) as session:
        left = [
            (hit, _why_not(session, parts, booking, hit)) for booking, hit in _hits(session, parts, taken)
        ]
    for hit, why in left:
        if why == NOBODY and blind and _can_wait(parts, hit):
            _put_off(parts, organization_id, hit)
        else:
            _tell(parts, organization_id, hit, UNREADABLE if why == NOBODY and blind else why)


def _why_not(session: Session, parts: Parts, booking: rows.Booking, hit: Hit) -> str | None:
    """Why nobody was replaced; None: the plan does not wish it."""
    if hit.plan.on_decline != "replace":
        return None
    return _limit(session, parts, booking, hit) or NOBODY


def _can_wait(parts: Parts, hit: Hit) -> bool:
    return all(loss.found_at + LONGEST_WAIT > parts.now() for loss in hit.lost)


def _put_off(parts: Parts, organization_id: str, hit: Hit) -> None:
    with parts.database.transaction(organization_id) as session:
        booking = bookings.locked(session, hit.booking_id)
        for loss in losses.open_of(session, booking):
            if loss.id in {each.id for each in hit.lost} and loss.handled_at is None:
                loss.attempts, loss.attempt_at = 0, parts.now() + WAIT


def _tell(parts: Parts, organization_id: str, hit: Hit, why: str | None) -> None:
    hopeless = any(loss.attempts > 2 * MOST_TRIES for loss in hit.lost)
    found = {} if hopeless else choices.work_out(parts, organization_id, hit)
    with parts.database.transaction(organization_id) as session:
        booking = bookings.locked(session, hit.booking_id)
        waiting = [
            (loss, {**({"not_replaced": why} if why else {}), **found.get(loss.id, {})})
            for loss in losses.open_of(session, booking)
            if loss.id in {each.id for each in hit.lost} and loss.handled_at is None
        ]
        losses.leave_to_a_person(session, parts, booking, waiting)
        parts.reach("repair.left")
