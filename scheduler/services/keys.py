# SPDX-License-Identifier: Apache-2.0
"""API keys: made once, shown once, known only by their hash.

A key is `cvn_`, 32 characters of base 62 (190 bits) and a checksum, so that a mistyped or made-up one is
refused without asking the database, and scanners for leaked secrets can tell ours from look-alikes.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.errors import Invalid, NotFound
from scheduler.domain.ids import ALPHABET, new_id, random_text
from scheduler.domain.intervals import format_instant
from scheduler.services import organizations
from scheduler.services.parts import Parts

PREFIX = "cvn_"
SECRET_LENGTH = 32
CHECKSUM_LENGTH = 6
SCOPES = ("read", "schedule", "manage", "admin")


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who is asking: a key, its organisation, and what it may do."""

    organization_id: str
    key_id: str
    scopes: frozenset[str]


def create(parts: Parts, organization_id: str, *, name: str, scopes: Iterable[str]) -> tuple[str, str]:
    """A new key: its id, and the text that is never shown again. Raises Invalid, or NotFound."""
    wanted = sorted(set(scopes), key=(*SCOPES, *scopes).index)
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown or not wanted:
        raise Invalid.at("/scopes", f"must be some of {', '.join(SCOPES)}")
    secret = random_text(SECRET_LENGTH)
    text = PREFIX + secret + _checksum(secret)
    with parts.database.transaction(organization_id) as session:
        _refuse_nobody(session, organization_id)
        row = rows.ApiKey(
            id=new_id("key"),
            organization_id=organization_id,
            name=name,
            hash=_hash(text),
            scopes=wanted,
            created_at=parts.now(),
        )
        session.add(row)
    return row.id, text


def find(parts: Parts, organization_id: str) -> list[dict[str, Any]]:
    """All keys of an organisation, in the order they were made, revoked ones too. Raises NotFound."""
    with parts.database.transaction(organization_id) as session:
        _refuse_nobody(session, organization_id)
        made = sa.select(rows.ApiKey).order_by(rows.ApiKey.created_at, rows.ApiKey.id)
        return [_view(row) for row in session.scalars(made)]


def revoke(parts: Parts, key_id: str) -> dict[str, Any]:
    """Take a key back, whosever it is: from now on it opens nothing. Twice is once. Raises NotFound."""
    for organization_id in organizations.every(parts):
        with parts.database.transaction(organization_id) as session:
            row = session.get(rows.ApiKey, key_id, with_for_update=True)
            if row is not None:
                row.revoked_at = row.revoked_at or parts.now()
                return _view(row)
    raise NotFound("There is no such key.")


def _view(row: rows.ApiKey) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "scopes": row.scopes,
        "created_at": format_instant(row.created_at),
        "revoked_at": format_instant(row.revoked_at) if row.revoked_at else None,
    }


def _refuse_nobody(session: Session, organization_id: str) -> None:
    if session.get(rows.Organization, organization_id) is None:
        raise NotFound("There is no such organization.")


def authenticate(parts: Parts, key: str) -> Principal | None:
    """Whose key this is, or None when it is nobody's or revoked."""
    if not _is_well_formed(key):
        return None
    with parts.database.lookup() as session:
        found = session.execute(sa.text("select * from find_key(:hash)"), {"hash": _hash(key)}).one_or_none()
    if found is None:
        return None
    return Principal(organization_id=found.organization_id, key_id=found.id, scopes=frozenset(found.scopes))


def _hash(key: str) -> bytes:
    # Plain SHA-256 is enough for a secret of this length: there is nothing to guess.
    return hashlib.sha256(key.encode()).digest()


def _is_well_formed(key: str) -> bool:
    secret, checksum = key[len(PREFIX) : -CHECKSUM_LENGTH], key[-CHECKSUM_LENGTH:]
    return key.startswith(PREFIX) and len(secret) == SECRET_LENGTH and _checksum(secret) == checksum


def _checksum(secret: str) -> str:
    """CRC-32 in base 62, most significant digit first."""
    number = zlib.crc32(secret.encode())
    digits = ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
