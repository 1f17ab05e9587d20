# SPDX-License-Identifier: Apache-2.0
"""Who is calling, and whether they may."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app, request

from scheduler.api.errors import Forbidden, Unauthorized
from scheduler.services import keys
from scheduler.services.keys import Principal
from scheduler.services.parts import Actor, Parts

EXTENSION = "convene"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The key behind a request, with what its verbs need."""

    parts: Parts
    principal: Principal

    @property
    def organization_id(self) -> str:
        return self.principal.organization_id

    @property
    def actor(self) -> Actor:
        return Actor(self.principal.key_id)


def parts() -> Parts:
    found: Parts = current_app.extensions[EXTENSION]
    return found


def admit(scope: str) -> Caller:
    """The caller of this request. Raises Unauthorized, or Forbidden without this scope."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    principal = keys.authenticate(parts(), key.strip()) if scheme.lower() == "bearer" else None
    if principal is None:
        raise Unauthorized
    if scope not in principal.scopes:
        raise Forbidden(f"This key has no scope “{scope}”, which is needed here.")
    return Caller(parts=parts(), principal=principal)
