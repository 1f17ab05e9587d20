# SPDX-License-Identifier: Apache-2.0
"""When could one session take place? Answered at once, by interval arithmetic; changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import casts, convert, rows
from scheduler.domain.errors import Conflict, Invalid
from scheduler.domain.intervals import Interval, format_instant, parse_instant
from scheduler.domain.plans import Plan
from scheduler.services import organizations, plans, problems, readings
from scheduler.services.parts import Parts
from scheduler.solver.starts import availability

#: seconds that the calendars may take
PATIENCE = 10.0


def ask(parts: Parts, organization_id: str, data: dict[str, Any]) -> dict[str, Any]:
    """Every start of one session, and why the other times are not. Raises Invalid, Conflict."""
    with parts.database.transaction(organization_id) as session:
        plan = _plan(session, data)
        session_key = _session_key(plan, data)
        window = _window(plan, data, parts)
        candidate_id = data.get("candidate_id")
        row = session.get(rows.Candidate, candidate_id) if candidate_id else None
        if candidate_id and row is None:
            raise Invalid.at("/candidate_id", "there is no such candidate")
        candidate = convert.candidate(row) if row else None
        met = casts.people_met(session, row.id, except_run_candidate=None) if row else frozenset()
        overbook = organizations.overbook(session, organization_id)
        cast = casts.cast_for(session, plan, window, now=parts.now(), holders=_holders(session, candidate_id))
    reach = problems.reach(plan, window, parts.now())
    looks = readings.read_all(
        parts, organization_id, cast.owners, reach, patience=PATIENCE, closely=cast.closely
    )
    if cast.interviewers and not any(looks[person.id].readable for person in cast.interviewers):
        reasons = " ".join(sorted({looks[person.id].reason or "" for person in cast.interviewers}))
        raise Conflict(f"None of the calendars can be read. {reasons}", code="calendars_unreadable")
    problem = problems.state(
        plan, window, parts.now(), cast, looks, candidate=candidate, met=met, overbook=overbook
    )
    answer = availability(problem, session_key)
    return {
        "data": [{"start": format_instant(start)} for start in answer.starts],
        "blocked": [
            {"start": format_instant(b.start), "end": format_instant(b.end), "code": b.code, "text": b.text}
            for b in answer.blocked
        ],
        "unreadable": [{"interviewer_id": item.id, "reason": item.reason} for item in problem.unreadable],
        "read_at": format_instant(parts.now()),
    }


def _holders(session: Session, candidate_id: str | None) -> list[str]:
    """In whose way no time is that is held for this candidate already."""
    if candidate_id is None:
        return []
    query = sa.select(rows.RunCandidate.id).where(rows.RunCandidate.candidate_id == candidate_id)
    return list(session.scalars(query))


def _plan(session: Session, data: dict[str, Any]) -> Plan:
    if bool(data.get("plan_id")) == bool(data.get("plan")):
        raise Invalid.at("/plan_id", "give either plan_id or plan")
    if data.get("plan_id"):
        row = session.get(rows.Plan, data["plan_id"])
        if row is None:
            raise Invalid.at("/plan_id", "there is no such plan")
        return Plan.from_json({**row.body, "id": row.id, "name": row.name})
    return plans.parse(session, data["plan"], pointer="/plan")


def _session_key(plan: Plan, data: dict[str, Any]) -> str:
    key = data.get("session_key")
    if key is None and len(plan.sessions) == 1:
        return plan.sessions[0].key
    if key is None:
        raise Invalid.at("/session_key", "is needed: the plan has several sessions")
    if key not in {session.key for session in plan.sessions}:
        raise Invalid.at("/session_key", "is not a session of the plan")
    return str(key)


def _window(plan: Plan, data: dict[str, Any], parts: Parts) -> Interval:
    asked = data.get("window")
    if not asked:
        return Interval(parts.now(), parts.now() + timedelta(days=plan.horizon_days))
    start, end = parse_instant(asked["start"]), parse_instant(asked["end"])
    if end <= start:
        raise Invalid.at("/window/end", "is not after start")
    if end - start > readings.LONGEST_WINDOW:
        raise Invalid.at("/window/end", f"is more than {readings.LONGEST_WINDOW.days} days after start")
    return Interval(start, end)
