# SPDX-License-Identifier: Apache-2.0
"""openapi.yaml for reading: one page without scripts, that loads nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader

#: of a path in the description; what else stands there is no call
METHODS = ("get", "post", "patch", "delete")


@dataclass(frozen=True, kw_only=True)
class Page:
    html: str
    #: Content-Security-Policy: nothing but the page's own style
    policy: str


def page(specification: dict[str, Any]) -> Page:
    style = files("scheduler.api").joinpath("templates/docs.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment = Environment(
        autoescape=True, loader=PackageLoader("scheduler.api"), trim_blocks=True, lstrip_blocks=True
    )
    template = environment.get_template("docs.html")
    return Page(
        html=template.render(spec=specification, style=style, methods=METHODS),
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'",
    )
