# SPDX-License-Identifier: Apache-2.0
"""Fresh options, on a worker, for candidates of a run who have an offer and nothing left to choose from.

One job does it for everybody of the run: after a crowd at a few times there are hundreds of them, and one
look at the calendars does for many.
"""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import casts, convert, rows
from scheduler.domain import moves
from scheduler.domain.intervals import Interval
from scheduler.domain.plans import Plan
from scheduler.services import asking, holding, invitations, organizations, solving
from scheduler.services.asking import Answer, Asked
from scheduler.services.parts import Parts

#: candidates for whom one look at the calendars does
AT_ONCE = 50


def refresh(parts: Parts, organization_id: str, run_id: str) -> None:
    """Look for fresh options of the candidates of a run whose own have all been taken, a number of them at a
    time. When nothing fits, a person hears of it; not when others have only taken all that was found
    meanwhile, which was to be held: then it is looked for again, a few times.
    """
    tries: Counter[str] = Counter()
    while True:
        with parts.database.transaction(organization_id) as session:
            asked = _take_stranded(session, parts, run_id)
        if not asked.candidates:
            return
        reach, looks = asking.look(parts, asked)
        answers = asking.each(parts, asked, reach, looks)
        parts.reach("refresh.solved")
        tries.update(answers.keys())
        for id_, answer in answers.items():
            _store_fresh(parts, run_id, id_, asked, answer, last=tries[id_] >= holding.TRIES)


def _store_fresh(
    parts: Parts, run_id: str, run_candidate_id: str, asked: Asked, answer: Answer, *, last: bool
) -> None:
    with parts.database.transaction(asked.organization_id) as session:
        this_one = rows.RunCandidate.id == run_candidate_id
        session.execute(sa.select(rows.RunCandidate.id).where(this_one).with_for_update(key_share=True))
        run_candidate = session.scalar(sa.select(rows.RunCandidate).where(this_one, _is_stranded()))
        if run_candidate is None:
            return
        if asked.plan.holds:
            answers = {run_candidate_id: answer}
            left = holding.less_taken(session, parts, asked.plan, answers)
            if not last and holding.is_overtaken(answers, left):
                return
            answer = left[run_candidate_id]
        run = session.get_one(rows.Run, run_id)
        solving.store_answer(session, parts, run, run_candidate, answer)
        holding.keep(session, parts, run, [run_candidate])
        if answer.options:
            invitations.tell_of_fresh_times(session, parts, run, run_candidate)
        parts.reach("refresh.stored")


def _take_stranded(session: Session, parts: Parts, run_id: str) -> Asked:
    """The first of those who have an offer and nothing left to choose from."""
    found = session.execute(
        sa.select(rows.RunCandidate, rows.Candidate)
        .join(rows.Candidate, rows.Candidate.id == rows.RunCandidate.candidate_id)
        .where(rows.RunCandidate.run_id == run_id, _is_stranded())
        .order_by(rows.RunCandidate.position)
        .limit(AT_ONCE)
    )
    stranded = {item.id: convert.candidate(candidate) for item, candidate in found}
    run = session.get_one(rows.Run, run_id)
    plan, window = Plan.from_json(run.plan), Interval(run.window_start, run.window_end)
    return Asked(
        organization_id=run.organization_id,
        seed=asking.seed_of(run.id),
        plan=plan,
        window=window,
        options=run.options_wanted,
        candidates=stranded,
        met={
            id_: casts.people_met(session, candidate.id, except_run_candidate=id_)
            for id_, candidate in stranded.items()
        },
        overbook=organizations.overbook(session, run.organization_id),
        cast=casts.cast_for(session, plan, window, now=parts.now(), holders=list(stranded)),
    )


def _is_stranded() -> sa.ColumnElement[bool]:
    open_option = sa.exists().where(
        rows.Option.run_candidate_id == rows.RunCandidate.id, rows.Option.status.in_(moves.OPEN_OPTION)
    )
    return sa.and_(rows.RunCandidate.status == "offered", ~open_option)
