# SPDX-License-Identifier: Apache-2.0
"""Every table. One class a table, named as the thing it keeps; ids are the opaque ones of the API.

Every row has `organization_id`: row-level security compares it with the transaction's organisation (see
session.py). Nested values of the API (hours, limits, seats …) are kept as the JSON the API speaks; what is
searched has a column.
"""

from scheduler.db.rows.base import Base, Json, JsonList
from scheduler.db.rows.bookings import OCCUPYING, Booking, Hold, Loss, Reservation
from scheduler.db.rows.calendars import CalendarEntry, CalendarState, ConnectAttempt, Connection, Discrepancy
from scheduler.db.rows.catalogue import ApiKey, Candidate, Interviewer, Organization, Plan, Resource, Room
from scheduler.db.rows.runs import Invitation, Option, Run, RunCandidate
from scheduler.db.rows.telling import Delivery, Event, Message, Webhook
from scheduler.db.rows.upkeep import Breach, IdempotencyKey, JobFailure

__all__ = [
    "OCCUPYING",
    "ApiKey",
    "Base",
    "Booking",
    "Breach",
    "CalendarEntry",
    "CalendarState",
    "Candidate",
    "ConnectAttempt",
    "Connection",
    "Delivery",
    "Discrepancy",
    "Event",
    "Hold",
    "IdempotencyKey",
    "Interviewer",
    "Invitation",
    "JobFailure",
    "Json",
    "JsonList",
    "Loss",
    "Message",
    "Option",
    "Organization",
    "Plan",
    "Reservation",
    "Resource",
    "Room",
    "Run",
    "RunCandidate",
    "Webhook",
]
