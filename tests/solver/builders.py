# SPDX-License-Identifier: Apache-2.0
"""Small problems in few words. Everything happens on Monday 30 November 2026 and after; London is on UTC
then.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import combinations, permutations, product

from ortools.sat.python import cp_model

from scheduler.domain.hours import WEEKDAYS, WeeklyHours
from scheduler.domain.intervals import Interval
from scheduler.domain.options import Option, OptionSession, Panelist, Reason, RoomRef
from scheduler.domain.people import Buffer, Limits, Qualification
from scheduler.domain.plans import Break, Gap, Plan, Seat, Session
from scheduler.solver.check import violations
from scheduler.solver.drafts import best_rooms, to_option
from scheduler.solver.model import propose
from scheduler.solver.outcome import Solved
from scheduler.solver.problem import (
    BookedInterview,
    BusyBlock,
    CandidateFacts,
    InterviewerFacts,
    Problem,
    RoomFacts,
)
from scheduler.solver.reach import Reach
from scheduler.solver.rules import HARD
from scheduler.solver.starts import availability
from scheduler.solver.timing import Timing
from scheduler.solver.variables import Variables, solve_one_by_one

MONDAY = datetime(2026, 11, 30, tzinfo=UTC)


def at(text, day=0):
    """`at("09:30")` on that Monday, UTC; `day` days later."""
    hours, minutes = text.split(":")
    return MONDAY + timedelta(days=day, hours=int(hours), minutes=int(minutes))


def span(start, end, day=0):
    return Interval(at(start, day), at(end, day))


def weekly(start, end, days=WEEKDAYS):
    return WeeklyHours(tuple(days), time.fromisoformat(start), time.fromisoformat(end))


def person(name, *skills, hours=("09:00", "17:00"), zone="Europe/London", busy=(), booked=(), **facts):
    """Skills as "coding" or "coding:shadow"; busy and booked as spans or (start, end) of that Monday."""
    return InterviewerFacts(
        id=name.lower(),
        name=name,
        time_zone=zone,
        working_hours=(weekly(*hours),),
        qualifications=tuple(Qualification(*skill.split(":")) for skill in skills),
        busy=tuple(item if isinstance(item, BusyBlock) else BusyBlock(_spanned(item)) for item in busy),
        booked=tuple(
            item if isinstance(item, BookedInterview) else BookedInterview(_spanned(item)) for item in booked
        ),
        **facts,
    )


def _spanned(item):
    return item if isinstance(item, Interval) else span(*item)


def seat(skill=None, *names, **more):
    return Seat(skill=skill, interviewers=tuple(names), **more)


def session(key, *seats, minutes=60, **more):
    return Session(key=key, title=key.capitalize(), minutes=minutes, seats=seats or (seat("coding"),), **more)


def problem(*people, sessions=(), window=None, options=1, rooms=(), candidate=None, **plan):
    """One day from 00:00 to 24:00 unless a window is given; no notice; candidate in London, any hour."""
    rules = {
        "grid": 60,
        "notice_hours": 0,
        "candidate_hours": (time(0), time(0)),
        "sessions": tuple(sessions) or (session("coding"),),
        **plan,
    }
    return Problem(
        plan=Plan(name="Plan", **rules),
        window=window or Interval(at("00:00"), at("00:00", 1)),
        now=MONDAY,
        candidate=candidate or CandidateFacts(id="candy", time_zone="Europe/London"),
        interviewers=people,
        rooms=rooms,
        options=options,
    )


def room(name, capacity=4, busy=(), booked=()):
    return RoomFacts(
        id=name.lower(),
        name=name,
        capacity=capacity,
        busy=tuple(BusyBlock(_spanned(item)) for item in busy),
        booked=tuple(BookedInterview(_spanned(item)) for item in booked),
    )


def starts_by_judge(question, minutes=5):
    """Every start of a one-session problem, so many minutes apart, that the judge lets pass with some
    panel.
    """
    wanted = question.plan.sessions[0]
    step = timedelta(minutes=minutes)
    found, start = [], question.window.start
    while start < question.window.end:
        if any(not violations(question, option) for option in all_options(question, [(wanted.key, start)])):
            found.append(start)
        start += step
    return found


def all_options(question, times):
    """Every panel and room for sessions at these times, allowed or not."""
    placed = [list(_one_session(question, question.plan.session(key), start)) for key, start in times]
    return (Option(sessions=tuple(sessions)) for sessions in product(*placed))


def _one_session(question, wanted, start):
    choices = [
        combinations(question.pool(place), place.count) for place in wanted.seats if not place.optional
    ]
    places = [place for place in wanted.seats if not place.optional]
    rooms = [RoomRef(r.id, r.name) for r in question.rooms] if wanted.needs_room else [None]
    for groups, where in product(product(*choices), rooms):
        panel = [
            Panelist(who.id, who.name, place.role)
            for place, group in zip(places, groups, strict=True)
            for who in group
        ]
        yield OptionSession(
            key=wanted.key,
            title=wanted.title,
            start=start,
            end=start + wanted.duration,
            interviewers=tuple(panel),
            room=where,
        )


def modelled(question, hard=HARD):
    """The constraint model's best plan; None when it proves that there is none."""
    if question.open_window is None:
        return None
    reach = Reach(question, question.open_window)
    draft, status, _ = Variables(reach, Timing(question, reach.line), hard=hard).solve(seconds=30, workers=1)
    assert draft is not None or status == cp_model.INFEASIBLE
    return draft


