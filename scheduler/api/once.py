# SPDX-License-Identifier: Apache-2.0
"""`Idempotency-Key`: a POST that is sent twice has one effect, and both get the same answer."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable

from flask import Response, request
from werkzeug.exceptions import HTTPException

from scheduler.api import errors
from scheduler.api.caller import Caller
from scheduler.domain.errors import Invalid, Refusal
from scheduler.services import idempotency
from scheduler.services.idempotency import Answer

logger = logging.getLogger(__name__)

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
#: bare, or a quoted string as structured fields have it (RFC 9651)
KEY = re.compile(r'"([\x20\x21\x23-\x7e]{1,255})"|([\x21\x23-\x7e][\x20\x21\x23-\x7e]{0,254})')
KEPT_HEADERS = ("Content-Type", "ETag", "Location", "Preference-Applied", "WWW-Authenticate", "Allow")
#: says nothing about the request itself, so that the same one may do better next time
FLEETING = frozenset({408, 413, 415, 429})


def once(caller: Caller, carry_out: Callable[[], Response], *, secret: bool = False) -> Response:
    """Carry the request out, or answer as the first time. `secret`: there is one in the answer."""
    given = request.headers.get(HEADER)
    if given is None:
        return carry_out()
    claimed = idempotency.claim(caller.parts, caller.principal, _key(given), _fingerprint())
    if isinstance(claimed, Answer):
        return _again(claimed)
    caller.parts.reach("once.claimed")
    try:
        response = _answered(carry_out)
    except BaseException:
        _without_fail(lambda: idempotency.release(caller.parts, caller.principal, claimed))
        raise
    if response.status_code >= 500 or response.status_code in FLEETING:
        _without_fail(lambda: idempotency.release(caller.parts, caller.principal, claimed))
    else:
        # What was done is done: the caller must hear of it even when the answer cannot be kept.
        answer = _answer(response)
        if secret:
            answer = idempotency.sealed(caller.parts, answer)
        caller.parts.reach("once.carried_out")
        _without_fail(lambda: idempotency.settle(caller.parts, caller.principal, claimed, answer))
        caller.parts.reach("once.kept")
    return response


def _key(given: str) -> str:
    match = KEY.fullmatch(given.strip())
    if match is None:
        raise Invalid.at("", f"{HEADER} must be 1 to 255 printable characters")
    return match[1] or match[2]


def _fingerprint() -> bytes:
    parts = (request.method.encode(), request.full_path.encode(), request.get_data())
    return hashlib.sha256(b"\0".join(parts)).digest()


def _answered(carry_out: Callable[[], Response]) -> Response:
    """Refusals are answers too."""
    try:
        return carry_out()
    except Refusal as error:
        return errors.of_refusal(error)
    except HTTPException as error:
        return errors.of_http(error)


def _answer(response: Response) -> Answer:
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    return Answer(response.status_code, headers, response.get_data())


def _again(answer: Answer) -> Response:
    response = Response(answer.body, status=answer.status, headers=answer.headers)
    response.headers[REPLAYED] = "true"
    return response


def _without_fail(keep: Callable[[], None]) -> None:
    try:
        keep()
    except Exception:
        logger.exception("an Idempotency-Key could not be settled; it is free again in a minute")
