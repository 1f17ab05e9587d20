# SPDX-License-Identifier: Apache-2.0
"""Lists in pages. A cursor names the last row seen, so that rows coming and going shift nothing, and the list
that it goes on with.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.domain.errors import Invalid
from scheduler.domain.intervals import aware

LARGEST = 200
NOT_A_CURSOR = "is not a cursor of this list"
ID = re.compile(r"[A-Za-z0-9_]{1,64}")


@dataclass(frozen=True)
class Page:
    data: list[Any]
    next_cursor: str | None

    def mapped(self, view: Callable[[Any], Any]) -> Page:
        return Page([view(item) for item in self.data], self.next_cursor)


def page(session: Session, query: sa.Select[Any], table: Any, *, limit: int, cursor: str | None) -> Page:
    """Rows of `query` in the order they were created. Raises Invalid for a cursor of another list."""
    list_ = _name(query, table)
    if cursor:
        created_at, id_ = _decode(cursor, list_)
        query = query.where(sa.tuple_(table.created_at, table.id) > sa.tuple_(created_at, sa.literal(id_)))
    limit = max(1, min(limit, LARGEST))
    found = list(session.scalars(query.order_by(table.created_at, table.id).limit(limit + 1)))
    more = len(found) > limit
    return Page(found[:limit], _encode(found[limit - 1], list_) if more else None)


def _name(query: sa.Select[Any], table: Any) -> str:
    """The same for the same question: of this table, with these values."""
    asked = json.dumps([table.__name__, query.compile().params], sort_keys=True, default=str)
    return hashlib.sha256(asked.encode()).hexdigest()[:16]


def _encode(row: Any, list_: str) -> str:
    text = json.dumps([list_, row.created_at.isoformat(), row.id])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str, list_: str) -> tuple[datetime, str]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        named, created_at, id_ = json.loads(text)
        seen = aware(datetime.fromisoformat(created_at))
    except (ValueError, TypeError, OverflowError, binascii.Error) as error:
        raise Invalid.at("/cursor", NOT_A_CURSOR) from error
    if named != list_ or not (isinstance(id_, str) and ID.fullmatch(id_)):
        raise Invalid.at("/cursor", NOT_A_CURSOR)
    return seen, id_
