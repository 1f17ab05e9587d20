# SPDX-License-Identifier: Apache-2.0
"""The general way, for plans that ask what columns cannot say: one candidate after the other, each in the
best way that is left, then by exchange. Every rule of a plan is kept; nothing is proven of the whole.
"""

from __future__ import annotations

from scheduler.domain.options import Option
from scheduler.solver.choice import Choice
from scheduler.solver.drafts import best_rooms, optional_people, to_option
from scheduler.solver.many.answer import Value
from scheduler.solver.many.changes import changes_of
from scheduler.solver.many.diary import Diary
from scheduler.solver.many.finish import judged
from scheduler.solver.many.judge import recounted
from scheduler.solver.many.problem import AssignProblem
from scheduler.solver.many.progress import Progress
from scheduler.solver.problem import Problem
from scheduler.solver.reach import Reach
from scheduler.solver.search import Search
from scheduler.solver.seating import seat
from scheduler.solver.timing import Timing

#: rounds in which everybody is placed anew
ROUNDS = 2


class OneByOne:
    """An answer made candidate by candidate."""

    def __init__(self, problem: AssignProblem, progress: Progress) -> None:
        self.problem, self.progress = problem, progress
        self.diary = Diary(problem)
        self.options: dict[int, Option] = {}

    def solve(self) -> dict[int, Option]:
        """Options for as many as could be found, by the position of the candidate."""
        counted = self.problem.leaving_out
        everybody = range(len(self.problem.candidates))
        order = sorted(everybody, key=lambda index: (-counted[index], -self._people_wanted(index), index))
        for index in order:
            if not self.progress.over:
                self._enter(index, self._kept(index, self.diary))
        rest = [index for index in order if index not in self.options]
        failed = [index for index in rest if self.progress.over or not self._place(index)]
        self._note()
        impossible = [i for i in failed if not self.progress.over and self._alone(i) is None]
        self.progress.bound = (sum(counted[index] for index in impossible), 0, 0)
        possible = [index for index in order if index not in impossible]
        if not self.progress.over:
            self.progress.alone = dict.fromkeys(possible, 0)
        for _ in range(ROUNDS):
            if self.progress.over or not self._exchange(possible):
                break
            self._note()
        return self.options

    def _alone(self, index: int) -> Option | None:
        """What a candidate could have if there were nobody else."""
        return self._kept(index) or best_option(self.problem.problem(index))

    def _people_wanted(self, index: int) -> int:
        """Seats to be filled: long loops are harder to place, and come first."""
        sessions = self.problem.candidates[index].plan.sessions
        return sum(seat.count for session in sessions for seat in session.seats if not seat.optional)

    def _place(self, index: int) -> bool:
        option = self._kept(index, self.diary) or best_option(self.problem.problem(index, self.diary))
        return self._enter(index, option)

    def _enter(self, index: int, option: Option | None) -> bool:
        """Whether there was something to enter."""
        if option is not None:
            self.options[index] = option
            self.diary.enter(index, option)
        return option is not None

    def _kept(self, index: int, others: Diary | None = None) -> Option | None:
        """What is booked for a candidate, with other people where there must be; None: the times are gone."""
        item = self.problem.candidates[index]
        if item.booked is None or not self.problem.agreed(item):
            return None
        return seat(self.problem.problem(index, others), item.booked)

    def _drop(self, index: int) -> None:
        del self.options[index]
        self.diary.strike(index)

    def _exchange(self, order: list[int]) -> bool:
        """Take each candidate out, let those left out have a try, and put them back; whether it gained."""
        before = self._value()
        for index in order:
            if self.progress.over:
                break
            if index not in self.options:
                continue
            kept, value = dict(self.options), self._value()
            self._drop(index)
            for other in [*(i for i in order if i not in kept), index]:
                self._place(other)
            if self._value() >= value:
                self.options, self.diary = kept, Diary(self.problem, kept)
        return self._value() < before

    def _value(self) -> Value:
        cost = sum(option.cost for option in recounted(self.problem, self.options).values())
        moved, changed = changes_of(self.problem, self.options)
        counted = self.problem.leaving_out
        left_out = sum(each for index, each in enumerate(counted) if index not in self.options)
        return left_out, self.problem.move * moved + changed, cost

    def _note(self) -> None:
        self.progress.offer({}, self._value())


def best_option(problem: Problem) -> Option | None:
    """The best option of one candidate that could be found."""
    if problem.open_window is None:
        return None
    reach = Reach(problem, problem.open_window)
    timing = Timing(problem, reach.line)
    for draft in Choice(Search(reach, timing), 1).best():
        rooms = best_rooms(reach, timing, draft.placed)
        if rooms is not None:
            guests = optional_people(reach, timing, draft)
            return to_option(reach, timing, draft, rooms=rooms[1], guests=guests)
    return None


def one_by_one(problem: AssignProblem, progress: Progress) -> dict[int, Option]:
    """Options by the position of the candidate, as found by the general way, judged. Raises WrongAnswer."""
    options = OneByOne(problem, progress).solve()
    progress.stopped = progress.over
    return judged(problem, options)
