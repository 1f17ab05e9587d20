# SPDX-License-Identifier: Apache-2.0
"""OData's query options, as far as events know them; everything else is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.fakes.microsoft.drafts import PROPERTY_ID
from tests.fakes.microsoft.errors import invalid
from tests.fakes.microsoft.store import Item

_TEXT = r"'((?:[^']|'')*)'"
_EXPAND = re.compile(
    rf"singleValueExtendedProperties\(\$filter=(id eq {_TEXT}(?: or id eq {_TEXT})*)\)", re.IGNORECASE
)
_ID = re.compile(rf"id eq {_TEXT}", re.IGNORECASE)
_BY_PROPERTY = re.compile(
    rf"singleValueExtendedProperties/any\((\w+):\s*\1/id eq {_TEXT} and \1/value eq {_TEXT}\)", re.IGNORECASE
)
_BY_UID = re.compile(rf"iCalUId eq {_TEXT}", re.IGNORECASE)
EVENT_FIELDS = {
    *("id", "createdDateTime", "lastModifiedDateTime", "changeKey", "categories", "transactionId"),
    *("originalStartTimeZone", "originalEndTimeZone", "iCalUId", "reminderMinutesBeforeStart"),
    *("isReminderOn", "hasAttachments", "subject", "bodyPreview", "importance", "sensitivity", "isAllDay"),
    *("isCancelled", "isOrganizer", "responseRequested", "seriesMasterId", "showAs", "type", "webLink"),
    *("onlineMeetingUrl", "isOnlineMeeting", "onlineMeetingProvider", "allowNewTimeProposals", "isDraft"),
    *("hideAttendees", "responseStatus", "body", "start", "end", "location", "locations", "recurrence"),
    *("attendees", "organizer", "onlineMeeting", "originalStart", "uid"),
}


def _plain(literal: str) -> str:
    return literal.replace("''", "'")


def _property_id(literal: str) -> str:
    name = _plain(literal)
    if not PROPERTY_ID.fullmatch(name):
        raise invalid(f"{name!r} is no id of an extended property.", "ErrorInvalidProperty")
    return name.lower()


def expanded(option: str | None) -> frozenset[str]:
    """Ids of the extended properties to show, in lower case. Raises GraphError."""
    if option is None:
        return frozenset()
    found = _EXPAND.fullmatch(option)
    if not found:
        raise invalid(f"$expand={option} is not supported.", "ErrorInvalidUrlQuery")
    return frozenset(_property_id(literal) for literal in _ID.findall(found[1]))


def selected(event: dict[str, Any], option: str | None) -> dict[str, Any]:
    """The event with nothing but the selected properties. Raises GraphError."""
    if option is None:
        return event
    names = [name.strip() for name in option.split(",")]
    if unknown := set(names) - EVENT_FIELDS:
        raise invalid(f"Could not find a property named {sorted(unknown)} on type 'event'.", "BadRequest")
    always = {"@odata.etag", "id", "singleValueExtendedProperties"}
    return {name: value for name, value in event.items() if name in always or name in names}


def keeper(option: str | None) -> Callable[[Item], bool]:
    """Whether an item passes the `$filter`. Raises GraphError."""
    if option is None:
        return _anything
    if by_uid := _BY_UID.fullmatch(option):
        uid = _plain(by_uid[1])
        return lambda item: item.ical_uid == uid
    wanted, value = by_property(option)
    return lambda item: any(name.lower() == wanted and held == value for name, held in item.extended.items())


def _anything(_: Item) -> bool:
    return True


def by_property(option: str) -> tuple[str, str]:
    """Which extended property must have which value. Raises GraphError for any other filter."""
    found = _BY_PROPERTY.fullmatch(option)
    if not found:
        raise invalid(f"The query filter {option!r} is not supported.", "ErrorInvalidUrlQueryFilter")
    return _property_id(found[2]), _plain(found[3])


def is_by_property(option: str | None) -> bool:
    return option is not None and bool(_BY_PROPERTY.fullmatch(option))


def number(option: str | None, name: str, default: int, most: int | None = None) -> int:
    """Raises GraphError for what is no number from 0, or from 1 up to ``most``."""
    if option is None:
        return default
    if not option.isdecimal() or (most is not None and not 1 <= int(option) <= most):
        raise invalid(f"{name}={option} is not possible.", "ErrorInvalidUrlQuery")
    return int(option)
