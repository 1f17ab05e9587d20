# SPDX-License-Identifier: Apache-2.0
"""Runs: a request to schedule is written down here, and looked at, approved or cancelled. Solving is
solving.py.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import pages, rows
from scheduler.db.pages import Page
from scheduler.domain import moves
from scheduler.domain.errors import Conflict, FieldError, Invalid, NotFound
from scheduler.domain.ids import new_id
from scheduler.domain.intervals import Interval, parse_instant
from scheduler.domain.moves import move
from scheduler.domain.plans import MOST_SESSIONS, Plan
from scheduler.services import bookings, candidates, events, holding, invitations, owing, plans, views
from scheduler.services.parts import Actor, Parts

#: how many choices a plan of several sessions may have
MOST_OPTIONS_OF_A_LOOP = 50
ENDED = ("finished", "failed", "cancelled", "awaiting_approval")
POLL_SECONDS = 0.05


def request(parts: Parts, organization_id: str, data: dict[str, Any], *, actor: Actor) -> dict[str, Any]:
    """Write down what is asked and put it on its way to a worker. Raises Invalid for what cannot be meant."""
    now = parts.now()
    with parts.database.transaction(organization_id) as session:
        plan_id, plan = _plan_asked_for(session, data)
        window = _window(data, plan, parts)
        _check_amount(data, plan)
        row = rows.Run(
            id=new_id("run"),
            organization_id=organization_id,
            status="queued",
            plan_id=plan_id,
            plan=plan.to_json(),
            window_start=window.start,
            window_end=window.end,
            mode=data.get("mode") or "offer",
            options_wanted=_options_wanted(data),
            confirm=bool(data.get("confirm")),
            contact=data.get("contact"),
            solver={},
            created_at=now,
        )
        session.add(row)
        session.flush()
        _add_candidates(session, parts, row, data["candidates"])
        parts.defer(session, "solve_run", run_id=row.id, organization_id=organization_id)
        events.record(session, parts, organization_id, "run.requested", actor=actor, run_id=row.id)
        session.flush()
        view = views.run(session, parts, row)
        parts.reach("run.written")
    parts.reach("run.committed")
    return view


def _plan_asked_for(session: Session, data: dict[str, Any]) -> tuple[str | None, Plan]:
    if bool(data.get("plan_id")) == bool(data.get("plan")):
        raise Invalid.at("/plan_id", "give either plan_id or plan")
    if data.get("plan_id"):
        row = session.get(rows.Plan, data["plan_id"])
        if row is None:
            raise Invalid.at("/plan_id", "there is no such plan")
        # Read as it stands: an interviewer may have gone since, and then the run says what that means.
        plan = Plan.from_json({**row.body, "id": row.id, "external_id": row.external_id, "name": row.name})
        if len(plan.sessions) > MOST_SESSIONS:  # stored when more could be
            raise Invalid.at(
                "/plan_id", f"has more than {MOST_SESSIONS} sessions; the plan has to change first"
            )
        return row.id, plan
    return None, plans.parse(session, data["plan"], pointer="/plan")


def _window(data: dict[str, Any], plan: Plan, parts: Parts) -> Interval:
    now = parts.now()
    asked = data.get("window")
    if not asked:
        return Interval(now, now + timedelta(days=plan.horizon_days))
    start, end = parse_instant(asked["start"]), parse_instant(asked["end"])
    if end <= start:
        raise Invalid.at("/window/end", "is not after start")
    if end <= now:
        raise Invalid.at("/window/end", "is in the past")
    return Interval(start, end)


def _check_amount(data: dict[str, Any], plan: Plan) -> None:
    if len(plan.sessions) > 1 and (data.get("options") or 0) > MOST_OPTIONS_OF_A_LOOP:
        raise Invalid.at(
            "/options", f"a plan of several sessions has at most {MOST_OPTIONS_OF_A_LOOP} options"
        )


def _options_wanted(data: dict[str, Any]) -> int:
    return 1 if data.get("mode") == "assign" else data.get("options") or 5


def _add_candidates(session: Session, parts: Parts, row: rows.Run, asked: list[dict[str, Any]]) -> None:
    seen: dict[str, int] = {}
    # In one order for everybody: two runs for the same people wait for each other, and not in a ring.
    for position, item in sorted(enumerate(asked), key=lambda pair: _name_of(pair[1])):
        fields = dict(item)
        external_refs = fields.pop("external_refs", None) or {}
        candidate = candidates.upsert(
            session, parts, row.organization_id, fields, pointer=f"/candidates/{position}"
        )
        if candidate.id in seen:
            raise Invalid(FieldError(f"/candidates/{position}", "is in this run already"))
        seen[candidate.id] = position
        session.add(
            rows.RunCandidate(
                id=new_id("rcd"),
                organization_id=row.organization_id,
                run_id=row.id,
                candidate_id=candidate.id,
                position=position,
                external_refs=external_refs,
                status="waiting",
            )
        )


def _name_of(item: dict[str, Any]) -> str:
    """What a candidate is known by, if they may be known already."""
    return item.get("id") or item.get("external_id") or ""


def get(parts: Parts, organization_id: str, run_id: str) -> dict[str, Any]:
    with parts.database.transaction(organization_id) as session:
        return views.run(session, parts, _row(session, run_id))


def wait(parts: Parts, organization_id: str, run_id: str, *, seconds: float) -> dict[str, Any]:
    """The run as soon as it has ended, or as it is when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        with parts.database.transaction(organization_id) as session:
            status = session.scalar(sa.select(rows.Run.status).where(rows.Run.id == run_id))
        if status is None or status in ENDED or time.monotonic() >= deadline:
            return get(parts, organization_id, run_id)
        time.sleep(POLL_SECONDS)


