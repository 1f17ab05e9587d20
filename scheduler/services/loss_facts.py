# SPDX-License-Identifier: Apache-2.0
"""What a mail says of losses: what was lost, who could stand in, and when it could be instead."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.intervals import Interval, parse_instant

#: why the service has not put anybody else in the place by itself, where the plan wishes that
NOT_BY_ITSELF = {
    "nobody_can": "Nobody could be put in the place: nobody who is qualified is free then.",
    "unreadable": "Nobody could be put in the place: some calendars cannot be read.",
    "too_soon": "Within 24 hours of the interview nobody is replaced without a person's word.",
    "too_often": "People were replaced three times already; more often is for a person to say.",
}
#: the same of rooms, where it is something else
NO_OTHER_ROOM = {
    "nobody_can": "There is no other room: none that is large enough is free then.",
    "unreadable": "No other room could be found: some calendars cannot be read.",
    "too_soon": "Within 24 hours of the interview no room is changed without a person's word.",
}


def of(session: Session, message: rows.Message) -> dict[str, Any]:
    """The losses a person is told of, who could stand in, and where it could be moved to."""
    lost = message.details["losses"]
    why = [_why_not(item) for item in lost if "not_replaced" in item]
    times = [time for item in lost for time in item.get("times", ())]
    return {
        "reason": "\n".join(dict.fromkeys([*(item["text"] for item in lost), *why])),
        "stand_ins": tuple(line for item in lost if (line := _stand_ins(session, item))),
        "options": tuple(
            dict.fromkeys(Interval(parse_instant(t["start"]), parse_instant(t["end"])) for t in times)
        ),
    }


def _why_not(lost: dict[str, Any]) -> str:
    said = NOT_BY_ITSELF | NO_OTHER_ROOM if "room_id" in lost else NOT_BY_ITSELF
    return said[lost["not_replaced"]]


def _stand_ins(session: Session, lost: dict[str, Any]) -> str:
    """`Coding, instead of Ada Keller: Ben Fox, Cleo Ray`; empty where there is nobody."""
    ids = [lost.get("interviewer_id") or lost["room_id"], *lost.get("replacements", ())]
    names = [_name(session, id_) for id_ in ids]
    return f"{lost['title']}, instead of {names[0]}: {', '.join(names[1:])}" if names[1:] else ""


def _name(session: Session, id_: str) -> str:
    owner = session.get(rows.Interviewer, id_) or session.get(rows.Room, id_)
    return owner.name if owner else id_
