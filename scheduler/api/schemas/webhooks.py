# SPDX-License-Identifier: Apache-2.0
"""Events for others: the feed, web hooks, and what they were sent."""

from __future__ import annotations

from typing import ClassVar

import marshmallow as ma
from marshmallow import fields, validate

from scheduler.api.schemas.base import Instant, Listing, Part, Schema, Text, View, id_of, list_of, one_of
from scheduler.api.schemas.people import Contact
from scheduler.domain.happenings import HAPPENINGS

STATUSES = ("active", "disabled")
DELIVERY_STATUSES = ("queued", "delivered", "failed")


class WebhookFields(Schema):
    """What a web hook is made of."""

    url = fields.String(
        required=True,
        validate=validate.Length(1, 2000),
        metadata={
            "format": "uri",
            "description": "`https`, and a host of the open internet. Redirects are not followed.",
        },
    )
    events = fields.List(
        one_of(HAPPENINGS),
        validate=validate.Length(0, len(HAPPENINGS)),
        metadata={"description": "Which types of events; none: all."},
    )
    description = Text(200, allow_none=True)
    contact = Part(
        Contact, allow_none=True, metadata={"description": "Who gets a mail when it does not work."}
    )


class WebhookChanges(WebhookFields):
    """The same, and whether it is called."""

    status = one_of(
        STATUSES, metadata={"description": "`active` also sends what has waited while it was not."}
    )


class Webhook(View):
    """Where events are posted to."""

    versioned: ClassVar = True
    nullable: ClassVar = frozenset({"description", "contact", "reason", "failing_since"})
    id = id_of("whk")
    url = fields.String(metadata={"format": "uri"})
    events = fields.List(one_of(HAPPENINGS))
    description = fields.String()
    contact = fields.Nested(Contact)
    status = one_of(STATUSES)
    reason = fields.String(metadata={"description": "Why it is called no more."})
    failing_since = Instant(metadata={"description": "Since when nothing has been taken."})
    created_at = Instant()


class WebhookWithSecret(Webhook):
    """The same, with what signs. It is shown this once."""

    secret = fields.String(
        metadata={
            "description": "`whsec_` and base64, as Standard Webhooks says.",
            "example": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        }
    )


WebhookList = list_of(Webhook)


class Delivery(View):
    """One event for one web hook."""

    nullable: ClassVar = frozenset({"next_attempt_at", "response_status", "error", "delivered_at"})
    id = id_of("dlv")
    webhook_id = id_of("whk")
    event_id = id_of("evt")
    type = one_of(HAPPENINGS)
    status = one_of(DELIVERY_STATUSES)
    attempts = fields.Integer(metadata={"description": "How often it has been sent so far."})
    next_attempt_at = Instant()
    response_status = fields.Integer(metadata={"description": "What was answered last."})
    error = fields.String()
    created_at = Instant()
    delivered_at = Instant()


DeliveryList = list_of(Delivery)


class DeliveryListing(Listing):
    """Which page of which deliveries."""

    status = one_of(DELIVERY_STATUSES)


class Happened(Schema):
    """What an event is about: ids, states and times, and what belongs to its type."""

    class Meta:
        unknown = ma.INCLUDE

    organization_id = id_of("org", required=True)
    actor = fields.String(
        required=True, metadata={"description": "`candidate`, `system`, or the id of an API key."}
    )
    run_id = id_of("run")
    booking_id = id_of("bkg")
    version = fields.Integer(
        metadata={"description": "The booking's. What is not greater than what you have seen is old news."}
    )
    candidate_id = id_of("cand")
    status = fields.String()
    start = Instant()
    end = Instant()
    external_refs = fields.Dict(keys=fields.String(), values=fields.String())


class Happening(View):
    """Something that has happened, as web hooks are told."""

    id = id_of("evt")
    type = one_of(HAPPENINGS)
    timestamp = Instant(metadata={"description": "When it happened."})
    data = fields.Nested(Happened)


class Event(Happening):
    """The same in the feed."""

    cursor = fields.String(metadata={"description": "The feed goes on after this one with it."})


EventList = list_of(Event)


class EventListing(Listing):
    """Which part of the feed."""

    type = one_of(HAPPENINGS)
