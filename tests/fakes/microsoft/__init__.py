# SPDX-License-Identifier: Apache-2.0
"""A fake Microsoft: Graph's calendars, Entra's sign-in."""

from __future__ import annotations

from tests.fakes.microsoft.fake import FakeMicrosoft

__all__ = ["FakeMicrosoft"]
