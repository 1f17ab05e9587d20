# SPDX-License-Identifier: Apache-2.0
"""`/v1/bookings`"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Response

from scheduler.api.answers import as_json, listing, made, single
from scheduler.api.blueprint import Blueprint
from scheduler.api.caller import Caller
from scheduler.api.schemas.bookings import (
    Booking,
    BookingCancellation,
    BookingList,
    BookingListing,
    BookingOutcome,
    BookingRequest,
    FreshOptions,
    MoveQuestion,
    Replacement,
    Rescheduling,
)
from scheduler.services import bookings, fresh_options, moving, picking, replacing

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
    "/v1/bookings/<id:booking_id>/options",
    scope="schedule",
    body=MoveQuestion,
    answers={200: FreshOptions},
)
def find_fresh_options(caller: Caller, question: dict[str, Any], booking_id: str) -> Response:
    """Find times that a booking could be moved to, in place of those found before. It stays as it is.

    Where there is none, `explanation` says whether the booked time is the only one that fits, and what blocks
    the others. 409 `not_booked` when it is cancelled or over, `begun` once it has begun. 503
    `calendars_unreadable` when no calendar can be read just now.
    """
    found = fresh_options.find(
        caller.parts, caller.organization_id, booking_id, **question, actor=caller.actor
    )
    return as_json(found)


@blueprint.call(
    "POST",
    "/v1/bookings/<id:booking_id>/reschedule",
    scope="schedule",
    body=Rescheduling,
    answers={200: Booking},
)
def reschedule_booking(caller: Caller, choice: dict[str, Any], booking_id: str) -> Response:
    """Move a booking to one of its fresh options: the same booking, with the next version.

    The same people where they can, else others who qualify. The same option again answers with the same
    booking. 409 `slot_taken` when that time has gone, with the options that are left: the booking stays as
    it is.
    """
    view = moving.reschedule(
        caller.parts, caller.organization_id, booking_id, choice["option_id"], actor=caller.actor
    )
    return single(view)


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
    "/v1/bookings/<id:booking_id>/replace",
    scope="schedule",
    body=Replacement,
    answers={200: Booking},
)
def replace_interviewer(caller: Caller, data: dict[str, Any], booking_id: str) -> Response:
    """Put somebody else in an interviewer's place, or a session into another room, at the same time.

    Who comes is qualified and free; the room is free and large enough. Calendar events change with them; the
    candidate hears only when they see a change. The same question again answers with the same booking.
    409 `nobody_can` when nobody, or no room, can, or not who or which was named (`detail` says why not);
    `not_on_panel` when the interviewer does not sit there; `not_its_room` when the session is not in that
    room. 503 `calendars_unreadable` when calendars that matter cannot be read just now.
    """
    # The contract calls the operation by this name; it knew interviewers alone.
    if "room_id" in data:
        view = replacing.replace_room(
            caller.parts, caller.organization_id, booking_id, **data, actor=caller.actor
        )
    else:
        view = replacing.replace_interviewer(
            caller.parts, caller.organization_id, booking_id, **data, actor=caller.actor
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
