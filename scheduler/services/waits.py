# SPDX-License-Identifier: Apache-2.0
"""How long a calendar is left alone after it could not be used."""

from __future__ import annotations

from datetime import timedelta

from calendars.errors import CalendarError, TryLater

#: whatever a provider asks for, it is asked again after this long
LONGEST = timedelta(days=7)


def until_again(
    error: CalendarError | None, *, passing: timedelta, refused: timedelta = timedelta(0)
) -> timedelta:
    """
    At least as long as its provider asks for, where it does.

    ``passing`` is for what ends by itself, ``refused`` for what somebody has to mend.
    """
    if not isinstance(error, TryLater):
        return refused
    asked = min(error.retry_after or 0.0, LONGEST.total_seconds())
    return max(passing, timedelta(seconds=asked))
