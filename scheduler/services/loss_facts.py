# SPDX-License-Identifier: Apache-2.0
"""
What a mail says of losses and altered events: what happened, who could stand in, when it could be instead,
and what has gone away by itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.intervals import Interval, parse_instant
from scheduler.services import attention_mail, naming

#: why the service has not put anybody else in the place by itself, where the plan wishes that
NOT_BY_ITSELF = {
    "nobody_can": "Nobody could be put in the place: nobody who is qualified is free then.",
    "unreadable": "Nobody could be put in the place: some calendars cannot be read.",
    "too_soon": "Within 24 hours of the interview nobody is replaced without a person's word.",
    "too_often": "Places were filled anew three times already; more often is for a person to say.",
}
#: the same of rooms, where it is something else
NO_OTHER_ROOM = {
    "nobody_can": "There is no other room: none that is large enough is free then.",
    "unreadable": "No other room could be found: some calendars cannot be read.",
    "too_soon": "Within 24 hours of the interview no room is changed without a person's word.",
}


#: why nobody is named
NOBODY_KNOWN = "Nobody who is qualified is known to be free then."
NO_ROOM_KNOWN = "No other room that is large enough is known to be free then."


def of(session: Session, booking: rows.Booking, message: rows.Message) -> dict[str, Any]:
    """What a person is told of as it is now: what is to be seen to, or what has gone away by itself."""
    still = attention_mail.open_items(booking, message)
    if message.kind == attention_mail.SETTLED:
        gone = [_said(item) for item in message.details["losses"] if item not in still]
        return {"reason": "\n".join(dict.fromkeys(gone)), "more_to_see": bool(booking.attention)}
    why = [_why_not(item) for item in still if "replacements" in item or "not_replaced" in item]
    said = [_said(item) for item in still]
    times = [time for item in still for time in item.get("times", ())]
    moved_to = next((item["moved_to"] for item in still if "moved_to" in item), None)
    return {
        "reason": "\n".join(dict.fromkeys(filter(None, [*said, *why]))),
        "stand_ins": tuple(line for item in still if (line := _stand_ins(session, booking, item))),
        "options": tuple(dict.fromkeys(map(_interval, times))),
        "event_altered": any(item.get("altered") for item in still),
        "event_moved_to": _ends(moved_to) if moved_to else None,
    }


def _said(item: dict[str, Any]) -> str:
    return str(item.get("in_mail") or item["text"])


def _interval(times: dict[str, str]) -> Interval:
    return Interval(*_ends(times))


def _ends(times: dict[str, str]) -> tuple[datetime, datetime]:
    return parse_instant(times["start"]), parse_instant(times["end"])


def _why_not(lost: dict[str, Any]) -> str:
    """Why the service has not put anybody in, or nobody is named; empty where somebody is."""
    of_a_room = "room_id" in lost
    if "not_replaced" in lost:
        return (NOT_BY_ITSELF | NO_OTHER_ROOM if of_a_room else NOT_BY_ITSELF)[lost["not_replaced"]]
    if lost["replacements"]:
        return ""
    return NO_ROOM_KNOWN if of_a_room else NOBODY_KNOWN


def _stand_ins(session: Session, booking: rows.Booking, lost: dict[str, Any]) -> str:
    """`Coding, instead of Ada Keller: Ben Fox, Cleo Ray`; empty where there is nobody."""
    if not lost.get("replacements"):
        return ""
    ids = [lost.get("interviewer_id") or lost["room_id"], *lost["replacements"]]
    kind = rows.Room if "room_id" in lost else rows.Interviewer
    owners: list[Any] = [session.get_one(kind, id_) for id_ in ids]
    names = naming.owner_names(session, booking, owners)
    return f"{lost['title']}, instead of {names[0]}: {', '.join(names[1:])}"
