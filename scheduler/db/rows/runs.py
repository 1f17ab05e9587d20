# SPDX-License-Identifier: Apache-2.0
"""What is asked for, what is offered, and to whom."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.db.rows.base import Base, Json, JsonList, key, large, ref, tenant


class Run(Base):
    """One request to schedule. `plan` is the plan as it was."""

    __tablename__ = "runs"

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    status: Mapped[str] = mapped_column(index=True)
    plan_id: Mapped[str | None]
    plan: Mapped[Json]
    window_start: Mapped[dt.datetime]
    window_end: Mapped[dt.datetime]
    mode: Mapped[str]
    options_wanted: Mapped[int]
    #: assigned options are booked at once
    confirm: Mapped[bool] = mapped_column(default=False)
    contact: Mapped[Json | None]
    #: status, figures and version of what the solver did
    solver: Mapped[Json]
    #: of candidates who were assigned together: the AssignProblem and what came of it
    problem: Mapped[Json | None] = large()
    outcome: Mapped[Json | None] = large()
    error: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime | None]


class RunCandidate(Base):
    __tablename__ = "run_candidates"
    __table_args__ = (sa.UniqueConstraint("run_id", "position"),)

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    run_id: Mapped[str] = ref("runs.id")
    candidate_id: Mapped[str] = ref("candidates.id")
    position: Mapped[int]
    external_refs: Mapped[Json]
    status: Mapped[str] = mapped_column(index=True)
    explanation: Mapped[Json | None]
    #: `[{at, text}]`: what they asked while the run named nobody to read it
    questions: Mapped[JsonList] = mapped_column(default=list, server_default=sa.text("'[]'::jsonb"))
    #: the Problem that was solved and the Outcome, so that the run can be replayed
    problem: Mapped[Json | None] = large()
    outcome: Mapped[Json | None] = large()


class Option(Base):
    __tablename__ = "options"

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    run_candidate_id: Mapped[str] = ref("run_candidates.id")
    position: Mapped[int]
    start: Mapped[dt.datetime]
    end: Mapped[dt.datetime]
    sessions: Mapped[JsonList]
    cost: Mapped[int]
    reasons: Mapped[JsonList]
    status: Mapped[str]


class Invitation(Base):
    """A candidate's link. The token is derived from a key and these facts; only its hash is kept."""

    __tablename__ = "invitations"

    id: Mapped[str] = key()
    organization_id: Mapped[str] = tenant()
    run_candidate_id: Mapped[str] = ref("run_candidates.id")
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    #: which of SECRET_KEYS it was derived from
    key_fingerprint: Mapped[str]
    generation: Mapped[int] = mapped_column(default=1)
    expires_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]
