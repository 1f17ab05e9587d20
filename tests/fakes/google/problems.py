# SPDX-License-Identifier: Apache-2.0
"""Google's error bodies, by reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.fakes.wire import Answer

#: reason → status, domain, message, and where the mistake is (type and name), if anywhere
KNOWN: dict[str, tuple[int, str, str, str, str]] = {
    "accessNotConfigured": (403, "usageLimits", "Access Not Configured.", "", ""),
    "authError": (401, "global", "Invalid Credentials", "header", "Authorization"),
    "backendError": (503, "global", "Backend Error", "", ""),
    "badRequest": (400, "global", "Bad Request", "", ""),
    "channelIdNotUnique": (400, "push", "Channel id {what} not unique", "other", "channelId"),
    "channelUnknown": (404, "global", "Channel '{what}' not found for project", "", ""),
    "conditionNotMet": (412, "global", "Precondition Failed", "header", "If-Match"),
    "conflict": (409, "global", "Conflict", "", ""),
    "dailyLimitExceeded": (403, "usageLimits", "Daily Limit Exceeded", "", ""),
    "deleted": (410, "global", "Resource has been deleted", "", ""),
    "duplicate": (409, "global", "The requested identifier already exists.", "", ""),
    "forbidden": (403, "global", "Forbidden", "", ""),
    "forbiddenForNonOrganizer": (
        *(403, "calendar", "Shared properties can only be changed by the organizer of the event."),
        *("", ""),
    ),
    "forbiddenForServiceAccounts": (
        *(403, "calendar"),
        "Service accounts cannot invite attendees without Domain-Wide Delegation of Authority.",
        *("", ""),
    ),
    "fullSyncRequired": (
        *(410, "calendar", "Sync token is no longer valid, a full sync is required."),
        *("parameter", "syncToken"),
    ),
    "insufficientPermissions": (
        *(403, "global", "Request had insufficient authentication scopes."),
        *("", ""),
    ),
    "invalid": (400, "global", "{what}", "", ""),
    "notACalendarUser": (403, "calendar", "The user must be signed up for Google Calendar.", "", ""),
    "notFound": (404, "global", "Not Found", "", ""),
    "parseError": (400, "global", "Parse Error", "", ""),
    "quotaExceeded": (403, "usageLimits", "Calendar usage limits exceeded.", "", ""),
    "rateLimitExceeded": (429, "usageLimits", "Rate Limit Exceeded", "", ""),
    "required": (400, "global", "Required", "parameter", "{what}"),
    "requiredAccessLevel": (
        *(403, "calendar", "You need to have writer access to this calendar."),
        *("", ""),
    ),
    "timeRangeEmpty": (400, "calendar", "The specified time range is empty.", "parameter", "timeMax"),
    "timeRangeTooLong": (400, "calendar", "The requested time range is too long.", "parameter", "timeMax"),
    "updatedMinTooLongAgo": (
        *(410, "calendar", "The requested minimum modification time lies too far in the past."),
        *("parameter", "updatedMin"),
    ),
    "userRateLimitExceeded": (403, "usageLimits", "User Rate Limit Exceeded", "", ""),
    "webhookUrlUnauthorized": (400, "push", "Unauthorized WebHook callback channel: {what}", "", ""),
}


@dataclass
class Refusal(Exception):
    """The call is answered with an error."""

    reason: str
    #: what the message is about
    what: str = ""
    #: whether no client should ever ask this
    wrong: bool = False
    status: int | None = None

    def answer(self) -> Answer:
        status, document = problem(self.reason, self.what)
        headers = {}
        if status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/", error=invalid_token'
        return Answer.json(self.status or status, document, headers)


def problem(reason: str, what: str = "") -> tuple[int, dict[str, Any]]:
    """Status and body of an error of this reason, for `faults.answer`."""
    status, domain, message, location_type, location = KNOWN[reason]
    detail = {"domain": domain, "reason": reason, "message": message.format(what=what)}
    if location:
        detail |= {"locationType": location_type, "location": location.format(what=what)}
    return status, {"error": {"errors": [detail], "code": status, "message": detail["message"]}}


def wrong(reason: str, what: str = "") -> Refusal:
    """A refusal of what no client should ever ask."""
    return Refusal(reason, what, wrong=True)
