# SPDX-License-Identifier: Apache-2.0
"""The candidate's link: what its holder is shown, and what they can send.

Links get forwarded. A booking keeps its shape here, less what is the team's own.
"""

from __future__ import annotations

from typing import Any, ClassVar

import marshmallow as ma
from marshmallow import fields, validate

from scheduler.api.schemas.base import (
    Instant,
    Lines,
    Part,
    Schema,
    Text,
    View,
    Window,
    listed,
    one_of,
    zone,
)
from scheduler.api.schemas.bookings import BookedSession, Booking, CalendarEvent
from scheduler.api.schemas.people import Candidate
from scheduler.api.schemas.runs import Option, Reason

STATUSES = ("offered", "searching", "booked", "completed", "cancelled", "expired")
#: characters, as the candidate's page takes them
LONGEST_REASON, LONGEST_MESSAGE = 500, 2000
#: stretches of time, as the candidate's page takes them
MOST_INTERVALS = 200
THE_TEAMS_OWN = {"description": "The team's own: not told here."}


def _always_null() -> Any:
    """In place of a field of text, which is why its type is not told."""
    return fields.Raw(metadata={"type": "null", **THE_TEAMS_OWN})


class LinkCandidate(View):
    """Whom a link was made for."""

    nullable: ClassVar = frozenset({"time_zone"})
    name = fields.String()
    time_zone = zone()


class LinkPlan(View):
    """What a link invites to."""

    name = fields.String()


class LinkBookingCandidate(Candidate):
    """The candidate of a booking, to who holds the link."""

    nullable: ClassVar = frozenset({"time_zone", "locale"})
    external_id = _always_null()
    phone = _always_null()
    metadata = fields.Dict(metadata={"maxProperties": 0, **THE_TEAMS_OWN})


class LinkBookingSession(BookedSession):
    """A booked session, to who holds the link."""

    calendar_events = fields.List(
        fields.Nested(CalendarEvent), validate=validate.Length(equal=0), metadata=THE_TEAMS_OWN
    )


class LinkHistoryEntry(View):
    """One thing that happened to a booking, and from which side it came."""

    at = Instant()
    actor = one_of(("candidate", "recruiter", "system"))
    event = fields.String()
    version = fields.Integer()


class LinkBooking(Booking):
    """A booking, to who holds the link: in the form of Booking, less what is the team's own."""

    versioned: ClassVar = False
    nullable: ClassVar = frozenset()
    candidate = fields.Nested(LinkBookingCandidate)
    sessions = fields.List(fields.Nested(LinkBookingSession))
    attention = _always_null()
    history = fields.List(fields.Nested(LinkHistoryEntry))


class LinkOption(Option):
    """A complete proposal, to who holds the link: in the form of Option, less what is the team's own."""

    cost = fields.Integer(validate=validate.Equal(0), metadata=THE_TEAMS_OWN)
    reasons = fields.List(fields.Nested(Reason), validate=validate.Length(equal=0), metadata=THE_TEAMS_OWN)


class CandidateLink(View):
    """What a link leads to now. `searching`: no option is left, and new ones are being looked for."""

    nullable: ClassVar = frozenset({"booking"})
    status = one_of(STATUSES)
    candidate = fields.Nested(LinkCandidate)
    plan = fields.Nested(LinkPlan)
    options = fields.List(
        fields.Nested(LinkOption),
        metadata={"description": "What can be chosen now; after a booking, what it can be moved to."},
    )
    booking = fields.Nested(LinkBooking)


class LinkChoice(Schema):
    """One of the link's own options."""

    option = Text(200, required=True)


class LinkTimes(Schema):
    """When the candidate could be there; needed before a booking."""

    availability = listed(Part(Window), 0, MOST_INTERVALS, allow_none=True)


class LinkCancellation(Schema):
    """Call the interview off."""

    reason = fields.String(validate=validate.Length(max=LONGEST_REASON), allow_none=True)


class LinkQuestion(Schema):
    """Words for the person the candidate can turn to."""

    message = Lines(LONGEST_MESSAGE, required=True)


class PageForm(ma.Schema):
    """A form as the candidate's page sends it; what else the page adds is no matter."""

    class Meta:
        unknown = ma.EXCLUDE

    nonce = fields.String(
        required=True,
        metadata={"description": "Signed and timed, from the page that the form stands on."},
    )


class LinkChoiceForm(PageForm):
    """One of the link's own options, from its page."""

    option = Text(200, required=True)


class LinkTimesForm(PageForm):
    """When the candidate could be there, from the page."""

    availability = fields.List(
        fields.String(),
        metadata={"description": "Each a stretch `start/end`, two times with offsets (RFC 3339)."},
    )
    day = fields.List(
        fields.String(),
        metadata={
            "description": "Where the page asks for days: each a date, with a `start` and an `end` (times in "
            "the zone of the page, either of them empty for midnight) in the same order."
        },
    )
    start = fields.List(fields.String())
    end = fields.List(fields.String())


class LinkCancellationForm(PageForm):
    """Call the interview off, from its page."""

    reason = fields.String(validate=validate.Length(max=LONGEST_REASON))


class LinkQuestionForm(PageForm):
    """Words for the person the candidate can turn to, from the page."""

    message = Lines(LONGEST_MESSAGE, required=True)
