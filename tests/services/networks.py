# SPDX-License-Identifier: Apache-2.0
"""A town whose people are at Google and Microsoft, and what is looked for there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from scheduler.db import rows
from scheduler.domain.intervals import format_instant, parse_instant
from scheduler.services import bookings, fresh_options, moving, upkeep
from tests.fakes.faults import answer
from tests.fakes.google import FakeGoogle
from tests.fakes.microsoft import FakeMicrosoft
from tests.services.town import CONTACT, RECRUITER, Town

WINDOW = {"start": "2026-12-02T00:00:00Z", "end": "2026-12-04T00:00:00Z"}
FAR = {"start": "2026-12-08T00:00:00Z", "end": "2026-12-10T00:00:00Z"}
ADA, BOB, BLUE = "ada@acme.example", "bob@acme.example", "blue@acme.example"
BUSY_FOR_A_DAY = answer(429, {}, {"Retry-After": "86400"})
BEN, GREEN = "ben@acme.example", "green@acme.example"
HOUSES = pytest.mark.parametrize("house", ["google", "microsoft"])


@dataclass
class Networks:
    """A town whose people are at the two vendors."""

    town: Town
    google: FakeGoogle
    microsoft: FakeMicrosoft

    def hire(self, name: str, house: str, skill: str, **fields) -> str:
        email = f"{name.lower()}@acme.example"
        getattr(self, house).add_person(email, time_zone="Europe/London")
        calendar = {"provider": house, "address": email}
        return self.town.hire(name, skills=(skill,), calendar=calendar, **fields)

    def plan(self, *skills: str, **session) -> dict:
        seats = [{"skill": skill} for skill in skills]
        sessions = [
            {"key": "talk", "title": "A talk", "minutes": 60, "seats": seats, "conference": "none", **session}
        ]
        return self.town.plan(sessions=sessions)

    def booked(self, *skills: str, window: dict | None = None, **session) -> dict:
        run = self.town.offer(self.plan(*skills, **session), window=window or WINDOW)
        booking = self.town.book(run)
        self.town.run_jobs()
        return self.booking(booking)

    def booking(self, booking: dict) -> dict:
        return bookings.get(self.town.parts, self.town.organization_id, booking["id"])

    def later(self, **by: float) -> None:
        """Time passes, and the clock has everything looked at that is due."""
        self.town.clock.forward(**by)
        upkeep.sweep(self.town.parts)
        self.town.run_jobs()

    def state(self, address: str) -> rows.CalendarState:
        with self.town.parts.database.transaction(self.town.organization_id) as session:
            return session.scalars(
                sa.select(rows.CalendarState).where(rows.CalendarState.address == address)
            ).one()

    def differences(self) -> list[tuple[str, bool]]:
        with self.town.parts.database.transaction(self.town.organization_id) as session:
            found = session.scalars(sa.select(rows.Discrepancy).order_by(rows.Discrepancy.found_at))
            return [(row.kind, row.resolved_at is None) for row in found]


def event_of(networks: Networks, house: str = "google", address: str = ADA) -> dict:
    """The one event of a calendar."""
    (event,) = getattr(networks, house).events(address)
    return event


def attention_mails(networks: Networks) -> list[str]:
    """What the contact has read of what needs a look, each mail in one line."""
    return [
        " ".join(mail.get_body(("plain",)).get_content().split())
        for mail in networks.town.post.mails
        if CONTACT["email"] in str(mail["To"]) and str(mail["Subject"]).startswith("Needs a look")
    ]


def hooked(networks: Networks) -> None:
    """From now on the vendors can call us."""
    networks.town.parts = replace(networks.town.parts, hook_url="https://interviews.acme.example/hooks")


def live(networks: Networks, house: str, address: str) -> list[dict]:
    """The events that a calendar shows."""
    return [e for e in getattr(networks, house).events(address) if e.get("status") != "cancelled"]


def move(networks: Networks, booking: dict, *, later: timedelta) -> dict:
    """Move a booking so much later, and have its calendars written."""
    town = networks.town
    ours = town.parts, town.organization_id, booking["id"]
    wanted = format_instant(parse_instant(booking["start"]) + later)
    found = fresh_options.find(*ours, actor=RECRUITER, options=50)["data"]
    option = next(option for option in found if option["start"] == wanted)
    moving.reschedule(*ours, option["id"], actor=RECRUITER)
    town.run_jobs()
    return networks.booking(booking)


def talk_of_two(networks, house, *, on_decline, **session):
    """Ada organises, and Bob is a guest."""
    networks.hire("Ada", house, "python")
    networks.hire("Bob", house, "java")
    seats = [{"skill": "python"}, {"skill": "java"}]
    talk = {"key": "talk", "title": "A talk", "minutes": 60, "seats": seats, "conference": "none", **session}
    plan = networks.town.plan(sessions=[talk], on_decline=on_decline)
    booking = networks.town.book(networks.town.offer(plan, window=WINDOW))
    networks.town.run_jobs()
    networks.later(minutes=2)
    return networks.booking(booking)


def declines(networks, house, who=BOB, answer="declined"):
    getattr(networks, house).respond(who, event_of(networks, house)["id"], answer)
    networks.later(minutes=2)


def guests(networks, house):
    event = event_of(networks, house)
    return sorted(
        guest.get("email") or guest["emailAddress"]["address"]
        for guest in event["attendees"]
        if (guest.get("email") or guest["emailAddress"]["address"]) != ADA
    )