def find(
    parts: Parts,
    organization_id: str,
    *,
    limit: int = 50,
    cursor: str | None = None,
    status: str | None = None,
) -> Page:
    query = sa.select(rows.Run)
    if status:
        query = query.where(rows.Run.status == status)
    with parts.database.transaction(organization_id) as session:
        found = pages.page(session, query, rows.Run, limit=limit, cursor=cursor)
        return found.mapped(lambda row: views.run(session, parts, row))


def approve(
    parts: Parts,
    organization_id: str,
    run_id: str,
    *,
    drop: list[str] | None = None,
    reason: str | None = None,
    actor: Actor,
) -> dict[str, Any]:
    """Let the candidates have their options, less the dropped ones; what is to be confirmed is booked by a
    worker. What a person decided is kept with the run.
    """
    with parts.database.transaction(organization_id) as session:
        row = _row(session, run_id, lock=True)
        if row.status != "awaiting_approval":
            raise Conflict(f"This run is {row.status}; there is nothing to approve.", code="illegal_move")
        row.status = move(moves.RUN, "run", row.status, "solving" if row.confirm else "finished")
        # Their rows before their options', as everybody does.
        asked = candidates_of(session, row.id, lock=True)
        _drop_options(session, parts, row, drop or [])
        row.solver = {**row.solver, "approved_by": actor.name, "dropped": drop or [], "reason": reason}
        row.version += 1
        waiting = [item for item in asked if item.status == "waiting"]
        for run_candidate in waiting:
            _approved(session, parts, row, run_candidate, actor)
        holding.keep(session, parts, row, waiting)
        if row.confirm:
            parts.defer(session, "solve_run", run_id=row.id, organization_id=organization_id)
        else:
            finish(session, parts, row, actor=actor)
        session.flush()
        return views.run(session, parts, row)


def _drop_options(session: Session, parts: Parts, row: rows.Run, drop: list[str]) -> None:
    options = {
        option.id: option
        for option in session.scalars(
            sa.select(rows.Option)
            .join(rows.RunCandidate, rows.RunCandidate.id == rows.Option.run_candidate_id)
            .where(rows.RunCandidate.run_id == row.id)
        )
    }
    unknown = [
        FieldError(f"/drop/{index}", "is not an option of this run")
        for index, id_ in enumerate(drop)
        if id_ not in options
    ]
    if unknown:
        raise Invalid(*unknown)
    if row.plan.get("holds"):
        holding.let_go(session, parts, drop)
    for id_ in drop:
        options[id_].status = "withdrawn"
    session.flush()


