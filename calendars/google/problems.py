# SPDX-License-Identifier: Apache-2.0
"""
What Google's refusals mean (Calendar API, Resolve errors), as a table, and what we raise for them.

The body names a reason in ``error.errors[].reason``; the newer form has ``status`` and ``details[].reason``
instead (google.rpc.Code, ErrorInfo). No text of Google's is passed on: it may hold addresses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from google.auth.exceptions import RefreshError
from googleapiclient.errors import HttpError

from calendars import pieces
from calendars.errors import CalendarError, Conflict, Gone, NotAllowed, Outage, TryLater
from calendars.retry import seconds_to_wait

HOUR = 3600.0
RECONNECT = "Google no longer accepts the access that was granted; the calendar has to be connected again."
DELEGATION = (
    "Google does not let this service act for the organisation: its administrator has to authorise the "
    "service account's client id for the scopes calendar.freebusy and calendar.events.owned (Admin console, "
    "Security, API controls, Domain-wide delegation)."
)
NOT_THERE = "Google knows no such calendar or event, or does not show it."
NO_SUCH_PERSON = "Google knows no active account with this address."


class AlreadyThere(CalendarError):
    """An event with this id exists, or existed."""


class Refused(NotAllowed):
    """Google does not accept the request; this is a fault of this service."""


class SyncExpired(CalendarError):
    """The sync token is too old; everything has to be listed again."""


class BadAnswer(Outage):
    """Google Calendar is not answering as it should: what came makes no sense."""


class RangeTooLong(CalendarError):
    """Google asks for a shorter time range."""


class NoConference(CalendarError):
    """The calendar cannot make a video conference."""


@dataclass(frozen=True)
class Meaning:
    """What a refusal comes to: an error, a sentence for a person, seconds to wait when Google names none."""

    error: type[CalendarError]
    text: str
    wait: float | None = None


BUSY = Meaning(TryLater, "Google asks for fewer requests just now.")
NOT_PERMITTED = Meaning(
    NotAllowed, "Google does not permit access to this calendar; share it, or connect it."
)
SWITCHED_OFF = Meaning(
    NotAllowed, "The Calendar API is not switched on in the Google Cloud project of this service."
)

#: by HTTP status and reason; a reason of None stands for every other
MEANINGS: dict[tuple[int, str | None], Meaning] = {
    (400, "invalid"): Meaning(Refused, "Google does not accept what the event says."),
    (400, "timeRangeTooLong"): Meaning(RangeTooLong, "Google asks for a shorter time range."),
    (400, None): Meaning(Refused, "Google does not accept the request; this is a fault of this service."),
    (401, None): Meaning(NotAllowed, RECONNECT),
    (403, "userRateLimitExceeded"): BUSY,
    (403, "rateLimitExceeded"): BUSY,
    (403, "RATE_LIMIT_EXCEEDED"): BUSY,
    (403, "RESOURCE_EXHAUSTED"): BUSY,
    (403, "quotaExceeded"): Meaning(TryLater, "The calendar's usage limit is reached.", HOUR),
    (403, "dailyLimitExceeded"): Meaning(TryLater, "Google's daily limit is reached.", 6 * HOUR),
    (403, "forbiddenForNonOrganizer"): Meaning(
        NotAllowed, "Only the organiser's calendar may change this event; somebody moved it there by hand."
    ),
    (403, "forbiddenForServiceAccounts"): Meaning(NotAllowed, DELEGATION),
    (403, "insufficientPermissions"): Meaning(NotAllowed, RECONNECT),
    (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT"): Meaning(NotAllowed, RECONNECT),
    (403, "accessNotConfigured"): SWITCHED_OFF,
    (403, "SERVICE_DISABLED"): SWITCHED_OFF,
    (403, "notACalendarUser"): Meaning(NotAllowed, "This account does not use Google Calendar."),
    (403, None): NOT_PERMITTED,
    (404, None): Meaning(Gone, NOT_THERE),
    (409, "duplicate"): Meaning(AlreadyThere, "An event with this id exists, or existed."),
    (409, None): Meaning(TryLater, "Two changes crossed; the later one is tried again."),
    (410, "deleted"): Meaning(Gone, "The event was deleted."),
    (410, "fullSyncRequired"): Meaning(SyncExpired, "The sync token is too old."),
    (410, "updatedMinTooLongAgo"): Meaning(SyncExpired, "The sync token is too old."),
    (410, None): Meaning(Gone, "The event was deleted."),
    (412, None): Meaning(Conflict, "Somebody else changed the event in the meantime."),
    (429, None): BUSY,
}
DOWN = Meaning(Outage, "Google Calendar is not answering as it should.")


def meaning_of(error: HttpError) -> CalendarError:
    """The error of ours that an answer of Google's comes to."""
    status = int(error.resp.status)
    reasons = reasons_in(error.content)
    if status == 400 and _says(error, "conference type"):
        return NoConference()
    if status == 400 and _says(error, "time range") and _says(error, "long"):
        return RangeTooLong()
    meaning = next((MEANINGS[status, r] for r in reasons if (status, r) in MEANINGS), None)
    meaning = meaning or MEANINGS.get((status, None))
    if meaning is None:
        # What sends us elsewhere is a page in between, not Google.
        meaning = MEANINGS[400, None] if 400 <= status < 500 else DOWN
    if issubclass(meaning.error, TryLater):
        asked = seconds_to_wait(error.resp.get("retry-after"), datetime.now(UTC))
        return meaning.error(meaning.text, retry_after=meaning.wait if asked is None else asked)
    return meaning.error(meaning.text)


def reasons_in(content: bytes) -> list[str]:
    """The reasons in an error's body, in either of its forms, the plainest first; empty when it has none."""
    try:
        error = json.loads(content)["error"]
        told = [*error.get("errors", ()), *error.get("details", ())]
        return [str(item["reason"]) for item in told if item.get("reason")] + [str(error.get("status"))]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return []


def _says(error: HttpError, words: str) -> bool:
    return words in str(error.reason or "").lower()


def refused_token(error: RefreshError) -> CalendarError:
    """
    What a refused token request means: the grant is dead, the delegation is missing, the person is unknown.

    google-auth gives the parsed body as its second argument.
    """
    if error.retryable:
        return Outage("Google's sign-in is not answering as it should.")
    body: Any = error.args[1] if len(error.args) > 1 else {}
    kind = body.get("error") if isinstance(body, dict) else None
    text = str(body.get("error_description") or "") if isinstance(body, dict) else ""
    if kind == "unauthorized_client":
        return NotAllowed(DELEGATION)
    if kind == "invalid_grant" and "email" in text.lower():
        return NotAllowed(NO_SUCH_PERSON)
    return NotAllowed(RECONNECT)


@contextmanager
def needs_calendar() -> Iterator[None]:
    """Where no single event is asked for, what is not there is the calendar: raises NotAllowed for Gone."""
    try:
        yield
    except Gone as error:
        raise NotAllowed(str(error)) from None


#: codes for readings, by the sentence a refusal carries
CODES = {
    RECONNECT: "reconnect",
    DELEGATION: "delegation_missing",
    NO_SUCH_PERSON: "no_such_person",
    NOT_THERE: "not_found",
    NOT_PERMITTED.text: "not_permitted",
}


def code_of(error: CalendarError) -> str:
    """The stable code of an unreadable calendar for this error."""
    return pieces.code_of(error, CODES)
