# SPDX-License-Identifier: Apache-2.0
"""
Bookings that have lost somebody, or a room, and what the solver is asked about all of them together: who else
could hold which place, times staying as they are, with as few changes as can be.

Who stays, and would be found wanting if they were asked anew (their working hours have changed, a meeting
touches their buffer), stays all the same: nobody has complained. Their places are left out of the question.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time

from sqlalchemy.orm import Session

from scheduler.db import casts, convert, rows
from scheduler.db.casts import Cast
from scheduler.db.own_entries import OwnEntry
from scheduler.domain.intervals import Interval
from scheduler.domain.moves import ACTIVE_BOOKING
from scheduler.domain.options import Option, OptionSession, Panelist
from scheduler.domain.people import Candidate
from scheduler.domain.plans import Gap, Plan, Seat
from scheduler.domain.plans import Session as PlannedSession
from scheduler.services import asking, losses, places, problems
from scheduler.services.readings import Look
from scheduler.solver.many.problem import REPAIR, AssignProblem, PlannedCandidate
from scheduler.solver.problem import (
    BookedInterview,
    BusyBlock,
    CandidateFacts,
    InterviewerFacts,
    Problem,
    RoomFacts,
    Weights,
)

#: the one with the fewest interviews comes; preferred hours decide between equals
WEIGHTS = replace(Weights(), preferred_hours=1)
#: wall times: the hours a candidate once gave are kept with the time that stands
ALL_DAY = (time(0), time(0))

#: somebody, or a room, when they are there, and in which session of the plan
_Pin = tuple[str, Interval, PlannedSession]


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A booking that has lost something, as it was when that was looked at."""

    booking_id: str
    version: int
    plan: Plan
    candidate: Candidate
    #: people of the candidate's other interviews
    met: frozenset[str]
    #: all of them, and those that have not begun
    sessions: tuple[OptionSession, ...]
    ahead: tuple[OptionSession, ...]
    #: what waits to be repaired
    lost: tuple[rows.Loss, ...]
    #: ids of those who hold a place only until a person has found somebody else
    given_up: frozenset[tuple[str, str]]
    #: by session, who has declined it at this time
    turned_down: Mapping[str, frozenset[str]]

    @property
    def gone(self) -> frozenset[tuple[str, str]]:
        """(session, id) of whoever, or whatever, is lost."""
        return frozenset((loss.session_key, loss.who) for loss in self.lost)


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What is asked about one session of a hit: its places that may change hands."""

    booked: OptionSession
    planned: PlannedSession


def of(session: Session, booking: rows.Booking, ids: Iterable[str], now: datetime) -> Hit | None:
    """The booking as far as these losses still wait to be repaired; None when none does."""
    ids = frozenset(ids)
    known = losses.open_of(session, booking)
    waiting = tuple(loss for loss in known if loss.id in ids and loss.handled_at is None)
    if not waiting or booking.status not in ACTIVE_BOOKING:
        return None
    sessions = tuple(OptionSession.from_json(item) for item in booking.sessions)
    return Hit(
        booking_id=booking.id,
        version=booking.version,
        plan=Plan.from_json(booking.plan),
        candidate=convert.candidate(session.get_one(rows.Candidate, booking.candidate_id)),
        met=casts.people_met(session, booking.candidate_id, except_run_candidate=booking.run_candidate_id),
        sessions=sessions,
        ahead=tuple(item for item in sessions if item.start > now),
        lost=waiting,
        given_up=frozenset((loss.session_key, loss.who) for loss in known if loss not in waiting),
        turned_down={item.key: losses.turned_down(session, booking, item) for item in sessions},
    )


def cast_of(session: Session, hits: Sequence[Hit], now: datetime) -> Cast:
    """Everybody who could take part in any of them; what they hold in these bookings stands in nobody's
    way.
    """
    window = span(hits)
    moving = frozenset(hit.booking_id for hit in hits)
    plans = dict.fromkeys(hit.plan for hit in hits)
    return _together([casts.cast_for(session, plan, window, now=now, moving=moving) for plan in plans])


def _together(found: Sequence[Cast]) -> Cast:
    """One cast of several. Of several records of one calendar the first, as in each of them."""
    resources: dict[str, int] = {}
    for cast in found:
        taken = set(resources.values())
        resources |= {id_: number for id_, number in cast.resources.items() if number not in taken}
    people = {p.id: p for cast in found for p in cast.interviewers if p.id in resources}
    rooms = {r.id: r for cast in found for r in cast.rooms if r.id in resources}
    return Cast(
        interviewers=tuple(people[id_] for id_ in sorted(people)),
        rooms=tuple(rooms[id_] for id_ in sorted(rooms)),
        resources=resources,
        booked={id_: busy for cast in found for id_, busy in cast.booked.items()},
        load={id_: load for cast in found for id_, load in cast.load.items()},
        own_entries=_entries_of(found),
        held={id_: held for cast in found for id_, held in cast.held.items()},
        closely=frozenset().union(*(cast.closely for cast in found)),
        originals=frozenset().union(*(cast.originals for cast in found)),
        holds=frozenset().union(*(cast.holds for cast in found)),
    )


def _entries_of(found: Sequence[Cast]) -> dict[str, OwnEntry]:
    """Each cast knows of an entry what stands in the calendars of its own people."""
    entries: dict[str, OwnEntry] = {}
    for uid, entry in (pair for cast in found for pair in cast.own_entries.items()):
        known = entries.get(uid, entry)
        entries[uid] = replace(entry, calendars=entry.calendars | known.calendars)
    return entries


def span(hits: Sequence[Hit]) -> Interval:
    """From the first session ahead to the last."""
    during = [item.interval for hit in hits for item in hit.ahead]
    return Interval(min(each.start for each in during), max(each.end for each in during))


def question(
    hits: Sequence[Hit],
    cast: Cast,
    looks: Mapping[str, Look],
    now: datetime,
    overbook: tuple[str, ...] = (),
) -> AssignProblem:
    """What the solver is asked. The candidates of it are the hits, under the ids of their bookings; one in
    which nothing can be asked about a loss is left out.
    """
    base = problems.state(hits[0].plan, span(hits), now, cast, looks, candidate=None, overbook=overbook)
    base = _without_the_lost(base, hits)
    parts = {hit.booking_id: _parts(hit, base) for hit in hits}
    held = [pin for hit in hits for pin in _pins(hit, [part.booked for part in parts[hit.booking_id]])]
    base = _with_pins(base, held)
    return AssignProblem(
        ask=REPAIR,
        candidates=tuple(
            _candidate(hit, parts[hit.booking_id], now) for hit in hits if _covers(parts[hit.booking_id], hit)
        ),
        window=base.window,
        now=now,
        interviewers=base.interviewers,
        rooms=base.rooms,
        unreadable=base.unreadable,
        overbook=base.overbook,
        seed=asking.seed_of(" ".join(sorted(hit.booking_id for hit in hits))),
        weights=WEIGHTS,
    )


def _without_the_lost(base: Problem, hits: Sequence[Hit]) -> Problem:
    """Whoever is lost, or has declined before, is busy at that time."""
    more: dict[str, list[BusyBlock]] = defaultdict(list)
    for hit in hits:
        for item in hit.ahead:
            gone = {who for key, who in hit.gone if key == item.key}
            for who in gone | hit.turned_down[item.key]:
                more[who].append(BusyBlock(item.interval))
    return base.evolve(
        interviewers=tuple(replace(p, busy=(*p.busy, *more[p.id])) for p in base.interviewers),
        rooms=tuple(replace(r, busy=(*r.busy, *more[r.id])) for r in base.rooms),
    )


def _parts(hit: Hit, base: Problem) -> tuple[_Part, ...]:
    return tuple(part for item in hit.ahead if (part := _part(hit, item, base)) is not None)


def _part(hit: Hit, item: OptionSession, base: Problem) -> _Part | None:
    """The session with the places that may change hands; None: none may."""
    planned = hit.plan.session(item.key)
    panel = [person for person in item.interviewers if not person.optional]
    seats = _seats_of(planned, panel, base)
    if seats is None:
        return None
    free = [p for p in panel if (item.key, p.id) in hit.gone or _may_change(hit, item, planned, p, base)]
    pinned = [number for person, number in zip(panel, seats, strict=True) if person not in free]
    asked = tuple(
        replace(seat, count=left)
        for number, seat in enumerate(planned.seats)
        if not seat.optional and (left := seat.count - pinned.count(number)) > 0
    )
    if not asked:
        return None
    room_lost = item.room is not None and (item.key, item.room.id) in hit.gone
    return _Part(
        booked=replace(item, interviewers=tuple(free), room=item.room if room_lost else None),
        planned=replace(
            planned, seats=asked, room_capacity=planned.room_capacity if room_lost else None, after=()
        ),
    )


def _seats_of(planned: PlannedSession, panel: Sequence[Panelist], base: Problem) -> tuple[int, ...] | None:
    """The seat of each panelist, one they are qualified for where that can be; None: they fit no longer."""
    pools = [{person.id for person in base.pool(seat)} for seat in planned.seats]
    alike = [[n for n, seat in enumerate(planned.seats) if _is_like(seat, person)] for person in panel]
    return min(
        _ways(alike, [seat.count for seat in planned.seats]),
        key=lambda chosen: sum(p.id not in pools[n] for p, n in zip(panel, chosen, strict=True)),
        default=None,
    )


def _ways(alike: Sequence[Sequence[int]], left: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every way to give each person one of the seats like theirs, `left` being how many each seat takes."""
    if not alike:
        yield ()
        return
    for number in alike[0]:
        if left[number]:
            less = [count - (n == number) for n, count in enumerate(left)]
            yield from ((number, *rest) for rest in _ways(alike[1:], less))