def _approved(
    session: Session, parts: Parts, row: rows.Run, run_candidate: rows.RunCandidate, actor: Actor
) -> None:
    """Offer what was left to a candidate, or let a worker book it; close where nothing was left."""
    left = session.scalar(
        sa.select(sa.func.count()).where(
            rows.Option.run_candidate_id == run_candidate.id, rows.Option.status.in_(moves.OPEN_OPTION)
        )
    )
    if left and not row.confirm:
        offer(session, parts, row, run_candidate, actor=actor)
    elif not left:
        run_candidate.status = move(moves.RUN_CANDIDATE, "candidate", run_candidate.status, "cancelled")


def offer(
    session: Session,
    parts: Parts,
    row: rows.Run,
    run_candidate: rows.RunCandidate,
    *,
    actor: Actor,
    tell: bool = True,
) -> None:
    """Give a candidate their link. Without `tell` they hear of it from the confirmation alone."""
    run_candidate.status = move(moves.RUN_CANDIDATE, "candidate", run_candidate.status, "offered")
    invitations.issue(session, parts, row, run_candidate, actor=actor, tell=tell)


def finish(session: Session, parts: Parts, row: rows.Run, *, actor: Actor) -> None:
    """Say that the run is done, with how it went for each candidate."""
    row.finished_at = parts.now()
    session.flush()
    outcome = {item.candidate_id: item.status for item in candidates_of(session, row.id)}
    events.record(
        session,
        parts,
        row.organization_id,
        "run.finished",
        actor=actor,
        run_id=row.id,
        data={"status": row.status, "candidates": outcome},
    )


def cancel(parts: Parts, organization_id: str, run_id: str, *, actor: Actor) -> dict[str, Any]:
    """Call off what is not booked: links close, waiting mails stop. Bookings stand until they are
    cancelled.
    """
    with parts.database.transaction(organization_id) as session:
        row = _row(session, run_id, lock=True)
        row.status = move(moves.RUN, "run", row.status, "cancelled")
        row.version += 1
        row.finished_at = row.finished_at or parts.now()
        events.record(session, parts, organization_id, "run.cancelled", actor=actor, run_id=row.id)
        for run_candidate in candidates_of(session, row.id, lock=True):
            if run_candidate.status in ("waiting", "offered", "infeasible", "expired"):
                run_candidate.status = "cancelled"
                if row.plan.get("holds"):
                    holding.let_all_go(session, parts, run_candidate.id)
                bookings.withdraw_options(session, run_candidate.id)
                close_invitations(session, parts, run_candidate)
        session.flush()
        return views.run(session, parts, row)


def close_invitations(session: Session, parts: Parts, run_candidate: rows.RunCandidate) -> None:
    for invitation in session.scalars(
        sa.select(rows.Invitation).where(rows.Invitation.run_candidate_id == run_candidate.id)
    ):
        invitation.revoked_at = invitation.revoked_at or parts.now()
        owing.drop_queued(session, rows.Message.invitation_id == invitation.id)


def candidates_of(session: Session, run_id: str, *, lock: bool = False) -> list[rows.RunCandidate]:
    query = (
        sa.select(rows.RunCandidate)
        .where(rows.RunCandidate.run_id == run_id)
        .order_by(rows.RunCandidate.position)
    )
    return list(session.scalars(query.with_for_update(key_share=True) if lock else query))


def _row(session: Session, run_id: str, *, lock: bool = False) -> rows.Run:
    query = sa.select(rows.Run).where(rows.Run.id == run_id)
    row = session.scalar(query.with_for_update(key_share=True) if lock else query)
    if row is None:
        raise NotFound("There is no such run.")
    return row
