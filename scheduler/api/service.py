# SPDX-License-Identifier: Apache-2.0
"""About the service itself: is it alive, is it ready, what does it offer."""

from __future__ import annotations

import base64
import hashlib
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from flask import Response, current_app, render_template, request
from marshmallow import fields

from scheduler.api.answers import as_json
from scheduler.api.blueprint import Blueprint
from scheduler.api.caller import parts
from scheduler.api.schemas.base import View
from scheduler.services import health

SPECIFICATION = "convene.openapi"
#: of a path in the description; what else stands there is no call
METHODS = ("get", "post", "patch", "delete")

blueprint = Blueprint("Service", "The service itself.")


class Health(View):
    """How the process is."""

    status = fields.String()


@blueprint.open("/healthz", "application/json", Health)
def healthz() -> Response:
    """The process is alive."""
    return as_json({"status": "ok"})


@blueprint.open("/readyz", "application/json", Health, refuses=(HTTPStatus.SERVICE_UNAVAILABLE,))
def readyz() -> Response:
    """The database can be reached and has the newest schema."""
    health.check(parts())
    return as_json({"status": "ready"})


@blueprint.open("/openapi.json", "application/json", None)
def openapi_json() -> Response:
    """This description, as JSON."""
    response = as_json(_specification())
    response.add_etag()
    response.make_conditional(request)
    return response


@blueprint.open("/docs", "text/html", None)
def docs() -> Response:
    """This description, for reading."""
    style = files(__package__).joinpath("templates/docs.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = render_template("docs.html", spec=_specification(), style=style, methods=METHODS)
    response = Response(page, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return response


def _specification() -> dict[str, Any]:
    specification: dict[str, Any] = current_app.extensions[SPECIFICATION]
    return specification
