# SPDX-License-Identifier: Apache-2.0
"""openapi.yaml (OpenAPI 3.1): what flask-smorest makes of the routes and schemas, and what it cannot know."""

from __future__ import annotations

import inspect
from typing import Any

import flask_smorest
import marshmallow as ma
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from flask_smorest.utils import resolve_schema_instance
from werkzeug.routing import BaseConverter

from scheduler.api.errors import CONTENT_TYPE
from scheduler.api.schemas.problems import Problem

VERSION = "1.0"
INTRODUCTION = """\
Convene schedules interviews. Calls under `/v1` need `Authorization: Bearer <key>`; a key belongs to one
organisation and carries scopes. A candidate's link needs no key: whoever holds it may use it.

Times are RFC 3339 with an offset, zones are IANA names, durations are minutes unless the name says otherwise,
ids are opaque. Unknown fields are errors. Errors are `application/problem+json` (RFC 9457) with a stable
`code` and, for bad content, `errors` with a JSON Pointer to each field. Lists come in pages: pass
`next_cursor` as `cursor` for the next one, with the same filters.

A POST under `/v1` may carry an `Idempotency-Key`: the same key and body within 24 hours get the first answer
again. Single resources have an `ETag`; `If-Match` keeps a PATCH or DELETE from overwriting what somebody else
changed in between.
"""
PARAMETERS: dict[str, dict[str, Any]] = {
    "Idempotency-Key": {
        "description": "Makes a repeated request safe: it has one effect, and one answer, for 24 hours.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 257, "pattern": "^[ -~]+$"},
    },
    "If-Match": {
        "description": "Go ahead only if one of these is still the ETag; else 412.",
        "schema": {"type": "string"},
    },
    "If-None-Match": {
        "description": "The ETag of what you have: 304 when it is still that.",
        "schema": {"type": "string"},
    },
    "Prefer": {
        "description": "`wait=10`: hold the answer back for so many seconds while the run is being solved.",
        "schema": {"type": "string"},
        "example": "wait=10",
    },
}


class IdConverter(BaseConverter):
    """Ids in paths; nothing else gets as far as the database."""

    regex = "[A-Za-z0-9_]{1,64}"
    part_isolating = True


class SchemaPlugin(MarshmallowPlugin):
    """Says of each form what its class says, and names its id first."""

    def __init__(self) -> None:
        super().__init__(schema_name_resolver=_schema_name)

    def schema_helper(  # type: ignore[override]  # apispec differs with itself
        self, name: str, definition: dict[Any, Any], **kwargs: Any
    ) -> dict[Any, Any] | None:
        form = super().schema_helper(name, definition, **kwargs)
        if form is None:
            return None
        fields = form.get("properties", {})
        ordered = {"id": fields["id"], **fields} if "id" in fields else fields
        said = inspect.getdoc(type(resolve_schema_instance(kwargs["schema"])))
        return {"type": "object", "description": said, **form, "properties": ordered}


class Api(flask_smorest.Api):
    """flask-smorest with our errors: `errors.register` answers them, the description calls them problems."""

    ERROR_SCHEMA = Problem

    def __init__(self, app: Flask) -> None:
        app.config.update(API_TITLE="Convene", API_VERSION=VERSION, OPENAPI_VERSION="3.1.0")
        super().__init__(
            app,
            spec_kwargs={
                "marshmallow_plugin": SchemaPlugin(),
                "info": {
                    "description": INTRODUCTION,
                    "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
                },
                "security": [{"key": []}],
            },
        )
        self.spec.components.security_scheme("key", {"type": "http", "scheme": "bearer"})
        for name, parameter in PARAMETERS.items():
            self.spec.components.parameter(name, "header", {"name": name, "required": False, **parameter})
        self.register_converter(IdConverter, _id_schema)

    def _register_error_handlers(self) -> None:
        """Errors are answered in one place for the whole application."""

    def _register_pagination_header(self) -> None:
        """Pages of lists are told in the body."""

    def _register_responses(self) -> None:
        self.DEFAULT_RESPONSE_CONTENT_TYPE = CONTENT_TYPE
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE


def _schema_name(schema: type[ma.Schema] | ma.Schema) -> str:
    instance = resolve_schema_instance(schema)
    name = type(instance).__name__
    return name.removesuffix("Fields") + "Changes" if instance.partial else name


def _id_schema(converter: IdConverter) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{converter.regex}$"}
