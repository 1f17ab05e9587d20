# SPDX-License-Identifier: Apache-2.0
"""The web application: the API for programs and the pages for candidates."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
import yaml
from flask import Flask, redirect
from werkzeug.middleware.proxy_fix import ProxyFix

from scheduler import api, pages
from scheduler.api import errors
from scheduler.services.parts import Parts

LARGEST_REQUEST = 1024 * 1024
#: what the database's driver and pool raise when nobody answers, or not in time
OUT_OF_REACH = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)


def create_app(parts: Parts, *, trusted_proxies: int = 0) -> Flask:
    """The WSGI application. `trusted_proxies`: how many proxies' `X-Forwarded-*` are believed."""
    app = _bare()
    errors.register(app, out_of_reach=OUT_OF_REACH)
    api.register(app, parts)
    pages.register(app, parts)
    app.add_url_rule("/", "home", lambda: redirect("/docs"))
    if trusted_proxies:
        count = trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count, x_port=count)  # type: ignore[method-assign]
    return app


def openapi_yaml() -> str:
    """The text of openapi.yaml; needs neither database nor settings."""
    return yaml.dump(api.describe(_bare()), Dumper=_Readable, sort_keys=False, allow_unicode=True, width=100)


class _Readable(yaml.SafeDumper):
    """Texts of several lines stand as such; nothing is an alias of something further up."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Readable.add_representer(str, _block)


def _bare() -> Flask:
    app = Flask("scheduler", static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
    app.json.sort_keys = False  # type: ignore[attr-defined]
    return app
