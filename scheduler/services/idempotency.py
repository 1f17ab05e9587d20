# SPDX-License-Identifier: Apache-2.0
"""The first answer to a POST is kept for 24 hours and given again for the same key and body."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from scheduler.db import rows
from scheduler.domain.errors import Conflict, Invalid
from scheduler.services.grants import sealing_of
from scheduler.services.keys import Principal
from scheduler.services.parts import Parts
from scheduler.services.sealing import Unopened

KEPT = timedelta(hours=24)
#: no request runs for so long; one that seems to was left behind by a process that died
LEASE = timedelta(seconds=60)
#: among the headers of a kept answer, and no header: its body is under SECRET_KEYS
SEALED = "sealed"
#: the same: it told of somebody whose data was erased since
FORGOTTEN = "forgotten"
ERASED = "This was done; its answer told of somebody whose data was erased since."
LOST = "This was done, and its answer can no longer be read: the key that sealed it is gone."


class KeyReused(Invalid):
    """This Idempotency-Key was used before, for another request."""

    code = "idempotency_key_reused"


@dataclass(frozen=True)
class Answer:
    """What was answered, word for word."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Claim:
    """The right to carry out the request of one key, until the lease ends by the database's clock."""

    key: str
    lease_until: datetime


def claim(parts: Parts, principal: Principal, key: str, fingerprint: bytes) -> Claim | Answer:
    """The right to go ahead, or the answer that was given before.

    Raises KeyReused for another request under the same key, Conflict while the first one is running.
    """
    with parts.database.transaction(principal.organization_id) as session:
        lease_until = session.scalar(_claiming(parts, principal, key, fingerprint))
        if lease_until is not None:
            return Claim(key, lease_until)
        row = session.get(rows.IdempotencyKey, (principal.key_id, key))
    if row is not None and row.fingerprint != fingerprint:
        raise KeyReused
    if row is None or row.status is None or row.body is None:
        raise Conflict("The first request with this key is still running.", code="idempotency_in_progress")
    return _opened(parts, Answer(row.status, row.headers, row.body))


def _claiming(parts: Parts, principal: Principal, key: str, fingerprint: bytes) -> sa.Executable:
    """One statement, so that of two requests at the same moment exactly one goes ahead."""
    table, now = rows.IdempotencyKey, parts.now()
    fresh: dict[str, Any] = {
        "fingerprint": fingerprint,
        "status": None,
        "headers": {},
        "body": None,
        "created_at": now,
        "lease_until": sa.func.clock_timestamp() + LEASE,
    }
    statement = insert(table).values(
        api_key_id=principal.key_id, key=key, organization_id=principal.organization_id, **fresh
    )
    left_behind = sa.and_(
        table.status.is_(None),
        table.lease_until < sa.func.clock_timestamp(),
        table.fingerprint == fingerprint,
    )
    return statement.on_conflict_do_update(
        index_elements=["api_key_id", "key"],
        set_=fresh,
        where=sa.or_(table.created_at <= now - KEPT, left_behind),
    ).returning(table.lease_until)


def sealed(parts: Parts, answer: Answer) -> Answer:
    """An answer with a secret in it, as it is kept."""
    body = sealing_of(parts).seal({"body": answer.body.decode()})
    return Answer(answer.status, answer.headers | {SEALED: "yes"}, body)


def _opened(parts: Parts, answer: Answer) -> Answer:
    if FORGOTTEN in answer.headers:
        raise Conflict(ERASED, code="answer_erased")
    if SEALED not in answer.headers:
        return answer
    try:
        body = sealing_of(parts).open(answer.body)["body"].encode()
    except Unopened:
        raise Conflict(LOST, code="answer_lost") from None
    headers = {name: value for name, value in answer.headers.items() if name != SEALED}
    return Answer(answer.status, headers, body)


def settle(parts: Parts, principal: Principal, claimed: Claim, answer: Answer) -> None:
    """Keep the answer, unless somebody has taken the request over in between."""
    with parts.database.transaction(principal.organization_id) as session:
        session.execute(
            sa.update(rows.IdempotencyKey)
            .where(*_ours(principal, claimed))
            .values(status=answer.status, headers=answer.headers, body=answer.body)
        )


def release(parts: Parts, principal: Principal, claimed: Claim) -> None:
    """Nothing was decided: let the same key try again."""
    with parts.database.transaction(principal.organization_id) as session:
        session.execute(sa.delete(rows.IdempotencyKey).where(*_ours(principal, claimed)))


def _ours(principal: Principal, claimed: Claim) -> tuple[sa.ColumnElement[bool], ...]:
    table = rows.IdempotencyKey
    return (
        table.api_key_id == principal.key_id,
        table.key == claimed.key,
        table.lease_until == claimed.lease_until,
        table.status.is_(None),
    )
