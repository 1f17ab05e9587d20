# SPDX-License-Identifier: Apache-2.0
"""What a person can do about a loss, worked out: who could stand in at that time, or, where nobody could, the
times to which the interviews could be moved. Nothing is put on offer by this.
"""

from __future__ import annotations

from typing import Any

from scheduler.db import rows
from scheduler.domain.errors import Conflict, Unavailable
from scheduler.domain.options import OptionSession, Panelist
from scheduler.domain.people import intervals_to_json
from scheduler.services import bookings, fresh_options, places, room_places
from scheduler.services.hits import Hit
from scheduler.services.parts import Parts

#: the most that are named: a person wants a few to choose from
MOST_STAND_INS, MOST_TIMES = 10, 5
#: seconds that the calendars may take for one place
PATIENCE = 30.0


def work_out(parts: Parts, organization_id: str, hit: Hit) -> dict[str, dict[str, Any]]:
    """By loss: `replacements`, ids of those who could come, those with the fewest interviews first; and where
    there are none `times` for the whole booking, each `{start, end}`.
    """
    there = {item.key: item for item in hit.ahead}
    found: dict[str, dict[str, Any]] = {}
    for loss in hit.lost:
        item = there.get(loss.session_key)
        if item is not None:
            found[loss.id] = {"replacements": _stand_ins(parts, organization_id, hit, item, loss)}
    nobody = [choices for choices in found.values() if not choices["replacements"]]
    if nobody:
        times = _times(parts, organization_id, hit)
        for choices in nobody:
            choices["times"] = times
    return found


def _stand_ins(
    parts: Parts, organization_id: str, hit: Hit, item: OptionSession, loss: rows.Loss
) -> list[str]:
    leaving = next((person for person in item.interviewers if person.id == loss.who), None)
    if leaving is None:
        return _rooms(parts, organization_id, hit, item)
    return _people(parts, organization_id, hit, item, leaving)


def _people(
    parts: Parts, organization_id: str, hit: Hit, item: OptionSession, leaving: Panelist
) -> list[str]:
    with parts.database.transaction(organization_id) as session:
        booking = bookings.row(session, hit.booking_id)
        place = places.of(session, parts, booking, item, leaving)
    problem = places.look(parts, organization_id, place, patience=PATIENCE)
    return [person.id for person in problem.interviewers[:MOST_STAND_INS]]


def _rooms(parts: Parts, organization_id: str, hit: Hit, item: OptionSession) -> list[str]:
    with parts.database.transaction(organization_id) as session:
        booking = bookings.row(session, hit.booking_id)
        place = room_places.of(session, parts, booking, item)
    problem = room_places.look(parts, organization_id, place, patience=PATIENCE)
    return [room.id for room in problem.rooms[:MOST_STAND_INS]]


def _times(parts: Parts, organization_id: str, hit: Hit) -> list[dict[str, str]]:
    try:
        found = fresh_options.times(parts, organization_id, hit.booking_id, most=MOST_TIMES)
    except (Conflict, Unavailable):
        return []  # it has begun, or was changed; or nothing can be said of any time just now
    return intervals_to_json(found)
