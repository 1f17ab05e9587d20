# SPDX-License-Identifier: Apache-2.0
"""The candidate's page. Looking never changes anything; a POST from our own page, or one of JSON, does.

GET  /c/<token>             what there is: times to choose from, or what has been arranged
GET  /c/<token>/check       the chosen time in words, and the button that books it or moves what is booked
POST /c/<token>/book        books it
GET, POST /c/<token>/options  times the booked interview can be moved to; a POST looks for them, or for others
GET  /c/<token>/times       a form in which the candidate says when they could be there, for that POST
POST /c/<token>/reschedule  moves it
GET, POST /c/<token>/cancel calls it off
GET, POST /c/<token>/ask    a message that reaches a person
GET  /c/<token>/invite.ics  the booked interview as iCalendar
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from scheduler.domain.errors import Conflict, Gone, Invalid, NotFound, SlotTaken, TooMany, Unavailable
from scheduler.domain.intervals import Interval, parse_instant
from scheduler.domain.options import Option
from scheduler.pages import stretches
from scheduler.pages.arranged import for_candidate
from scheduler.pages.forms import (
    LARGEST_BODY,
    Nonces,
    StaleForm,
    fields,
    guard,
    intervals,
    text,
    wants_json,
)
from scheduler.pages.stretches import Stretch
from scheduler.pages.visit import Visit
from scheduler.services.candidate_link import CandidateLink
from scheduler.services.parts import Parts
from scheduler.services.questions import LONGEST, NOBODY_READS

LONGEST_REASON = 500
UNREAD_TIMES = "We could not read when you would be there. Nothing has changed: please say it once more."
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}\Z")


class Verbs(Protocol):
    """What a candidate can do with their link: `scheduler.services.candidate_link`."""

    def open(self, parts: Parts, token: str) -> CandidateLink: ...
    def book(self, parts: Parts, token: str, option_id: str) -> dict[str, Any]: ...
    def find_options(
        self, parts: Parts, token: str, availability: Sequence[Interval] | None
    ) -> CandidateLink: ...
    def reschedule(self, parts: Parts, token: str, option_id: str) -> dict[str, Any]: ...
    def cancel(self, parts: Parts, token: str, reason: str) -> dict[str, Any]: ...
    def ask(self, parts: Parts, token: str, message: str) -> None: ...
    def keep_zone(self, parts: Parts, token: str, time_zone: str) -> None: ...
    def invite(self, parts: Parts, token: str) -> bytes: ...


class CandidatePage:
    def __init__(self, parts: Parts, verbs: Verbs) -> None:
        self._parts = parts
        self._verbs = verbs

    def register(self, app: Flask) -> None:
        pages = Blueprint("candidate", __name__)
        for rule, view, methods in (
            ("/c/<token>", self.show, ["GET"]),
            ("/c/<token>/check", self.check, ["GET"]),
            ("/c/<token>/book", self.book, ["POST"]),
            ("/c/<token>/book", self.back, ["GET"]),
            ("/c/<token>/options", self.show_moves, ["GET"]),
            ("/c/<token>/options", self.find_options, ["POST"]),
            ("/c/<token>/times", self.say_when, ["GET"]),
            ("/c/<token>/reschedule", self.reschedule, ["POST"]),
            ("/c/<token>/reschedule", self.back, ["GET"]),
            ("/c/<token>/cancel", self.ask_to_cancel, ["GET"]),
            ("/c/<token>/cancel", self.cancel, ["POST"]),
            ("/c/<token>/ask", self.write, ["GET"]),
            ("/c/<token>/ask", self.ask, ["POST"]),
            ("/c/<token>/ask/sent", self.sent, ["GET"]),
            ("/c/<token>/invite.ics", self.invite, ["GET"]),
            ("/c/", self.lost, ["GET"]),
            ("/c/<path:_rest>", self.lost, ["GET"]),
        ):
            pages.add_url_rule(rule, view_func=view, methods=methods)
        pages.before_request(self._admit)
        app.register_blueprint(pages)

    # Looking

    def show(self, token: str) -> Response:
        visit = self._visit(token)
        return _as_json(visit.link) if wants_json(request) else self._screen(visit)

    def check(self, token: str) -> Response:
        visit = self._visit(token)
        if visit.can_move and visit.link.options:
            visit = visit.to_move()
        if visit.state not in ("choose", "move"):
            return self._screen(visit)
        chosen = request.args.get("option", "")
        option = visit.option(chosen)
        if option:
            return visit.page("check", option=option)
        if chosen:
            return self._screen(visit, status=409, taken=True)
        return self._screen(visit, status=422, error="Choose a time first, then check and confirm it.")

    def show_moves(self, token: str) -> Response:
        return self._screen(self._looking(token))

    def say_when(self, token: str) -> Response:
        visit = self._looking(token)
        return visit.page("times", lines=stretches.BLANK) if visit.can_say_when else self._screen(visit)

    def ask_to_cancel(self, token: str) -> Response:
        visit = self._visit(token)
        return visit.page("cancel") if _open_to_cancel(visit) else self._screen(visit)

    def write(self, token: str) -> Response:
        visit = self._visit(token)
        if not visit.link.can_ask and wants_json(request):
            raise Conflict(NOBODY_READS, code="no_contact")
        return visit.page("ask", message="") if visit.link.can_ask else _nobody_reads(visit)

    def sent(self, token: str) -> Response:
        visit = self._visit(token)
        return visit.page("sent") if visit.link.can_ask else _nobody_reads(visit)

    def invite(self, token: str) -> Response:
        _well_formed(token)
        response = Response(self._verbs.invite(self._parts, token), mimetype="text/calendar")
        response.headers["Content-Disposition"] = 'attachment; filename="invite.ics"'
        return response

    def back(self, token: str) -> BaseResponse:
        """Somebody reloads the address a form was sent to."""
        return redirect(self._visit(token).url())

    def lost(self, _rest: str = "") -> Response:
        raise NotFound

    # Doing

    def book(self, token: str) -> BaseResponse:
        if wants_json(request):
            sent = fields(request, "option")
            option_id = text(sent, "option", longest=200, needed="says which option to book")
            return _json(self._verbs.book(self._parts, _well_formed(token), option_id), 201)
        visit = self._visit(token)
        chosen = request.form.get("option", "")
        try:
            self._nonces().settle(request.form.get("nonce", ""), "book", token, chosen)
            self._keep_zone(visit)
            self._verbs.book(self._parts, token, chosen)
        except StaleForm:
            return self._check_again(visit, chosen)
        except SlotTaken as taken:
            return self._taken(token, taken)
        except Conflict:
            return self._screen(self._visit(token), status=409, elsewhere=True)
        except Gone as gone:
            if gone.reason != "expired":
                raise
            return self._screen(self._visit(token), status=410)
        return redirect(visit.url(), 303)

    def find_options(self, token: str) -> BaseResponse:
        if wants_json(request):
            availability = intervals(request, "availability")
            return _as_json(self._verbs.find_options(self._parts, _well_formed(token), availability))
        lines = stretches.sent(request.form)
        return self._find_within(self._looking(token), lines) if lines else self._find(self._visit(token))

    def _find(self, visit: Visit) -> BaseResponse:
        try:
            availability = intervals(request, "availability")
            self._nonces().settle(request.form.get("nonce", ""), "options", visit.token)
            self._verbs.find_options(self._parts, visit.token, availability)
        except StaleForm as stale:
            return self._screen(visit, status=409, error=stale.detail)
        except Invalid:
            return self._screen(visit, status=422, error=UNREAD_TIMES)
        except Unavailable as unavailable:
            return self._screen(visit, status=503, error=unavailable.detail)
        except Conflict as conflict:
            return self._screen(self._visit(visit.token), status=409, error=conflict.detail)
        return redirect(visit.url("options" if visit.state == "booked" else ""), 303)

    def _find_within(self, visit: Visit, lines: tuple[Stretch, ...]) -> BaseResponse:
        """What was filled in stays on the page until times are found."""

        def again(status: int, **context: Any) -> Response:
            return visit.page("times", status=status, lines=lines, **context)

        if not visit.can_say_when:
            return self._screen(visit, status=409)
        try:
            availability = stretches.read(lines, visit.days, ZoneInfo(visit.zone.id))
            self._nonces().settle(request.form.get("nonce", ""), "options", visit.token)
            self._keep_zone(visit)
            found = self._verbs.find_options(self._parts, visit.token, availability)
        except Invalid as invalid:
            return again(422, error=invalid.errors[0].detail)
        except (StaleForm, Unavailable) as refusal:
            return again(409 if isinstance(refusal, StaleForm) else 503, error=refusal.detail)
        except Conflict as conflict:
            if conflict.reason == "no_options":
                return again(409, nobody_free=True)
            return self._screen(self._visit(visit.token), status=409, error=conflict.detail)
        return redirect(visit.here, 303) if found.options else again(409, nobody_free=True)

    def _looking(self, token: str) -> Visit:
        """A look at the link by somebody who looks for times."""
        visit = self._visit(token)
        return visit.to_move() if visit.can_move else visit

    def reschedule(self, token: str) -> BaseResponse:
        if wants_json(request):
            sent = fields(request, "option")
            option_id = text(sent, "option", longest=200, needed="says which option to move to")
            return _json(self._verbs.reschedule(self._parts, _well_formed(token), option_id), 200)
        visit = self._visit(token)
        chosen = request.form.get("option", "")
        try:
            self._nonces().settle(request.form.get("nonce", ""), "reschedule", token, chosen)
            self._keep_zone(visit)
            self._verbs.reschedule(self._parts, token, chosen)
        except StaleForm:
            return self._check_again(visit.to_move() if visit.can_move else visit, chosen)
        except SlotTaken as taken:
            return self._taken(token, taken)
        except Conflict as conflict:
            return self._screen(self._visit(token), status=409, error=conflict.detail)
        return redirect(visit.url(), 303)

    def cancel(self, token: str) -> BaseResponse:
        if wants_json(request):
            reason = text(fields(request, "reason"), "reason", longest=LONGEST_REASON)
            return _json(self._verbs.cancel(self._parts, _well_formed(token), reason), 200)
        visit = self._visit(token)
        try:
            reason = text(request.form, "reason", longest=LONGEST_REASON)
            self._nonces().settle(request.form.get("nonce", ""), "cancel", token)
            self._verbs.cancel(self._parts, token, reason)
        except StaleForm as stale:
            return self._cancel_again(visit, 409, stale.detail)
        except Invalid as invalid:
            return self._cancel_again(visit, 422, f"Your reason {invalid.errors[0].detail}.")
        except Conflict as conflict:
            return self._screen(self._visit(token), status=409, error=conflict.detail)
        return redirect(visit.url(), 303)

    def ask(self, token: str) -> BaseResponse:
        needed = "says what you need"
        if wants_json(request):
            message = text(fields(request, "message"), "message", longest=LONGEST, needed=needed)
            self._verbs.ask(self._parts, _well_formed(token), message)
            return Response(status=204)
        visit, written = self._visit(token), request.form.get("message", "")
        if not visit.link.can_ask:
            return _nobody_reads(visit)
        try:
            message = text(request.form, "message", longest=LONGEST, needed=needed)
            self._nonces().settle(request.form.get("nonce", ""), "ask", token)
            self._keep_zone(visit)
            self._verbs.ask(self._parts, token, message)
        except StaleForm as stale:
            return visit.page("ask", status=409, message=written, error=stale.detail)
        except Invalid as invalid:
            return visit.page("ask", status=422, message=written, error=_about_message(invalid, written))
        except TooMany as many:
            answer = visit.page("ask", status=429, message=written, error=many.detail)
            answer.headers["Retry-After"] = str(many.retry_after)
            return answer
        return redirect(visit.url("ask/sent"), 303)

    def _keep_zone(self, visit: Visit) -> None:
        """Of who has named none, the one they chose on the page: mails are to say the same. Forms send one
        that was assumed, too.
        """
        if visit.link.candidate.time_zone is None and visit.zone.id != visit.link.home_time_zone:
            self._verbs.keep_zone(self._parts, visit.token, visit.zone.id)

    # What is shown then

    def _screen(self, visit: Visit, *, status: int = 200, **context: Any) -> Response:
        """The page of the state the link is in."""
        near: datetime | None = context.pop("near", None)
        if visit.state in ("choose", "move"):
            chosen = request.args.get("option", "")
            context["choices"] = visit.choices(chosen=chosen, near=near)
            context["chosen"] = visit.option(chosen)
        return visit.page(visit.state, status=status, **context)

    def _check_again(self, visit: Visit, chosen: str) -> Response:
        option = visit.option(chosen) if visit.state in ("choose", "move") else None
        if option is None:
            return self._screen(visit, status=409, taken=True)
        return visit.page("check", status=409, option=option, error=StaleForm().detail)

    def _cancel_again(self, visit: Visit, status: int, error: str) -> Response:
        if not _open_to_cancel(visit):
            return self._screen(visit, status=status)
        return visit.page("cancel", status=status, error=error)

    def _taken(self, token: str, taken: SlotTaken) -> Response:
        """Somebody else was faster: what is left, the nearest first. The rest of what was entered stays."""
        visit = self._visit(token)
        left = _options_left(taken)
        if visit.can_move:
            visit = visit.to_move()
        elif left and visit.link.status in ("offered", "searching"):
            visit = visit.with_options(left)
        return self._screen(visit, status=409, taken=True, near=_instant(request.form.get("start", "")))

    # Around every request

    def _visit(self, token: str) -> Visit:
        link = self._verbs.open(self._parts, _well_formed(token))
        asked = request.values.get("zone")
        return Visit.of(token, link, asked, self._nonces())

    def _nonces(self) -> Nonces:
        return Nonces(self._parts.links, self._parts.now())

    def _admit(self) -> None:
        if request.method == "POST":
            request.max_content_length = LARGEST_BODY
            guard(request, self._parts.links.public_url)


def _open_to_cancel(visit: Visit) -> bool:
    return visit.state == "booked" and visit.can_cancel


def _nobody_reads(visit: Visit) -> Response:
    """Kindly: there is nobody who would hear of a message."""
    return visit.page("nobody_reads", status=409)


def _well_formed(token: str) -> str:
    """The token, if it can be one. Raises NotFound."""
    if not _TOKEN.match(token):
        raise NotFound
    return token


def _options_left(taken: SlotTaken) -> list[Option]:
    """What can still be chosen; services add it where they know it."""
    return [Option.from_json(view) for view in getattr(taken, "options", ())]


def _as_json(link: CandidateLink) -> Response:
    return jsonify(
        status=link.status,
        candidate={"name": link.candidate.name, "time_zone": link.candidate.time_zone},
        plan={"name": link.plan.name},
        options=list(link.option_views),
        booking=for_candidate(link.booking) if link.booking else None,
    )


def _json(booking: dict[str, Any], status: int) -> Response:
    response = jsonify(for_candidate(booking))
    response.status_code = status
    return response


def _about_message(invalid: Invalid, written: str) -> str:
    if not written.strip():
        return "Write a few words first."
    return f"Your message {invalid.errors[0].detail}."


def _instant(value: str) -> datetime | None:
    try:
        return parse_instant(value)
    except ValueError:
        return None
