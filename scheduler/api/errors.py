# SPDX-License-Identifier: Apache-2.0
"""Every error as `application/problem+json` (RFC 9457), and none of them with internals."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, json, request
from werkzeug.exceptions import HTTPException

from scheduler.domain.errors import (
    Conflict,
    Gone,
    Invalid,
    NotFound,
    Refusal,
    SlotTaken,
    Stale,
    TooMany,
    Unavailable,
)

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
#: seconds after which a client may try again when the database was out of reach
RETRY_AFTER = 5


class Unauthorized(Refusal):
    """A valid API key is needed: `Authorization: Bearer <key>`."""

    code = "unauthorized"


class Forbidden(Refusal):
    """This key may not do that."""

    code = "forbidden"


#: the first that fits
STATUSES: tuple[tuple[type[Refusal], HTTPStatus], ...] = (
    (Unauthorized, HTTPStatus.UNAUTHORIZED),
    (Forbidden, HTTPStatus.FORBIDDEN),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Stale, HTTPStatus.PRECONDITION_FAILED),
    (Conflict, HTTPStatus.CONFLICT),
    (Gone, HTTPStatus.GONE),
    (Invalid, HTTPStatus.UNPROCESSABLE_ENTITY),
    (TooMany, HTTPStatus.TOO_MANY_REQUESTS),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (Refusal, HTTPStatus.BAD_REQUEST),
)
#: where the usual wording of the status speaks of servers rather than to people
DETAILS = {
    404: "There is nothing at this address.",
    405: "This cannot be done here; see the Allow header for what can.",
    415: "The body must be JSON, and Content-Type must say so: application/json.",
}


def problem(status: int, code: str, detail: str, **members: Any) -> Response:
    """One answer in the form of RFC 9457; `code` also makes the title and the type."""
    body = {
        "type": f"/problems/{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": int(status),
        "detail": detail,
        "code": code,
        **members,
    }
    return Response(json.dumps(body), status=int(status), content_type=CONTENT_TYPE)


def of_refusal(error: Refusal) -> Response:
    status = next(status for kind, status in STATUSES if isinstance(error, kind))
    members: dict[str, Any] = {}
    if isinstance(error, Invalid):
        members["errors"] = [{"pointer": e.pointer, "detail": e.detail} for e in error.errors]
    if isinstance(error, SlotTaken):
        members["options"] = getattr(error, "options", [])
    answer = problem(status, error.reason, error.detail, **members)
    if isinstance(error, TooMany | Unavailable):
        answer.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthorized):
        answer.headers["WWW-Authenticate"] = 'Bearer realm="convene"'
    return answer


def of_http(error: HTTPException) -> Response:
    """What the web framework refuses by itself: unknown paths, wrong methods, bodies that are too large."""
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    code = re.sub(r"[^a-z]+", "_", error.name.lower()).strip("_")
    answer = problem(status, code, _detail(status) or error.description or error.name)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            answer.headers[name] = value
    return answer


def _detail(status: int) -> str | None:
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return f"The request is larger than {(request.max_content_length or 0) // 1024} KiB."
    return DETAILS.get(status)


def register(app: Flask, *, out_of_reach: Iterable[type[Exception]]) -> None:
    """Answer every error of the application; those `out_of_reach` mean that the database was."""
    app.register_error_handler(Refusal, of_refusal)
    app.register_error_handler(HTTPException, _http_or_redirect)
    app.register_error_handler(Exception, _unforeseen)
    for kind in out_of_reach:
        app.register_error_handler(kind, _database_out_of_reach)


def _http_or_redirect(error: HTTPException) -> Response | HTTPException:
    return of_http(error) if error.code is None or error.code >= 400 else error


def _database_out_of_reach(error: Exception) -> Response:
    logger.error("the database cannot be reached: %s", type(error).__name__, exc_info=error)
    return of_refusal(Unavailable(retry_after=RETRY_AFTER))


def _unforeseen(error: Exception) -> Response:
    reference = secrets.token_hex(8)
    logger.error("unforeseen error, reference %s", reference, exc_info=error)
    detail = f"Something went wrong on our side. The service's log knows more under reference {reference}."
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail)
