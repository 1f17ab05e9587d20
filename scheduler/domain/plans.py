# SPDX-License-Identifier: Apache-2.0
"""A Plan: the template of one candidate's interviews. Its JSON form is the one of the API."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Any

from scheduler.domain.errors import FieldError, Invalid
from scheduler.domain.hours import format_wall
from scheduler.domain.people import Buffer

#: of a plan that is made or asked about; plans stored before this was the limit stay readable
MOST_SESSIONS = 8


@dataclass(frozen=True, kw_only=True)
class Seat:
    """Places on a panel: `count` people, either out of the named ones or out of everybody with the skill."""

    role: str = "interviewer"
    count: int = 1
    skill: str | None = None
    level: str = "qualified"
    #: ids; empty: anybody with the skill
    interviewers: tuple[str, ...] = ()
    #: optional people are invited when they are free, and never block
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Session:
    """One interview within a plan."""

    key: str
    title: str
    minutes: int
    seats: tuple[Seat, ...]
    #: keys of the sessions that come before, where the plan's order is `any`
    after: tuple[str, ...] = ()
    #: people the room must hold; None: no room is needed
    room_capacity: int | None = None
    conference: str = "auto"
    conference_url: str | None = None
    location: str | None = None
    instructions: str | None = None
    #: replaces the interviewer's own buffer
    buffer: Buffer | None = None

    @property
    def duration(self) -> timedelta:
        return timedelta(minutes=self.minutes)

    @property
    def needs_room(self) -> bool:
        return self.room_capacity is not None


@dataclass(frozen=True, kw_only=True)
class Break:
    """Free time owed on a day whose sessions start before and end after the window; the candidate's clock."""

    name: str
    minutes: int
    earliest: time
    latest: time


@dataclass(frozen=True)
class Gap:
    """Minutes between one session and the next on the same day; `max` None: any. A break taken between them
    is not counted.
    """

    min: int = 0
    max: int | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a candidate's interviews consist of, and the rules for placing them."""

    name: str
    sessions: tuple[Session, ...]
    id: str | None = None
    external_id: str | None = None
    #: "fixed": in the order written; "any": any order that respects `after`
    order: str = "fixed"
    gap: Gap = field(default_factory=Gap)
    #: consecutive days of the candidate's calendar that the sessions may span
    max_days: int = 1
    #: sessions start on multiples of this many minutes after midnight
    grid: int = 15
    breaks: tuple[Break, ...] = ()
    #: wall time in the candidate's zone
    candidate_hours: tuple[time, time] = (time(8), time(20))
    notice_hours: int = 24
    horizon_days: int = 14
    #: nobody meets the candidate twice
    distinct_interviewers: bool = True
    #: minutes before the start at which a reminder is due
    reminders: tuple[int, ...] = (1440, 60)
    approval: str = "none"
    on_decline: str = "suggest"
    holds: bool = False
    reschedule_limit: int = 2
    reschedule_cutoff_hours: int = 24
    #: days for which the candidate's link offers times
    offer_days: int = 7

    def session(self, key: str) -> Session:
        return next(session for session in self.sessions if session.key == key)

    @property
    def predecessors(self) -> list[frozenset[int]]:
        """For each session, by position, those that come before it."""
        position = {session.key: index for index, session in enumerate(self.sessions)}
        return [
            frozenset(range(index))
            if self.order == "fixed"
            else frozenset(position[key] for key in session.after)
            for index, session in enumerate(self.sessions)
        ]

    @property
    def people_named(self) -> frozenset[str]:
        return frozenset(id_ for s in self.sessions for seat in s.seats for id_ in seat.interviewers)

    @property
    def skills(self) -> frozenset[str]:
        return frozenset(seat.skill for s in self.sessions for seat in s.seats if seat.skill)

    @property
    def needs_rooms(self) -> bool:
        return any(session.needs_room for session in self.sessions)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        """Build from the API's form. The shape is taken as valid; what contradicts itself raises Invalid."""
        plan = _plan_from_json(data)
        errors = tuple(_contradictions(plan))
        if errors:
            raise Invalid(*errors)
        return plan

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "external_id": self.external_id,
            "name": self.name,
            "sessions": [_session_to_json(session) for session in self.sessions],
            "order": self.order,
            "gap": {"min": self.gap.min, "max": self.gap.max},
            "max_days": self.max_days,
            "grid": self.grid,
            "breaks": [
                {
                    "name": b.name,
                    "minutes": b.minutes,
                    "between": [format_wall(b.earliest), format_wall(b.latest)],
                }
                for b in self.breaks
            ],
            "candidate_hours": {
                "start": format_wall(self.candidate_hours[0]),
                "end": format_wall(self.candidate_hours[1]),
            },
            "notice_hours": self.notice_hours,
            "horizon_days": self.horizon_days,
            "distinct_interviewers": self.distinct_interviewers,
            "reminders": list(self.reminders),
            "approval": self.approval,
            "on_decline": self.on_decline,
            "holds": self.holds,
            "reschedule": {"limit": self.reschedule_limit, "cutoff_hours": self.reschedule_cutoff_hours},
            "offer_days": self.offer_days,
        }


