# SPDX-License-Identifier: Apache-2.0
"""What a run asks of the calendars and of the solver, and what comes back. Nothing is stored here, and no
transaction is open while calendars are read or the solver thinks.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256

from scheduler.db import casts
from scheduler.db.casts import Cast
from scheduler.domain.intervals import Interval
from scheduler.domain.options import Explanation, Option
from scheduler.domain.people import Candidate
from scheduler.domain.plans import Plan
from scheduler.services import problems, readings
from scheduler.services.parts import Parts
from scheduler.services.readings import Look
from scheduler.services.reserving import Owners, occupied_by
from scheduler.solver.many.outcome import Assigned
from scheduler.solver.many.problem import AssignProblem, PlannedCandidate
from scheduler.solver.outcome import Impossible, Outcome, OutOfTime, Solved
from scheduler.solver.problem import Problem, Unreadable

#: the longest the solver may think about one candidate, and about many at once
SECONDS = 10.0
SECONDS_TOGETHER = 30.0
#: seconds that the calendars may take; nobody waits in front of a screen for all of them
PATIENCE = 60.0
LONGER = timedelta(days=7)
#: colleagues looked at when people asked for by name cannot
MOST_COLLEAGUES = 20


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A run as far as the solver is concerned."""

    organization_id: str
    #: breaks ties, so that these follow neither from names nor from the order of a list
    seed: int
    plan: Plan
    window: Interval
    options: int
    #: by id of the run's candidate
    candidates: Mapping[str, Candidate]
    met: Mapping[str, frozenset[str]]
    #: what may be overbooked
    overbook: tuple[str, ...]
    cast: Cast
    #: all candidates at once, one option each
    together: bool = False


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of one candidate; their Problem when they were asked about alone."""

    options: tuple[Option, ...]
    explanation: Explanation | None
    problem: Problem | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, kw_only=True)
class Together:
    """What was asked for all candidates of a run at once, and the answer."""

    problem: AssignProblem
    outcome: Assigned


def seed_of(run_id: str) -> int:
    """The seed of a run, drawn by its id: below 2 to the 31st."""
    return int.from_bytes(sha256(run_id.encode()).digest()[:4]) >> 1


def look(parts: Parts, asked: Asked) -> tuple[Interval, dict[str, Look]]:
    """What the calendars say, and how far they were asked: a week longer than needed, so that "search a
    week longer" can be tried before it is proposed.
    """
    reach = problems.reach(asked.plan, asked.window, parts.now()).padded(timedelta(0), LONGER)
    cast = asked.cast
    looks = readings.read_all(
        parts, asked.organization_id, cast.owners, reach, patience=PATIENCE, closely=cast.closely
    )
    return reach, looks


def each(parts: Parts, asked: Asked, reach: Interval, looks: Mapping[str, Look]) -> dict[str, Answer]:
    """Every candidate's answer by itself: several options, or why there are none. Where times are held, each
    is kept out of the way of those before, in an order that the seed draws.
    """
    found: dict[str, tuple[Problem, Outcome]] = {}
    if not asked.plan.holds:
        found |= _solve_for_all(parts, asked, reach, looks, asked.candidates)
    else:
        for id_ in _in_turn(asked):
            found[id_] = _solve_for(parts, asked, reach, looks, id_)
            asked = replace(asked, cast=_kept_free(asked, options_of(found[id_][1])))
    found |= _explained_further(parts, asked, reach, looks, found)
    return {id_: _answer(*found[id_]) for id_ in asked.candidates}


def _in_turn(asked: Asked) -> list[str]:
    return sorted(asked.candidates, key=lambda id_: sha256(f"{asked.seed}:{id_}".encode()).digest())


def _kept_free(asked: Asked, options: Iterable[Option]) -> Cast:
    """What is held, and these options."""
    cast = asked.cast
    owners = Owners(
        resources=cast.resources, buffers={person.id: person.buffer for person in cast.interviewers}
    )
    held = {id_: list(times) for id_, times in cast.held.items()}
    for option in options:
        for occupied in occupied_by(option.sessions, asked.plan, owners):
            held.setdefault(occupied.id, []).append(occupied.during)
    return replace(cast, held={id_: tuple(sorted(times)) for id_, times in held.items()})


def together(parts: Parts, asked: Asked, reach: Interval, looks: Mapping[str, Look]) -> Together:
    """One option for as many candidates as possible, best for all of them."""
    # Imported by whoever solves: the web process uses this package without ever loading OR-Tools.
    from scheduler.solver.many.assign import assign  # noqa: PLC0415

    common = problems.state(
        asked.plan, asked.window, parts.now(), asked.cast, looks, candidate=None, overbook=asked.overbook
    )
    problem = AssignProblem(
        candidates=tuple(
            PlannedCandidate(
                candidate=problems.candidate_facts(candidate), plan=asked.plan, met=asked.met[id_]
            )
            for id_, candidate in asked.candidates.items()
        ),
        window=asked.window,
        now=common.now,
        interviewers=common.interviewers,
        rooms=common.rooms,
        unreadable=common.unreadable,
        overbook=common.overbook,
        calendars_read=reach,
        seed=asked.seed,
    )
    return Together(problem=problem, outcome=assign(problem, seconds=SECONDS_TOGETHER))


def answers_of(asked: Asked, found: Together) -> dict[str, Answer]:
    """Each candidate's part of an answer for all."""
    unread = _without_the_unreadable(found.problem.unreadable)
    return {
        id_: Answer(options=(item.option,) if item.option else (), explanation=item.explanation or unread)
        for id_, item in zip(asked.candidates, found.outcome.assignments, strict=True)
    }


