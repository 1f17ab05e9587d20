# SPDX-License-Identifier: Apache-2.0
"""A booking, its mails, and the time at which they are due."""

from __future__ import annotations

from scheduler.services import mails, upkeep

WINDOW = {"start": "2026-12-03T00:00:00Z", "end": "2026-12-05T00:00:00Z"}


def booked(town):
    town.hire("Ada", skills=("python",))
    booking = town.book(town.offer(window=WINDOW))
    town.run_jobs()
    return booking


def messages(town, booking, **fields):
    found = mails.find(town.parts, town.organization_id, booking_id=booking["id"]).data
    chosen = [m for m in found if all(m[name] == value for name, value in fields.items())]
    return sorted(chosen, key=lambda m: (m["due_at"], m["recipient_role"]))


def at(town, instant) -> None:
    """Let it be that time, and the clock tick."""
    town.clock.instant = instant
    upkeep.sweep(town.parts)
    town.run_jobs()