def _plan_from_json(data: dict[str, Any]) -> Plan:
    hours = data.get("candidate_hours") or {"start": "08:00", "end": "20:00"}
    reschedule = data.get("reschedule") or {}
    gap = data.get("gap") or {}
    simple = {
        name: data[name]
        for name in (
            "id",
            "external_id",
            "order",
            "max_days",
            "grid",
            "notice_hours",
            "horizon_days",
            "distinct_interviewers",
            "approval",
            "on_decline",
            "holds",
            "offer_days",
        )
        if data.get(name) is not None
    }
    if data.get("reminders") is not None:
        simple["reminders"] = tuple(sorted(set(data["reminders"]), reverse=True))
    return Plan(
        name=data["name"],
        sessions=tuple(_session_from_json(session) for session in data["sessions"]),
        gap=Gap(gap.get("min") or 0, gap.get("max")),
        breaks=tuple(_break_from_json(item) for item in data.get("breaks") or ()),
        candidate_hours=(time.fromisoformat(hours["start"]), time.fromisoformat(hours["end"])),
        reschedule_limit=reschedule.get("limit", 2),
        reschedule_cutoff_hours=reschedule.get("cutoff_hours", 24),
        **simple,
    )


def _break_from_json(data: dict[str, Any]) -> Break:
    earliest, latest = (time.fromisoformat(wall) for wall in data["between"])
    return Break(name=data["name"], minutes=data["minutes"], earliest=earliest, latest=latest)


def _session_from_json(data: dict[str, Any]) -> Session:
    buffer = data.get("buffer")
    return Session(
        key=data["key"],
        title=data["title"],
        minutes=data["minutes"],
        seats=tuple(_seat_from_json(seat) for seat in data["seats"]),
        after=tuple(data.get("after") or ()),
        room_capacity=(data.get("room") or {}).get("capacity"),
        conference=data.get("conference") or "auto",
        conference_url=data.get("conference_url"),
        location=data.get("location"),
        instructions=data.get("instructions"),
        buffer=Buffer(buffer.get("before", 0), buffer.get("after", 0)) if buffer else None,
    )


def _seat_from_json(data: dict[str, Any]) -> Seat:
    return Seat(
        role=data.get("role") or "interviewer",
        count=data.get("count") or 1,
        skill=data.get("skill"),
        level=data.get("level") or "qualified",
        interviewers=tuple(data.get("interviewers") or ()),
        optional=bool(data.get("optional")),
    )


def _session_to_json(session: Session) -> dict[str, Any]:
    return {
        "key": session.key,
        "title": session.title,
        "minutes": session.minutes,
        "seats": [seat_to_json(seat) for seat in session.seats],
        "after": list(session.after),
        "room": {"capacity": session.room_capacity} if session.needs_room else None,
        "conference": session.conference,
        "conference_url": session.conference_url,
        "location": session.location,
        "instructions": session.instructions,
        "buffer": session.buffer.to_json() if session.buffer else None,
    }


def seat_to_json(seat: Seat) -> dict[str, Any]:
    data: dict[str, Any] = {"role": seat.role, "count": seat.count, "optional": seat.optional}
    if seat.interviewers:
        return data | {"interviewers": list(seat.interviewers)}
    return data | {"skill": seat.skill, "level": seat.level}


def _contradictions(plan: Plan) -> list[FieldError]:
    """What no single field shows: duplicate keys, circles, windows too small."""
    errors: list[FieldError] = []
    keys = [session.key for session in plan.sessions]
    for index, session in enumerate(plan.sessions):
        at = f"/sessions/{index}"
        if keys.index(session.key) != index:
            errors.append(FieldError(f"{at}/key", f"two sessions are called “{session.key}”"))
        for position, key in enumerate(session.after):
            if key not in keys or key == session.key:
                errors.append(FieldError(f"{at}/after/{position}", f"there is no other session “{key}”"))
        errors.extend(_seat_errors(session, at))
    if not errors and not _can_be_ordered(plan):
        errors.append(FieldError("/sessions", "the sessions come after each other in a circle"))
    if plan.gap.max is not None and plan.gap.max < plan.gap.min:
        errors.append(FieldError("/gap/max", "is smaller than min"))
    for index, item in enumerate(plan.breaks):
        if _minutes(item.latest) - _minutes(item.earliest) < item.minutes:
            errors.append(FieldError(f"/breaks/{index}/between", f"has no room for {item.minutes} minutes"))
    start, end = plan.candidate_hours
    if (_minutes(end) or 1440) <= _minutes(start):
        errors.append(FieldError("/candidate_hours/end", "is not after start"))
    return errors


def _seat_errors(session: Session, at: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, seat in enumerate(session.seats):
        where = f"{at}/seats/{index}"
        if bool(seat.skill) == bool(seat.interviewers):
            errors.append(FieldError(where, "needs either a skill or interviewers"))
        elif seat.interviewers and len(set(seat.interviewers)) < seat.count:
            errors.append(
                FieldError(
                    f"{where}/count", f"asks for {seat.count} out of {len(set(seat.interviewers))} people"
                )
            )
    return errors


def _can_be_ordered(plan: Plan) -> bool:
    """`after` has no circle, and does not contradict a fixed order."""
    keys = [session.key for session in plan.sessions]
    if plan.order == "fixed":
        return all(
            keys.index(key) < index for index, session in enumerate(plan.sessions) for key in session.after
        )
    placed: set[str] = set()
    while len(placed) < len(keys):
        ready = [s.key for s in plan.sessions if s.key not in placed and placed.issuperset(s.after)]
        if not ready:
            return False
        placed.update(ready)
    return True


def _minutes(wall: time) -> int:
    return wall.hour * 60 + wall.minute
