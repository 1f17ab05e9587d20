# SPDX-License-Identifier: Apache-2.0
"""`/v1/rooms`"""

from __future__ import annotations

from typing import Any

from flask import Response

from scheduler.api.answers import if_match, listing, made, nothing, single, unless_known
from scheduler.api.blueprint import Blueprint
from scheduler.api.caller import Caller
from scheduler.api.schemas.base import Listing
from scheduler.api.schemas.people import Room, RoomFields, RoomList
from scheduler.services import rooms

blueprint = Blueprint("Rooms", "Places that people can be put into.")


@blueprint.call("POST", "/v1/rooms", scope="manage", body=RoomFields, answers={201: Room})
def create_room(caller: Caller, data: dict[str, Any]) -> Response:
    """Add a room."""
    return made(rooms.create(caller.parts, caller.organization_id, data))


@blueprint.call("GET", "/v1/rooms", scope="read", query=Listing, answers={200: RoomList})
def list_rooms(caller: Caller, query: dict[str, Any]) -> Response:
    """All rooms, in the order they were added."""
    return listing(rooms.find(caller.parts, caller.organization_id, **query))


@blueprint.call("GET", "/v1/rooms/<id:room_id>", scope="read", answers={200: Room}, conditional=True)
def get_room(caller: Caller, room_id: str) -> Response:
    """One room."""
    return unless_known(rooms.get(caller.parts, caller.organization_id, room_id))


@blueprint.call(
    "PATCH",
    "/v1/rooms/<id:room_id>",
    scope="manage",
    body=RoomFields(partial=True),
    answers={200: Room},
)
def update_room(caller: Caller, changes: dict[str, Any], room_id: str) -> Response:
    """Change a room.

    Fields that are sent are replaced whole; null takes an optional one away.
    """
    view = rooms.update(caller.parts, caller.organization_id, room_id, changes, if_match=if_match())
    return single(view)


@blueprint.call("DELETE", "/v1/rooms/<id:room_id>", scope="manage", answers={204: None})
def delete_room(caller: Caller, room_id: str) -> Response:
    """Remove a room.

    Refused while bookings lie ahead. Past bookings go on telling of it.
    """
    rooms.delete(caller.parts, caller.organization_id, room_id, if_match=if_match())
    return nothing()