def _is_like(seat: Seat, person: Panelist) -> bool:
    return (seat.role, seat.optional) == (person.role, person.optional)


def _may_change(
    hit: Hit, item: OptionSession, planned: PlannedSession, person: Panelist, base: Problem
) -> bool:
    """Whether somebody who stays is as good as new in their place, and so part of the question."""
    facts = base.interviewer(person.id)
    if facts is None or (item.key, person.id) in hit.given_up:
        return False
    if not any(person.id in {p.id for p in base.pool(seat)} for seat in planned.seats):
        return False
    alone = places.alone_at(hit.plan, planned, person.role, frozenset({person.id}), item.end, base.now)
    problem = base.evolve(plan=alone, window=item.interval)
    return places.seated_alone(problem, item, facts) is not None


def _covers(parts: Sequence[_Part], hit: Hit) -> bool:
    """Whether everything that was lost is part of the question."""
    return hit.gone <= {(part.booked.key, id_) for part in parts for id_ in _everybody(part.booked)}


def with_what_stays(problem: Problem, hit: Hit, asked: Iterable[OptionSession]) -> Problem:
    """The problem with what its own booking leaves as it is, `asked` being what may change hands."""
    return _with_pins(problem, list(_pins(hit, asked)))


def _pins(hit: Hit, asked: Iterable[OptionSession]) -> Iterator[_Pin]:
    """Who, or which room, is where whatever the answer."""
    moving = {(item.key, id_) for item in asked for id_ in _everybody(item)}
    for item in hit.sessions:
        for id_ in _everybody(item):
            if (item.key, id_) not in moving:
                yield id_, item.interval, hit.plan.session(item.key)


