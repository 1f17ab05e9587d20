# SPDX-License-Identifier: Apache-2.0
"""A fake Microsoft: Graph's calendars, Entra's sign-in."""

from __future__ import annotations

from tests.fakes.microsoft.fake import FakeMicrosoft
from tests.fakes.microsoft.trouble import claims_challenge, failing

__all__ = ["FakeMicrosoft", "claims_challenge", "failing"]
