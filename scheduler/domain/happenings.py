# SPDX-License-Identifier: Apache-2.0
"""What can happen that others are told of: the types of events."""

from __future__ import annotations

HAPPENINGS = (
    "run.requested",
    "run.finished",
    "run.cancelled",
    "invitation.sent",
    "invitation.revoked",
    "booking.confirmed",
    "booking.rescheduled",
    "booking.cancelled",
    "booking.needs_attention",
    "booking.settled",
    "booking.completed",
    "booking.no_show",
    "interviewer.replaced",
    "room.replaced",
    "candidate.asked_for_help",
    "candidate.silent",
    "candidate.erased",
    "calendar.unreadable",
    "webhook.disabled",
)
