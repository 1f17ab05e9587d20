# SPDX-License-Identifier: Apache-2.0
"""Solve a stored run again from its snapshot, and compare."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from scheduler.db import rows
from scheduler.domain.errors import NotFound
from scheduler.services import organizations
from scheduler.services.parts import Parts
from scheduler.services.solving import SECONDS, options_of
from scheduler.solver.check import violations
from scheduler.solver.outcome import OutOfTime
from scheduler.solver.problem import Problem


def run(parts: Parts, run_id: str) -> int:
    """Print one line for each candidate of the run; 1 when any answer differs. Raises NotFound."""
    snapshots = _snapshots(parts, run_id)
    return max(_compare(position, problem, outcome) for position, problem, outcome in snapshots)


def _snapshots(parts: Parts, run_id: str) -> list[tuple[int, dict[str, Any], dict[str, Any]]]:
    """The stored problems and outcomes, in whichever organisation the run is."""
    query = (
        sa.select(rows.RunCandidate.position, rows.RunCandidate.problem, rows.RunCandidate.outcome)
        .where(rows.RunCandidate.run_id == run_id, rows.RunCandidate.problem.is_not(None))
        .order_by(rows.RunCandidate.position)
    )
    for organization_id in organizations.every(parts):
        with parts.database.transaction(organization_id) as session:
            found = [(row.position, row.problem or {}, row.outcome or {}) for row in session.execute(query)]
        if found:
            return found
    raise NotFound("There is no such run, or it has not been solved yet.")


def _compare(position: int, stored_problem: dict[str, Any], stored: dict[str, Any]) -> int:
    from scheduler.solver.model import propose  # noqa: PLC0415  # loads OR-Tools, for this command alone

    problem = Problem.from_json(stored_problem)
    again = propose(problem, seconds=SECONDS)
    if isinstance(again, OutOfTime) or stored["status"] == OutOfTime.status:
        sound = not any(violations(problem, option) for option in options_of(again))
        print(
            f"candidate {position}: not comparable, stopped by the clock; {'sound' if sound else 'UNSOUND'}"
        )
        return 0 if sound else 1
    same = _without_figures(again.to_json()) == _without_figures(stored)
    print(f"candidate {position}: {'the same' if same else 'DIFFERENT'}")
    return 0 if same else 1


def _without_figures(outcome: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in outcome.items() if name != "figures"}
