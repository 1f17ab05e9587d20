# SPDX-License-Identifier: Apache-2.0
"""Which calendars should show a booking.

Google and Microsoft invite people themselves: there each session is one event on the calendar of an organiser
(the organisation's, else the first interviewer's), with the other interviewers and the room as attendees. So
nobody gets two events, nor two invitations. Calendars that invite nobody (files, CalDAV) get an entry each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scheduler.db import rows
from scheduler.domain.options import OptionSession

#: providers that make one event of a session and send the invitations themselves
INVITING = ("google", "microsoft")
#: how the uid of what calendars show of a hold ends
_HOLD = ".hold@convene"
#: what each of them can make
CONFERENCES = {"google": "google_meet", "microsoft": "teams"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """One event that should stand in one calendar."""

    session_key: str
    provider: str
    calendar: str
    #: whose calendar it is; neither where it is the organisation's own
    interviewer_id: str | None = None
    room_id: str | None = None
    #: who else is on the event, by calendar address; the room last
    attendees: tuple[str, ...] = ()
    #: the conference it should make
    conference: str = "none"


@dataclass(frozen=True)
class _Owner:
    """Somebody or something that takes part, with their calendar."""

    row: rows.Interviewer | rows.Room

    @property
    def provider(self) -> str:
        return str(self.row.calendar["provider"])

    @property
    def address(self) -> str:
        return str(self.row.calendar["address"])

    @property
    def ids(self) -> dict[str, str]:
        name = "room_id" if isinstance(self.row, rows.Room) else "interviewer_id"
        return {name: self.row.id}


def hold_uid(option_id: str, session_key: str) -> str:
    """The uid of what calendars show of an option that is held."""
    return f"{option_id}.{session_key}{_HOLD}"


def held_option(uid: str) -> str | None:
    """The option that an entry with this uid holds; None when it is no hold's."""
    return uid.partition(".")[0] if uid.endswith(_HOLD) else None


def places(
    session: Session, booking: rows.Booking, standing: Mapping[tuple[str, str], str] = MappingProxyType({})
) -> list[Place]:
    """Every event the booking needs, in the order of its sessions.

    `standing`: the calendar that holds the event of a session at a provider already. Its owner goes on
    holding it while they take part, so that nobody is invited twice.
    """
    organizers = session.get_one(rows.Organization, booking.organization_id).organizers or {}
    asked = {item["key"]: item for item in booking.plan["sessions"]}
    found: list[Place] = []
    for item in booking.sessions:
        planned = OptionSession.from_json(item)
        owners = owners_of(session, planned)
        events = [
            _event(planned.key, p, owners, organizers, standing.get((planned.key, p)))
            for p in INVITING
            if _any_at(owners, p)
        ]
        entries = [_entry(planned.key, owner, owners) for owner in owners if owner.provider not in INVITING]
        maker = _who_makes_the_link(asked[planned.key], owners)
        found += [
            replace(e, conference=CONFERENCES[e.provider]) if e.provider == maker else e for e in events
        ]
        found += entries
    return found


def owners_of(session: Session, planned: OptionSession) -> list[_Owner]:
    """The interviewers of a session in their order, and its room."""
    ids = [person.id for person in planned.interviewers]
    found = session.scalars(sa.select(rows.Interviewer).where(rows.Interviewer.id.in_(ids)))
    people = [_Owner(row) for row in sorted(found, key=lambda row: ids.index(row.id))]
    room = [_Owner(session.get_one(rows.Room, planned.room.id))] if planned.room else []
    return [*people, *room]


def _any_at(owners: Iterable[_Owner], provider: str) -> bool:
    return any(owner.provider == provider for owner in owners)


def _event(
    key: str, provider: str, owners: list[_Owner], organizers: Mapping[str, Any], standing: str | None
) -> Place:
    here = [owner for owner in owners if owner.provider == provider]
    holder = standing if standing in {owner.address for owner in here} else here[0].address
    calendar = organizers.get(provider) or holder
    others = dict.fromkeys(owner.address for owner in here if owner.address != calendar)
    whose = next((owner.ids for owner in here if owner.address == calendar), {})
    return Place(session_key=key, provider=provider, calendar=calendar, attendees=tuple(others), **whose)


def _entry(key: str, owner: _Owner, owners: list[_Owner]) -> Place:
    panel = tuple(other.row.email for other in owners if isinstance(other.row, rows.Interviewer))
    return Place(
        session_key=key, provider=owner.provider, calendar=owner.address, attendees=panel, **owner.ids
    )


def _who_makes_the_link(asked: Mapping[str, Any], owners: list[_Owner]) -> str | None:
    """The provider whose event makes the session's video conference; None: nobody, or there is none."""
    wish = asked.get("conference") or "auto"
    if wish == "none" or asked.get("conference_url"):
        return None
    if wish == "auto":
        in_person = asked.get("location") or any(isinstance(owner.row, rows.Room) for owner in owners)
        able = [owner.provider for owner in owners if owner.provider in CONFERENCES]
        return able[0] if able and not in_person else None
    provider = next(name for name, conference in CONFERENCES.items() if conference == wish)
    return provider if _any_at(owners, provider) else None
