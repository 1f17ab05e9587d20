# SPDX-License-Identifier: Apache-2.0
"""One-session questions: every start that works, and for the others why not. Interval arithmetic only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from itertools import groupby
from operator import or_

from scheduler.domain.errors import NotFound
from scheduler.solver.problem import Problem
from scheduler.solver.reach import Reach, SessionStarts
from scheduler.solver.timeline import positions, run

#: a pool up to this size is explained person by person
MOST_NAMED = 8


@dataclass(frozen=True)
class Blocked:
    """A stretch in which somebody works and the session still cannot start, and the reason in words."""

    start: datetime
    end: datetime
    code: str
    text: str


@dataclass(frozen=True)
class Availability:
    """All starts of one session in order of time, and what blocks the rest of the working time."""

    starts: tuple[datetime, ...]
    blocked: tuple[Blocked, ...]


def availability(problem: Problem, session_key: str) -> Availability:
    """Every start at which the seats and the room of this session can be filled. Raises NotFound."""
    if session_key not in {session.key for session in problem.plan.sessions}:
        raise NotFound(f"The plan has no session “{session_key}”.")
    reach = Reach(problem, problem.window)
    here = SessionStarts(reach, problem.plan.session(session_key))
    return Availability(
        starts=tuple(reach.line.instant(tick) for tick in positions(here.starts)),
        blocked=tuple(_blocked(reach, here)),
    )


def _blocked(reach: Reach, here: SessionStarts) -> Iterator[Blocked]:
    why = _Why(reach, here)
    asked = [p for seat in here.required for p in here.pools[seat]]
    working = reduce(or_, (reach.working(p) for p in asked), 0) & reach.in_window
    grid = reduce(or_, (here.people[p].grid for p in asked), 0)
    ticks = list(positions(working & grid))
    reasons = [None if here.starts >> tick & 1 else why.reason(tick) for tick in ticks]
    step = reach.line.ticks(reach.plan.grid)
    for reason, group in groupby(_runs(ticks, reasons, step), key=lambda item: item[1:]):
        if reason[0]:
            stretch = [tick for tick, *_ in group]
            end = min(reach.line.instant(stretch[-1] + step), reach.problem.window.end)
            yield Blocked(reach.line.instant(stretch[0]), end, *reason[0])


def _runs(
    ticks: Sequence[int], reasons: Sequence[tuple[str, str] | None], step: int
) -> Iterator[tuple[int, tuple[str, str] | None, int]]:
    """Each tick, its reason, and a number that changes wherever ticks do not follow each other."""
    run_number = 0
    for index, tick in enumerate(ticks):
        if index and tick - ticks[index - 1] > step:
            run_number += 1
        yield tick, reasons[index], run_number


class _Why:
    """Why one session cannot start at a tick: the first rule in the way, as code and words."""

    def __init__(self, reach: Reach, here: SessionStarts) -> None:
        self.problem, self.reach, self.here = reach.problem, reach, here
        self.free: dict[int, int] = {}
        plan = reach.plan
        self.rules = [
            (run(bits, here.ticks), code, text)
            for bits, code, text in (
                (reach.in_window, "window", "The window ends before the interview would"),
                (reach.after_notice, "notice", f"Sooner than {plan.notice_hours} hours from now"),
                (reach.before_horizon, "horizon", f"More than {plan.horizon_days} days from now"),
                (reach.candidate_can, "candidate_hours", "Outside the candidate's hours"),
            )
        ]
        self.somebody_works = {
            seat: reduce(or_, (here.people[p].hours for p in here.pools[seat]), 0) for seat in here.required
        }

    def reason(self, tick: int) -> tuple[str, str]:
        for allowed, code, text in self.rules:
            if not allowed >> tick & 1:
                return code, text
        for seat in self.here.required:
            able = sum(1 for p in self.here.pools[seat] if self.here.people[p].able >> tick & 1)
            if able < self.here.session.seats[seat].count:
                return self._seat(seat, tick)
        if not self.here.seatable >> tick & 1:
            return self._together(tick)
        return "no_room", "No room is free that is large enough"

    def _together(self, tick: int) -> tuple[str, str]:
        clocks = self.here.clocks(tick)
        asked = {p for seat in self.here.required for p in self.here.pools[seat]}
        able = {p for p in asked if self.here.people[p].able >> tick & 1}
        if clocks is not None and not able & clocks:
            grid = self.problem.plan.grid
            return "grid", f"No multiple of {grid} minutes on the clock of anybody who is free"
        return "not_enough_people", "Too few people are free for all seats at once"

    def _seat(self, seat: int, tick: int) -> tuple[str, str]:
        pool, wanted = self.here.pools[seat], self.here.session.seats[seat]
        if len(pool) < wanted.count:
            return "not_enough_people", f"Only {len(pool)} of {wanted.count} people exist for {wanted.role}"
        if len(pool) > MOST_NAMED:
            code = "busy" if self.somebody_works[seat] >> tick & 1 else "outside_hours"
            word = "is free" if code == "busy" else "works long enough"
            most = "Nobody" if wanted.count == 1 else "Not enough"
            return code, f"{most} of {len(pool)} people for {wanted.role} {word}"
        reasons = [(*self._person(p, tick), self.problem.interviewers[p].name) for p in pool]
        hindered = sorted((rank, code, phrase, name) for rank, code, phrase, name in reasons if code)
        words = [
            _names([name for *_, name in group], phrase)
            for phrase, group in groupby(hindered, key=lambda item: item[2])
        ]
        return hindered[0][1], "; ".join(words)

    def _person(self, person: int, tick: int) -> tuple[int, str, str]:
        """What keeps one person away, the most telling reason first; no code when nothing does."""
        starts = self.here.people[person]
        if not starts.hours >> tick & 1:
            return 3, "outside_hours", "outside working hours"
        if not self._free(person) >> tick & 1:
            return 0, "busy", "busy"
        if not starts.clear >> tick & 1:
            return 1, "buffer", "too close to something else"
        if not starts.within_limits >> tick & 1:
            return 2, "limit", "at the limit of interviews"
        return 4, "", ""

    def _free(self, person: int) -> int:
        if person not in self.free:
            self.free[person] = self.reach.free(person, self.here.session)
        return self.free[person]


def _names(names: Sequence[str], phrase: str) -> str:
    if len(names) == 1:
        return f"{names[0]} is {phrase}"
    return f"{', '.join(names[:-1])} and {names[-1]} are {phrase}"
