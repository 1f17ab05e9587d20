# SPDX-License-Identifier: Apache-2.0
"""Processes of the service at once: forked, as `serve` does it, from one that has imported what they share.

A scenario that kills a process at each of fifty places would otherwise spend its time importing.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from scheduler.processes import die_with_parent

ROOT = Path(__file__).parents[2]
#: seconds that anything of ours may take to start, stop or come back
PATIENCE = 60.0
LARGEST_ORDER = 65536
LAST_WORD = "ended by itself"


class NeverCame(Exception):
    """What was waited for did not happen in time."""


class Role:
    """One process of the service, known by its pid; what it prints is read here, and ends when it does."""

    def __init__(self, name: str, pid: int, printed: int) -> None:
        self.name, self.address = name, ""
        self._pid, self._printed, self._text = pid, printed, b""
        self._ended = False

    def wait_until_ready(self) -> None:
        """A web process says where it listens; the others have nothing to say."""
        deadline = time.monotonic() + PATIENCE
        while self.name == "web" and not self.address:
            if not self._read(max(0.0, deadline - time.monotonic())):
                raise NeverCame("a web process that listens")
            for line in self._text.decode().splitlines():
                if line.startswith("listening on "):
                    self.address = line.split()[-1]

    def _read(self, seconds: float) -> bool:
        """Take what is printed within so many seconds; whether there was anything."""
        if self._ended or not select.select([self._printed], [], [], seconds)[0]:
            return False
        content = os.read(self._printed, 4096)
        self._text += content
        if not content:
            self._ended = True
            os.close(self._printed)
        return bool(content)

    @property
    def has_ended(self) -> bool:
        while self._read(0):
            pass
        return self._ended

    @property
    def was_killed(self) -> bool:
        """Whether it has ended without a last word."""
        return self.has_ended and LAST_WORD.encode() not in self._text

    def ask_to_end(self) -> None:
        if not self.has_ended:
            os.kill(self._pid, signal.SIGTERM)

    def stop(self) -> None:
        self.ask_to_end()
        self._wait()

    def kill(self) -> None:
        """The whole of it at once, whatever it is doing."""
        if not self.has_ended:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._pid, signal.SIGKILL)
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self.has_ended:
            if time.monotonic() > deadline:
                raise NeverCame(f"the end of a {self.name}")
            time.sleep(0.01)


class Nursery:
    """Where processes come from. `without`: a program that is run before the first of them, and may take
    something out of the service.
    """

    def __init__(self, without: str = "") -> None:
        self._line, theirs = socket.socketpair()
        with theirs:
            parent = os.getpid()
            self._process = subprocess.Popen(
                [sys.executable, "-c", f"from {__name__} import tend; tend()", without],
                stdin=theirs,
                cwd=ROOT,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGKILL, parent),  # noqa: PLW1509  # it is loaded already
            )

    def start(self, name: str, environment: Mapping[str, str], log: Path) -> Role:
        """`python -m scheduler NAME`, in this environment, from a process that is warm."""
        printed, prints = os.pipe()
        arguments = [name, "--port", "0"] if name == "web" else [name]
        order = json.dumps({"arguments": arguments, "environment": dict(environment)}).encode()
        with log.open("ab") as errors:
            socket.send_fds(self._line, [order], [prints, errors.fileno()])
        os.close(prints)
        return Role(name, int(self._line.recv(64)), printed)

    def close(self) -> None:
        self._line.close()
        self._process.wait(PATIENCE)


def tend() -> NoReturn:
    """The other side: fork for each order that comes on standard input, until nobody can order any more."""
    import scheduler.__main__  # noqa: PLC0415  # only here: the other side has no use for them
    import scheduler.app  # noqa: PLC0415
    import scheduler.clock  # noqa: PLC0415
    import scheduler.jobs.worker  # noqa: PLC0415
    import scheduler.web  # noqa: F401, PLC0415

    exec(sys.argv[1], {})  # noqa: S102  # a program of the proof's own, to see that the proof notices
    signal.signal(signal.SIGCHLD, _bury)
    gc.freeze()
    line = socket.socket(fileno=os.dup(0))
    nursery = os.getpid()
    while True:
        order, descriptors, *_ = socket.recv_fds(line, LARGEST_ORDER, 2)
        if not order:
            sys.exit()
        pid = os.fork()
        if pid == 0:
            line.close()
            _grow_up(nursery, json.loads(order), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        line.send(str(pid).encode())


def _bury(*_: object) -> None:
    """Take note of the dead: what they cost counts for us then."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _grow_up(nursery: int, order: dict[str, object], prints: int, errors: int) -> NoReturn:
    """Become the process that was ordered."""
    from scheduler.__main__ import main  # noqa: PLC0415  # loaded by now

    code = 1
    try:
        os.setsid()
        die_with_parent(signal.SIGKILL, nursery)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.environ.update(order["environment"])  # type: ignore[call-overload]  # see `start`
        for number, descriptor in ((0, os.open(os.devnull, os.O_RDONLY)), (1, prints), (2, errors)):
            os.dup2(descriptor, number)
            os.close(descriptor)
        code = main(order["arguments"])  # type: ignore[arg-type]
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        print(LAST_WORD, flush=True)
        sys.stderr.flush()
        os._exit(code)
