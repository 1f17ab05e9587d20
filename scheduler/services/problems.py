# SPDX-License-Identifier: Apache-2.0
"""From plans, people and calendars to a Problem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from calendars.values import Busy
from scheduler.db.casts import Cast
from scheduler.db.own_entries import OwnEntry
from scheduler.domain.intervals import Interval, subtract
from scheduler.domain.people import Candidate, Interviewer, Owner
from scheduler.domain.plans import Gap, Plan
from scheduler.services.parts import Parts
from scheduler.services.readings import Look, read_all
from scheduler.services.wanted import INVITING, held_option
from scheduler.solver.problem import (
    HELD,
    BusyBlock,
    CandidateFacts,
    InterviewerFacts,
    Problem,
    RoomFacts,
    Unreadable,
)

#: stands for nobody in a question that is about no candidate
NOBODY = "nobody"
A_DAY = timedelta(days=1)


def reach(plan: Plan, window: Interval, now: datetime) -> Interval:
    """The time in which calendars matter: the window as far as the plan's horizon lets it count, and a day
    on either side, because buffers and whole-day events reach over the edges.

    Of a window beyond the horizon it is the first day: a longer horizon is proposed only for time that was
    read.
    """
    horizon = Interval(now, now + timedelta(days=max(plan.horizon_days, 1)))
    beyond = window.start if window.start >= horizon.end else now
    open_window = window.clipped(horizon) or Interval(beyond, beyond + A_DAY)
    return open_window.padded(A_DAY, A_DAY)


def look_now(
    parts: Parts, organization_id: str, cast: Cast, during: Interval, *, patience: float | None = None
) -> dict[str, Look]:
    """What the calendars of the cast say now of this time and a day on either side. `patience` in seconds, if
    it is not the usual one.
    """
    return read_all(
        parts,
        organization_id,
        cast.owners,
        during.padded(A_DAY, A_DAY),
        patience=parts.patience if patience is None else patience,
        live=True,
        closely=cast.closely,
        originals=cast.originals,
    )


def state(
    plan: Plan,
    window: Interval,
    now: datetime,
    cast: Cast,
    looks: Mapping[str, Look],
    *,
    candidate: Candidate | None,
    met: Iterable[str] = (),
    overbook: Iterable[str] = (),
    options: int = 1,
) -> Problem:
    """State the question. Who could not be read is left out, and named with the reason: unknown is never
    free.
    """
    met = frozenset(met)
    read = {id_: look for id_, look in looks.items() if look.readable}
    return Problem(
        plan=plan,
        window=window,
        now=now,
        candidate=candidate_facts(candidate),
        ignore_candidate_hours=candidate is None,
        interviewers=tuple(
            InterviewerFacts.of(
                person,
                busy=_busy(person, read[person.id], cast),
                booked=cast.booked.get(person.id, ()),
                met=person.id in met,
                load=cast.load.get(person.id),
            )
            for person in cast.interviewers
            if person.id in read
        ),
        rooms=tuple(
            RoomFacts.of(room, busy=_busy(room, read[room.id], cast), booked=cast.booked.get(room.id, ()))
            for room in cast.rooms
            if room.id in read
        ),
        unreadable=tuple(
            _unreadable(owner, looks[owner.id]) for owner in cast.owners if owner.id not in read
        ),
        overbook=tuple(sorted(overbook)),
        options=options,
    )


def _unreadable(owner: Owner, look: Look) -> Unreadable:
    skills = owner.qualifications if isinstance(owner, Interviewer) else ()
    return Unreadable(owner.id, look.reason or "", owner.name, skills)


def candidate_facts(candidate: Candidate | None) -> CandidateFacts:
    if candidate is None:
        return CandidateFacts(id=NOBODY)
    return CandidateFacts(id=candidate.id, time_zone=candidate.time_zone, availability=candidate.availability)


def _busy(owner: Owner, look: Look, cast: Cast) -> tuple[BusyBlock, ...]:
    leaving = _leaving(owner, cast.own_entries)
    return _held(owner.id, cast) + tuple(
        BusyBlock(piece, block.kind)
        for block in look.busy
        if not _spoken_for(owner, block, cast)
        for piece in _less(block, leaving)
    )


def _held(id_: str, cast: Cast) -> tuple[BusyBlock, ...]:
    return tuple(BusyBlock(during, HELD) for during in cast.held.get(id_, ()))


def _leaving(owner: Owner, own_entries: Mapping[str, OwnEntry]) -> list[Interval]:
    """The times of entries that are being moved, where no look says which blocks are ours: of a room at these
    providers free and busy alone can be asked, and our event may be part of a longer block. Of a person who
    is read like that it is not known whether the block is our event or a meeting of their own.
    """
    if owner.calendar.provider not in INVITING or isinstance(owner, Interviewer):
        return []
    return [
        entry.leaves
        for entry in own_entries.values()
        if entry.leaves is not None and owner.calendar in entry.calendars
    ]


def _less(block: Busy, leaving: list[Interval]) -> tuple[Interval, ...]:
    whole = Interval(block.start, block.end)
    ours = [during for during in leaving if block.own is None and whole.contains(during)]
    return subtract([whole], ours) if ours else (whole,)


def _spoken_for(owner: Owner, block: Busy, cast: Cast) -> bool:
    """Whether this is an entry of ours that the owner's own reservation speaks for, or one on its way out, or
    what shows a hold: those who are to keep out of its way know it from us.

    Somebody else's interview is busy time, whichever calendar shows it; so is an entry of ours that somebody
    moved, wherever it stands now.
    """
    if block.own is None:
        return False
    if held_option(block.own) in cast.holds:
        return True
    entry = cast.own_entries.get(block.own)
    if entry is None:
        return False
    if entry.during is None:
        return True
    return owner.calendar in entry.calendars and entry.during.contains(Interval(block.start, block.end))


def as_offered(problem: Problem) -> Problem:
    """The same question about times that were offered. What was asked of the candidate's own day was asked
    then: they may have said since which zone they are in, or when they could be there instead, and stay free
    to take what they were offered.
    """
    plan = replace(problem.plan, gap=Gap(), breaks=(), max_days=problem.plan.max_days + 1)
    return problem.evolve(plan=plan, ignore_candidate_hours=True)


def as_of_now(problem: Problem, cast: Cast) -> Problem:
    """The same question with who is still there, and with what occupies them by now."""
    return problem.evolve(
        interviewers=tuple(
            replace(person, booked=cast.booked.get(person.id, ()), busy=_busy_by_now(person, cast))
            for person in problem.interviewers
            if person.id in cast.resources
        ),
        rooms=tuple(
            replace(room, booked=cast.booked.get(room.id, ()), busy=_busy_by_now(room, cast))
            for room in problem.rooms
            if room.id in cast.resources
        ),
    )


def _busy_by_now(facts: InterviewerFacts | RoomFacts, cast: Cast) -> tuple[BusyBlock, ...]:
    """What was read stays; what is held is as it is now."""
    return _held(facts.id, cast) + tuple(block for block in facts.busy if block.kind != HELD)
