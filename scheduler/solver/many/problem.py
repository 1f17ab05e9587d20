# SPDX-License-Identifier: Apache-2.0
"""An AssignProblem: many candidates, one option each, with the same people and rooms.

Like a Problem it holds no field by which candidates could be ranked: they differ in plan, time and people.
Its JSON form is described in docs/problem.md.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.domain.errors import FieldError, Invalid
from scheduler.domain.intervals import Interval, aware, format_instant
from scheduler.domain.options import Option, OptionSession
from scheduler.domain.people import Buffer, intervals_to_json
from scheduler.domain.plans import Plan
from scheduler.solver.facts import (
    BookedInterview,
    CandidateFacts,
    InterviewerFacts,
    RoomFacts,
    Unreadable,
    Weights,
    interviewer_to_json,
    room_to_json,
    unreadable_to_json,
)
from scheduler.solver.many.diary import Diary
from scheduler.solver.problem import FORMAT, RULES, Problem, listed_twice

ASSIGN, REPAIR = "assign", "repair"
MOST_CANDIDATES = 5_000


@dataclass(frozen=True, kw_only=True)
class PlannedCandidate:
    """One of the candidates: their plan, their time, and whom they have met or would rather meet."""

    candidate: CandidateFacts
    plan: Plan
    #: ids of people of their earlier interviews
    met: frozenset[str] = frozenset()
    #: ids of the people who should rather hold these interviews; empty: anybody is as good
    preferred: frozenset[str] = frozenset()
    #: to be repaired: what has been booked for them, whatever it cost then
    booked: Option | None = None

    def __post_init__(self) -> None:
        if self.booked is not None:
            object.__setattr__(self, "booked", self.booked.evolve(cost=0, reasons=()))

    @property
    def id(self) -> str:
        return self.candidate.id


@dataclass(frozen=True, kw_only=True)
class AssignProblem:
    """Many candidates' interviews to be placed, or booked ones to be repaired.

    `now` is an instant. Refuses candidates, people or rooms with the same id, and more than 5,000 candidates,
    with Invalid.
    """

    ask: str = ASSIGN
    candidates: tuple[PlannedCandidate, ...]
    window: Interval
    now: datetime
    interviewers: tuple[InterviewerFacts, ...]
    rooms: tuple[RoomFacts, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    calendars_read: Interval | None = None
    #: kinds of people's calendar events that an interview may lie over at a price (`weights.overbooked`)
    overbook: tuple[str, ...] = ()
    #: neither the plans' candidate hours nor availability counts
    ignore_candidate_hours: bool = False
    #: IANA: where days begin; None: on each candidate's and each interviewer's own clock
    day_zone: str | None = None
    #: minutes kept between two interviews of one person, over and above their buffers
    between_interviews: int = 0
    seed: int = 0
    weights: Weights = field(default_factory=Weights)
    #: version of the rules it was stated for
    rules: int = RULES

    def __post_init__(self) -> None:
        object.__setattr__(self, "now", aware(self.now))
        errors = [*listed_twice("/interviewers", self.interviewers), *listed_twice("/rooms", self.rooms)]
        ids = [item.id for item in self.candidates]
        errors += [
            FieldError(f"/candidates/{index}/id", f"“{id_}” is there twice")
            for index, id_ in enumerate(ids)
            if len(set(ids)) < len(ids) and ids.index(id_) != index
        ]
        if len(ids) > MOST_CANDIDATES:
            errors.append(FieldError("/candidates", f"are more than {MOST_CANDIDATES}"))
        if errors:
            raise Invalid(*errors)

    def evolve(self, **changes: Any) -> AssignProblem:
        return replace(self, **changes)

    @cached_property
    def drawn(self) -> tuple[int, ...]:
        """The positions of the candidates in an order that the seed and their ids alone draw, so that no tie
        follows from the order in which they are given.
        """
        numbers = [sha256(f"{self.seed} {item.id}".encode()).digest() for item in self.candidates]
        return tuple(sorted(range(len(numbers)), key=numbers.__getitem__))

    @cached_property
    def people(self) -> tuple[InterviewerFacts, ...]:
        """The interviewers, whose booked interviews keep the minutes between interviews as well."""
        return tuple(self._apart(person) for person in self.interviewers)

    def _apart(self, person: InterviewerFacts) -> InterviewerFacts:
        if not self.between_interviews or not person.booked:
            return person
        return replace(person, booked=tuple(self.kept_apart(b.during, b.buffer) for b in person.booked))

    def kept_apart(self, during: Interval, buffer: Buffer) -> BookedInterview:
        """An interview as it blocks another one of the same person."""
        more = self.between_interviews
        return BookedInterview(during, Buffer(buffer.before + more, buffer.after + more))

    def agreed(self, item: PlannedCandidate) -> dict[str, OptionSession]:
        """By key, the sessions that are booked for a candidate and to be kept where they can."""
        if self.ask != REPAIR or item.booked is None:
            return {}
        return {placed.key: placed for placed in item.booked.sessions}

    @cached_property
    def span(self) -> Interval:
        """The window and whatever is booked."""
        booked = [placed.interval for item in self.candidates for placed in self.agreed(item).values()]
        return Interval(
            min([self.window.start, *(during.start for during in booked)]),
            max([self.window.end, *(during.end for during in booked)]),
        )

    @cached_property
    def move(self) -> int:
        """What a session that moves counts among the changes: more than everybody who could be changed."""
        sessions = (session for item in self.candidates for session in item.plan.sessions)
        return 1 + sum(seat.count for session in sessions for seat in session.seats if not seat.optional)

    @cached_property
    def leaving_out(self) -> tuple[int, ...]:
        """What leaving out each candidate counts: losing a booking more than leaving out everybody new."""
        booked = [bool(self.agreed(item)) for item in self.candidates]
        return tuple(self.booking_lost if each else 1 for each in booked)

    @cached_property
    def booking_lost(self) -> int:
        """What losing one booking counts among those left out; 1 where all are booked, or none."""
        new = sum(1 for item in self.candidates if not self.agreed(item))
        return 1 + new if new < len(self.candidates) else 1

    def problem(
        self, index: int, others: Diary | None = None, *, only: Collection[str] | None = None
    ) -> Problem:
        """The ordinary Problem of one candidate, everybody else's interviews in `others` being booked.

        `only`: those people and rooms alone need to be looked up there. How many could stand in is not
        counted, since it changes with everybody else's answer.
        """
        mine = self.candidates[index]
        people, rooms = self.people, self.rooms
        if others is not None:
            people = tuple(
                p if only is not None and p.id not in only else others.busier(p, index) for p in people
            )
            rooms = tuple(
                r if only is not None and r.id not in only else others.busier(r, index) for r in rooms
            )
        if mine.met:
            people = tuple(known(p) if p.id in mine.met else p for p in people)
        return Problem(
            plan=mine.plan,
            window=self.window,
            now=self.now,
            candidate=mine.candidate,
            interviewers=people,
            rooms=rooms,
            unreadable=self.unreadable,
            calendars_read=self.calendars_read,
            overbook=self.overbook,
            ignore_candidate_hours=self.ignore_candidate_hours,
            day_zone=self.day_zone,
            options=1,
            seed=self.seed,
            weights=self._weights_of_one,
        )

    @cached_property
    def _weights_of_one(self) -> Weights:
        return replace(self.weights, no_cover=0)

    def open_window(self, plan: Plan) -> Interval | None:
        """The window as far as notice and horizon of a plan leave it; None when they leave nothing."""
        earliest = self.now + timedelta(hours=plan.notice_hours)
        latest = self.now + timedelta(hours=24 * plan.horizon_days)
        return Interval(earliest, latest).clipped(self.window) if earliest < latest else None

    def person(self, id_: str) -> InterviewerFacts | None:
        return self._by_id.get(id_)

    @cached_property
    def _by_id(self) -> dict[str, InterviewerFacts]:
        return {person.id: person for person in self.people}

    def limits_in(self, person: InterviewerFacts) -> ZoneInfo:
        """Where the days and weeks of somebody's limits begin."""
        return ZoneInfo(self.day_zone) if self.day_zone else person.zone

    @classmethod
    def from_json(cls, data: Any) -> AssignProblem:
        """Read the format of docs/problem.md. Raises Invalid with a pointer to the first thing wrong."""
        from scheduler.solver.many.reading import read_assign_problem  # noqa: PLC0415 (it builds this class)

        return read_assign_problem(data)

    def to_json(self) -> dict[str, Any]:
        plans = list(dict.fromkeys(item.plan for item in self.candidates))
        position = {plan: index for index, plan in enumerate(plans)}
        return {
            "format": FORMAT,
            "ask": self.ask,
            "plans": [plan.to_json() for plan in plans],
            "window": intervals_to_json((self.window,))[0],
            "now": format_instant(self.now),
            "calendars_read": intervals_to_json((self.calendars_read,))[0] if self.calendars_read else None,
            "overbook": list(self.overbook),
            "candidates": [_candidate_to_json(item, position[item.plan]) for item in self.candidates],
            "ignore_candidate_hours": self.ignore_candidate_hours,
            "interviewers": [interviewer_to_json(person) for person in self.interviewers],
            "rooms": [room_to_json(room) for room in self.rooms],
            "unreadable": [unreadable_to_json(item) for item in self.unreadable],
            "day_zone": self.day_zone,
            "between_interviews": self.between_interviews,
            "seed": self.seed,
            "rules": self.rules,
            "weights": asdict(self.weights),
        }


def known(person: InterviewerFacts) -> InterviewerFacts:
    """The same person, whom the candidate has met. What was worked out of their time stays with them."""
    met = replace(person, met=True)
    met.__dict__["kept"] = person.kept
    return met


def _candidate_to_json(item: PlannedCandidate, plan: int) -> dict[str, Any]:
    return {
        "id": item.id,
        "time_zone": item.candidate.time_zone,
        "availability": intervals_to_json(item.candidate.availability),
        "plan": plan,
        "met": sorted(item.met),
        "preferred": sorted(item.preferred),
        "booked": item.booked.to_json() if item.booked else None,
    }
