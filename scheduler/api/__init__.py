# SPDX-License-Identifier: Apache-2.0
"""The HTTP API: a file a resource, registered here."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request

from scheduler.api import (
    availability,
    bookings,
    candidates,
    connections,
    deliveries,
    doors,
    events,
    interviewers,
    invitations,
    jobs,
    links,
    messages,
    organization,
    plans,
    privacy,
    rooms,
    runs,
    service,
    webhooks,
)
from scheduler.api.caller import EXTENSION
from scheduler.api.description import Api, IdConverter
from scheduler.services.parts import Parts

BLUEPRINTS = (
    organization.blueprint,
    interviewers.blueprint,
    connections.blueprint,
    rooms.blueprint,
    plans.blueprint,
    candidates.blueprint,
    availability.blueprint,
    runs.blueprint,
    bookings.blueprint,
    invitations.blueprint,
    messages.blueprint,
    webhooks.blueprint,
    deliveries.blueprint,
    events.blueprint,
    privacy.blueprint,
    jobs.blueprint,
    service.blueprint,
)


def register(app: Flask, parts: Parts) -> None:
    """Add the API, its description and its headers to the application."""
    app.extensions[EXTENSION] = parts
    app.extensions[service.SPECIFICATION] = describe(app)
    app.after_request(_never_keep)


def describe(app: Flask) -> dict[str, Any]:
    """Add the routes; what openapi.yaml says about them, and about the candidate's link."""
    app.url_map.converters["id"] = IdConverter
    api = Api(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    links.describe(api.spec)
    doors.describe(api.spec)
    specification: dict[str, Any] = api.spec.to_dict()
    return specification


def _never_keep(response: Response) -> Response:
    """What the API answers is about people: no cache may keep it, no browser may guess what it is."""
    if request.path.startswith("/v1/"):
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response
