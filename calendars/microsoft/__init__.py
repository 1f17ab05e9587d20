# SPDX-License-Identifier: Apache-2.0
"""Microsoft 365 calendars, through Graph, signed in with MSAL."""

from calendars.microsoft.provider import MicrosoftCalendars
from calendars.microsoft.signin import Credential, EntraApplication
from calendars.microsoft.slots import Slots

__all__ = ["Credential", "EntraApplication", "MicrosoftCalendars", "Slots"]