def judged(question, draft):
    """The option a draft of the constraint model means, and what the judge says against it."""
    reach = Reach(question, question.open_window)
    timing = Timing(question, reach.line)
    rooms = best_rooms(reach, timing, draft.placed)
    option = to_option(reach, timing, draft, rooms=rooms[1] if rooms else {}, guests=())
    return option, {violation.code for violation in violations(question, option)}


def starts_by_model(question):
    """Every start of a one-session problem for which the constraint model finds a panel."""
    if question.open_window is None:
        return []
    reach = Reach(question, question.open_window)
    timing = Timing(question, reach.line)
    found = solve_one_by_one(reach, timing, (), seconds=30)
    assert found.complete
    return [timing.instant(draft.start) for draft in found.drafts]


def starts_three_ways(question):
    """The starts of a one-session problem: as a question of availability, as options, by the constraint
    model, and as judged one by one.
    """
    outcome = propose(question.evolve(options=200))
    proposed = [option.start for option in outcome.options] if isinstance(outcome, Solved) else []
    asked = list(availability(question, question.plan.sessions[0].key).starts)
    judged = starts_by_judge(question)
    assert asked == judged
    assert proposed == judged
    assert starts_by_model(question.evolve(options=200)) == judged
    return [f"{start:%H:%M}" for start in judged]


def verdict(question, *times):
    """What the judge says of exactly these (key, start, …) whoever sits there: the codes, best panel first.

    Search and constraint model may use the same stretches of time only, and have to find an answer exactly
    when the judge lets one pass, with these or with the sessions changed round.
    """
    placed = [(key, start if isinstance(start, datetime) else at(start)) for key, start in times]
    best = _least_wrong(question, placed)
    spans = tuple(Interval(start, start + question.plan.session(key).duration) for key, start in placed)
    exactly = question.evolve(candidate=replace(question.candidate, availability=spans))
    keys, starts = zip(*placed, strict=True)
    possible = any(
        not _least_wrong(question, list(zip(order, starts, strict=True))) for order in permutations(keys)
    )
    assert isinstance(propose(exactly), Solved) == possible
    assert (modelled(exactly) is not None) == possible
    return best


def _least_wrong(question, placed):
    judged = [
        {violation.code for violation in violations(question, option)}
        for option in all_options(question, placed)
    ]
    return min(judged, key=len, default={"seats"})


__all__ = [
    "MONDAY",
    "BookedInterview",
    "Break",
    "Buffer",
    "BusyBlock",
    "CandidateFacts",
    "Gap",
    "Limits",
    "all_options",
    "at",
    "judged",
    "modelled",
    "person",
    "problem",
    "room",
    "seat",
    "session",
    "span",
    "starts_by_judge",
    "starts_three_ways",
    "verdict",
    "weekly",
]


def reasons_that_count(option: Option) -> tuple[Reason, ...]:
    """What the judge says of an option, without the words about its people."""
    return tuple(reason for reason in option.reasons if reason.code not in ("people", "cover"))
