# SPDX-License-Identifier: Apache-2.0
"""How calls are registered: method, path, scope and forms in one place, so that none can be missing."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

import flask_smorest
from flask import Response
from marshmallow import Schema

from scheduler.api.caller import admit
from scheduler.api.once import REPLAYED, once
from scheduler.api.reading import Parser
from scheduler.api.schemas.base import View
from scheduler.services.keys import SCOPES

ViewFunction = Callable[..., Response]
Answers = dict[int, type[Schema] | None]
S = HTTPStatus

#: components of the description: parameters that every call with this method takes
PARAMETERS = {"POST": ("Idempotency-Key",), "PATCH": ("If-Match",), "DELETE": ("If-Match",)}


class Blueprint(flask_smorest.Blueprint):
    """The calls of one resource."""

    ARGUMENTS_PARSER = Parser()

    def __init__(self, name: str, description: str) -> None:
        super().__init__(name, __name__, description=description)
        self._prepare_doc_cbks.append(_describe_call)

    def call(
        self,
        method: str,
        rule: str,
        *,
        scope: str,
        answers: Answers,
        body: type[Schema] | Schema | None = None,
        query: type[Schema] | None = None,
        refuses: tuple[HTTPStatus, ...] = (),
        parameters: tuple[str, ...] = (),
        conditional: bool = False,
        secret: bool = False,
    ) -> Callable[[ViewFunction], ViewFunction]:
        """Register a view that gets the caller, then the body or the query, then what the path names.

        `answers` are the forms of success by status, `refuses` and `parameters` what it has beyond other
        calls of its shape. `conditional`: it may answer 304.
        `secret`: its answer has one in it.
        """
        if conditional:
            refuses, parameters = (*refuses, S.NOT_MODIFIED), (*parameters, "If-None-Match")
        if scope not in SCOPES:
            raise ValueError(f"{scope} is no scope")

        def register(view: ViewFunction) -> ViewFunction:
            statuses = _refusals(method, rule, body, query).union(refuses)
            documented = self._documented(view, method, answers, statuses)
            if query is not None:
                documented = self.arguments(query, location="query")(documented)
            if body is not None:
                documented = self.arguments(body)(documented)
            guarded = _guarded(documented, scope, only_once=method == "POST", secret=secret)
            _remember(
                guarded,
                operationId=view.__name__,
                note=f"Needs a key with the scope `{scope}`.",
                parameters=(*PARAMETERS.get(method, ()), *parameters),
            )
            self.add_url_rule(rule, view.__name__, guarded, methods=[method])
            return view

        return register

    def open(
        self,
        rule: str,
        content_type: str,
        answer: type[Schema] | dict[str, Any],
        refuses: tuple[HTTPStatus, ...] = (),
    ) -> Callable[[ViewFunction], ViewFunction]:
        """Register a GET that anybody may call."""

        def register(view: ViewFunction) -> ViewFunction:
            documented = self.response(S.OK, answer, content_type=content_type)(view)
            for status in refuses:
                documented = self.alt_response(status.value, status.name)(documented)
            _remember(documented, operationId=view.__name__, security=[])
            self.add_url_rule(rule, view.__name__, documented, methods=["GET"])
            return view

        return register

    def _documented(
        self, view: ViewFunction, method: str, answers: Answers, refuses: set[HTTPStatus]
    ) -> ViewFunction:
        for status, schema in answers.items():
            view = self.response(status, schema, headers=_headers(method, status, schema))(view)
        for refusal in sorted(refuses):
            view = self.alt_response(refusal.value, refusal.name)(view)
        return view


def _guarded(view: ViewFunction, scope: str, *, only_once: bool, secret: bool) -> ViewFunction:
    @wraps(view)
    def guarded(**path: str) -> Response:
        caller = admit(scope)
        if only_once:
            return once(caller, lambda: view(caller, **path), secret=secret)
        return view(caller, **path)

    # For the test that no route is without one.
    guarded.scope = scope  # type: ignore[attr-defined]
    return guarded


def _refusals(method: str, rule: str, body: Any, query: Any) -> set[HTTPStatus]:
    """What every call of this shape may refuse with."""
    refuses = {S.UNAUTHORIZED, S.FORBIDDEN, S.SERVICE_UNAVAILABLE}
    if "<" in rule:
        refuses.add(S.NOT_FOUND)
    if body is not None:
        refuses |= {S.REQUEST_ENTITY_TOO_LARGE, S.UNSUPPORTED_MEDIA_TYPE, S.UNPROCESSABLE_ENTITY}
    if query is not None:
        refuses.add(S.UNPROCESSABLE_ENTITY)
    if method == "POST":
        refuses |= {S.CONFLICT, S.UNPROCESSABLE_ENTITY}
    if method in ("PATCH", "DELETE"):
        refuses |= {S.CONFLICT, S.PRECONDITION_FAILED, S.UNPROCESSABLE_ENTITY}
    return refuses


def _headers(method: str, status: int, schema: type[Schema] | None) -> dict[str, Any]:
    names = []
    if schema is not None and issubclass(schema, View) and schema.versioned:
        names.append("ETag")
    if status in (S.CREATED, S.ACCEPTED):
        names.append("Location")
    if method == "POST":
        names.append(REPLAYED)
    return {name: {"schema": {"type": "string"}} for name in names}


def _remember(view: ViewFunction, **call: Any) -> None:
    """Leave a note for the description, where flask-smorest leaves its own."""
    view._apidoc["call"] = call  # type: ignore[attr-defined]  # noqa: SLF001


def _describe_call(doc: dict[str, Any], doc_info: dict[str, Any], **_: Any) -> dict[str, Any]:
    call = doc_info["call"]
    doc["operationId"] = call["operationId"]
    if "security" in call:
        doc["security"] = call["security"]
    doc.setdefault("parameters", []).extend(call.get("parameters", ()))
    doc["responses"] = dict(sorted(doc["responses"].items(), key=lambda item: str(item[0])))
    said = doc_info["docstring"]
    said["description"] = "\n\n".join(filter(None, (said.get("description"), call.get("note"))))
    return doc
