# SPDX-License-Identifier: Apache-2.0
"""
What Graph's refusals mean (https://learn.microsoft.com/graph/errors), as a table, and what we raise for them.

Judged by status first and by ``error.code`` where it says more; codes differ in case and may be empty, and
messages are never looked at nor passed on.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

from calendars import pieces
from calendars.errors import CalendarError, Conflict, Gone, NotAllowed, Outage, TryLater
from calendars.microsoft.signin import SignInFailed
from calendars.retry import seconds_to_wait

RECONNECT = "Microsoft no longer accepts the access that was granted; the calendar has to be connected again."
NOT_PERMITTED = (
    "Microsoft does not let this service use this mailbox: an administrator has to allow it (a change of "
    "policy can take an hour to work)."
)
NO_MAILBOX = "This address has no Microsoft 365 mailbox that can be reached, or its licence is missing."
DOWN = "Microsoft's calendars are not answering as they should."
_CODE = re.compile(r"[a-z0-9_.-]{1,80}")


class SyncExpired(Gone):
    """What a delta link began with is no longer there; everything has to be listed again."""


class BadAnswer(Outage):
    """Microsoft's calendars are not answering as they should: what came makes no sense."""


class Refused(NotAllowed):
    """Microsoft does not accept the request; this is a fault of this service."""


class TokenRefused(CalendarError):
    """The token is not accepted."""

    def __init__(self, claims: str | None = None) -> None:
        super().__init__()
        #: what continuous access evaluation asks for, where it does: a JSON object
        self.claims = claims


@dataclass(frozen=True)
class Meaning:
    """What a refusal comes to: an error and a sentence for a person."""

    error: type[CalendarError]
    text: str


BUSY = Meaning(TryLater, "Microsoft asks for fewer requests just now.")
OUT = Meaning(Outage, DOWN)

#: by HTTP status and lower-case code; a code of None stands for every other
MEANINGS: dict[tuple[int, str | None], Meaning] = {
    (400, "errorinvalidrequest"): Meaning(Refused, "Microsoft does not accept what the event says."),
    (400, "syncstatenotfound"): Meaning(SyncExpired, "The delta link is too old."),
    (400, "resyncrequired"): Meaning(SyncExpired, "The delta link is too old."),
    (400, None): Meaning(Refused, "Microsoft does not accept the request; this is a fault of this service."),
    (403, None): Meaning(NotAllowed, NOT_PERMITTED),
    (404, "mailboxnotenabledforrestapi"): Meaning(NotAllowed, NO_MAILBOX),
    (404, "resourcenotfound"): Meaning(NotAllowed, NO_MAILBOX),
    (404, "errorinvaliduser"): Meaning(NotAllowed, NO_MAILBOX),
    (404, "request_resourcenotfound"): Meaning(NotAllowed, NO_MAILBOX),
    (404, "syncstatenotfound"): Meaning(SyncExpired, "The delta link is too old."),
    (404, None): Meaning(Gone, "The event is no longer in the calendar."),
    (409, None): Meaning(TryLater, "Two changes crossed; the later one is tried again."),
    (410, None): Meaning(SyncExpired, "The delta link is too old."),
    (412, None): Meaning(Conflict, "Somebody else changed the event in the meantime."),
    (429, None): BUSY,
    (500, None): OUT,
    (502, None): OUT,
    (503, "concurrentitemsave"): Meaning(Outage, "Two changes crossed; the later one is tried again."),
    (503, None): OUT,
    (504, None): OUT,
    (509, None): BUSY,
}


def meaning_of(response: requests.Response) -> CalendarError:
    """The error of ours that an answer of Graph's comes to."""
    status, code = response.status_code, code_in(response)
    if status == 401:
        return TokenRefused(_claims(response.headers.get("WWW-Authenticate", "")))
    meaning = MEANINGS.get((status, code)) or MEANINGS.get((status, None))
    if meaning is None:
        meaning = OUT if status >= 500 else MEANINGS[400, None]
    if issubclass(meaning.error, TryLater):
        asked = seconds_to_wait(response.headers.get("Retry-After"), datetime.now(UTC))
        return meaning.error(meaning.text, retry_after=asked)
    return meaning.error(meaning.text)


def code_in(response: requests.Response) -> str:
    """The error's code in lower case, the inner one where the outer is empty; empty when there is none."""
    try:
        error: Any = response.json()["error"]
        code = str(error.get("code") or "")
        inner = error.get("innerError") or error.get("innererror") or {}
        told = (code or str(inner.get("code") or "")).lower()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
    # It is logged, so that what is no code is none.
    return told if _CODE.fullmatch(told) else ""


def _claims(challenge: str) -> str | None:
    """The claims of a ``WWW-Authenticate`` header, a JSON object that comes in base64."""
    _, found, rest = challenge.partition('claims="')
    try:
        return base64.b64decode(rest.partition('"')[0], validate=True).decode() if found else None
    except (binascii.Error, UnicodeDecodeError):
        return None


@contextmanager
def needs_mailbox() -> Iterator[None]:
    """Where no single event is asked for, what is not there is the mailbox: raises NotAllowed for Gone."""
    try:
        yield
    except SyncExpired:
        raise
    except Gone:
        raise NotAllowed(NO_MAILBOX) from None


#: codes for readings, by the sentence a refusal carries
CODES = {RECONNECT: "reconnect", NOT_PERMITTED: "not_permitted", NO_MAILBOX: "no_mailbox"}


def code_of(error: CalendarError) -> str:
    """The stable code of an unreadable calendar for this error."""
    return "sign_in_failed" if isinstance(error, SignInFailed) else pieces.code_of(error, CODES)
