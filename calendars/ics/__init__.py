# SPDX-License-Identifier: Apache-2.0
"""A folder of iCalendar files as a calendar provider."""

from __future__ import annotations

from calendars.ics.folder import IcsFolder

__all__ = ["IcsFolder"]
