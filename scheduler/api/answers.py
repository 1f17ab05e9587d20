# SPDX-License-Identifier: Apache-2.0
"""Answers: a single resource with its ETag, a page of a list, nothing."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from flask import Response, json, request

from scheduler.db.pages import Page

#: one of our versions in a list of ETags; a weak one never matches
VERSION = re.compile(r'(?<![^\s,])"(\d{1,18})"(?=\s*(?:,|$))')


def single(view: dict[str, Any], status: int = 200, **headers: str) -> Response:
    """One resource. Its version becomes the ETag; where it has none, because parts of it change without a
    PATCH, a digest of it does. Header names are written with underscores.
    """
    shown = {name: value for name, value in view.items() if name != "_version"}
    response = as_json(shown, status)
    if "_version" in view:
        response.set_etag(str(view["_version"]))
    else:
        response.set_etag(_digest(shown))
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def _digest(shown: dict[str, Any]) -> str:
    """The same in whatever order the members come from the database."""
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:32]


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


def if_match() -> frozenset[int] | None:
    """The versions one of which `If-Match` insists on (RFC 9110, 13.1.1); None: any."""
    given = request.headers.get("If-Match")
    if given is None or given.strip() == "*":
        return None
    return frozenset(map(int, VERSION.findall(given)))
