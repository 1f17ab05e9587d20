# SPDX-License-Identifier: Apache-2.0
"""
At most so many requests to Graph at once: Outlook serves four for an application in a tenant and turns others
away (https://learn.microsoft.com/graph/throttling-limits#outlook-service-limits).
"""

from __future__ import annotations

import fcntl
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from calendars.errors import NoTime

AT_ONCE = 4
#: seconds between two looks for a free place that another process may have given back
LOOK_AGAIN = 0.01


class Slots:
    """
    Places for requests: of this process, or with a folder of every process of this machine that names it.

    A place in the folder is a locked file; the kernel gives it back when its process dies.
    """

    def __init__(self, at_once: int = AT_ONCE, *, folder: Path | None = None) -> None:
        self._places = threading.BoundedSemaphore(at_once)
        self._at_once = at_once
        self._folder = folder

    @contextmanager
    def one(self, deadline: float | None = None) -> Iterator[None]:
        """Hold a place. ``deadline`` is a value of `time.monotonic`; raises NoTime when none came free."""
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not self._places.acquire(timeout=left):
            raise NoTime
        try:
            if self._folder is None:
                yield
            else:
                with _file(self._folder, self._at_once, deadline):
                    yield
        finally:
            self._places.release()


@contextmanager
def _file(folder: Path, at_once: int, deadline: float | None) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = _locked(folder, at_once, deadline)
    except OSError:
        # A folder that cannot be used leaves the limit to each process; Graph tells us when that is too much.
        yield
        return
    try:
        yield
    finally:
        os.close(descriptor)


def _locked(folder: Path, at_once: int, deadline: float | None) -> int:
    order = random.sample(range(at_once), at_once)
    while True:
        for number in order:
            descriptor = os.open(folder / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
            else:
                return descriptor
        if deadline is not None and time.monotonic() > deadline:
            raise NoTime
        time.sleep(LOOK_AGAIN)
