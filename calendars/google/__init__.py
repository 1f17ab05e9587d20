# SPDX-License-Identifier: Apache-2.0
"""Google Calendar, through Google's own client."""

from calendars.google.credentials import SCOPES, ServiceAccount
from calendars.google.provider import GoogleCalendars

__all__ = ["SCOPES", "GoogleCalendars", "ServiceAccount"]
