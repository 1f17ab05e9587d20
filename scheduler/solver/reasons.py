# SPDX-License-Identifier: Apache-2.0
"""Why these people, what the next best would cost, and who could stand in: words that count nothing.

What an option costs is told by the judge's own reasons; these have the value 0. They are for recruiters:
candidates are not told who else was thought of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scheduler.domain.options import Reason
from scheduler.domain.wording import list_words
from scheduler.solver.drafts import Draft, fit_for
from scheduler.solver.panels import Fit
from scheduler.solver.problem import InterviewerFacts
from scheduler.solver.reach import Reach, SessionStarts
from scheduler.solver.timing import Timing

#: stand-ins named for one seat
MOST_NAMED = 3


def of_people(reach: Reach, timing: Timing, draft: Draft) -> tuple[Reason, ...]:
    """For each required seat, in order of time: why these people, and who else could sit there."""
    sits: dict[int, list[int]] = {}
    for item in draft.seated:
        sits.setdefault(item.person, []).append(item.session)
    fit = fit_for(reach, timing, draft.placed)
    found: list[Reason] = []
    for session, minute in draft.placed:
        here = reach.sessions[session]
        for seat in here.required:
            taken = tuple(
                item.person for item in draft.seated if (item.session, item.seat) == (session, seat)
            )
            place = _Place(reach, here, session, seat, minute // reach.line.minutes, taken)
            found += place.reasons(fit, sits)
    return tuple(found)


@dataclass(frozen=True)
class _Place:
    """The places of one seat at one start, and who has them."""

    reach: Reach
    here: SessionStarts
    session: int
    seat: int
    tick: int
    taken: tuple[int, ...]

    def reasons(self, fit: Fit, sits: dict[int, list[int]]) -> Iterator[Reason]:
        others = self._others(fit, sits)
        yield Reason("people", self._why(others))
        if others:
            names = [self._who(person).name for person in others[:MOST_NAMED]]
            names += [f"{len(others) - MOST_NAMED} more"] if len(others) > MOST_NAMED else []
            text = f"Could stand in for {self.here.session.title}{self._role}: {list_words(names)}"
            yield Reason("cover", text)

    def _others(self, fit: Fit, sits: dict[int, list[int]]) -> list[int]:
        """Who else could sit here in this very option, the next best first."""
        free = [
            person
            for person in self.here.pools[self.seat]
            if self.here.people[person].able >> self.tick & 1
            and self.session not in sits.get(person, ())
            and fit.may_also(person, self.session, sits.get(person, ()))
        ]
        return sorted(free, key=lambda person: (self._cost(person), person))

    def _why(self, others: list[int]) -> str:
        names = list_words([self._who(person).name for person in self.taken])
        sentence = f"{names} for {self.here.session.title}{self._role}"
        pool = len(self.here.pools[self.seat])
        if not others:
            return f"{sentence}: nobody else " + ("may" if pool == len(self.taken) else "could then")
        return f"{sentence}; {self._instead(max(self.taken, key=self._cost), others[0])}"

    def _instead(self, person: int, other: int) -> str:
        """What the next best would cost in the place of the dearest."""
        more = self._cost(other) - self._cost(person)
        name = self._who(other).name
        if not more:
            return f"{name} would cost the same"
        return (
            f"{name} would cost {abs(more)} {'more' if more > 0 else 'less'}: {self._unlike(person, other)}"
        )

    def _unlike(self, person: int, other: int) -> str:
        """In what the other differs, as far as it counts."""
        problem = self.reach.problem
        load = problem.load_of(self._who(other)) - problem.load_of(self._who(person))
        words = []
        if load and problem.weights.load:
            noun = "interview" if abs(load) == 1 else "interviews"
            words.append(f"{abs(load)} {'more' if load > 0 else 'fewer'} recent {noun}")
        one, another = self.here.people[person], self.here.people[other]
        liked = (another.preferred >> self.tick & 1) - (one.preferred >> self.tick & 1)
        if liked:
            words.append("inside preferred hours" if liked > 0 else "outside preferred hours")
        over = (another.overbooked >> self.tick & 1) - (one.overbooked >> self.tick & 1)
        if over:
            words.append("over something in the calendar" if over > 0 else "over nothing in the calendar")
        return list_words(words)

    def _cost(self, person: int) -> int:
        return self.here.seat_cost(person, self.tick)

    def _who(self, person: int) -> InterviewerFacts:
        return self.reach.problem.interviewers[person]

    @property
    def _role(self) -> str:
        """Which seat, where the session has several."""
        seats = self.here.session.seats
        return f" ({seats[self.seat].role})" if len(self.here.required) > 1 else ""
