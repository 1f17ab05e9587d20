# SPDX-License-Identifier: Apache-2.0
"""
An interviewer connects their own calendar, from a link that the recruiting team sends.

GET /connect/<provider>?ticket=…     on to the provider's page
GET /connect/<provider>/callback     back from it

The attempt is bound to the browser by a cookie that lives as long as it, so that nobody can make somebody
else finish what they began.
"""

from __future__ import annotations

from flask import Blueprint, Flask, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from scheduler.domain.errors import Gone, Refusal, Unavailable
from scheduler.pages import headers
from scheduler.pages.rendering import render
from scheduler.services import connecting, connections
from scheduler.services.parts import Parts

COOKIE = "convene_connect"
#: the longest query that a provider sends along, far above what they do
LONGEST = 8192


class ConnectPage:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def register(self, app: Flask) -> None:
        pages = Blueprint("connect", __name__)
        pages.add_url_rule("/connect/<any(google, microsoft):provider>", view_func=self.leave)
        pages.add_url_rule("/connect/<any(google, microsoft):provider>/callback", view_func=self.arrive)
        pages.after_request(_protect)
        app.register_blueprint(pages)

    def leave(self, provider: str) -> BaseResponse:
        """To the provider; without a good ticket, a page that says how to get one."""
        try:
            leaving = connecting.leave(self._parts, provider, request.args.get("ticket", "")[:LONGEST])
        except Refusal as refusal:
            return _refused(provider, refusal)
        response = redirect(leaving.url, 303)
        response.set_cookie(
            COOKIE,
            leaving.mark,
            max_age=connecting.ATTEMPT_LIFE,
            path=f"/connect/{provider}",
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",  # the provider's page leads back here
        )
        return response

    def arrive(self, provider: str) -> BaseResponse:
        """Back from the provider, with what was granted or not."""
        answer = {name: value[:LONGEST] for name, value in request.args.items()}
        try:
            arrived = connecting.arrive(self._parts, provider, answer, request.cookies.get(COOKIE))
        except Refusal as refusal:
            return _refused(provider, refusal)
        response = Response(
            render("connected", arrived=arrived, title=connections.TITLES[provider]), mimetype="text/html"
        )
        response.delete_cookie(COOKIE, path=f"/connect/{provider}")
        return response


def _refused(provider: str, refusal: Refusal) -> Response:
    status = 503 if isinstance(refusal, Unavailable) else 410 if isinstance(refusal, Gone) else 409
    words = render("not_connected", title=connections.TITLES[provider], detail=refusal.detail)
    return Response(words, status=status, mimetype="text/html")


def _protect(response: Response) -> Response:
    headers.protect(response, logo=None, secure=request.is_secure)
    # The address holds what must not travel on.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
