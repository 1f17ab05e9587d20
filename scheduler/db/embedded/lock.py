# SPDX-License-Identifier: Apache-2.0
"""The lock that makes one process the owner of the server of a DATA_DIR."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Literal

from scheduler.db.embedded.errors import AlreadyRunning

Purpose = Literal["serve", "command"]

# Commands are short; whoever needs the lock of one waits for it.
LOCK_SECONDS = 60
POLL_SECONDS = 0.02


class Lock:
    """An advisory lock on a file, which ends with its holder. The file names the holder's pid and purpose."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._path = data_dir / "postgres.lock"
        self._descriptor: int | None = None

    def take(self, purpose: Purpose) -> None:
        """Take the lock, waiting for a command that has it. Raises AlreadyRunning when a `serve` has it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                pid, _, holder = os.pread(descriptor, 100, 0).decode("ascii").strip().partition(" ")
                if holder == "serve" or time.monotonic() > deadline:
                    os.close(descriptor)
                    raise AlreadyRunning(self._data_dir, pid) from None
                time.sleep(POLL_SECONDS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {purpose}\n".encode("ascii"), 0)
        self._descriptor = descriptor

    def give_up(self) -> None:
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            self.forget()

    def forget(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def is_taken(self) -> bool:
        try:
            descriptor = os.open(self._path, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False
