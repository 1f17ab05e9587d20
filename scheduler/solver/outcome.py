# SPDX-License-Identifier: Apache-2.0
"""What solving gives: options, the proof that there are none, or what was found when the time was over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from scheduler.domain.options import Blocker, Explanation, Option, Relaxation

FORMAT = 1
#: no better answer exists / as many options as there are, or as wanted / the limit of work came first, and
#: there may be more / the clock came first, so that another run may differ
OPTIMAL, COMPLETE, FEASIBLE, STOPPED = "optimal", "complete", "feasible", "stopped"


@dataclass(frozen=True, kw_only=True)
class Improvement:
    """A better answer on the way: when (seconds of wall time from the beginning), how many options, at what
    cost.
    """

    seconds: float
    options: int
    objective: int

    def to_json(self) -> dict[str, Any]:
        return {"seconds": round(self.seconds, 6), "options": self.options, "objective": self.objective}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One step of solving: the objective it reached, the bound it proved (None: none), and the gap between
    them.
    """

    name: str
    objective: int | None = None
    bound: int | None = None
    #: in order of time, each better than the one before
    improvements: tuple[Improvement, ...] = ()

    @property
    def gap(self) -> float | None:
        """(objective - bound) / objective; 0 is optimal."""
        if self.objective is None or self.bound is None:
            return None
        return round((self.objective - self.bound) / max(1, self.objective), 6)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "improvements": [item.to_json() for item in self.improvements],
        }


@dataclass(frozen=True, kw_only=True)
class Figures:
    """How it went. Seconds are wall time, so they differ between runs; nothing else of an outcome does."""

    build_seconds: float = 0.0
    #: to the first complete answer (as many options as there are in the end); None: no option was found
    first_seconds: float | None = None
    #: to the last improvement
    last_seconds: float | None = None
    total_seconds: float = 0.0
    stages: tuple[Stage, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "seconds": {
                "build": round(self.build_seconds, 6),
                "first": _rounded(self.first_seconds),
                "last": _rounded(self.last_seconds),
                "total": round(self.total_seconds, 6),
            },
            "stages": [stage.to_json() for stage in self.stages],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Figures:
        seconds = data["seconds"]
        return cls(
            build_seconds=seconds["build"],
            first_seconds=seconds["first"],
            last_seconds=seconds.get("last"),
            total_seconds=seconds["total"],
            stages=tuple(
                Stage(
                    name=item["name"],
                    objective=item["objective"],
                    bound=item["bound"],
                    improvements=tuple(Improvement(**each) for each in item.get("improvements", ())),
                )
                for item in data["stages"]
            ),
        )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)


@dataclass(frozen=True, kw_only=True)
class Solved:
    """At least one option. `explanation` is there when there are fewer than asked for."""

    status: ClassVar[str] = "solved"

    options: tuple[Option, ...]
    #: OPTIMAL, COMPLETE, FEASIBLE or STOPPED
    proof: str
    explanation: Explanation | None = None
    figures: Figures = field(default_factory=Figures, compare=False)

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "status": self.status,
            "proof": self.proof,
            "options": [option.to_json() for option in self.options],
            "explanation": self.explanation.to_json() if self.explanation else None,
            "figures": self.figures.to_json(),
        }


@dataclass(frozen=True, kw_only=True)
class Impossible:
    """Proven: there is no option. Why, and what would help."""

    status: ClassVar[str] = "impossible"

    explanation: Explanation
    figures: Figures = field(default_factory=Figures, compare=False)

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "status": self.status,
            "explanation": self.explanation.to_json(),
            "figures": self.figures.to_json(),
        }


@dataclass(frozen=True, kw_only=True)
class OutOfTime:
    """The limit came before an answer could be proven."""

    status: ClassVar[str] = "out_of_time"

    #: what was found until then; may be empty
    best: tuple[Option, ...] = ()
    #: no option can cost less than this; None: nothing is known
    bound: int | None = None
    figures: Figures = field(default_factory=Figures, compare=False)

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "status": self.status,
            "best": [option.to_json() for option in self.best],
            "bound": self.bound,
            "figures": self.figures.to_json(),
        }


Outcome = Solved | Impossible | OutOfTime


def outcome_from_json(data: dict[str, Any]) -> Outcome:
    """The outcome that `to_json` wrote."""
    figures = Figures.from_json(data["figures"])
    match data["status"]:
        case "solved":
            explanation = data["explanation"]
            return Solved(
                options=_options(data["options"]),
                proof=data["proof"],
                explanation=explanation_from_json(explanation) if explanation else None,
                figures=figures,
            )
        case "impossible":
            return Impossible(explanation=explanation_from_json(data["explanation"]), figures=figures)
        case "out_of_time":
            return OutOfTime(best=_options(data["best"]), bound=data["bound"], figures=figures)
        case other:
            msg = f"“{other}” is not the status of an outcome"
            raise ValueError(msg)


def _options(data: list[dict[str, Any]]) -> tuple[Option, ...]:
    return tuple(Option.from_json(option) for option in data)


def explanation_from_json(data: dict[str, Any]) -> Explanation:
    return Explanation(
        summary=data["summary"],
        blockers=tuple(Blocker(**blocker) for blocker in data["blockers"]),
        relaxations=tuple(
            Relaxation(patch=tuple(item["patch"]), text=item["text"], options_gained=item["options_gained"])
            for item in data["relaxations"]
        ),
        unreadable=tuple((item["interviewer_id"], item["reason"]) for item in data["unreadable"]),
    )
