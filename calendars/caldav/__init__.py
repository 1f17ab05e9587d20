# SPDX-License-Identifier: Apache-2.0
"""CalDAV calendars: Nextcloud, Fastmail, iCloud, Radicale and others (RFC 4791)."""

from calendars.caldav.client import CalDavAccount
from calendars.caldav.provider import CalDavCalendars

__all__ = ["CalDavAccount", "CalDavCalendars"]
