# SPDX-License-Identifier: Apache-2.0
"""A folder of calendar files: which file an address means, and changes to it that are all or nothing."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from calendars.errors import NotAllowed, TryLater
from calendars.ics.unclear import Unclear

#: Larger files are not read.
MOST_BYTES = 25_000_000
_LOCK_SECONDS = 10.0
_LONGEST_NAME = 200


class CalendarFiles:
    """The ``<address>.ics`` files of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, address: str) -> bytes | None:
        """The content of a calendar's file; None when there is none. Raises Unclear when it cannot be had."""
        path = self._path(address)
        try:
            # A pipe in the place of a file must not hold up the reader.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _refused(error) from None
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Unclear(
                    "not_a_calendar", "The calendar's name is taken by something that is not a file."
                )
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                data = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise _refused(error) from None
        finally:
            os.close(descriptor)
        if len(data) > MOST_BYTES:
            raise Unclear("too_large", f"The calendar file is larger than {MOST_BYTES // 1_000_000} MB.")
        return data

    @contextlib.contextmanager
    def changing(self, address: str) -> Iterator[None]:
        """
        Keep every other Convene process and thread from changing this calendar meanwhile.

        Raises TryLater when another one takes too long, NotAllowed when the folder does not allow it.
        """
        path = self._lock_path(address)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        except OSError as error:
            raise NotAllowed(_refused(error).reason) from None
        try:
            _lock(descriptor)
            yield
        finally:
            os.close(descriptor)

    def write(self, address: str, data: bytes) -> None:
        """
        Make this the content of the calendar's file; call it while `changing`.

        A reader sees the old or the new content, and after a crash it is one of the two. The file's mode and
        owner stay, and a link to the file stays a link. Raises NotAllowed or TryLater.
        """
        try:
            path = self._path(address).resolve()
            _replace(path, path.with_name(f".{path.name}.new"), data)
        except Unclear as unclear:
            raise NotAllowed(unclear.reason) from None
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
                raise TryLater("The calendar folder's disk cannot take the change just now.") from error
            raise NotAllowed(_refused(error).reason) from error

    def _path(self, address: str) -> Path:
        # The address comes from a request: it names a file in this folder or nothing.
        plain = address.isprintable() and not set("/\\:") & set(address) and not address.startswith(".")
        if not plain or not 0 < len(address.encode("utf-8", "replace")) <= _LONGEST_NAME:
            raise Unclear(
                "bad_address", "The calendar's address cannot be the name of a file; correct the address."
            )
        return self.folder / f"{address}.ics"

    def _lock_path(self, address: str) -> Path:
        try:
            return self._path(address).with_name(f".{address}.ics.lock")
        except Unclear as unclear:
            raise NotAllowed(unclear.reason) from None


def _refused(error: OSError) -> Unclear:
    if isinstance(error, PermissionError):
        return Unclear(
            "not_permitted", "The service may not use the calendar file; give its account permission."
        )
    return Unclear(
        "not_readable", f"The calendar file cannot be used ({os.strerror(error.errno or errno.EIO)})."
    )


def _lock(descriptor: int) -> None:
    """Take an exclusive lock that ends with the descriptor, so that a crash leaves none behind."""
    give_up = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > give_up:
                raise TryLater(
                    "Another process is changing this calendar.", retry_after=_LOCK_SECONDS
                ) from None
            time.sleep(0.01)


def _replace(path: Path, temporary: Path, data: bytes) -> None:
    descriptor = os.open(
        temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666
    )
    with os.fdopen(descriptor, "wb") as file:
        _copy_permissions(path, descriptor)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _copy_permissions(path: Path, descriptor: int) -> None:
    try:
        old = path.stat()
    except FileNotFoundError:
        return
    with contextlib.suppress(PermissionError):
        # Only root may give files away; anyone else keeps at least the mode.
        os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))
