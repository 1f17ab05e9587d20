# SPDX-License-Identifier: Apache-2.0
"""The pages people see. One link, no account; everything works without JavaScript."""

from __future__ import annotations

from flask import Flask

from scheduler.pages.around import finish, serve_asset
from scheduler.pages.connect import ConnectPage
from scheduler.pages.hooks import Hooks
from scheduler.pages.views import CandidatePage, Verbs
from scheduler.services import candidate_link
from scheduler.services.parts import Parts


def register(app: Flask, parts: Parts, *, verbs: Verbs = candidate_link) -> None:
    """Add the pages to the application."""
    app.add_url_rule("/assets/<name>", "asset", serve_asset)
    app.after_request(finish)
    CandidatePage(parts, verbs).register(app)
    ConnectPage(parts).register(app)
    Hooks(parts).register(app)
