# SPDX-License-Identifier: Apache-2.0
"""The candidate's link, for openapi.yaml: described here, answered by the candidate's pages."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import marshmallow as ma
from apispec import APISpec
from werkzeug.routing import Map, Rule

from scheduler.api.errors import CONTENT_TYPE
from scheduler.api.schemas.links import (
    CandidateLink,
    LinkBooking,
    LinkCancellation,
    LinkCancellationForm,
    LinkChoice,
    LinkChoiceForm,
    LinkQuestion,
    LinkQuestionForm,
    LinkTimes,
    LinkTimesForm,
)
from scheduler.api.schemas.problems import Problem

S = HTTPStatus
JSON, FORM, PAGE, CALENDAR = (
    "application/json",
    "application/x-www-form-urlencoded",
    "text/html",
    "text/calendar",
)

TAG = "Links"
ABOUT = (
    "A candidate's link, `url` of an invitation: a page for people, and the same for programs, which say "
    "`Accept: application/json` or send JSON. There is no key; the link is all it takes. Forms come from the "
    "page and carry its nonce; one that has waited too long is answered with 409 and the page again. "
    "410 `revoked` when the link is no longer in use."
)
TOKEN = {
    "in": "path",
    "name": "token",
    "description": "The last part of the invitation's `url`.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"},
}

Form = type[ma.Schema]
Content = dict[str, dict[str, Any]]
TEXT = {"type": "string"}
A_PAGE: Content = {PAGE: {"schema": TEXT}}
SEE_THE_PAGE = {
    "description": "What a form is answered with",
    "headers": {"Location": {"schema": TEXT}},
    "content": A_PAGE,
}
LOOKING = (S.NOT_FOUND, S.GONE, S.SERVICE_UNAVAILABLE)
SENDING = (
    *LOOKING,
    S.FORBIDDEN,
    S.CONFLICT,
    S.REQUEST_ENTITY_TOO_LARGE,
    S.UNSUPPORTED_MEDIA_TYPE,
    S.UNPROCESSABLE_ENTITY,
)


def describe(spec: APISpec) -> None:
    """Add the link's calls, none of which needs a key."""
    spec.tag({"name": TAG, "description": ABOUT})
    for status in (*SENDING, S.TOO_MANY_REQUESTS):
        spec.components.response(_refused(status), _problem_or_page(status.phrase))
    spec.components.response("LINK_ERROR", _problem_or_page("Default error response"))
    for path, operations in _calls().items():
        rule = Rule(path, defaults={})
        Map([rule])  # a rule knows its parameters once it is on a map
        spec.path(rule=rule, operations=operations, parameters=[TOKEN])


def _calls() -> dict[str, dict[str, Any]]:
    return {
        "/c/<token>": {"get": _opening()},
        "/c/<token>/book": {"post": _booking()},
        "/c/<token>/options": {"post": _looking_for_times()},
        "/c/<token>/reschedule": {"post": _moving()},
        "/c/<token>/cancel": {"post": _cancelling()},
        "/c/<token>/ask": {"post": _asking()},
        "/c/<token>/invite.ics": {"get": _keeping()},
    }


def _opening() -> dict[str, Any]:
    return _call(
        "open_link",
        "What a link leads to: times to choose from, or what has been arranged.",
        "Looking changes nothing.",
        answers={S.OK: _json(CandidateLink) | A_PAGE},
        refuses=LOOKING,
    )


def _booking() -> dict[str, Any]:
    return _call(
        "book_with_link",
        "Book one of the link's options.",
        "The same option again answers with the same booking.\n\n"
        "409 `slot_taken` when the time has gone, with the `options` that are left; `already_booked` "
        "when it was another one; `not_offered` when nothing can be chosen any more. 410 `expired` "
        "when the offer is over. 503 `calendars_unreadable` when calendars cannot be checked just "
        "now: nothing is lost, try again.",
        body=(LinkChoice, LinkChoiceForm),
        answers={S.CREATED: _json(LinkBooking)},
        refuses=SENDING,
    )


