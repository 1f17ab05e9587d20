# SPDX-License-Identifier: Apache-2.0
"""The web role: gunicorn, configured here and nowhere else."""

from __future__ import annotations

import logging
import signal
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers import gthread

from scheduler.processes import die_with_parent

WORKERS = 1
THREADS = 24
#: seconds that a client may be silent in the middle of what it sends; a thread waits for it no longer
SILENT_SECONDS = 5
#: seconds a thread waits for a new connection's first byte; browsers open some ahead of need
FIRST_BYTE_SECONDS = 0.1
GRACEFUL_SECONDS = 10
#: Held-back answers (`Prefer: wait`) and slow calendars are bounded far below this.
STUCK_SECONDS = 60
BACKLOG = 512
#: Kept in memory where that is possible: gunicorn touches one file a worker every second.
HEARTBEATS = Path("/dev/shm")  # noqa: S108

WsgiApplication = Callable[..., Any]


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 picks a free one. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        # Restarting must not wait for connections of the last run to be forgotten.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted connections inherit it: whoever stops in the middle of a request lets go of its thread.
        silence = struct.pack("ll", SILENT_SECONDS, 0)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, silence)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def run(
    make_application: Callable[[], WsgiApplication], listener: socket.socket, ready: Callable[[], None]
) -> None:
    """Answer requests on `listener` until SIGTERM or SIGINT; never returns (SystemExit).

    `make_application` is called in the process that answers, after the fork. `ready` is called there too, the
    first time requests are answered. The listener is taken over.
    """
    gthread.DEFAULT_WORKER_DATA_TIMEOUT = FIRST_BYTE_SECONDS
    _Gunicorn(make_application, listener.detach(), ready).run()


class _Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    def __init__(
        self, make_application: Callable[[], WsgiApplication], listener: int, ready: Callable[[], None]
    ) -> None:
        self._make_application = make_application
        self._ready = ready
        self._options = {
            "bind": f"fd://{listener}",
            "worker_class": "gthread",
            "workers": WORKERS,
            "threads": THREADS,
            "timeout": STUCK_SECONDS,
            "graceful_timeout": GRACEFUL_SECONDS,
            "worker_tmp_dir": str(HEARTBEATS) if HEARTBEATS.is_dir() else None,
            "control_socket_disable": True,
            "logger_class": _Logger,
            "accesslog": "-",  # that it is on; where it goes is _Logger's decision
            # The path alone: queries carry what is nobody's business.
            "access_log_format": '%(h)s "%(m)s %(U)s" %(s)s %(B)s bytes %(M)s ms',
            # Who is believed about X-Forwarded-* is TRUSTED_PROXIES' decision, in the application.
            "forwarded_allow_ips": "",
            "post_fork": lambda arbiter, _worker: die_with_parent(signal.SIGKILL, arbiter.pid),
            "post_worker_init": self._announce,
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> WsgiApplication:
        return self._make_application()

    def _announce(self, worker: Any) -> None:
        if worker.age == 1:  # the first one, not what replaces it
            self._ready()


class _Logger(Logger):  # type: ignore[misc]  # gunicorn ships no types
    """Leaves formatting, redaction and destination to the root logger's handler."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        for log in (self.error_log, self.access_log):
            log.propagate = True
        # Its own comings and goings are told by the supervisor.
        self.error_log.setLevel(logging.WARNING)
