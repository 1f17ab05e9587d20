# SPDX-License-Identifier: Apache-2.0
"""Booking at once what was assigned, on a worker: each candidate's option through the same pick as a click.

Whoever's time has gone in the meantime is left to a person, with the reason; nobody is told of a time that
they do not get.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain import moves
from scheduler.domain.errors import Conflict, Gone, Unavailable
from scheduler.domain.moves import move
from scheduler.domain.options import Blocker, Explanation
from scheduler.services import bookings, holding, picking, run_mail, runs
from scheduler.services.parts import SYSTEM, Parts


def book_all(parts: Parts, organization_id: str, run_id: str) -> None:
    """Book every option that waits to be confirmed, then say that the run is done. Safe to run again."""
    with parts.database.transaction(organization_id) as session:
        waiting = [
            item.id for item in runs.candidates_of(session, run_id) if item.status in ("waiting", "offered")
        ]
    for run_candidate_id in waiting:
        _book(parts, organization_id, run_candidate_id)
        parts.reach("confirm.booked")
    with parts.database.transaction(organization_id) as session:
        run = _locked(session, run_id)
        if run.status == "solving":
            run.status = move(moves.RUN, "run", run.status, "finished")
            run.version += 1
            runs.finish(session, parts, run, actor=SYSTEM)
            parts.reach("confirm.finished")


def _book(parts: Parts, organization_id: str, run_candidate_id: str) -> None:
    with parts.database.transaction(organization_id) as session:
        option_id = _open(session, parts, run_candidate_id)
    if option_id is None:
        return
    try:
        picking.book(parts, organization_id, option_id, actor=SYSTEM)
    except (Conflict, Gone, Unavailable) as error:
        with parts.database.transaction(organization_id) as session:
            _leave_to_a_person(session, parts, run_candidate_id, str(error))


def _open(session: Session, parts: Parts, run_candidate_id: str) -> str | None:
    """Make the candidate's option one that can be booked; None when the run was called off, or it is done."""
    run_candidate = _locked_candidate(session, run_candidate_id)
    run = session.get_one(rows.Run, run_candidate.run_id)
    if run.status != "solving" or run_candidate.status not in ("waiting", "offered"):
        return None
    if run_candidate.status == "waiting":
        runs.offer(session, parts, run, run_candidate, actor=SYSTEM, tell=False)
    return session.scalar(
        sa.select(rows.Option.id)
        .where(rows.Option.run_candidate_id == run_candidate_id, rows.Option.status != "withdrawn")
        .order_by(rows.Option.position)
        .limit(1)
    )


def _leave_to_a_person(session: Session, parts: Parts, run_candidate_id: str, why: str) -> None:
    run_candidate = _locked_candidate(session, run_candidate_id)
    if run_candidate.status != "offered":
        return
    run_candidate.status = move(moves.RUN_CANDIDATE, "candidate", run_candidate.status, "infeasible")
    run_candidate.explanation = Explanation(
        summary="The time that was worked out could not be booked.",
        blockers=(Blocker(code="not_booked", text=why),),
    ).to_json()
    holding.let_all_go(session, parts, run_candidate_id)
    bookings.withdraw_options(session, run_candidate_id)
    runs.close_invitations(session, parts, run_candidate)
    run_mail.tell_no_options(session, parts, session.get_one(rows.Run, run_candidate.run_id), run_candidate)


def _locked(session: Session, run_id: str) -> rows.Run:
    return session.scalars(
        sa.select(rows.Run).where(rows.Run.id == run_id).with_for_update(key_share=True)
    ).one()


def _locked_candidate(session: Session, run_candidate_id: str) -> rows.RunCandidate:
    return session.scalars(
        sa.select(rows.RunCandidate)
        .where(rows.RunCandidate.id == run_candidate_id)
        .with_for_update(key_share=True)
    ).one()
