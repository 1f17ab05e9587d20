# SPDX-License-Identifier: Apache-2.0
"""A Problem: everything one question needs, and nothing else, so that it can be stored and solved again.

It holds no field by which candidates could be ranked or compared. Its JSON form is described in
docs/problem.md.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from functools import cached_property
from statistics import median_low
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.domain.errors import FieldError, Invalid
from scheduler.domain.hours import WeeklyHours
from scheduler.domain.intervals import Interval, aware, format_instant, merge
from scheduler.domain.people import Buffer, Interviewer, Limits, Qualification, Room, intervals_to_json
from scheduler.domain.plans import Plan, Seat, Session
from scheduler.solver.reading import Node, check_plan

FORMAT = 1
MOST_OPTIONS = 200


@dataclass(frozen=True, kw_only=True)
class Weights:
    """What counts against an option, in whole points. `version` names the set, so that a stored cost keeps
    its meaning.
    """

    version: int = 1
    #: each calendar day (candidate's zone) from the first possible day to the day the option ends
    day: int = 150
    #: each minute of waiting between sessions of a day, owed breaks not counted
    waiting_minute: int = 2
    #: each day after the first that the option needs
    extra_day: int = 120
    #: each recent interview of somebody who sits in a required seat
    load: int = 45
    #: each required seat whose person prefers other hours
    preferred_hours: int = 60
    #: each change of room between consecutive sessions of a day
    room_change: int = 30
    #: each required seat for which nobody else is free, where others could be
    no_cover: int = 30
    #: in a set: two options on one day
    same_day: int = 150
    #: in a set: two options of which one begins before the other ends
    overlapping: int = 150
    #: in a set: two options both before, or both after, noon of the candidate's clock
    same_half: int = 60
    #: in a set: each person two options share
    same_person: int = 40


@dataclass(frozen=True)
class BusyBlock:
    """Time taken in a calendar. `kind` is the provider's word for it (busy, tentative, …); every kind
    blocks.
    """

    during: Interval
    kind: str = "busy"


@dataclass(frozen=True)
class BookedInterview:
    """An interview already held or placed: blocks with its own buffer added to the newcomer's, and counts
    in limits.
    """

    during: Interval
    buffer: Buffer = field(default_factory=Buffer)


@dataclass(frozen=True, kw_only=True)
class CandidateFacts:
    """The one candidate of the question."""

    id: str
    #: None: hours are read in the zone of the first interviewer of the first session
    time_zone: str | None = None
    #: empty: they have not said
    availability: tuple[Interval, ...] = ()


@dataclass(frozen=True, kw_only=True)
class InterviewerFacts:
    """Somebody who could sit somewhere in the plan, and what is known of their time."""

    id: str
    name: str
    #: IANA; working hours, limits and the grid are read on this clock
    time_zone: str
    working_hours: tuple[WeeklyHours, ...] = ()
    preferred_hours: tuple[WeeklyHours, ...] = ()
    qualifications: tuple[Qualification, ...] = ()
    limits: Limits = field(default_factory=Limits)
    buffer: Buffer = field(default_factory=Buffer)
    busy: tuple[BusyBlock, ...] = ()
    booked: tuple[BookedInterview, ...] = ()
    #: this candidate has met them before
    met: bool = False
    #: recent interviews; None: a newcomer, who counts with the median of the others
    load: int | None = None

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @classmethod
    def of(
        cls,
        interviewer: Interviewer,
        *,
        busy: tuple[BusyBlock, ...] = (),
        booked: tuple[BookedInterview, ...] = (),
        met: bool = False,
        load: int | None = None,
    ) -> InterviewerFacts:
        return cls(
            id=interviewer.id,
            name=interviewer.name,
            time_zone=interviewer.time_zone,
            working_hours=interviewer.working_hours,
            preferred_hours=interviewer.preferred_hours,
            qualifications=interviewer.qualifications,
            limits=interviewer.limits,
            buffer=interviewer.buffer,
            busy=busy,
            booked=booked,
            met=met,
            load=load,
        )

    def buffer_for(self, session: Session) -> Buffer:
        return session.buffer if session.buffer is not None else self.buffer


@dataclass(frozen=True, kw_only=True)
class RoomFacts:
    """A room that could be used, and what is known of its time."""

    id: str
    name: str
    capacity: int
    location: str | None = None
    busy: tuple[BusyBlock, ...] = ()
    booked: tuple[BookedInterview, ...] = ()

    @classmethod
    def of(
        cls, room: Room, *, busy: tuple[BusyBlock, ...] = (), booked: tuple[BookedInterview, ...] = ()
    ) -> RoomFacts:
        return cls(
            id=room.id,
            name=room.name,
            capacity=room.capacity,
            location=room.location,
            busy=busy,
            booked=booked,
        )


@dataclass(frozen=True)
class Unreadable:
    """Somebody, or a room, left out because the calendar could not be read, and why."""

    id: str
    reason: str
    name: str = ""


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
    #: an availability question without a candidate takes nobody's hours into account
    ignore_candidate_hours: bool = False
    options: int = 5
    seed: int = 0
    weights: Weights = field(default_factory=Weights)

    def __post_init__(self) -> None:
        object.__setattr__(self, "now", aware(self.now))
        errors = [*_twice("/interviewers", self.interviewers), *_twice("/rooms", self.rooms)]
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

    def pool(self, seat: Seat) -> tuple[InterviewerFacts, ...]:
        """Who may sit in this seat at all: by name in the order named, or by skill and exactly that level."""
        people = self._by_id
        if seat.interviewers:
            chosen = [people[id_] for id_ in dict.fromkeys(seat.interviewers) if id_ in people]
        else:
            wanted = Qualification(seat.skill or "", seat.level)
            chosen = [person for person in self.interviewers if wanted in person.qualifications]
        return tuple(p for p in chosen if not (p.met and self.plan.distinct_interviewers))

    def interviewer(self, id_: str) -> InterviewerFacts | None:
        return self._by_id.get(id_)

    def load_of(self, person: InterviewerFacts) -> int:
        """Recent interviews; a newcomer counts with the (lower) median of those whose load is known."""
        return person.load if person.load is not None else self._median_load

    @cached_property
    def _by_id(self) -> dict[str, InterviewerFacts]:
        return {person.id: person for person in self.interviewers}

    @cached_property
    def _median_load(self) -> int:
        known = [person.load for person in self.interviewers if person.load is not None]
        return median_low(known) if known else 0

    @classmethod
    def from_json(cls, data: Any) -> Problem:
        """Read the format of docs/problem.md. Raises Invalid with a pointer to the first thing wrong."""
        return _problem(Node(data))

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "plan": self.plan.to_json(),
            "window": intervals_to_json((self.window,))[0],
            "now": format_instant(self.now),
            "calendars_read": intervals_to_json((self.calendars_read,))[0] if self.calendars_read else None,
            "candidate": {
                "id": self.candidate.id,
                "time_zone": self.candidate.time_zone,
                "availability": intervals_to_json(self.candidate.availability),
            },
            "ignore_candidate_hours": self.ignore_candidate_hours,
            "interviewers": [_interviewer_to_json(person) for person in self.interviewers],
            "rooms": [_room_to_json(room) for room in self.rooms],
            "unreadable": [asdict(item) for item in self.unreadable],
            "options": self.options,
            "seed": self.seed,
            "weights": asdict(self.weights),
        }


def _twice(pointer: str, things: tuple[InterviewerFacts, ...] | tuple[RoomFacts, ...]) -> list[FieldError]:
    ids = [thing.id for thing in things]
    return [
        FieldError(f"{pointer}/{index}/id", f"“{id_}” is there twice")
        for index, id_ in enumerate(ids)
        if ids.index(id_) != index
    ]


def _interviewer_to_json(person: InterviewerFacts) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "time_zone": person.time_zone,
        "working_hours": [hours.to_json() for hours in person.working_hours],
        "preferred_hours": [hours.to_json() for hours in person.preferred_hours],
        "qualifications": [asdict(item) for item in person.qualifications],
        "limits": asdict(person.limits),
        "buffer": person.buffer.to_json(),
        "busy": [_busy_to_json(block) for block in person.busy],
        "booked": [_booked_to_json(booked) for booked in person.booked],
        "met": person.met,
        "load": person.load,
    }


def _room_to_json(room: RoomFacts) -> dict[str, Any]:
    return {
        "id": room.id,
        "name": room.name,
        "capacity": room.capacity,
        "location": room.location,
        "busy": [_busy_to_json(block) for block in room.busy],
        "booked": [_booked_to_json(booked) for booked in room.booked],
    }


def _busy_to_json(block: BusyBlock) -> dict[str, Any]:
    return {**intervals_to_json((block.during,))[0], "kind": block.kind}


def _booked_to_json(booked: BookedInterview) -> dict[str, Any]:
    return {**intervals_to_json((booked.during,))[0], "buffer": booked.buffer.to_json()}


def _problem(node: Node) -> Problem:
    top = node.fields(
        "format plan window now candidate interviewers",
        "calendars_read ignore_candidate_hours rooms unreadable options seed weights",
    )
    top["format"].whole(FORMAT, FORMAT)
    optional: dict[str, Any] = {}
    if "calendars_read" in top:
        optional["calendars_read"] = top["calendars_read"].interval()
    if "ignore_candidate_hours" in top:
        optional["ignore_candidate_hours"] = top["ignore_candidate_hours"].flag()
    if "options" in top:
        optional["options"] = top["options"].whole(1, MOST_OPTIONS)
    if "seed" in top:
        optional["seed"] = top["seed"].whole(0, 2**31 - 1)
    if "weights" in top:
        optional["weights"] = _weights(top["weights"])
    return Problem(
        plan=_plan(top["plan"]),
        window=top["window"].interval(),
        now=top["now"].instant(),
        candidate=_candidate(top["candidate"]),
        interviewers=tuple(_interviewer(item) for item in top["interviewers"].items()),
        rooms=tuple(_room(item) for item in _items(top, "rooms")),
        unreadable=tuple(_unreadable(item) for item in _items(top, "unreadable")),
        **optional,
    )


def _items(members: dict[str, Node], name: str) -> tuple[Node, ...]:
    return tuple(members[name].items()) if name in members else ()


def _plan(node: Node) -> Plan:
    check_plan(node)
    try:
        return Plan.from_json(node.value)
    except Invalid as refusal:
        moved = (FieldError(node.pointer + error.pointer, error.detail) for error in refusal.errors)
        raise Invalid(*moved) from refusal


def _weights(node: Node) -> Weights:
    names = [item.name for item in fields(Weights)]
    return Weights(
        **{name: item.whole(0, 1_000_000) for name, item in node.fields("", " ".join(names)).items()}
    )


def _candidate(node: Node) -> CandidateFacts:
    members = node.fields("id", "time_zone availability")
    return CandidateFacts(
        id=members["id"].text(),
        time_zone=members["time_zone"].zone() if "time_zone" in members else None,
        availability=merge(item.interval() for item in _items(members, "availability")),
    )


def _interviewer(node: Node) -> InterviewerFacts:
    members = node.fields(
        "id name time_zone working_hours",
        "preferred_hours qualifications limits buffer busy booked met load",
    )
    return InterviewerFacts(
        id=members["id"].name(),
        name=members["name"].text(),
        time_zone=members["time_zone"].zone(),
        working_hours=tuple(item.weekly_hours() for item in members["working_hours"].items()),
        preferred_hours=tuple(item.weekly_hours() for item in _items(members, "preferred_hours")),
        qualifications=tuple(_qualification(item) for item in _items(members, "qualifications")),
        limits=_limits(members["limits"]) if "limits" in members else Limits(),
        buffer=_buffer(members["buffer"]) if "buffer" in members else Buffer(),
        busy=tuple(_busy(item) for item in _items(members, "busy")),
        booked=tuple(_booked(item) for item in _items(members, "booked")),
        met=members["met"].flag() if "met" in members else False,
        load=members["load"].whole(0, 10_000) if "load" in members else None,
    )


def _qualification(node: Node) -> Qualification:
    members = node.fields("skill", "level")
    level = (
        members["level"].one_of("qualified", "reverse_shadow", "shadow")
        if "level" in members
        else "qualified"
    )
    return Qualification(members["skill"].name(), level)


def _limits(node: Node) -> Limits:
    return Limits(**{name: item.whole(0, 1000) for name, item in node.fields("", "per_day per_week").items()})


def _buffer(node: Node) -> Buffer:
    return Buffer(**{name: item.whole(0, 1440) for name, item in node.fields("", "before after").items()})


def _busy(node: Node) -> BusyBlock:
    members = node.fields("start end", "kind")
    kind = members["kind"].text() if "kind" in members else "busy"
    return BusyBlock(node.between(members["start"], members["end"]), kind)


def _booked(node: Node) -> BookedInterview:
    members = node.fields("start end", "buffer")
    buffer = _buffer(members["buffer"]) if "buffer" in members else Buffer()
    return BookedInterview(node.between(members["start"], members["end"]), buffer)


def _room(node: Node) -> RoomFacts:
    members = node.fields("id name capacity", "location busy booked")
    return RoomFacts(
        id=members["id"].name(),
        name=members["name"].text(),
        capacity=members["capacity"].whole(1, 10_000),
        location=members["location"].text() if "location" in members else None,
        busy=tuple(_busy(item) for item in _items(members, "busy")),
        booked=tuple(_booked(item) for item in _items(members, "booked")),
    )


def _unreadable(node: Node) -> Unreadable:
    members = node.fields("id reason", "name")
    return Unreadable(
        members["id"].name(), members["reason"].text(), members["name"].text() if "name" in members else ""
    )
