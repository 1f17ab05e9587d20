# SPDX-License-Identifier: Apache-2.0
"""Bookings, and the mails about them."""

from __future__ import annotations

from typing import Any, ClassVar

import marshmallow as ma
from marshmallow import fields

from scheduler.api.schemas.base import (
    Instant,
    Lines,
    Listing,
    Part,
    Schema,
    Text,
    View,
    Whole,
    Window,
    id_of,
    list_of,
    one_of,
)
from scheduler.api.schemas.people import Candidate
from scheduler.api.schemas.plans import PlanAsItWas
from scheduler.api.schemas.runs import Explanation, Option, OptionSession
from scheduler.domain import moves


class BookingRequest(Schema):
    """Book one of the options on offer."""

    option_id = id_of("opt", required=True)


class MoveQuestion(Schema):
    """Where a booking could be moved to."""

    window = Part(
        Window, metadata={"description": "Default: the run's; the plan's horizon where it had none."}
    )
    options = Whole(1, 50, metadata={"description": "How many. Default: as many as the run asked for."})


class FreshOptions(View):
    """Times that a booking could be moved to, those with the same people first (reason `same_people`)."""

    nullable: ClassVar = frozenset({"explanation"})
    data = fields.List(fields.Nested(Option))
    explanation = fields.Nested(
        Explanation, metadata={"description": "Why there are none, and what would help."}
    )


class Rescheduling(Schema):
    """Move a booking to one of its fresh options."""

    option_id = id_of("opt", required=True)


class Replacement(Schema):
    """Put somebody else in an interviewer's place, or a session into another room, at the same time: either
    `interviewer_id` or `room_id` is given.
    """

    session_key = Text(64, required=True)
    interviewer_id = id_of("ivw", metadata={"description": "Who is to be replaced."})
    room_id = id_of("room", metadata={"description": "The room that is to be replaced."})
    replacement_id = id_of(
        "ivw",
        "room",
        metadata={
            "description": "An interviewer for an interviewer, a room for a room. Default: of those who can, "
            "the least loaded; of the rooms that are free, the smallest that is large enough."
        },
    )

    @ma.validates_schema(skip_on_field_errors=True)
    def _a_person_or_a_room(self, data: dict[str, Any], **_: Any) -> None:
        if ("interviewer_id" in data) == ("room_id" in data):
            raise ma.ValidationError("give either interviewer_id or room_id", "interviewer_id")


class BookingCancellation(Schema):
    """Call the interviews off."""

    reason = Lines(2000, allow_none=True, load_default=None)


class BookingOutcome(Schema):
    """How it went."""

    status = one_of(("completed", "no_show"), required=True)


class CalendarEvent(View):
    """What stands, or is owed, in one calendar for a session."""

    nullable: ClassVar = frozenset({"id", "url"})
    provider = fields.String()
    calendar = fields.String()
    id = fields.String()
    url = fields.String()
    status = fields.String()
    attendees = fields.List(fields.String())


class BookedSession(OptionSession):
    """A session as it is booked."""

    nullable: ClassVar = frozenset({"room", "conference_url"})
    calendar_events = fields.List(fields.Nested(CalendarEvent))
    conference_url = fields.String(metadata={"format": "uri"})


class HistoryEntry(Schema):
    """One thing that happened, with what belongs to it."""

    class Meta:
        unknown = ma.INCLUDE

    at = Instant(required=True)
    actor = fields.String(required=True)
    event = fields.String(required=True)
    version = fields.Integer(required=True, allow_none=True)


class Booking(View):
    """What was chosen, and what has become of it."""

    versioned: ClassVar = True
    nullable: ClassVar = frozenset({"attention"})
    id = id_of("bkg")
    status = one_of(tuple(moves.BOOKING))
    version = fields.Integer()
    candidate = fields.Nested(Candidate)
    plan = fields.Nested(PlanAsItWas)
    run_id = id_of("run")
    option_id = id_of("opt")
    external_refs = fields.Dict(keys=fields.String(), values=fields.String())
    start = Instant()
    end = Instant()
    sessions = fields.List(fields.Nested(BookedSession))
    attention = fields.String(
        metadata={
            "description": "What a person should look at: each reason is a sentence on a line of its own."
        }
    )
    history = fields.List(fields.Nested(HistoryEntry))


BookingList = list_of(Booking)


class BookingListing(Listing):
    """Which page of which bookings."""

    status = one_of(tuple(moves.BOOKING))
    candidate_id = id_of("cand")


class Recipient(View):
    """Whom a mail is for."""

    nullable: ClassVar = frozenset({"name", "email"})
    name = fields.String()
    email = fields.String()


class Message(View):
    """One mail: owed, on its way, sent, or stopped."""

    nullable: ClassVar = frozenset({"run_id", "candidate_id", "booking_id", "sent_at", "error"})
    id = id_of("msg")
    kind = fields.String()
    recipient_role = fields.String()
    recipient = fields.Nested(Recipient)
    run_id = id_of("run")
    candidate_id = id_of("cand")
    booking_id = id_of("bkg")
    status = one_of(("queued", "sending", "sent", "skipped", "cancelled", "failed"))
    due_at = Instant()
    sent_at = Instant()
    attempts = fields.Integer()
    error = fields.String()
    created_at = Instant()


MessageList = list_of(Message)


class MessageListing(Listing):
    """Which page of which mails."""

    booking_id = id_of("bkg")
    candidate_id = id_of("cand")
