# SPDX-License-Identifier: Apache-2.0
"""What a process must arrange so that it never outlives the one that started it. Imports nothing of ours."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
#: how a session's niceness is read and set, where the kernel has autogroups: sched(7)
AUTOGROUP = Path("/proc/self/autogroup")
#: the kernel hears one session in a tenth of a second, unless it is the administrator's
TELLINGS, PAUSE_SECONDS = 20, 0.1

# Loaded now, because between fork and exec (perhaps as an account that may not read the file) is too late.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(number: signal.Signals, parent: int) -> None:
    """Have the kernel send us signal `number` when process `parent` ends, however it ends. Linux only.

    Call it in the child, after any change of account: that would take it back. The kernel means the *thread*
    that forked us, so a child must be started from a thread that lives as long as the child should.
    """
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, number.value)
    if os.getppid() != parent:  # it ended before we asked
        os.kill(os.getpid(), number)


def die_with_pipe(reading_end: int, end: Callable[[], None] = lambda: os._exit(1)) -> None:
    """Call `end` once the other end of a pipe is closed, which the death of its only holder does.

    The way for systems without `die_with_parent`. `reading_end` is watched by a thread of its own.
    """

    def watch() -> None:
        os.read(reading_end, 1)
        end()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def give_way(by: int) -> None:
    """Let others go first where processors are scarce: `by` is a niceness, 0 to 19.

    Linux with autogroups shares processors out among sessions first, and asks for niceness only within one:
    whoever leads a session of its own tells it, too.
    """
    os.nice(by)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # there are no autogroups
            _tell_session(by)


def _tell_session(by: int) -> None:
    for _ in range(TELLINGS):
        try:
            AUTOGROUP.write_text(str(by), encoding="ascii")
            return
        except BlockingIOError:  # another session has just told
            time.sleep(PAUSE_SECONDS)
