# SPDX-License-Identifier: Apache-2.0
"""Which status may follow which. A move that is not listed is refused with Conflict."""

from __future__ import annotations

from scheduler.domain.errors import Conflict

RUN = {
    "queued": {"solving", "cancelled", "failed"},
    "solving": {"solving", "awaiting_approval", "finished", "failed", "cancelled"},
    "awaiting_approval": {"solving", "finished", "cancelled"},
    "finished": {"cancelled"},
    "failed": set[str](),
    "cancelled": set[str](),
}
RUN_CANDIDATE = {
    "waiting": {"offered", "infeasible", "cancelled"},
    "offered": {"booked", "expired", "cancelled", "infeasible"},
    "booked": {"cancelled"},
    "infeasible": {"offered", "cancelled"},
    "expired": {"offered", "cancelled"},
    "cancelled": set[str](),
}
OPTION = {
    "offered": {"held", "accepted", "withdrawn", "expired"},
    "held": {"offered", "accepted", "withdrawn", "expired"},
    "accepted": {"withdrawn"},
    "withdrawn": set[str](),
    "expired": set[str](),
}
BOOKING = {
    "confirmed": {"needs_attention", "cancelled", "completed", "no_show"},
    "needs_attention": {"confirmed", "cancelled", "completed", "no_show"},
    "cancelled": set[str](),
    "completed": {"no_show"},
    "no_show": {"completed"},
}
#: options that can be chosen
OPEN_OPTION = ("offered", "held")
#: bookings that occupy their people and rooms
ACTIVE_BOOKING = ("confirmed", "needs_attention")


def move(table: dict[str, set[str]], what: str, now: str, then: str) -> str:
    """The new status, or Conflict when that move is not legal."""
    if then not in table[now]:
        msg = f"This {what} is {now.replace('_', ' ')} and cannot become {then.replace('_', ' ')}."
        raise Conflict(msg, code="illegal_move")
    return then
