# SPDX-License-Identifier: Apache-2.0
"""Waiting for what happens elsewhere, in threads and processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

#: longer than anything here may take on a slow machine
PATIENCE = 120.0
#: seconds for what has to end by itself: where somebody stood still before it had begun, nothing is shown by
#: that, and it gets more
LONGER_AND_LONGER = (0.3, 3.0, 30.0)
Found = TypeVar("Found")


def eventually(look: Callable[[], Found], what: str = "") -> Found:
    """What `look` finds, as soon as that is something. Fails after PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"it never came: {what or look}"
        time.sleep(0.05)
