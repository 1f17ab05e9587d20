# SPDX-License-Identifier: Apache-2.0
"""
Where calendars are connected and where their providers knock, for openapi.yaml: described here, answered by
`scheduler.pages.connect` and `scheduler.pages.hooks`.
"""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from werkzeug.routing import Map, Rule

TEXT = {"type": "string"}
PAGE = {"text/html": {"schema": TEXT}}
CONNECT, HOOKS = "Connecting", "Hooks"
PROVIDER = {
    "in": "path",
    "name": "provider",
    "schema": {"type": "string", "enum": ["google", "microsoft"]},
}
SORRY = {"description": "A page that says why not, and what to do", "content": PAGE}


def describe(spec: APISpec) -> None:
    """Add the calls, none of which needs a key."""
    spec.tag({"name": CONNECT, "description": "An interviewer lets the service into their own calendar."})
    spec.tag({"name": HOOKS, "description": "Google and Microsoft tell that a calendar has changed."})
    for path, operation, parameters in (
        ("/connect/<provider>", {"get": _leave()}, [PROVIDER]),
        ("/connect/<provider>/callback", {"get": _arrive()}, [PROVIDER]),
        ("/hooks/google", {"post": _google()}, []),
        ("/hooks/microsoft", {"post": _microsoft()}, []),
    ):
        rule = Rule(path, defaults={})
        Map([rule])  # a rule knows its parameters once it is on a map
        spec.path(rule=rule, operations=operation, parameters=parameters)


def _call(tag: str, name: str, summary: str, responses: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "operationId": name,
        "tags": [tag],
        "summary": summary,
        "security": [],
        **more,
        "responses": responses | {"default": "LINK_ERROR"},
    }


def _leave() -> dict[str, Any]:
    ticket = {
        "in": "query",
        "name": "ticket",
        "description": "From the `url` that POST …/connection answers with.",
        "schema": TEXT,
    }
    onwards = {"description": "To the provider's page", "headers": {"Location": {"schema": TEXT}}}
    return _call(
        CONNECT,
        "leave_to_connect",
        "The link that a calendar's owner follows.",
        {"303": onwards, "409": SORRY, "410": SORRY, "503": SORRY},
        parameters=[ticket],
    )


def _arrive() -> dict[str, Any]:
    names = ("code", "state", "error")
    return _call(
        CONNECT,
        "arrive_connected",
        "Back from the provider: the calendar is connected, or a page says why not.",
        {
            "200": {"description": "Connected", "content": PAGE},
            "409": SORRY,
            "410": SORRY,
            "503": SORRY,
        },
        parameters=[{"in": "query", "name": name, "schema": TEXT} for name in names],
    )


def _google() -> dict[str, Any]:
    headers = ("X-Goog-Channel-ID", "X-Goog-Channel-Token", "X-Goog-Resource-ID", "X-Goog-Resource-State")
    return _call(
        HOOKS,
        "google_hook",
        "A notice of one of our channels at Google; says what changed to nobody.",
        {"204": {"description": "Heard"}, "404": {"description": "No channel of ours"}},
        parameters=[{"in": "header", "name": name, "schema": TEXT} for name in headers],
    )


def _microsoft() -> dict[str, Any]:
    return _call(
        HOOKS,
        "microsoft_hook",
        "Notices of our subscriptions at Microsoft, and the handshake that begins one.",
        {
            "200": {
                "description": "The handshake's token, back as it came",
                "content": {"text/plain": {"schema": TEXT}},
            },
            "202": {"description": "Heard"},
            "400": {"description": "That is no notice"},
        },
        parameters=[{"in": "query", "name": "validationToken", "schema": TEXT}],
        requestBody={"content": {"application/json": {"schema": {"type": "object"}}}},
    )
