# SPDX-License-Identifier: Apache-2.0
"""Solving a run, on a worker: read calendars, state the Problem, solve, judge, store. In this order, and no
transaction is open while calendars are read or the solver thinks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import casts, convert, rows
from scheduler.db.casts import Cast
from scheduler.domain import moves
from scheduler.domain.ids import new_id
from scheduler.domain.intervals import Interval
from scheduler.domain.moves import move
from scheduler.domain.options import Explanation, Option
from scheduler.domain.people import Candidate
from scheduler.domain.plans import Plan
from scheduler.services import events, organizations, owing, problems, readings, runs
from scheduler.services.parts import SYSTEM, Parts
from scheduler.services.readings import Look
from scheduler.solver.outcome import Impossible, Outcome, OutOfTime, Solved
from scheduler.solver.problem import Problem

#: the longest the solver may think about one candidate
SECONDS = 10.0
SEED = 1
#: seconds that the calendars may take; nobody waits in front of a screen for all of them
PATIENCE = 60.0
LONGER = timedelta(days=7)
#: colleagues looked at when people asked for by name cannot
MOST_COLLEAGUES = 20


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A run as far as the solver is concerned."""

    organization_id: str
    plan: Plan
    window: Interval
    options: int
    #: by id of the run's candidate
    candidates: Mapping[str, Candidate]
    met: Mapping[str, frozenset[str]]
    #: what may be overbooked
    overbook: tuple[str, ...]
    cast: Cast


def solve(parts: Parts, organization_id: str, run_id: str) -> None:
    """Find every waiting candidate's options. Safe to run again: what is stored already stays."""
    with parts.database.transaction(organization_id) as session:
        asked = _take(session, run_id)
    if asked is None:
        return
    parts.reach("solve.taken")
    reach, looks = _look(parts, asked)
    parts.reach("solve.looked")
    answers = {id_: _solve_for(parts, asked, reach, looks, id_) for id_ in asked.candidates}
    answers |= _explained_further(parts, asked, reach, looks, answers)
    parts.reach("solve.solved")
    with parts.database.transaction(organization_id) as session:
        _store(session, parts, run_id, asked, looks, answers)
        parts.reach("solve.stored")
    parts.reach("solve.committed")


def _look(parts: Parts, asked: _Asked) -> tuple[Interval, dict[str, Look]]:
    """What the calendars say, and how far they were asked: a week longer than needed, so that "search a
    week longer" can be tried before it is proposed.
    """
    reach = problems.reach(asked.plan, asked.window, parts.now()).padded(timedelta(0), LONGER)
    owners = asked.cast.owners
    return reach, readings.read_all(parts, asked.organization_id, owners, reach, patience=PATIENCE)


