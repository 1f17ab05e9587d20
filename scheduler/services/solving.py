# SPDX-License-Identifier: Apache-2.0
"""Solving a run, on a worker: read calendars, state the Problem, solve, judge, store. In this order, and no
transaction is open while calendars are read or the solver thinks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import casts, convert, rows
from scheduler.domain import moves
from scheduler.domain.ids import new_id
from scheduler.domain.intervals import Interval
from scheduler.domain.moves import move
from scheduler.domain.options import Option
from scheduler.domain.plans import Plan
from scheduler.services import (
    asking,
    confirming,
    events,
    holding,
    organizations,
    run_mail,
    runs,
    unreadable_mail,
)
from scheduler.services.asking import Answer, Asked, Together
from scheduler.services.parts import SYSTEM, Parts
from scheduler.services.readings import Look


def solve(parts: Parts, organization_id: str, run_id: str) -> None:
    """Find every waiting candidate's options. Safe to run again: what is stored already stays."""
    for attempt in range(1, holding.TRIES + 1):
        with parts.database.transaction(organization_id) as session:
            asked = _take(session, parts, run_id)
        if asked is None or _solve(parts, run_id, asked, last=attempt == holding.TRIES):
            break
    with parts.database.transaction(organization_id) as session:
        to_confirm = _to_confirm(session, run_id)
    if to_confirm:
        confirming.book_all(parts, organization_id, run_id)


def _solve(parts: Parts, run_id: str, asked: Asked, *, last: bool) -> bool:
    """Whether that was it. Not so when others have taken all of somebody's times meanwhile, which are to be
    held: with what is true then it is asked again, unless this is the `last` time.
    """
    parts.reach("solve.taken")
    reach, looks = asking.look(parts, asked)
    parts.reach("solve.looked")
    together = asking.together(parts, asked, reach, looks) if asked.together else None
    answers = asking.answers_of(asked, together) if together else asking.each(parts, asked, reach, looks)
    parts.reach("solve.solved")
    with parts.database.transaction(asked.organization_id) as session:
        if not _store(session, parts, run_id, asked, looks, answers, together, last=last):
            return False
        parts.reach("solve.stored")
    parts.reach("solve.committed")
    return True


def _to_confirm(session: Session, run_id: str) -> bool:
    run = session.get(rows.Run, run_id)
    return run is not None and run.confirm and run.status == "solving" and run.outcome is not None


def _take(session: Session, parts: Parts, run_id: str) -> Asked | None:
    run = session.scalar(sa.select(rows.Run).where(rows.Run.id == run_id).with_for_update(key_share=True))
    if run is None or run.status not in ("queued", "solving") or run.outcome is not None:
        return None
    run.status = move(moves.RUN, "run", run.status, "solving")
    plan, window = Plan.from_json(run.plan), Interval(run.window_start, run.window_end)
    waiting = [item for item in runs.candidates_of(session, run_id) if item.status == "waiting"]
    return Asked(
        organization_id=run.organization_id,
        seed=asking.seed_of(run.id),
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
        cast=casts.cast_for(session, plan, window, now=parts.now()),
        together=run.mode == "assign",
    )


def _store(
    session: Session,
    parts: Parts,
    run_id: str,
    asked: Asked,
    looks: Mapping[str, Look],
    answers: Mapping[str, Answer],
    together: Together | None,
    *,
    last: bool,
) -> bool:
    run = session.scalar(sa.select(rows.Run).where(rows.Run.id == run_id).with_for_update(key_share=True))
    if run is None or run.status != "solving" or run.outcome is not None:
        return True  # cancelled while we were thinking, or stored by somebody else already
    waiting = {
        item.id: item for item in runs.candidates_of(session, run_id, lock=True) if item.status == "waiting"
    }
    if asked.plan.holds:
        left = holding.less_taken(session, parts, asked.plan, answers)
        if not last and holding.is_overtaken(answers, left):
            return False
        answers = left
    for id_, answer in answers.items():
        if id_ in waiting:
            store_answer(session, parts, run, waiting[id_], answer)
    if together is not None:
        run.problem, run.outcome = together.problem.to_json(), together.outcome.to_json()
    _end_solving(session, parts, run, asked, looks, answers, together, waiting.values())
    return True


