# SPDX-License-Identifier: Apache-2.0
"""What assigning gives: an option for each candidate, or why they have none; and what a capacity is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from scheduler.domain.options import Explanation, Option
from scheduler.solver.many.changes import SessionChange
from scheduler.solver.outcome import FORMAT, Figures, explanation_from_json


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """One candidate's option; None: left out, and `explanation` says what stands in the way."""

    candidate_id: str
    option: Option | None
    explanation: Explanation | None = None
    #: of a repair: the sessions that are not as booked
    changes: tuple[SessionChange, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "candidate_id": self.candidate_id,
            "option": self.option.to_json() if self.option else None,
            "explanation": self.explanation.to_json() if self.explanation else None,
            "changes": [change.to_json() for change in self.changes],
        }


@dataclass(frozen=True, kw_only=True)
class Assigned:
    """One option for as many candidates as possible, best for all together."""

    status: ClassVar[str] = "assigned"

    #: in the order of the candidates
    assignments: tuple[Assignment, ...]
    #: OPTIMAL, FEASIBLE or STOPPED
    proof: str
    figures: Figures = field(default_factory=Figures, compare=False)

    @property
    def options(self) -> dict[str, Option]:
        """By candidate, of those who have one."""
        return {item.candidate_id: item.option for item in self.assignments if item.option}

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "status": self.status,
            "proof": self.proof,
            "assignments": [item.to_json() for item in self.assignments],
            "figures": self.figures.to_json(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Assigned:
        """The outcome that `to_json` wrote."""
        return cls(
            assignments=tuple(_assignment(item) for item in data["assignments"]),
            proof=data["proof"],
            figures=Figures.from_json(data["figures"]),
        )


@dataclass(frozen=True, kw_only=True)
class Pool:
    """People, or rooms, who share some of a plan's seats, and how many candidates they can take at most."""

    text: str
    session_keys: tuple[str, ...]
    interviewer_ids: tuple[str, ...]
    room_ids: tuple[str, ...] = ()
    candidates: int

    def to_json(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "session_keys": list(self.session_keys),
            "interviewer_ids": list(self.interviewer_ids),
            "room_ids": list(self.room_ids),
            "candidates": self.candidates,
        }


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """How many candidates can be taken, with an example, and how many can not be exceeded."""

    status: ClassVar[str] = "capacity"

    candidates: int
    #: None: nothing is known
    at_most: int | None
    proof: str
    #: the pools, the narrowest first: that is the bottleneck
    pools: tuple[Pool, ...]
    #: one for each candidate that can be taken
    options: tuple[Option, ...]
    figures: Figures = field(default_factory=Figures, compare=False)

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "status": self.status,
            "proof": self.proof,
            "candidates": self.candidates,
            "at_most": self.at_most,
            "pools": [pool.to_json() for pool in self.pools],
            "options": [option.to_json() for option in self.options],
            "figures": self.figures.to_json(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Capacity:
        """The outcome that `to_json` wrote."""
        return cls(
            candidates=data["candidates"],
            at_most=data["at_most"],
            proof=data["proof"],
            pools=tuple(_pool(item) for item in data["pools"]),
            options=tuple(Option.from_json(item) for item in data["options"]),
            figures=Figures.from_json(data["figures"]),
        )


def _pool(data: dict[str, Any]) -> Pool:
    return Pool(
        text=data["text"],
        session_keys=tuple(data["session_keys"]),
        interviewer_ids=tuple(data["interviewer_ids"]),
        room_ids=tuple(data["room_ids"]),
        candidates=data["candidates"],
    )


def _assignment(data: dict[str, Any]) -> Assignment:
    option, explanation = data["option"], data["explanation"]
    return Assignment(
        candidate_id=data["candidate_id"],
        option=Option.from_json(option) if option else None,
        explanation=explanation_from_json(explanation) if explanation else None,
        changes=tuple(_change(item) for item in data["changes"]),
    )


def _change(data: dict[str, Any]) -> SessionChange:
    return SessionChange(
        session_key=data["session_key"],
        moved=data["moved"],
        leaving=tuple(data["leaving"]),
        joining=tuple(data["joining"]),
    )