def _answer(problem: Problem, outcome: Outcome) -> Answer:
    return Answer(
        options=options_of(outcome),
        explanation=explanation_of(problem, outcome),
        problem=problem,
        outcome=outcome,
    )


def _solve_for(
    parts: Parts, asked: Asked, reach: Interval, looks: Mapping[str, Look], run_candidate_id: str
) -> tuple[Problem, Outcome]:
    # Imported by whoever solves: the web process uses this package without ever loading OR-Tools.
    from scheduler.solver.model import propose  # noqa: PLC0415

    problem = problems.state(
        asked.plan,
        asked.window,
        parts.now(),
        asked.cast,
        looks,
        candidate=asked.candidates[run_candidate_id],
        met=asked.met[run_candidate_id],
        overbook=asked.overbook,
        options=asked.options,
    ).evolve(seed=asked.seed, calendars_read=reach)
    return problem, propose(problem, seconds=SECONDS)


def _solve_for_all(
    parts: Parts, asked: Asked, reach: Interval, looks: Mapping[str, Look], ids: Iterable[str]
) -> dict[str, tuple[Problem, Outcome]]:
    """Each by themselves; candidates about whom the same is known get the same answer, found once."""
    found: dict[str, tuple[Problem, Outcome]] = {}
    alike: dict[Hashable, tuple[Problem, Outcome]] = {}
    for id_ in ids:
        facts = problems.candidate_facts(asked.candidates[id_])
        key = (replace(facts, id=""), asked.met[id_])
        if key not in alike:
            alike[key] = _solve_for(parts, asked, reach, looks, id_)
        problem, outcome = alike[key]
        found[id_] = problem.evolve(candidate=facts), outcome
    return found


def _explained_further(
    parts: Parts,
    asked: Asked,
    reach: Interval,
    looks: Mapping[str, Look],
    answers: Mapping[str, tuple[Problem, Outcome]],
) -> dict[str, tuple[Problem, Outcome]]:
    """Where people asked for by name make it impossible: the same answers, with colleagues who know what they
    know looked at as well, so that one of them can be proposed.
    """
    impossible = [id_ for id_, (_, outcome) in answers.items() if isinstance(outcome, Impossible)]
    named = [person for person in asked.cast.interviewers if person.id in asked.plan.people_named]
    skills = {item.skill for person in named for item in person.qualifications}
    if not impossible or not skills:
        return {}
    with parts.database.transaction(asked.organization_id) as session:
        cast = casts.cast_for(
            session, asked.plan, asked.window, now=parts.now(), holders=asked.candidates, skills=skills
        )
    more = [person for person in cast.interviewers if person.id not in looks][:MOST_COLLEAGUES]
    seen = readings.read_all(
        parts, asked.organization_id, more, reach, patience=PATIENCE, closely=cast.closely
    )
    helpful = {person.id for person in more if seen[person.id].readable}
    if not helpful:
        return {}
    people = tuple(person for person in cast.interviewers if person.id in looks or person.id in helpful)
    wider = replace(asked, cast=replace(cast, interviewers=people, rooms=asked.cast.rooms))
    return _solve_for_all(parts, wider, reach, {**looks, **seen}, impossible)


def options_of(outcome: Outcome) -> tuple[Option, ...]:
    match outcome:
        case Solved(options=options):
            return options
        case OutOfTime(best=best):
            return best
        case Impossible():
            return ()


def explanation_of(problem: Problem, outcome: Outcome) -> Explanation | None:
    """Why there are none or fewer, always with the calendars that could not be read."""
    unreadable = tuple((item.id, item.reason) for item in problem.unreadable)
    match outcome:
        case Impossible(explanation=explanation):
            return explanation
        case Solved(explanation=Explanation() as explanation):
            return replace(explanation, unreadable=unreadable)
        case OutOfTime(best=()):
            return Explanation(
                summary="The search ran out of time before it found an answer.", unreadable=unreadable
            )
        case _:
            return _without_the_unreadable(problem.unreadable)


def _without_the_unreadable(unreadable: Sequence[Unreadable]) -> Explanation | None:
    if not unreadable:
        return None
    names = ", ".join(item.name or item.id for item in unreadable)
    return Explanation(
        summary=f"Worked out without {names}, whose calendar cannot be read.",
        unreadable=tuple((item.id, item.reason) for item in unreadable),
    )
