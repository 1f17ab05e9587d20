# SPDX-License-Identifier: Apache-2.0
"""One-session questions: every start that works, and for the others why not. Interval arithmetic only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from itertools import groupby
from operator import or_

from scheduler.domain.errors import NotFound
from scheduler.solver.certain import too_few
from scheduler.solver.problem import Problem
from scheduler.solver.reach import Reach, SessionStarts
from scheduler.solver.timeline import at_least, positions, run

#: code and text
Words = tuple[str, str]
#: the lower the more telling, code, phrase, name
Hindrance = tuple[int, str, str, str]

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
    """Every start at which the seats and the room of this session can be filled. Where there are too few
    people for its seats, that blocks the whole window. Raises NotFound.
    """
    if session_key not in {session.key for session in problem.plan.sessions}:
        raise NotFound(f"The plan has no session “{session_key}”.")
    session, window = problem.plan.session(session_key), problem.window
    alone = problem.evolve(plan=replace(problem.plan, sessions=(session,)))
    lacking = too_few(alone)
    if lacking:
        text = " ".join(blocker.text for blocker in lacking)
        return Availability(starts=(), blocked=(Blocked(window.start, window.end, lacking[0].code, text),))
    reach = Reach(problem, window)
    here = SessionStarts(reach, session)
    return Availability(
        starts=tuple(reach.line.instant(tick) for tick in positions(here.starts)),
        blocked=tuple(_blocked(reach, here)),
    )


def _blocked(reach: Reach, here: SessionStarts) -> Iterator[Blocked]:
    asked = [p for seat in here.required for p in here.pools[seat]]
    working = reduce(or_, (reach.working(p) for p in asked), 0) & reach.in_window
    grid = reduce(or_, (here.people[p].grid for p in asked), 0)
    reasons = _Why(reach, here).reasons(working & grid & ~here.starts)
    step = reach.line.ticks(reach.plan.grid)
    for reason, stretch in _runs(list(positions(working & grid)), reasons, step):
        end = min(reach.line.instant(stretch[-1] + step), reach.problem.window.end)
        yield Blocked(reach.line.instant(stretch[0]), end, *reason)


def _runs(ticks: Sequence[int], reasons: Mapping[int, Words], step: int) -> Iterator[tuple[Words, list[int]]]:
    """Ticks that follow each other, blocked for one reason."""
    stretch: list[int] = []
    for tick in ticks:
        if stretch and (tick - stretch[-1] > step or reasons.get(tick) != reasons[stretch[-1]]):
            yield reasons[stretch[-1]], stretch
            stretch = []
        if tick in reasons:
            stretch.append(tick)
    if stretch:
        yield reasons[stretch[-1]], stretch


class _Why:
    """Why one session cannot start at some ticks: for each the first rule in the way, as code and words."""

    def __init__(self, reach: Reach, here: SessionStarts) -> None:
        self.problem, self.reach, self.here = reach.problem, reach, here
        plan = reach.plan
        self.rules = [
            (run(bits, here.ticks), code, text)
            for bits, code, text in (
                (reach.in_window, "window", "The window ends before the interview would"),
                (reach.after_notice, "notice", f"Sooner than {plan.notice_hours} hours from now"),
                (reach.before_horizon, "horizon", f"More than {plan.horizon_days} days from now"),
                (reach.in_candidate_hours, "candidate_hours", "Outside the candidate's hours"),
                (reach.candidate_offered, "candidate_availability", "Not a time the candidate offered"),
            )
        ]

    def reasons(self, bits: int) -> dict[int, Words]:
        """By tick, for these bits."""
        found: dict[int, Words] = {}
        for allowed, code, text in self.rules:
            found |= dict.fromkeys(positions(bits & ~allowed), (code, text))
            bits &= allowed
        for seat in self.here.required:
            able = (self.here.people[p].able for p in self.here.pools[seat])
            enough = at_least(able, self.here.session.seats[seat].count)
            found |= self._seat(seat, bits & ~enough)
            bits &= enough
        found |= {tick: self._together(tick) for tick in positions(bits & ~self.here.seatable)}
        no_room = ("no_room", "No room is free that is large enough")
        return found | dict.fromkeys(positions(bits & self.here.seatable), no_room)

    def _together(self, tick: int) -> Words:
        clocks = self.here.clocks(tick)
        asked = {p for seat in self.here.required for p in self.here.pools[seat]}
        able = {p for p in asked if self.here.people[p].able >> tick & 1}
        if clocks is not None and not able & clocks:
            grid = self.problem.plan.grid
            return "grid", f"No multiple of {grid} minutes on the clock of anybody who is free"
        return "not_enough_people", "Too few people are free for all seats at once"

    def _seat(self, seat: int, bits: int) -> dict[int, Words]:
        """Why too few people can sit here at these ticks."""
        pool, wanted = self.here.pools[seat], self.here.session.seats[seat]
        if len(pool) > MOST_NAMED:
            works = bits & reduce(or_, (self.here.people[p].hours for p in pool))
            who = f"{'Nobody' if wanted.count == 1 else 'Not enough'} of {len(pool)} people for {wanted.role}"
            busy, outside = ("busy", f"{who} is free"), ("outside_hours", f"{who} works long enough")
            return dict.fromkeys(positions(works), busy) | dict.fromkeys(positions(bits & ~works), outside)
        return self._by_name(pool, bits)

    def _by_name(self, pool: Sequence[int], bits: int) -> dict[int, Words]:
        hindered: dict[int, list[Hindrance]] = {tick: [] for tick in positions(bits)}
        for person in pool:
            for rank, (code, phrase, blocked) in enumerate(self._hindrances(person)):
                name = self.problem.interviewers[person].name
                for tick in positions(bits & blocked):
                    hindered[tick].append((rank, code, phrase, name))
        words = {key: _words(key) for key in set(map(tuple, hindered.values()))}
        return {tick: words[tuple(items)] for tick, items in hindered.items()}

    def _hindrances(self, person: int) -> Iterator[tuple[str, str, int]]:
        """What keeps one person away and at which ticks, the most telling first; no tick comes twice."""
        starts = self.here.people[person]
        free = self.reach.free(person, self.here.session)
        left = starts.hours
        for code, phrase, allowed in (
            ("busy", "busy", free),
            ("buffer", "too close to something else", starts.clear),
            ("limit", "at the limit of interviews", starts.within_limits),
        ):
            yield code, phrase, left & ~allowed
            left &= allowed
        yield "outside_hours", "outside working hours", ~starts.hours


def _words(hindered: Sequence[Hindrance]) -> Words:
    hindered = sorted(hindered)
    words = [
        _names([name for *_, name in group], phrase)
        for phrase, group in groupby(hindered, key=lambda item: item[2])
    ]
    return hindered[0][1], "; ".join(words)


def _names(names: Sequence[str], phrase: str) -> str:
    if len(names) == 1:
        return f"{names[0]} is {phrase}"
    return f"{', '.join(names[:-1])} and {names[-1]} are {phrase}"
