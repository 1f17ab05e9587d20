# SPDX-License-Identifier: Apache-2.0
"""Errors, as RFC 9457 says."""

from __future__ import annotations

from marshmallow import fields

from scheduler.api.schemas.base import Schema
from scheduler.api.schemas.runs import Option


class ProblemField(Schema):
    """One thing wrong with one field."""

    pointer = fields.String(required=True, metadata={"description": "JSON Pointer (RFC 6901)"})
    detail = fields.String(required=True)


class Problem(Schema):
    """Why a request was not carried out."""

    type = fields.String(required=True, metadata={"format": "uri-reference"})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True, metadata={"description": "Stable; for programs to act on."})
    errors = fields.List(fields.Nested(ProblemField))
    options = fields.List(
        fields.Nested(Option), metadata={"description": "With `slot_taken`: what is still possible."}
    )
