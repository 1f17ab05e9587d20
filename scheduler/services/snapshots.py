# SPDX-License-Identifier: Apache-2.0
"""What was asked of the solver, as it was kept with the run: so that it can be asked again."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.solver.many.problem import AssignProblem
from scheduler.solver.problem import Problem


def problem_of(session: Session, run_candidate: rows.RunCandidate) -> Problem | None:
    """The Problem of one candidate, whoever they were solved with; None when nothing was solved yet."""
    if run_candidate.problem is not None:
        return Problem.from_json(run_candidate.problem)
    together = session.get_one(rows.Run, run_candidate.run_id).problem
    if together is None:
        return None
    problem = AssignProblem.from_json(together)
    return problem.problem([item.id for item in problem.candidates].index(run_candidate.candidate_id))


def overbook_of(session: Session, run_candidate: rows.RunCandidate) -> tuple[str, ...]:
    """What could be overbooked when it was asked, without reading the rest of it."""
    query = (
        sa.select(sa.func.coalesce(rows.RunCandidate.problem["overbook"], rows.Run.problem["overbook"]))
        .join(rows.Run, rows.Run.id == rows.RunCandidate.run_id)
        .where(rows.RunCandidate.id == run_candidate.id)
    )
    return tuple(session.scalar(query) or ())
