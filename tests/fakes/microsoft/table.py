# SPDX-License-Identifier: Apache-2.0
"""Everything that can be asked of the fake Graph."""

from __future__ import annotations

from tests.fakes.microsoft import directory, events, schedule, views
from tests.fakes.microsoft.delta import Rounds
from tests.fakes.microsoft.routes import CALENDARS, FREE_BUSY, PLACES, PROFILE, SETTINGS, WRITE, Route
from tests.fakes.microsoft.subscriptions import Subscriptions

CALENDAR_PATHS = ("users/{user}", "users/{user}/calendar", "users/{user}/calendars/{calendar}")
"""The same calendar, named in three ways."""


def table(subscriptions: Subscriptions) -> list[Route]:
    """Every route; the first that matches counts."""
    routes = [
        *_mailbox_routes(),
        Route.of("GET places/microsoft.graph.room", directory.rooms, PLACES),
        Route.of("POST subscriptions", subscriptions.create, CALENDARS, locked=False),
        Route.of("GET subscriptions", subscriptions.listing, CALENDARS),
        Route.of("GET subscriptions/{subscription}", subscriptions.read, CALENDARS),
        Route.of("PATCH subscriptions/{subscription}", subscriptions.renew, CALENDARS, locked=False),
        Route.of("POST subscriptions/{subscription}/reauthorize", subscriptions.reauthorize, CALENDARS),
        Route.of("DELETE subscriptions/{subscription}", subscriptions.delete, CALENDARS),
    ]
    for path in CALENDAR_PATHS:
        routes += _event_routes(path)
    return routes


def _mailbox_routes() -> list[Route]:
    return [
        Route.of("POST users/{user}/calendar/getSchedule", schedule.get_schedule, FREE_BUSY),
        Route.of("GET users/{user}/calendarView/delta", Rounds().answer, CALENDARS),
        Route.of("GET users/{user}", directory.user, PROFILE),
        Route.of("GET users/{user}/mailboxSettings", directory.mailbox_settings, SETTINGS),
        Route.of("GET users/{user}/calendar", directory.calendar, CALENDARS),
        Route.of("GET users/{user}/calendars", directory.calendars, CALENDARS),
        Route.of("GET users/{user}/calendars/{calendar}", directory.calendar, CALENDARS),
    ]


def _event_routes(path: str) -> list[Route]:
    return [
        Route.of(f"GET {path}/calendarView", views.calendar_view, CALENDARS),
        Route.of(f"GET {path}/events", views.events, CALENDARS),
        Route.of(f"POST {path}/events", events.create, WRITE),
        Route.of(f"GET {path}/events/{{event}}", events.read, CALENDARS),
        Route.of(f"PATCH {path}/events/{{event}}", events.change, WRITE),
        Route.of(f"DELETE {path}/events/{{event}}", events.delete, WRITE),
        Route.of(f"POST {path}/events/{{event}}/cancel", events.cancel, WRITE),
        Route.of(f"POST {path}/events/{{event}}/accept|decline|tentativelyAccept", events.respond, WRITE),
    ]
