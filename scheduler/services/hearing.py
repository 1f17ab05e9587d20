# SPDX-License-Identifier: Apache-2.0
"""
Hearing that a calendar changed: who says so is checked, and the look at it is put on its way, once.

A channel that was opened and not kept (the answer was lost, or its end was) goes on telling. Its token says
that it was ours, and so it is ended.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from scheduler.db import rows
from scheduler.services.parts import Parts

PURPOSE = "hook"
#: a channel that was opened this lately may be about to be kept
NEW = timedelta(minutes=5)
#: Microsoft's words for a subscription that needs something done
LIFECYCLE = frozenset({"reauthorizationRequired", "subscriptionRemoved", "missed"})


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What somebody who knocks says of themselves."""

    provider: str
    channel_id: str
    token: str = field(repr=False)
    resource: str = ""
    lifecycle: str = ""


def token_for(parts: Parts, organization_id: str, state_id: str) -> str:
    """What a channel of this calendar, opened now, proves itself with: below 128 characters."""
    text = f"{organization_id}.{state_id}.{int(parts.now().timestamp())}"
    return f"{text}.{parts.links.sign(PURPOSE, text)}"


def is_ours(parts: Parts, notice: Notice) -> bool:
    """Whether it is of a channel of ours and knows its token."""
    return _channel(parts, notice) is not None


def heard(parts: Parts, notices: Iterable[Notice]) -> None:
    """Look at these calendars soon; however many notices come, each calendar is looked at once."""
    for notice in dict.fromkeys(notices):
        found = _channel(parts, notice)
        if found is not None:
            _look_soon(parts, *found, notice.lifecycle)
        else:
            _end_soon(parts, notice)


def _end_soon(parts: Parts, notice: Notice) -> None:
    """See to the end of a channel that we opened and do not know."""
    text, _, signature = notice.token.rpartition(".")
    if not parts.links.verify(PURPOSE, text, signature):
        return
    organization_id, state_id, opened = text.split(".")
    if int(opened) > (parts.now() - NEW).timestamp():
        return
    with parts.database.transaction(organization_id) as session:
        parts.defer(
            session,
            "end_channel",
            organization_id=organization_id,
            state_id=state_id,
            channel_id=notice.channel_id,
            resource=notice.resource,
        )


def _channel(parts: Parts, notice: Notice) -> tuple[str, str] | None:
    """The organisation and the calendar's row behind a notice; None when it is not believed."""
    query = sa.text(
        "select id, organization_id, channel_token_hash, channel_resource from find_channel(:provider, :id)"
    )
    with parts.database.lookup() as session:
        found = session.execute(query, {"provider": notice.provider, "id": notice.channel_id}).one_or_none()
    if found is None:
        return None
    known = hmac.compare_digest(token_hash(notice.token), found.channel_token_hash or b"")
    same = not found.channel_resource or hmac.compare_digest(found.channel_resource, notice.resource)
    return (found.organization_id, found.id) if known and same else None


def _look_soon(parts: Parts, organization_id: str, state_id: str, lifecycle: str) -> None:
    with parts.database.transaction(organization_id) as session:
        state = session.get(rows.CalendarState, state_id, with_for_update={"key_share": True})
        if state is None:
            return
        now = parts.now()
        state.sync_at = min(state.sync_at, now)
        if lifecycle in LIFECYCLE:
            # Something was not told, or is about to end: begin anew, and see to the subscription.
            state.cursor, state.watch_at = None, now
            parts.defer(session, "watch_calendar", organization_id=organization_id, state_id=state_id)
        parts.defer(session, "sync_calendar", organization_id=organization_id, state_id=state_id)


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
