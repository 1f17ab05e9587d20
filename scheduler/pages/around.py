# SPDX-License-Identifier: Apache-2.0
"""What is around the pages: what they load, the headers of every answer, and words for what went wrong."""

from __future__ import annotations

from flask import Response, g, request

from scheduler.pages import assets, headers
from scheduler.pages.forms import wants_json
from scheduler.pages.rendering import render


def _trouble(status: int) -> str:
    """A page for when there is no link to speak of: it tells nothing about any."""
    kinds = {404: "lost", 410: "lost", 403: "refused", 413: "long", 415: "unread", 503: "busy"}
    return render("trouble", kind=kinds.get(status, "strange" if status < 500 else "other"))


def serve_asset(name: str) -> Response:
    asset = assets.find(name)
    if asset is None:
        return Response("", 404, mimetype="text/plain")
    response = Response(asset.body, content_type=asset.type)
    response.headers["Cache-Control"] = assets.FOREVER
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def finish(response: Response) -> Response:
    """Say what was refused in words rather than JSON to people, and set the headers of everything here."""
    if not request.path.startswith("/c/"):
        return response
    if response.status_code >= 400 and not g.get("worded") and not wants_json(request):
        response.set_data(_trouble(response.status_code))
        response.mimetype = "text/html"
    headers.protect(response, logo=g.get("logo"), secure=request.is_secure)
    return response
