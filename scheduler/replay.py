# SPDX-License-Identifier: Apache-2.0
"""Solve a stored run again from its snapshot, and compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from scheduler.db import rows
from scheduler.domain.errors import NotFound
from scheduler.services import organizations
from scheduler.services.asking import SECONDS, SECONDS_TOGETHER, options_of
from scheduler.services.parts import Parts
from scheduler.solver.check import violations
from scheduler.solver.many.judge import violations_of_all
from scheduler.solver.many.outcome import Assigned
from scheduler.solver.many.problem import AssignProblem
from scheduler.solver.outcome import STOPPED, Impossible, Outcome, OutOfTime, Solved, outcome_from_json
from scheduler.solver.problem import RULES, Problem


@dataclass(frozen=True, kw_only=True)
class _Snapshot:
    """What was asked and answered: for one candidate, or for all of a run together."""

    name: str
    problem: dict[str, Any]
    outcome: dict[str, Any]


def run(parts: Parts, run_id: str) -> int:
    """Print one line for each question of the run; 1 when any answer differs. Raises NotFound."""
    return max(_compare(snapshot) for snapshot in _snapshots(parts, run_id))


def _snapshots(parts: Parts, run_id: str) -> list[_Snapshot]:
    """What was stored, in whichever organisation the run is."""
    each = (
        sa.select(rows.RunCandidate.position, rows.RunCandidate.problem, rows.RunCandidate.outcome)
        .where(rows.RunCandidate.run_id == run_id, rows.RunCandidate.problem.is_not(None))
        .order_by(rows.RunCandidate.position)
    )
    together = sa.select(rows.Run.problem, rows.Run.outcome).where(
        rows.Run.id == run_id, rows.Run.problem.is_not(None)
    )
    for organization_id in organizations.every(parts):
        with parts.database.transaction(organization_id) as session:
            found = [
                _Snapshot(name="all candidates", problem=row.problem or {}, outcome=row.outcome or {})
                for row in session.execute(together)
            ]
            found += [
                _Snapshot(
                    name=f"candidate {row.position}", problem=row.problem or {}, outcome=row.outcome or {}
                )
                for row in session.execute(each)
            ]
        if found:
            return found
    raise NotFound("There is no such run, or it has not been solved yet.")


def _compare(snapshot: _Snapshot) -> int:
    if snapshot.problem.get("rules", 1) != RULES:
        stated = snapshot.problem["rules"]
        print(f"{snapshot.name}: not comparable, stated for rules {stated}; these are {RULES}")
        return 0
    again, stopped, sound = _assigned(snapshot) if "ask" in snapshot.problem else _proposed(snapshot)
    if stopped:
        print(f"{snapshot.name}: not comparable, stopped by the clock; {'sound' if sound else 'UNSOUND'}")
        return 0 if sound else 1
    same = _without_figures(again) == _without_figures(snapshot.outcome)
    print(f"{snapshot.name}: {'the same' if same else 'DIFFERENT'}")
    return 0 if same else 1


def _proposed(snapshot: _Snapshot) -> tuple[dict[str, Any], bool, bool]:
    """The answer to the question asked again, whether the clock stopped either of the two, and whether the
    judge lets the stored one pass.
    """
    from scheduler.solver.model import propose  # noqa: PLC0415  # loads OR-Tools, for this command alone

    problem, stored = Problem.from_json(snapshot.problem), outcome_from_json(snapshot.outcome)
    again = propose(problem, seconds=SECONDS)
    sound = not any(violations(problem, option) for option in options_of(stored))
    return again.to_json(), _stopped(stored) or _stopped(again), sound


def _stopped(outcome: Outcome) -> bool:
    match outcome:
        case Solved(proof=proof):
            return proof == STOPPED
        case OutOfTime():
            return True
        case Impossible():
            return False


def _assigned(snapshot: _Snapshot) -> tuple[dict[str, Any], bool, bool]:
    """The same for all candidates together."""
    from scheduler.solver.many.assign import assign  # noqa: PLC0415  # as above

    problem, stored = AssignProblem.from_json(snapshot.problem), Assigned.from_json(snapshot.outcome)
    again = assign(problem, seconds=SECONDS_TOGETHER)
    ids = [item.id for item in problem.candidates]
    options = {ids.index(id_): option for id_, option in stored.options.items()}
    return again.to_json(), STOPPED in (stored.proof, again.proof), not violations_of_all(problem, options)


def _without_figures(outcome: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in outcome.items() if name != "figures"}
