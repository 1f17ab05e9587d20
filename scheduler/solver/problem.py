# SPDX-License-Identifier: Apache-2.0
"""A Problem: everything one question needs, and nothing else, so that it can be stored and solved again.

It holds no field by which candidates could be ranked or compared. Its JSON form is described in
docs/problem.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from statistics import median_low
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.domain.errors import FieldError, Invalid
from scheduler.domain.intervals import Interval, aware, format_instant
from scheduler.domain.people import Qualification, intervals_to_json
from scheduler.domain.plans import Plan, Seat
from scheduler.solver.facts import (
    HELD,
    BookedInterview,
    BusyBlock,
    CandidateFacts,
    InterviewerFacts,
    RoomFacts,
    Unreadable,
    Weights,
    interviewer_to_json,
    read_candidate,
    read_interviewer,
    read_room,
    read_unreadable,
    read_weights,
    room_to_json,
    unreadable_to_json,
)
from scheduler.solver.reading import Node, check_plan

__all__ = [
    "HELD",
    "BookedInterview",
    "BusyBlock",
    "CandidateFacts",
    "InterviewerFacts",
    "Problem",
    "RoomFacts",
    "Unreadable",
    "Weights",
]

FORMAT = 1
#: version of the rules by which a plan is read (solver/rules, check.py); raised when they come to mean
#: something else, so that a stored answer is not compared with one to another question
RULES = 1
#: what is asked of one candidate's Problem
PROPOSE, CAPACITY = "propose", "capacity"
MOST_OPTIONS = 200


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One candidate's interviews to be placed.

    `now` is an instant; notice and horizon count from it. `options` is how many different options are wanted.
    Refuses people or rooms with the same id, and a number of options outside 1 to 200, with Invalid.
    """

    plan: Plan
    window: Interval
    now: datetime
    candidate: CandidateFacts
    interviewers: tuple[InterviewerFacts, ...]
    rooms: tuple[RoomFacts, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    #: the time for which calendars were read, when it is more than the window: what may be asked beyond it
    calendars_read: Interval | None = None
    #: kinds of people's calendar events that an interview may lie over at a price (`weights.overbooked`)
    overbook: tuple[str, ...] = ()
    #: an availability question without a candidate takes nobody's hours into account
    ignore_candidate_hours: bool = False
    #: IANA: where days begin, for the candidate's days and everybody's limits; None: on the candidate's
    #: clock, and on each person's own
    day_zone: str | None = None
    options: int = 5
    #: hard: no session of one option overlaps a session of another. As many options as possible come first,
    #: then what they cost
    options_apart: bool = False
    seed: int = 0
    #: propose: options for this candidate; capacity: how many candidates alike the plan can take
    ask: str = PROPOSE
    weights: Weights = field(default_factory=Weights)
    #: version of the rules it was stated for
    rules: int = RULES

    def __post_init__(self) -> None:
        object.__setattr__(self, "now", aware(self.now))
        errors = [*listed_twice("/interviewers", self.interviewers), *listed_twice("/rooms", self.rooms)]
        if not 1 <= self.options <= MOST_OPTIONS:
            errors.append(FieldError("/options", f"is not between 1 and {MOST_OPTIONS}"))
        if errors:
            raise Invalid(*errors)

    def evolve(self, **changes: Any) -> Problem:
        return replace(self, **changes)

    @cached_property
    def open_window(self) -> Interval | None:
        """The window as far as notice and horizon leave it; None when they leave nothing."""
        earliest = self.now + timedelta(hours=self.plan.notice_hours)
        latest = self.now + timedelta(hours=24 * self.plan.horizon_days)
        return Interval(earliest, latest).clipped(self.window) if earliest < latest else None

    @cached_property
    def candidate_zone(self) -> ZoneInfo:
        """The candidate's zone, else that of the first interviewer of the first session, else UTC."""
        if self.candidate.time_zone:
            return ZoneInfo(self.candidate.time_zone)
        first = next((p for seat in self.plan.sessions[0].seats for p in self.pool(seat)), None)
        return first.zone if first else ZoneInfo("UTC")

    @cached_property
    def days_in(self) -> ZoneInfo:
        """Where the candidate's days begin, and breaks are owed."""
        return ZoneInfo(self.day_zone) if self.day_zone else self.candidate_zone

    def limits_in(self, person: InterviewerFacts) -> ZoneInfo:
        """Where the days and weeks of somebody's limits begin."""
        return ZoneInfo(self.day_zone) if self.day_zone else person.zone

    def pool(self, seat: Seat) -> tuple[InterviewerFacts, ...]:
        """Who may sit in this seat at all: by name in the order named, or by skill and exactly that level."""
        people = self._by_id
        if seat.interviewers:
            chosen = [people[id_] for id_ in dict.fromkeys(seat.interviewers) if id_ in people]
        else:
            wanted = Qualification(seat.skill or "", seat.level)
            chosen = [person for person in self.interviewers if wanted in person.qualifications]
        return tuple(p for p in chosen if not (p.met and self.plan.distinct_interviewers))

    def blocking(self, person: InterviewerFacts) -> list[Interval]:
        """The calendar events that nothing may be put over."""
        return [block.during for block in person.busy if block.kind not in self.overbook]

    def overbooked(self, person: InterviewerFacts) -> list[Interval]:
        """The calendar events that cost something to be put over."""
        if not self.overbook:
            return []
        return [block.during for block in person.busy if block.kind in self.overbook]

    def interviewer(self, id_: str) -> InterviewerFacts | None:
        return self._by_id.get(id_)

    def load_of(self, person: InterviewerFacts) -> int:
        """Recent interviews; a newcomer counts with the (lower) median of those they share a pool with and
        whose load is known, of everybody where there are none.
        """
        return self._loads[person.id]

    @cached_property
    def _by_id(self) -> dict[str, InterviewerFacts]:
        return {person.id: person for person in self.interviewers}

    @cached_property
    def _loads(self) -> dict[str, int]:
        known = {person.id: person.load for person in self.interviewers if person.load is not None}
        newcomers = [person.id for person in self.interviewers if person.load is None]
        seats = (seat for session in self.plan.sessions for seat in session.seats)
        pools = [{person.id for person in self.pool(seat)} for seat in seats] if newcomers else []
        loads = dict(known)
        for id_ in newcomers:
            peers = {peer for pool in pools if id_ in pool for peer in pool} & known.keys() or known
            loads[id_] = median_low(known[peer] for peer in peers) if peers else 0
        return loads

    @classmethod
    def from_json(cls, data: Any) -> Problem:
        """Read the format of docs/problem.md. Raises Invalid with a pointer to the first thing wrong."""
        return _problem(Node(data))

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            **({} if self.ask == PROPOSE else {"ask": self.ask}),
            "plan": self.plan.to_json(),
            "window": intervals_to_json((self.window,))[0],
            "now": format_instant(self.now),
            "calendars_read": intervals_to_json((self.calendars_read,))[0] if self.calendars_read else None,
            "candidate": {
                "id": self.candidate.id,
                "time_zone": self.candidate.time_zone,
                "availability": intervals_to_json(self.candidate.availability),
            },
            "overbook": list(self.overbook),
            "ignore_candidate_hours": self.ignore_candidate_hours,
            "interviewers": [interviewer_to_json(person) for person in self.interviewers],
            "rooms": [room_to_json(room) for room in self.rooms],
            "unreadable": [unreadable_to_json(item) for item in self.unreadable],
            "day_zone": self.day_zone,
            "options": self.options,
            "options_apart": self.options_apart,
            "seed": self.seed,
            "rules": self.rules,
            "weights": asdict(self.weights),
        }


