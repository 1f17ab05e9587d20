# SPDX-License-Identifier: Apache-2.0
"""What an answer changes in what is booked: sessions that move, and people who are new to a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scheduler.domain.options import Option, OptionSession
from scheduler.solver.many.problem import AssignProblem


@dataclass(frozen=True, kw_only=True)
class SessionChange:
    """One session that is not as booked. People by id; optional ones are not counted."""

    session_key: str
    moved: bool
    leaving: tuple[str, ...] = ()
    joining: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        return {
            "session_key": self.session_key,
            "moved": self.moved,
            "leaving": list(self.leaving),
            "joining": list(self.joining),
        }


def changes_for(problem: AssignProblem, index: int, option: Option) -> tuple[SessionChange, ...]:
    """The changes in one candidate's sessions, in order of time."""
    agreed = problem.agreed(problem.candidates[index])
    found = (_change(agreed[s.key], s) for s in option.sessions if s.key in agreed)
    return tuple(each for each in found if each.moved or each.joining or each.leaving)


def _change(before: OptionSession, after: OptionSession) -> SessionChange:
    known, now = ({p.id for p in session.interviewers} for session in (before, after))
    return SessionChange(
        session_key=after.key,
        moved=before.start != after.start,
        leaving=tuple(p.id for p in before.interviewers if p.id not in now and not p.optional),
        joining=tuple(p.id for p in after.interviewers if p.id not in known and not p.optional),
    )


def changes_of(problem: AssignProblem, options: Mapping[int, Option]) -> tuple[int, int]:
    """How many sessions move, and how many people join, in a whole answer."""
    found = [each for index, option in options.items() for each in changes_for(problem, index, option)]
    return sum(each.moved for each in found), sum(len(each.joining) for each in found)
