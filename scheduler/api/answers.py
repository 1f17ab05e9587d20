# SPDX-License-Identifier: Apache-2.0
"""Answers: a single resource with its ETag, a page of a list, nothing."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, json, request

from scheduler.db.pages import Page
from scheduler.domain.errors import Invalid

ETAG = re.compile(r'"(\d{1,18})"')
#: what no version is, for an If-Match that cannot be one of ours
NO_VERSION = -1


def single(view: dict[str, Any], status: int = 200, **headers: str) -> Response:
    """One resource; its version becomes the ETag. Header names are written with underscores."""
    shown = {name: value for name, value in view.items() if name != "_version"}
    response = as_json(shown, status)
    if "_version" in view:
        response.set_etag(str(view["_version"]))
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def unless_known(view: dict[str, Any]) -> Response:
    """One resource that its version describes completely: 304 for who has it already (RFC 9110, 13.1.2)."""
    response = single(view)
    response.make_conditional(request)
    return response


def made(view: dict[str, Any]) -> Response:
    """201, and where it is."""
    return single(view, 201, Location=f"{request.path}/{view['id']}")


def listing(page: Page) -> Response:
    data = [{name: value for name, value in view.items() if name != "_version"} for view in page.data]
    return as_json({"data": data, "next_cursor": page.next_cursor})


def as_json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status=status, content_type="application/json")


def nothing() -> Response:
    return Response(status=204)


def if_match() -> int | None:
    """The version that `If-Match` insists on (RFC 9110, 13.1.1); None: any."""
    given = request.headers.get("If-Match")
    if given is None or given.strip() == "*":
        return None
    if "," in given:
        raise Invalid.at("", "If-Match must name one ETag")
    match = ETAG.fullmatch(given.strip())
    return int(match[1]) if match else NO_VERSION