def listed_twice(pointer: str, things: Sequence[InterviewerFacts | RoomFacts]) -> list[FieldError]:
    """An error for each thing whose id was there before."""
    if len({thing.id for thing in things}) == len(things):
        return []
    seen: set[str] = set()
    errors = []
    for index, thing in enumerate(things):
        if thing.id in seen:
            errors.append(FieldError(f"{pointer}/{index}/id", f"“{thing.id}” is there twice"))
        seen.add(thing.id)
    return errors


def _problem(node: Node) -> Problem:
    top = node.fields(
        "format plan window now candidate interviewers",
        f"ask options options_apart {COMMON}",
    )
    top["format"].whole(FORMAT, FORMAT)
    fields = read_common(top)
    if "ask" in top:
        fields["ask"] = top["ask"].one_of(PROPOSE, CAPACITY)
    if "options_apart" in top:
        fields["options_apart"] = top["options_apart"].flag()
    if "options" in top:
        fields["options"] = top["options"].whole(1, MOST_OPTIONS)
    return Problem(
        plan=read_plan(top["plan"]),
        candidate=read_candidate(top["candidate"]),
        **fields,
    )


#: what every kind of problem may have beside its window, now and interviewers
COMMON = "calendars_read overbook ignore_candidate_hours rooms unreadable day_zone seed rules weights"


def read_common(top: dict[str, Node]) -> dict[str, Any]:
    """What every kind of problem has; what is left out keeps its default."""
    readers: dict[str, Callable[[Node], Any]] = {
        "calendars_read": Node.interval,
        "overbook": lambda node: tuple(kind.name() for kind in node.items()),
        "ignore_candidate_hours": Node.flag,
        "rooms": lambda node: tuple(read_room(item) for item in node.items()),
        "unreadable": lambda node: tuple(read_unreadable(item) for item in node.items()),
        "day_zone": Node.zone,
        "seed": lambda node: node.whole(0, 2**31 - 1),
        "rules": lambda node: node.whole(1, 1_000_000),
        "weights": read_weights,
    }
    optional = {name: read(top[name]) for name, read in readers.items() if name in top}
    return optional | {
        "window": top["window"].interval(),
        "now": top["now"].instant(),
        "interviewers": tuple(read_interviewer(item) for item in top["interviewers"].items()),
    }


def read_plan(node: Node) -> Plan:
    """A Plan in the API's form. Raises Invalid with a pointer into the whole document."""
    check_plan(node)
    try:
        return Plan.from_json(node.value)
    except Invalid as refusal:
        moved = (FieldError(node.pointer + error.pointer, error.detail) for error in refusal.errors)
        raise Invalid(*moved) from refusal
