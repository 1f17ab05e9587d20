# SPDX-License-Identifier: Apache-2.0
"""About the service itself: is it alive, is it ready, what does it offer."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Response, current_app
from marshmallow import fields

from scheduler.api import docs
from scheduler.api.answers import as_json
from scheduler.api.blueprint import Blueprint
from scheduler.api.caller import parts
from scheduler.api.schemas.base import View
from scheduler.services import health

SPECIFICATION = "convene.openapi"
PAGE = "convene.docs"
#: the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/)
METRICS = "text/plain; version=0.0.4; charset=utf-8"
BROKEN = """\
# HELP convene_broken_promises Organisations for which the last look found this promise broken.
# TYPE convene_broken_promises gauge
"""

blueprint = Blueprint("Service", "The service itself.")


class Health(View):
    """How the process is."""

    status = fields.String()


@blueprint.open("/healthz", "application/json", Health)
def check_alive() -> Response:
    """The process is alive."""
    return as_json({"status": "ok"})


@blueprint.open("/readyz", "application/json", Health, refuses=(HTTPStatus.SERVICE_UNAVAILABLE,))
def check_ready() -> Response:
    """The database can be reached and has the newest schema."""
    health.check(parts())
    return as_json({"status": "ready"})


@blueprint.open("/metrics", "text/plain", {"type": "string"})
def read_metrics() -> Response:
    """For Prometheus: which promises are broken. Anything above zero is for a person; `doctor` says more."""
    broken = health.broken_promises(parts())
    lines = (f'convene_broken_promises{{promise="{name}"}} {count}\n' for name, count in broken.items())
    return Response(BROKEN + "".join(lines), content_type=METRICS)


@blueprint.open("/openapi.json", "application/json", {"type": "object"})
def read_openapi() -> Response:
    """This description, as JSON."""
    return as_json(_specification())


@blueprint.open("/docs", "text/html", {"type": "string"})
def read_docs() -> Response:
    """This description, for reading."""
    # Made once: anybody may ask for it, as often as they like.
    if PAGE not in current_app.extensions:
        current_app.extensions[PAGE] = docs.page(_specification())
    page: docs.Page = current_app.extensions[PAGE]
    response = Response(page.html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = page.policy
    return response


def _specification() -> dict[str, Any]:
    specification: dict[str, Any] = current_app.extensions[SPECIFICATION]
    return specification
