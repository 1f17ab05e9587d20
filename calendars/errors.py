# SPDX-License-Identifier: Apache-2.0
"""
What can go wrong when a calendar is written or a provider is asked as a whole.

    CalendarError
    ├── TryLater      worth another attempt
    │   ├── Outage    the provider itself is not answering as it should
    │   └── NoTime    the caller's time was up before the provider was asked
    ├── NotAllowed    no attempt will ever work until a person changes something
    │   ├── NotConnected  nobody has given access
    │   └── WrongPassword the account's user name or password is not accepted
    ├── Gone          the event is no longer there
    └── Conflict      somebody else changed the event

Reading never raises for one calendar: see :class:`calendars.values.Unreadable`.
"""

from __future__ import annotations

import inspect


class CalendarError(Exception):
    """The calendar could not be used."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.cleandoc(type(self).__doc__ or ""))


class TryLater(CalendarError):
    """The calendar is busy just now; the same call may work later."""

    def __init__(self, message: str | None = None, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        #: Seconds the provider asks to wait, when it says so.
        self.retry_after = retry_after


class Outage(TryLater):
    """The calendar provider is not answering as it should; it will again."""


class NoTime(TryLater):
    """There was no time left to ask the calendar; try again."""


class NotAllowed(CalendarError):
    """The calendar does not let Convene do this; trying again will not help."""


class NotConnected(NotAllowed):
    """Nobody has given access to this calendar: its owner has to connect it."""


class WrongPassword(NotAllowed):
    """The calendar's server does not accept the user name and password."""


class Gone(CalendarError):
    """The event is no longer in the calendar."""


class Conflict(CalendarError):
    """The event was changed by somebody else in the meantime."""
