# SPDX-License-Identifier: Apache-2.0
"""
Where Google and Microsoft tell that a calendar changed.

POST /hooks/google       headers name one of our channels; there is no body
POST /hooks/microsoft    a handshake (`validationToken`), or a list of notices

Nothing is believed but that something changed: what did is asked of the provider, by a job. Answers are quick
and say nothing about why.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, request

from scheduler.services import hearing
from scheduler.services.hearing import Notice
from scheduler.services.parts import Parts

#: the longest handshake token; Microsoft's have some hundred characters
LONGEST_TOKEN = 4096
#: the most notices in one request that are looked at: Microsoft sends fewer, and wants an answer in 3 seconds
MOST_NOTICES = 200


class Hooks:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def register(self, app: Flask) -> None:
        hooks = Blueprint("hooks", __name__)
        hooks.add_url_rule("/hooks/google", view_func=self.google, methods=["POST"])
        hooks.add_url_rule("/hooks/microsoft", view_func=self.microsoft, methods=["POST"])
        app.register_blueprint(hooks)

    def google(self) -> Response:
        """One notice. The first of a channel only says that it is open."""
        told = request.headers
        notice = Notice(
            provider="google",
            channel_id=_plain(told.get("X-Goog-Channel-ID")),
            token=_plain(told.get("X-Goog-Channel-Token")),
            resource=_plain(told.get("X-Goog-Resource-ID")),
        )
        if told.get("X-Goog-Resource-State") != "sync":
            hearing.heard(self._parts, [notice])
        return Response(status=204 if hearing.is_ours(self._parts, notice) else 404)

    def microsoft(self) -> Response:
        """A handshake while our own request to subscribe is open, or notices."""
        token = request.args.get("validationToken")
        if token is not None:
            return Response(token[:LONGEST_TOKEN], content_type="text/plain; charset=utf-8")
        try:
            body: Any = request.get_json(silent=True)
        except RecursionError:  # it is nested without end
            return Response(status=400)
        told = body.get("value") if isinstance(body, dict) else None
        if not isinstance(told, list):
            return Response(status=400)
        hearing.heard(self._parts, [_notice(item) for item in told[:MOST_NOTICES] if isinstance(item, dict)])
        return Response(status=202)


def _notice(item: dict[str, Any]) -> Notice:
    return Notice(
        provider="microsoft",
        channel_id=_plain(item.get("subscriptionId")),
        token=_plain(item.get("clientState")),
        lifecycle=_plain(item.get("lifecycleEvent")),
    )


def _plain(text: Any) -> str:
    """What it says, as far as it may be one of our ids and tokens; else nothing, which is none."""
    return text if isinstance(text, str) and text.isascii() and text.isprintable() else ""
