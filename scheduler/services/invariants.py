# SPDX-License-Identifier: Apache-2.0
"""Asking the database about every promise (promises.py), and keeping what is found broken.

Asked after tests that write, by the clock in production, and by `python -m scheduler doctor --invariants`.
Every question is answered from one snapshot, so that what is under way is seen whole or not at all.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.ids import new_id
from scheduler.services import organizations
from scheduler.services.parts import Parts
from scheduler.services.promises import PROMISES, Promise

logger = logging.getLogger(__name__)

#: the most broken rows that are named for one promise
MOST = 20


@dataclass(frozen=True, kw_only=True)
class Breach:
    """A promise that does not hold, and for which rows."""

    promise: Promise
    organization_id: str
    ids: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.promise.sentence} Not so for {', '.join(self.ids)} of {self.organization_id}."


def check(parts: Parts, organization_id: str) -> list[Breach]:
    """Every promise that does not hold for one organisation; empty when all is well."""
    with parts.database.snapshot(organization_id) as session:
        return breaches(session, organization_id, parts.now())


def breaches(session: Session, organization_id: str, now: datetime) -> list[Breach]:
    """The same, of what this transaction sees."""
    found = (
        (promise, tuple(map(str, session.scalars(_limited(promise), {"now": now})))) for promise in PROMISES
    )
    return [
        Breach(promise=promise, organization_id=organization_id, ids=ids) for promise, ids in found if ids
    ]


def _limited(promise: Promise) -> sa.TextClause:
    return sa.text(f"select * from ({promise.query}) as broken limit {MOST}")  # noqa: S608  # queries of ours


def check_all(parts: Parts) -> list[Breach]:
    """The same for every organisation."""
    return [
        breach for organization_id in organizations.every(parts) for breach in check(parts, organization_id)
    ]


def verify(parts: Parts, organization_id: str) -> None:
    """Ask for one organisation, say at ERROR what is broken, and keep it open until a later look finds it
    kept again.
    """
    found = check(parts, organization_id)
    for breach in found:
        logger.error(
            "the promise %s is broken in %s: %s",
            breach.promise.name,
            organization_id,
            ", ".join(breach.ids),
        )
    with parts.database.transaction(organization_id) as session:
        for breach in found:
            _keep_open(session, parts, breach)
        session.execute(
            sa.update(rows.Breach)
            .where(
                rows.Breach.resolved_at.is_(None),
                rows.Breach.promise.not_in([breach.promise.name for breach in found]),
            )
            .values(resolved_at=parts.now())
        )


def _keep_open(session: Session, parts: Parts, breach: Breach) -> None:
    seen = {"ids": list(breach.ids), "seen_at": parts.now()}
    session.execute(
        insert(rows.Breach)
        .values(
            id=new_id("brc"),
            organization_id=breach.organization_id,
            promise=breach.promise.name,
            found_at=parts.now(),
            **seen,
        )
        .on_conflict_do_update(
            index_elements=["organization_id", "promise"],
            index_where=rows.Breach.resolved_at.is_(None),
            set_=seen,
        )
    )


def still_open(parts: Parts) -> list[str]:
    """The names of promises that were broken at the last look, in any organisation."""
    found: set[str] = set()
    for organization_id in organizations.every(parts):
        with parts.database.transaction(organization_id) as session:
            found.update(
                session.scalars(sa.select(rows.Breach.promise).where(rows.Breach.resolved_at.is_(None)))
            )
    return sorted(found)
