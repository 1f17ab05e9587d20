# SPDX-License-Identifier: Apache-2.0
"""Options: complete proposals, why they are as they are, why there are none. JSON forms are the API's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from scheduler.domain.intervals import Interval, format_instant, parse_instant


@dataclass(frozen=True)
class Panelist:
    """Somebody on the panel of a session, in a role."""

    id: str
    name: str
    role: str
    optional: bool = False

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Panelist:
        return cls(data["id"], data["name"], data["role"], data.get("optional", False))

    def to_json(self) -> dict[str, Any]:
        data = {"id": self.id, "name": self.name, "role": self.role}
        return data | {"optional": True} if self.optional else data


@dataclass(frozen=True)
class RoomRef:
    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class OptionSession:
    """One session of an option: when, with whom, where."""

    key: str
    title: str
    start: datetime
    end: datetime
    interviewers: tuple[Panelist, ...]
    room: RoomRef | None = None

    @property
    def interval(self) -> Interval:
        return Interval(self.start, self.end)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> OptionSession:
        room = data.get("room")
        return cls(
            key=data["key"],
            title=data["title"],
            start=parse_instant(data["start"]),
            end=parse_instant(data["end"]),
            interviewers=tuple(Panelist.from_json(person) for person in data["interviewers"]),
            room=RoomRef(room["id"], room["name"]) if room else None,
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "title": self.title,
            "start": format_instant(self.start),
            "end": format_instant(self.end),
            "interviewers": [person.to_json() for person in self.interviewers],
            "room": {"id": self.room.id, "name": self.room.name} if self.room else None,
        }


@dataclass(frozen=True)
class Reason:
    """One thing that speaks for or against an option, in words a person can use."""

    code: str
    text: str
    value: float = 0

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Reason:
        return cls(data["code"], data["text"], data["value"])

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, "text": self.text, "value": self.value}


@dataclass(frozen=True, kw_only=True)
class Option:
    """A complete proposal: every session with its time, people and room. `id` is given when it is stored."""

    sessions: tuple[OptionSession, ...]
    #: what the weights say against it; 0 is perfect
    cost: int = 0
    reasons: tuple[Reason, ...] = ()
    id: str = ""

    @property
    def start(self) -> datetime:
        return min(session.start for session in self.sessions)

    @property
    def end(self) -> datetime:
        return max(session.end for session in self.sessions)

    @property
    def people(self) -> frozenset[str]:
        return frozenset(person.id for session in self.sessions for person in session.interviewers)

    def evolve(self, **changes: Any) -> Option:
        return replace(self, **changes)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Option:
        return cls(
            id=data.get("id", ""),
            sessions=tuple(OptionSession.from_json(session) for session in data["sessions"]),
            cost=data.get("cost", 0),
            reasons=tuple(Reason.from_json(reason) for reason in data.get("reasons", ())),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "start": format_instant(self.start),
            "end": format_instant(self.end),
            "sessions": [session.to_json() for session in self.sessions],
            "cost": self.cost,
            "reasons": [reason.to_json() for reason in self.reasons],
        }


@dataclass(frozen=True, kw_only=True)
class Blocker:
    """One thing that stands in the way, in words a recruiter can act on."""

    code: str
    text: str
    interviewer_id: str | None = None
    session_key: str | None = None

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"code": self.code, "text": self.text}
        if self.interviewer_id:
            data["interviewer_id"] = self.interviewer_id
        if self.session_key:
            data["session_key"] = self.session_key
        return data


@dataclass(frozen=True, kw_only=True)
class Relaxation:
    """A change that would open options: a JSON Patch (RFC 6902) on `{plan, window}`, checked by solving."""

    patch: tuple[dict[str, Any], ...]
    text: str
    options_gained: int

    def to_json(self) -> dict[str, Any]:
        return {"patch": list(self.patch), "text": self.text, "options_gained": self.options_gained}


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why there are no options, or fewer than asked for."""

    summary: str
    blockers: tuple[Blocker, ...] = ()
    relaxations: tuple[Relaxation, ...] = ()
    #: interviewers (and rooms) whose calendar could not be read, and why: `(id, reason)`
    unreadable: tuple[tuple[str, str], ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        return {
            "summary": self.summary,
            "blockers": [blocker.to_json() for blocker in self.blockers],
            "relaxations": [relaxation.to_json() for relaxation in self.relaxations],
            "unreadable": [{"interviewer_id": id_, "reason": reason} for id_, reason in self.unreadable],
        }
