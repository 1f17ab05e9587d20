# SPDX-License-Identifier: Apache-2.0
"""A fake Google: Calendar API v3, the consent screen and the token endpoint."""

from __future__ import annotations

from tests.fakes.google.problems import problem
from tests.fakes.google.server import FakeGoogle

__all__ = ["FakeGoogle", "problem"]
