# SPDX-License-Identifier: Apache-2.0
"""Ending what a killed server, or a killed owner, has left behind."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from scheduler.db.embedded.home import Home

# A backend whose postmaster was killed notices by itself, nearly at once.
LEAVING_SECONDS = 0.3
# An orderly shutdown writes a checkpoint.
SHUTDOWN_SECONDS = 60
POLL_SECONDS = 0.02


def end_orphans(home: Home) -> None:
    """End what is left of an earlier server, then remove the files by which it would seem alive."""
    patience = LEAVING_SECONDS
    left = _processes_of(home.cluster)
    for pid in left:
        if _is_postmaster(home.cluster, pid):
            patience = SHUTDOWN_SECONDS  # its shutdown writes a checkpoint
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + patience
    while left and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        left = _processes_of(home.cluster)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while _processes_of(home.cluster):
        time.sleep(POLL_SECONDS)
    # Their pids may belong to anybody by now, and the server would believe them.
    for stale in (home.cluster / "postmaster.pid", *home.sockets.glob(".s.PGSQL.*")):
        stale.unlink(missing_ok=True)


def _is_postmaster(cluster: Path, pid: int) -> bool:
    with suppress(OSError):
        return (cluster / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0] == str(pid)
    return False


def _processes_of(cluster: Path) -> list[int]:
    """Return the living processes of a cluster: each has the data directory as its working directory.

    Known on Linux only. Elsewhere the list is empty, and the server's own check of its pid file must do.
    """
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (entry / "cwd").readlink() == cluster and (entry / "exe").readlink().name == "postgres":
                found.append(int(entry.name))
    return found
