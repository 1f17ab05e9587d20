# SPDX-License-Identifier: Apache-2.0
"""What a Problem is made of: people, rooms and the candidate with what is known of their time, and the
weights.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.domain.errors import Invalid
from scheduler.domain.hours import WeeklyHours
from scheduler.domain.intervals import Interval, merge
from scheduler.domain.people import Buffer, Interviewer, Limits, Qualification, Room, intervals_to_json
from scheduler.domain.plans import Session
from scheduler.solver.reading import Node


@dataclass(frozen=True, kw_only=True)
class Weights:
    """What counts against an option, in whole points. `version` names the set, so that a stored cost keeps
    its meaning.
    """

    version: int = 1
    #: each calendar day (candidate's zone) from the first possible day to the day the option ends
    day: int = 150
    #: each minute of waiting between sessions of a day, owed breaks not counted; with a `waiting_step` above
    #: 1, each whole step of so many minutes in a day instead
    waiting_minute: int = 2
    waiting_step: int = 1
    #: owed breaks are waiting like any other
    breaks_are_waiting: bool = False
    #: each day after the first that the option needs
    extra_day: int = 120
    #: each recent interview of somebody who sits in a required seat
    load: int = 45
    #: each required seat whose person prefers other hours
    preferred_hours: int = 60
    #: each required seat whose person has something in the calendar that may be overbooked
    overbooked: int = 200
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
    #: of many candidates: each calendar day from the first possible day to each session's own day
    session_day: int = 0
    #: of many candidates: the n-th new interview of one person counts n times this
    load_step: int = 45
    #: of many candidates: each required seat whose person is not among those the candidate's interviews are
    #: preferably held by
    other_people: int = 40

    def __post_init__(self) -> None:
        if self.waiting_step < 1:
            raise Invalid.at("/weights/waiting_step", "is not above 0")

    def waiting(self, minutes: int) -> int:
        """What so many minutes of waiting on one day count."""
        return self.waiting_minute * (minutes // self.waiting_step)


#: the kind of time that is kept free for another candidate, who may choose it still; buffers are in it
HELD = "held"


@dataclass(frozen=True)
class BusyBlock:
    """Time taken in a calendar. `kind` is the provider's word for it (busy, tentative, focus, …), or HELD.

    Every kind blocks, but for a person's that the Problem lets be overbooked.
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
    #: not arranged yet: another candidate's, who is asked about at the same time
    beside: bool = False


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
    #: recent interviews; None: a newcomer, who counts with the median of those they share a pool with
    load: int | None = None

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @cached_property
    def kept(self) -> dict[Hashable, Any]:
        """Masks worked out from these facts, kept with them for the next question about the same time."""
        return {}

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
    #: what somebody left out could have held; a room has none
    qualifications: tuple[Qualification, ...] = ()


def interviewer_to_json(person: InterviewerFacts) -> dict[str, Any]:
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


def room_to_json(room: RoomFacts) -> dict[str, Any]:
    return {
        "id": room.id,
        "name": room.name,
        "capacity": room.capacity,
        "location": room.location,
        "busy": [_busy_to_json(block) for block in room.busy],
        "booked": [_booked_to_json(booked) for booked in room.booked],
    }


def unreadable_to_json(item: Unreadable) -> dict[str, Any]:
    return {
        "id": item.id,
        "reason": item.reason,
        "name": item.name,
        "qualifications": [asdict(one) for one in item.qualifications],
    }


def _busy_to_json(block: BusyBlock) -> dict[str, Any]:
    return {**intervals_to_json((block.during,))[0], "kind": block.kind}


def _booked_to_json(booked: BookedInterview) -> dict[str, Any]:
    return {**intervals_to_json((booked.during,))[0], "buffer": booked.buffer.to_json()}


def members_of(members: dict[str, Node], name: str) -> tuple[Node, ...]:
    return tuple(members[name].items()) if name in members else ()


def read_weights(node: Node) -> Weights:
    names = [item.name for item in fields(Weights)]
    members = node.fields("", " ".join(names))
    given: dict[str, Any] = {
        name: item.flag() if name == "breaks_are_waiting" else item.whole(0, 1_000_000)
        for name, item in members.items()
    }
    return Weights(**given)


def read_candidate(node: Node) -> CandidateFacts:
    members = node.fields("id", "time_zone availability")
    return CandidateFacts(
        id=members["id"].text(),
        time_zone=members["time_zone"].zone() if "time_zone" in members else None,
        availability=merge(item.interval() for item in members_of(members, "availability")),
    )


def read_interviewer(node: Node) -> InterviewerFacts:
    members = node.fields(
        "id name time_zone working_hours",
        "preferred_hours qualifications limits buffer busy booked met load",
    )
    return InterviewerFacts(
        id=members["id"].name(),
        name=members["name"].text(),
        time_zone=members["time_zone"].zone(),
        working_hours=tuple(item.weekly_hours() for item in members["working_hours"].items()),
        preferred_hours=tuple(item.weekly_hours() for item in members_of(members, "preferred_hours")),
        qualifications=tuple(_qualification(item) for item in members_of(members, "qualifications")),
        limits=_limits(members["limits"]) if "limits" in members else Limits(),
        buffer=_buffer(members["buffer"]) if "buffer" in members else Buffer(),
        busy=tuple(_busy(item) for item in members_of(members, "busy")),
        booked=tuple(_booked(item) for item in members_of(members, "booked")),
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


def read_room(node: Node) -> RoomFacts:
    members = node.fields("id name capacity", "location busy booked")
    return RoomFacts(
        id=members["id"].name(),
        name=members["name"].text(),
        capacity=members["capacity"].whole(1, 10_000),
        location=members["location"].text() if "location" in members else None,
        busy=tuple(_busy(item) for item in members_of(members, "busy")),
        booked=tuple(_booked(item) for item in members_of(members, "booked")),
    )


def read_unreadable(node: Node) -> Unreadable:
    members = node.fields("id reason", "name qualifications")
    return Unreadable(
        members["id"].name(),
        members["reason"].text(),
        members["name"].text() if "name" in members else "",
        tuple(_qualification(item) for item in members_of(members, "qualifications")),
    )
