# SPDX-License-Identifier: Apache-2.0
"""Who is where in an answer: each person's and each room's new interviews, and for which candidate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from scheduler.domain.options import Option
from scheduler.solver.facts import BookedInterview, InterviewerFacts, RoomFacts

if TYPE_CHECKING:
    from scheduler.solver.many.problem import AssignProblem

Owner = TypeVar("Owner", InterviewerFacts, RoomFacts)


class Diary:
    """The interviews of several candidates' options, by the position of the candidate."""

    def __init__(self, problem: AssignProblem, options: Mapping[int, Option] | None = None) -> None:
        self._problem = problem
        self._held: dict[str, list[tuple[int, BookedInterview]]] = defaultdict(list)
        for index, option in sorted((options or {}).items()):
            self.enter(index, option)

    def enter(self, index: int, option: Option) -> None:
        """Book this candidate's option with its people and rooms."""
        for owner, interview in self._interviews(index, option):
            self._held[owner].append((index, interview))

    def _interviews(self, index: int, option: Option) -> Iterator[tuple[str, BookedInterview]]:
        plan = self._problem.candidates[index].plan
        for placed in option.sessions:
            session = plan.session(placed.key)
            for panelist in placed.interviewers:
                person = self._problem.person(panelist.id)
                if person:
                    buffer = person.buffer_for(session)
                    interview = self._problem.kept_apart(placed.interval, buffer)
                    yield person.id, replace(interview, beside=True)
            if placed.room:
                yield placed.room.id, BookedInterview(placed.interval, beside=True)

    def strike(self, index: int) -> None:
        """Take this candidate's interviews out again."""
        for owner, held in self._held.items():
            self._held[owner] = [item for item in held if item[0] != index]

    def busier(self, owner: Owner, index: int) -> Owner:
        """The same person or room, everybody's interviews but this candidate's being booked."""
        held = self._held.get(owner.id, ())
        more: tuple[BookedInterview, ...] = tuple(interview for other, interview in held if other != index)
        return replace(owner, booked=(*owner.booked, *more)) if more else owner