def _end_solving(
    session: Session,
    parts: Parts,
    run: rows.Run,
    asked: Asked,
    looks: Mapping[str, Look],
    answers: Mapping[str, Answer],
    together: Together | None,
    waiting: Collection[rows.RunCandidate],
) -> None:
    """What becomes of the run, now that its answers are stored."""
    _tell_unreadable(session, parts, run, asked, looks)
    run.version += 1
    run.solver = _solver_facts(asked, answers, together)
    blind = _nothing_readable(asked, looks)
    if blind:
        run.error = "None of the calendars could be read, so no times could be worked out."
        run.status = move(moves.RUN, "run", run.status, "failed")
    elif asked.plan.approval == "before_offer" and _any_options(answers):
        run.status = move(moves.RUN, "run", run.status, "awaiting_approval")
        holding.keep(session, parts, run, waiting)
        return
    elif run.confirm:
        return  # done when everybody is booked
    else:
        run.status = move(moves.RUN, "run", run.status, "finished")
        for item in waiting:
            if item.status == "waiting":
                runs.offer(session, parts, run, item, actor=SYSTEM)
        holding.keep(session, parts, run, waiting)
    runs.finish(session, parts, run, actor=SYSTEM)


def _nothing_readable(asked: Asked, looks: Mapping[str, Look]) -> bool:
    people = asked.cast.interviewers
    return bool(people) and not any(looks[person.id].readable for person in people)


def _any_options(answers: Mapping[str, Answer]) -> bool:
    return any(answer.options for answer in answers.values())


def store_answer(
    session: Session,
    parts: Parts,
    run: rows.Run,
    run_candidate: rows.RunCandidate,
    answer: Answer,
) -> None:
    """Keep what was found for one candidate; when nothing fits, a person hears of it."""
    run_candidate.problem = answer.problem.to_json() if answer.problem else None
    run_candidate.outcome = answer.outcome.to_json() if answer.outcome else None
    run_candidate.explanation = answer.explanation.to_json() if answer.explanation else None
    add_options(session, run_candidate, answer.options)
    if not answer.options:
        run_candidate.status = move(moves.RUN_CANDIDATE, "candidate", run_candidate.status, "infeasible")
        run_mail.tell_no_options(session, parts, run, run_candidate)


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


def _solver_facts(asked: Asked, answers: Mapping[str, Answer], together: Together | None) -> dict[str, Any]:
    outcomes = [together.outcome] if together else [a.outcome for a in answers.values() if a.outcome]
    return {
        "seed": asked.seed,
        "outcomes": [{"status": each.status, "figures": each.figures.to_json()} for each in outcomes],
    }


def _tell_unreadable(
    session: Session, parts: Parts, run: rows.Run, asked: Asked, looks: Mapping[str, Look]
) -> None:
    """Nobody's calendar stays dark without its owner hearing of it, unless there is nothing they can do."""
    for person in asked.cast.interviewers:
        look = looks[person.id]
        if look.reason is None:
            continue
        events.record(
            session,
            parts,
            run.organization_id,
            "calendar.unreadable",
            actor=SYSTEM,
            run_id=run.id,
            data={"interviewer_id": person.id},
        )
        if not look.passing:
            owner = session.get_one(rows.Interviewer, person.id)
            unreadable_mail.tell_owner(session, parts, owner, look.reason, run=run)


def give_up(parts: Parts, organization_id: str, run_id: str, reason: str) -> None:
    """A run whose solving failed for good: say so instead of letting it wait for ever."""
    with parts.database.transaction(organization_id) as session:
        run = session.scalar(sa.select(rows.Run).where(rows.Run.id == run_id).with_for_update(key_share=True))
        if run is not None and run.status in ("queued", "solving"):
            run.status = move(moves.RUN, "run", run.status, "failed")
            run.error = reason
            run.version += 1
            runs.finish(session, parts, run, actor=SYSTEM)
