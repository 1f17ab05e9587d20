# SPDX-License-Identifier: Apache-2.0
"""Reading requests: strict JSON, and every fault named by a JSON Pointer."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import marshmallow as ma
from flask import Request
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import UnsupportedMediaType

from scheduler.domain.errors import FieldError, Invalid

#: nothing that is meant seriously is nested more deeply
DEEPEST = 32
#: what PostgreSQL cannot keep: NUL, and halves of characters
UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")


class Parser(FlaskParser):
    """Reads bodies and queries for flask-smorest; what is wrong becomes Invalid."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": ma.RAISE}  # noqa: RUF012

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        del schema
        return read_json(req)

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        twice = [name for name, values in req.args.lists() if len(values) > 1]
        if twice:
            raise Invalid(*(FieldError(f"/{escaped(name)}", "is given more than once") for name in twice))
        return super().load_querystring(req, schema)

    def handle_error(self, error: ma.ValidationError, req: Request, schema: ma.Schema, **_: Any) -> NoReturn:
        del req, schema
        (messages,) = error.normalized_messages().values()  # one location at a time
        raise Invalid(*field_errors(messages)) from error


def read_json(request: Request) -> Any:
    """The body; an absent one is an empty object. Raises Invalid, or UnsupportedMediaType."""
    body = request.get_data()
    if not body and not request.mimetype:
        return {}
    # No `…+json`: a patch document (RFC 7396, RFC 6902) means something else by the same members.
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    if not body:
        return {}
    value = _value(body)
    faults = tuple(_faults(value, "", 0))
    if faults:
        raise Invalid(*faults)
    return value


def _value(body: bytes) -> Any:
    try:
        return json.loads(body.decode(), parse_constant=_no_number)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Invalid.at("", f"is not JSON: {error.msg} at {place}") from error
    except UnicodeDecodeError as error:
        raise Invalid.at("", "is not UTF-8 text") from error
    except RecursionError as error:
        raise Invalid.at("", "is nested too deeply") from error
    except ValueError as error:  # what Python says of one with thousands of digits is about Python
        raise Invalid.at("", "has a number of too many digits in it") from error


def _no_number(text: str) -> NoReturn:
    raise Invalid.at("", f"is not JSON: {text} is not a number of JSON")


def _faults(value: Any, pointer: str, depth: int) -> Iterator[FieldError]:
    if depth > DEEPEST:
        yield FieldError(pointer, "is nested too deeply")
    elif isinstance(value, str):
        if UNKEEPABLE.search(value):
            yield FieldError(pointer, "contains characters that cannot be kept")
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield FieldError(pointer, "is too large a number")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _faults(name, pointer, depth)
            yield from _faults(item, f"{pointer}/{escaped(name)}", depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _faults(item, f"{pointer}/{index}", depth + 1)


def field_errors(messages: Any, pointer: str = "") -> Iterator[FieldError]:
    """marshmallow's tree of messages as one error a field."""
    if isinstance(messages, dict):
        for name, below in messages.items():
            # What is wrong with the whole stands under `_schema`.
            yield from field_errors(below, pointer if name == "_schema" else f"{pointer}/{escaped(name)}")
    elif isinstance(messages, list):
        for message in messages:
            yield from field_errors(message, pointer)
    else:
        yield FieldError(pointer, str(messages))


def escaped(name: object) -> str:
    """One step of a JSON Pointer (RFC 6901, section 3)."""
    return str(name).replace("~", "~0").replace("/", "~1")
