# SPDX-License-Identifier: Apache-2.0
"""Faults in Graph's own words, for `FakeMicrosoft.faults`."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from tests.fakes.faults import Fault
from tests.fakes.microsoft.call import error_answer
from tests.fakes.microsoft.errors import GraphError


def failing(
    status: int, code: str, *, applied: bool = False, headers: Mapping[str, str] | None = None
) -> Fault:
    """An error such as 503 ConcurrentItemSave; ``applied``: although the request had its effect."""
    error = GraphError(status, code, "Something went wrong.", headers=headers)
    return Fault(applied=applied, instead=error_answer(error, {}, inner_key="innerError", empty_code=False))


def claims_challenge(claims: str = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}') -> Fault:
    """The token is no longer good enough: 401 with the claims the next one must have."""
    told = base64.b64encode(claims.encode()).decode()
    challenge = f'Bearer realm="", error="insufficient_claims", claims="{told}"'
    return failing(401, "InvalidAuthenticationToken", headers={"WWW-Authenticate": challenge})
