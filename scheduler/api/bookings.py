# SPDX-License-Identifier: Apache-2.0
"""`/v1/bookings`"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Response

from scheduler.api.answers import listing, made, single
from scheduler.api.blueprint import Blueprint
from scheduler.api.caller import Caller
from scheduler.api.schemas.bookings import (
    Booking,
    BookingCancellation,
    BookingList,
    BookingListing,
    BookingOutcome,
    BookingRequest,
)
from scheduler.services import bookings, picking

blueprint = Blueprint("Bookings", "What was chosen, and what has become of it.")


@blueprint.call(
    "POST",
    "/v1/bookings",
    scope="schedule",
    body=BookingRequest,
    answers={201: Booking},
    refuses=(HTTPStatus.NOT_FOUND, HTTPStatus.GONE),
)
def create_booking(caller: Caller, data: dict[str, Any]) -> Response:
    """Book an option on a candidate's behalf.

    409 `slot_taken` when the time has gone, with the options that are left. The same option again answers
    with the same booking.
    """
    view = picking.book(caller.parts, caller.organization_id, data["option_id"], actor=caller.actor)
    return made(view)


@blueprint.call("GET", "/v1/bookings", scope="read", query=BookingListing, answers={200: BookingList})
def list_bookings(caller: Caller, query: dict[str, Any]) -> Response:
    """All bookings, in the order they were made."""
    return listing(bookings.find(caller.parts, caller.organization_id, **query))


@blueprint.call("GET", "/v1/bookings/<id:booking_id>", scope="read", answers={200: Booking})
def get_booking(caller: Caller, booking_id: str) -> Response:
    """One booking, with its calendar events and its history."""
    return single(bookings.get(caller.parts, caller.organization_id, booking_id))


@blueprint.call(
    "POST",
    "/v1/bookings/<id:booking_id>/cancel",
    scope="schedule",
    body=BookingCancellation,
    answers={200: Booking},
)
def cancel_booking(caller: Caller, data: dict[str, Any], booking_id: str) -> Response:
    """Call the interviews off: people and rooms are free at once, calendars and mails follow."""
    view = bookings.cancel(
        caller.parts, caller.organization_id, booking_id, reason=data["reason"], actor=caller.actor
    )
    return single(view)


@blueprint.call(
    "POST",
    "/v1/bookings/<id:booking_id>/outcome",
    scope="schedule",
    body=BookingOutcome,
    answers={200: Booking},
)
def record_outcome(caller: Caller, data: dict[str, Any], booking_id: str) -> Response:
    """Say how it went, once it has begun."""
    view = bookings.outcome(
        caller.parts, caller.organization_id, booking_id, status=data["status"], actor=caller.actor
    )
    return single(view)