def _explained_further(
    parts: Parts,
    asked: _Asked,
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
        cast = casts.cast_for(session, asked.plan, asked.window, skills=skills)
    more = [person for person in cast.interviewers if person.id not in looks][:MOST_COLLEAGUES]
    seen = readings.read_all(parts, asked.organization_id, more, reach, patience=PATIENCE)
    helpful = {person.id for person in more if seen[person.id].readable}
    if not helpful:
        return {}
    people = tuple(person for person in cast.interviewers if person.id in looks or person.id in helpful)
    wider = replace(asked, cast=replace(cast, interviewers=people, rooms=asked.cast.rooms))
    return {id_: _solve_for(parts, wider, reach, {**looks, **seen}, id_) for id_ in impossible}


def _take(session: Session, run_id: str) -> _Asked | None:
    run = session.scalar(sa.select(rows.Run).where(rows.Run.id == run_id).with_for_update(key_share=True))
    if run is None or run.status not in ("queued", "solving"):
        return None
    run.status = move(moves.RUN, "run", run.status, "solving")
    plan, window = Plan.from_json(run.plan), Interval(run.window_start, run.window_end)
    waiting = [item for item in runs.candidates_of(session, run_id) if item.status == "waiting"]
    return _Asked(
        organization_id=run.organization_id,
        plan=plan,
        window=window,
        options=run.options_wanted,
        candidates={
            item.id: convert.candidate(session.get_one(rows.Candidate, item.candidate_id)) for item in waiting
        },
        met={
            item.id: casts.people_met(session, item.candidate_id, except_run_candidate=item.id)
            for item in waiting
        },
        overbook=organizations.overbook(session, run.organization_id),
        cast=casts.cast_for(session, plan, window),
    )


def _solve_for(
    parts: Parts, asked: _Asked, reach: Interval, looks: Mapping[str, Look], run_candidate_id: str
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
    ).evolve(seed=SEED, calendars_read=reach)
    return problem, propose(problem, seconds=SECONDS)


def _store(
    session: Session,
    parts: Parts,
    run_id: str,
    asked: _Asked,
    looks: Mapping[str, Look],
    answers: Mapping[str, tuple[Problem, Outcome]],
) -> None:
    run = session.scalar(sa.select(rows.Run).where(rows.Run.id == run_id).with_for_update(key_share=True))
    if run is None or run.status != "solving":
        return  # cancelled while we were thinking, or stored by somebody else already
    waiting = {
        item.id: item for item in runs.candidates_of(session, run_id, lock=True) if item.status == "waiting"
    }
    for id_, (problem, outcome) in answers.items():
        if id_ in waiting:
            _store_answer(session, parts, run, waiting[id_], problem, outcome)
    _tell_unreadable(session, parts, run, asked, looks)
    run.version += 1
    run.solver = _solver_facts(answers)
    blind = _nothing_readable(asked, looks)
    if blind:
        run.error = "None of the calendars could be read, so no times could be worked out."
        run.status = move(moves.RUN, "run", run.status, "failed")
    elif asked.plan.approval == "before_offer" and _any_options(answers):
        run.status = move(moves.RUN, "run", run.status, "awaiting_approval")
        return
    else:
        run.status = move(moves.RUN, "run", run.status, "finished")
        for item in waiting.values():
            if item.status == "waiting":
                runs.offer(session, parts, run, item, actor=SYSTEM)
    runs.finish(session, parts, run, actor=SYSTEM)


def _nothing_readable(asked: _Asked, looks: Mapping[str, Look]) -> bool:
    people = asked.cast.interviewers
    return bool(people) and not any(looks[person.id].readable for person in people)


def _any_options(answers: Mapping[str, tuple[Problem, Outcome]]) -> bool:
    return any(options_of(outcome) for _, outcome in answers.values())


def _store_answer(
    session: Session,
    parts: Parts,
    run: rows.Run,
    run_candidate: rows.RunCandidate,
    problem: Problem,
    outcome: Outcome,
) -> None:
    run_candidate.problem = problem.to_json()
    run_candidate.outcome = outcome.to_json()
    explanation = explanation_of(problem, outcome)
    run_candidate.explanation = explanation.to_json() if explanation else None
    options = options_of(outcome)
    add_options(session, run_candidate, options)
    if not options:
        run_candidate.status = move(moves.RUN_CANDIDATE, "candidate", run_candidate.status, "infeasible")
        owing.owe_no_options(session, parts, run, run_candidate)


def add_options(
    session: Session, run_candidate: rows.RunCandidate, options: tuple[Option, ...]
) -> list[rows.Option]:
    """Store options after the ones that are there already."""
    first = (
        session.scalar(sa.select(sa.func.count()).where(rows.Option.run_candidate_id == run_candidate.id))
        or 0
    )
    stored = [
        rows.Option(
            id=new_id("opt"),
            organization_id=run_candidate.organization_id,
            run_candidate_id=run_candidate.id,
            position=position,
            start=option.start,
            end=option.end,
            sessions=[item.to_json() for item in option.sessions],
            cost=option.cost,
            reasons=[reason.to_json() for reason in option.reasons],
            status="offered",
        )
        for position, option in enumerate(options, start=first)
    ]
    session.add_all(stored)
    session.flush()
    return stored


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
        case _ if unreadable:
            names = ", ".join(item.name or item.id for item in problem.unreadable)
            return Explanation(
                summary=f"Worked out without {names}, whose calendar cannot be read.", unreadable=unreadable
            )
        case _:
            return None


def _solver_facts(answers: Mapping[str, tuple[Problem, Outcome]]) -> dict[str, Any]:
    return {
        "seed": SEED,
        "outcomes": [
            {"status": outcome.status, "figures": outcome.figures.to_json()}
            for _, outcome in answers.values()
        ],
    }


def _tell_unreadable(
    session: Session, parts: Parts, run: rows.Run, asked: _Asked, looks: Mapping[str, Look]
) -> None:
    """Nobody's calendar stays dark without its owner hearing of it, unless there is nothing they can do."""
    for person in asked.cast.interviewers:
        look = looks[person.id]
        if look.reason is None:
            continue
        events.record(
            session,
            run.organization_id,
            "calendar.unreadable",
            actor=SYSTEM,
            at=parts.now(),
            run_id=run.id,
            data={"interviewer_id": person.id},
        )
        if not look.passing:
            owner = session.get_one(rows.Interviewer, person.id)
            owing.owe_unreadable(session, parts, run, owner, look.reason)


def give_up(parts: Parts, organization_id: str, run_id: str, reason: str) -> None:
    """A run whose solving failed for good: say so instead of letting it wait for ever."""
    with parts.database.transaction(organization_id) as session:
        run = session.scalar(sa.select(rows.Run).where(rows.Run.id == run_id).with_for_update(key_share=True))
        if run is not None and run.status in ("queued", "solving"):
            run.status = move(moves.RUN, "run", run.status, "failed")
            run.error = reason
            run.version += 1
            runs.finish(session, parts, run, actor=SYSTEM)


def refresh(parts: Parts, organization_id: str, run_candidate_id: str) -> None:
    """Look for fresh options of a candidate whose own have been taken. When nothing fits, a person hears of
    it.
    """
    with parts.database.transaction(organization_id) as session:
        taken = _take_candidate(session, run_candidate_id)
    if taken is None:
        return
    run_id, asked = taken
    reach, looks = _look(parts, asked)
    problem, outcome = _solve_for(parts, asked, reach, looks, run_candidate_id)
    with parts.database.transaction(organization_id) as session:
        run_candidate = session.scalar(
            sa.select(rows.RunCandidate)
            .where(rows.RunCandidate.id == run_candidate_id)
            .with_for_update(key_share=True)
        )
        if (
            run_candidate is None
            or run_candidate.status != "offered"
            or _open_options(session, run_candidate_id)
        ):
            return
        run = session.get_one(rows.Run, run_id)
        _store_answer(session, parts, run, run_candidate, problem, outcome)


def _take_candidate(session: Session, run_candidate_id: str) -> tuple[str, _Asked] | None:
    run_candidate = session.get(rows.RunCandidate, run_candidate_id)
    if run_candidate is None or run_candidate.status != "offered" or _open_options(session, run_candidate_id):
        return None
    run = session.get_one(rows.Run, run_candidate.run_id)
    plan, window = Plan.from_json(run.plan), Interval(run.window_start, run.window_end)
    candidate = convert.candidate(session.get_one(rows.Candidate, run_candidate.candidate_id))
    met = casts.people_met(session, candidate.id, except_run_candidate=run_candidate_id)
    return run.id, _Asked(
        organization_id=run.organization_id,
        plan=plan,
        window=window,
        options=run.options_wanted,
        candidates={run_candidate_id: candidate},
        met={run_candidate_id: met},
        overbook=organizations.overbook(session, run.organization_id),
        cast=casts.cast_for(session, plan, window),
    )


def _open_options(session: Session, run_candidate_id: str) -> int:
    return (
        session.scalar(
            sa.select(sa.func.count()).where(
                rows.Option.run_candidate_id == run_candidate_id, rows.Option.status == "offered"
            )
        )
        or 0
    )
