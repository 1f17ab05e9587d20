# SPDX-License-Identifier: Apache-2.0
"""Looking for circles among millions of short-lived tuples takes time and finds none."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """The collector of circular garbage rests meanwhile; what nobody refers to is freed as always."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