def _everybody(item: OptionSession) -> list[str]:
    return [*(person.id for person in item.interviewers), *([item.room.id] if item.room else [])]


def _with_pins(problem: Problem, held: Sequence[_Pin]) -> Problem:
    """The problem with what stays in people's and rooms' hands, buffers included."""
    mine: dict[str, list[tuple[Interval, PlannedSession]]] = defaultdict(list)
    for id_, during, planned in held:
        mine[id_].append((during, planned))

    def person(p: InterviewerFacts) -> InterviewerFacts:
        more = (BookedInterview(during, p.buffer_for(planned)) for during, planned in mine[p.id])
        return replace(p, booked=(*p.booked, *more)) if p.id in mine else p

    def room(r: RoomFacts) -> RoomFacts:
        more = (BookedInterview(during) for during, _ in mine[r.id])
        return replace(r, booked=(*r.booked, *more)) if r.id in mine else r

    return problem.evolve(
        interviewers=tuple(map(person, problem.interviewers)), rooms=tuple(map(room, problem.rooms))
    )


def _candidate(hit: Hit, parts: Sequence[_Part], now: datetime) -> PlannedCandidate:
    """The candidate's sessions at their times and no others: in that order they can lie in one way only."""
    in_order = sorted(parts, key=lambda part: part.booked.start)
    times = tuple(part.booked.interval for part in in_order)
    staying = {id_ for id_, _, _ in _pins(hit, [part.booked for part in parts])}
    plan = replace(
        hit.plan,
        sessions=tuple(part.planned for part in in_order),
        order="fixed",
        gap=Gap(),
        breaks=(),
        grid=places.FINEST_GRID,
        candidate_hours=ALL_DAY,
        notice_hours=0,
        horizon_days=(times[-1].end - now).days + 2,
        max_days=(times[-1].end - times[0].start).days + 2,
    )
    return PlannedCandidate(
        candidate=CandidateFacts(id=hit.booking_id, time_zone=hit.candidate.time_zone, availability=times),
        plan=plan,
        met=hit.met | (staying if hit.plan.distinct_interviewers else set()),
        booked=Option(sessions=tuple(part.booked for part in in_order)),
    )