def _looking_for_times() -> dict[str, Any]:
    return _call(
        "find_options_with_link",
        "Look for fresh options.",
        "After a booking: times to move it to, those with the same people first; the booking stays "
        "as it is. 409 `reschedule_limit` when it has been moved as often as the plan allows, "
        "`reschedule_cutoff` when it is too close, `begun` when it has begun.\n\n"
        "Before one: times within the `availability` that the candidate names, in place of those on "
        "offer. 409 `no_options` when nobody is free then: what is on offer stays, and the run's "
        "contact hears. 410 `expired` when the offer is over.\n\n"
        "503 `calendars_unreadable` when no calendar can be read just now.",
        body=(LinkTimes, LinkTimesForm),
        answers={S.OK: _json(CandidateLink)},
        refuses=SENDING,
    )


def _moving() -> dict[str, Any]:
    return _call(
        "reschedule_with_link",
        "Move the booked interview to one of its fresh options.",
        "The same option again answers with the same booking.\n\n"
        "409 `slot_taken` when that time has gone, with the `options` that are left: the booking "
        "stays as it is. Else as looking for options refuses, and `nothing_booked`.",
        body=(LinkChoice, LinkChoiceForm),
        answers={S.OK: _json(LinkBooking)},
        refuses=SENDING,
    )


def _cancelling() -> dict[str, Any]:
    return _call(
        "cancel_with_link",
        "Call the booked interview off.",
        "Twice is once. 409 `nothing_booked` when there is none, `begun` when it has begun.",
        body=(LinkCancellation, LinkCancellationForm),
        answers={S.OK: _json(LinkBooking)},
        refuses=SENDING,
    )


def _asking() -> dict[str, Any]:
    return _call(
        "ask_with_link",
        "Send words to the person the candidate can turn to.",
        "The same words again within ten minutes are the same question.\n\n"
        "Where the run names nobody, web hooks that take `candidate.asked_for_help` hear that "
        "somebody asks, and the words stand in the run; 409 `no_contact` when there is no such web "
        "hook either. 429 after five questions within an hour, with `Retry-After`.",
        body=(LinkQuestion, LinkQuestionForm),
        answers={S.NO_CONTENT: {}},
        refuses=(*SENDING, S.TOO_MANY_REQUESTS),
    )


def _keeping() -> dict[str, Any]:
    return _call(
        "read_link_invite",
        "The booked interview as iCalendar (RFC 5545).",
        "404 when nothing is booked.",
        answers={S.OK: {CALENDAR: {"schema": TEXT}}},
        refuses=LOOKING,
    )


def _call(
    name: str,
    summary: str,
    description: str = "",
    *,
    answers: dict[HTTPStatus, Content],
    refuses: tuple[HTTPStatus, ...],
    body: tuple[Form, Form] | None = None,
) -> dict[str, Any]:
    """One operation. `body`: what programs send, and what the page's form sends."""
    responses: dict[int, Any] = {status.value: _refused(status) for status in refuses}
    responses |= {status.value: _answer(status.phrase, content) for status, content in answers.items()}
    call: dict[str, Any] = {
        "operationId": name,
        "tags": [TAG],
        "summary": summary,
        **({"description": description} if description else {}),
        "security": [],
    }
    if body:
        sent, form = body
        call["requestBody"] = {"required": True, "content": _json(sent) | {FORM: {"schema": form}}}
        responses[S.SEE_OTHER.value] = SEE_THE_PAGE
    ordered = {str(status): responses[status] for status in sorted(responses)}
    return call | {"responses": ordered | {"default": "LINK_ERROR"}}


def _json(form: Form) -> Content:
    return {JSON: {"schema": form}}


def _answer(description: str, content: Content) -> dict[str, Any]:
    return {"description": description, **({"content": content} if content else {})}


def _problem_or_page(description: str) -> dict[str, Any]:
    return _answer(description, {CONTENT_TYPE: {"schema": Problem}} | A_PAGE)


def _refused(status: HTTPStatus) -> str:
    """The name of a refusal among the description's components."""
    return f"LINK_{status.name}"
