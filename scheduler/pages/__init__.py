# SPDX-License-Identifier: Apache-2.0
"""The pages candidates see. One link, no account, no cookie; everything works without JavaScript."""

from __future__ import annotations

from flask import Flask
from jinja2 import StrictUndefined

from scheduler.pages import assets, zones
from scheduler.pages.views import CandidatePage, Verbs, finish, serve_asset
from scheduler.services import candidate_link
from scheduler.services.parts import Parts


def register(app: Flask, parts: Parts, *, verbs: Verbs = candidate_link) -> None:
    """Add the pages to the application."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(asset=assets.named, everywhere=zones.everywhere)
    app.add_url_rule("/assets/<name>", "asset", serve_asset)
    app.after_request(finish)
    CandidatePage(parts, verbs).register(app)
