# SPDX-License-Identifier: Apache-2.0
"""Refusals for programs: `application/problem+json` (RFC 9457)."""

from __future__ import annotations

from typing import Any

from flask import Response, json

from scheduler.domain.errors import Conflict, Gone, Invalid, NotFound, Refusal, SlotTaken, Stale, Unavailable
from scheduler.pages.forms import CrossSite, StaleForm, WrongType

#: from the particular to the general: the first that fits counts
STATUS: tuple[tuple[type[Refusal], int, str], ...] = (
    (Invalid, 422, "Unprocessable Content"),
    (NotFound, 404, "Not Found"),
    (Conflict, 409, "Conflict"),
    (StaleForm, 409, "Conflict"),
    (Stale, 412, "Precondition Failed"),
    (Gone, 410, "Gone"),
    (Unavailable, 503, "Service Unavailable"),
    (CrossSite, 403, "Forbidden"),
    (WrongType, 415, "Unsupported Media Type"),
    (Refusal, 400, "Bad Request"),
)


def status_of(refusal: Refusal) -> int:
    return next(status for type_, status, _ in STATUS if isinstance(refusal, type_))


def options_left(taken: SlotTaken) -> list[dict[str, Any]]:
    """What can still be chosen, in the API's form; services add it where they know it."""
    return list(getattr(taken, "options", ()))


def problem(refusal: Refusal) -> Response:
    """The refusal as JSON; after a time was taken, with the options that are left."""
    status, title = next((status, title) for type_, status, title in STATUS if isinstance(refusal, type_))
    body: dict[str, Any] = {
        "type": f"/problems/{refusal.reason}",
        "title": title,
        "status": status,
        "detail": refusal.detail,
        "code": refusal.reason,
    }
    if isinstance(refusal, Invalid):
        body["errors"] = [{"pointer": error.pointer, "detail": error.detail} for error in refusal.errors]
    if isinstance(refusal, SlotTaken):
        body["options"] = options_left(refusal)
    response = Response(json.dumps(body), status, mimetype="application/problem+json")
    if isinstance(refusal, Unavailable):
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response
