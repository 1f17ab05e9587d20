# SPDX-License-Identifier: Apache-2.0
"""Grants: what opens people's calendars, kept sealed; who uses it, and what becomes of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calendars.errors import NotAllowed, TryLater
from calendars.oauth import Tokens
from scheduler.db import rows
from scheduler.domain.errors import Unavailable
from scheduler.domain.ids import new_id
from scheduler.domain.intervals import format_instant, parse_instant
from scheduler.services import events, organizations, unreadable_mail
from scheduler.services.parts import SYSTEM, Parts
from scheduler.services.sealing import Sealing, Unopened

#: an access token with less left than this is renewed first
MARGIN = timedelta(minutes=5)
NO_KEY = (
    "SECRET_KEYS lacks the key that what was granted is sealed with; it opens again when the key is back."
)
#: seconds in which a missing key may come back, with a restart
KEY_WAIT = 60.0
#: so many threads of a process may ask for new tokens at once: each keeps a connection to the database for
#: as long as the provider takes. The others wait without one, so many seconds
RENEWALS = 4
PATIENCE = 20.0
BUSY = "The provider takes long to renew what was granted."
_turns = threading.BoundedSemaphore(RENEWALS)


def keep(
    session: Session,
    parts: Parts,
    organization_id: str,
    interviewer_id: str,
    provider: str,
    address: str,
    *,
    subject: str,
    scopes: tuple[str, ...],
    content: Mapping[str, Any],
) -> None:
    row = row_of(session, provider, address, lock=True)
    if row is None:
        row = rows.Connection(
            id=new_id("con"), organization_id=organization_id, provider=provider, address=address
        )
        session.add(row)
    row.interviewer_id, row.subject, row.scopes = interviewer_id, subject, list(scopes)
    row.secret = sealing_of(parts).seal(content)
    row.status, row.reason, row.broken_at = "connected", None, None
    row.connected_at = parts.now()


def row_of(session: Session, provider: str, address: str, *, lock: bool = False) -> rows.Connection | None:
    query = sa.select(rows.Connection).where(
        rows.Connection.provider == provider, rows.Connection.address == address
    )
    return session.scalar(query.with_for_update() if lock else query)


def forget_unnamed(session: Session, person: rows.Interviewer) -> None:
    """Throw away what was granted for calendars this person no longer has: all of it once they are gone."""
    calendars = () if person.deleted_at else (person.calendar, *person.busy_calendars)
    named = [(item["provider"], item["address"]) for item in calendars]
    session.execute(
        sa.delete(rows.Connection).where(
            rows.Connection.interviewer_id == person.id,
            sa.tuple_(rows.Connection.provider, rows.Connection.address).not_in(named),
        )
    )


def sealing_of(parts: Parts) -> Sealing:
    if parts.sealing is None:
        raise Unavailable("This process has no keys for what is sealed.", code="no_keys")
    return parts.sealing


def connected(parts: Parts, organization_id: str, provider: str) -> dict[str, str]:
    """The connections at a provider, broken ones too: ids by address."""
    with parts.database.transaction(organization_id) as session:
        found = session.execute(
            sa.select(rows.Connection.address, rows.Connection.id).where(rows.Connection.provider == provider)
        )
        return {address: id_ for address, id_ in found}  # noqa: C416  # rows are no pairs to mypy


def state_of_access(parts: Parts, organization_id: str) -> tuple[Any, ...]:
    """Another value whenever somebody has connected, or has been forgotten, or other organisers are named."""
    row = rows.Connection
    query = (
        sa.select(rows.Organization.organizers, row.id, row.address, row.connected_at)
        .outerjoin(row, row.organization_id == rows.Organization.id)
        .order_by(row.id)
    )
    with parts.database.transaction(organization_id) as session:
        return tuple(map(tuple, session.execute(query)))


def secret_of(parts: Parts, organization_id: str, connection_id: str) -> dict[str, Any]:
    """What is kept of a connection. Raises NotAllowed when it is gone or broken, TryLater without its key."""
    with parts.database.transaction(organization_id) as session:
        return _opened(parts, session.get(rows.Connection, connection_id))


def access_token(
    parts: Parts,
    organization_id: str,
    connection_id: str,
    refresh: Callable[[str], Tokens],
    *,
    refused: str | None = None,
) -> Tokens:
    """
    A token with some minutes left, not the `refused` one.

    The row is locked while the provider is asked for the next: a refresh token may be good for one use, and
    two workers must not use it twice. Raises NotAllowed (the connection is broken from then on), TryLater
    (also when this process has no key for it, which says nothing about the grant).
    """

    def is_good(tokens: Tokens) -> bool:
        return tokens.access_token != refused and tokens.expires_at > parts.now() + MARGIN

    there = _tokens(secret_of(parts, organization_id, connection_id))
    if is_good(there):
        return there
    with _turn(), parts.database.transaction(organization_id) as session:
        row = session.get(rows.Connection, connection_id, with_for_update=True)
        content = _opened(parts, row)
        there = _tokens(content)
        if is_good(there):
            return there
        try:
            fresh = refresh(content["refresh_token"])
        except NotAllowed as error:
            ended = error
            if row is not None and not parts.only_looks:
                _break(session, parts, row, str(error))
        else:
            if row is not None:
                row.secret = sealing_of(parts).seal(content_of(fresh, earlier=content["refresh_token"]))
            return fresh
    raise ended


@contextmanager
def _turn() -> Iterator[None]:
    """Raises TryLater when too many others take too long."""
    if not _turns.acquire(timeout=PATIENCE):
        raise TryLater(BUSY)
    try:
        yield
    finally:
        _turns.release()


def _break(session: Session, parts: Parts, row: rows.Connection, reason: str) -> None:
    """The grant is dead: say so, once, to its owner and to whoever listens to events. Under the lock under
    which it was found so: its owner may be connecting anew.
    """
    row.status, row.reason, row.broken_at = "broken", reason, parts.now()
    if row.interviewer_id is None:
        return
    events.record(
        session,
        parts,
        row.organization_id,
        "calendar.unreadable",
        actor=SYSTEM,
        data={"interviewer_id": row.interviewer_id, "reason": "reconnect"},
    )
    owner = session.get_one(rows.Interviewer, row.interviewer_id)
    unreadable_mail.tell_owner(session, parts, owner, reason, provider=row.provider)


def _opened(parts: Parts, row: rows.Connection | None) -> dict[str, Any]:
    if row is None:
        raise NotAllowed("This calendar is not connected any more.")
    if row.status == "broken":
        raise NotAllowed(row.reason)
    try:
        return sealing_of(parts).open(row.secret)
    except Unopened:
        raise TryLater(NO_KEY, retry_after=KEY_WAIT) from None


def content_of(tokens: Tokens, *, earlier: str | None = None) -> dict[str, Any]:
    return {
        "access_token": tokens.access_token,
        "expires_at": format_instant(tokens.expires_at),
        "refresh_token": tokens.refresh_token or earlier,
    }


def _tokens(content: Mapping[str, Any]) -> Tokens:
    return Tokens(
        access_token=content["access_token"],
        expires_at=parse_instant(content["expires_at"]),
        refresh_token=content["refresh_token"],
    )


def rotate(parts: Parts) -> tuple[int, list[str]]:
    """Seal everything with the newest key: how many there were, and the ids of those that no key opens."""
    done, unopened = 0, []
    for organization_id in organizations.every(parts):
        with parts.database.transaction(organization_id) as session:
            sealed = (
                *session.scalars(sa.select(rows.Connection).with_for_update()),
                *session.scalars(sa.select(rows.Webhook).with_for_update(key_share=True)),
            )
            for row in sealed:
                try:
                    row.secret = sealing_of(parts).renewed(row.secret)
                except Unopened:
                    unopened.append(row.id)
                else:
                    done += 1
    return done, unopened
