# SPDX-License-Identifier: Apache-2.0
"""Keeps the child processes of `serve` alive, and ends them in good order.

Children are forked from a parent that has imported what they share, so the memory of those imports exists
once. That is safe only while the parent has no threads: everything here happens in one loop around `select`.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from scheduler.processes import die_with_parent, die_with_pipe

logger = logging.getLogger(__name__)

# A child that ends at once is started again at once, then later and later.
SHORTEST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
# One that has lived this long has earned a fresh count.
LONG_LIFE_SECONDS = 30.0
LOOK_SECONDS = 1.0
POLL_SECONDS = 0.02
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class ChildFailed(Exception):
    """A step that the service needs before it can start has failed."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class EndedEarly(Exception):
    """We were asked to end before everything had started."""


@dataclass(kw_only=True)
class Child:
    """A process that is to run for as long as we do."""

    name: str
    #: Runs in the child; how it ends does not matter, it is started again.
    target: Callable[[], object]
    #: How long it may take to end after SIGTERM before it is killed.
    stop_seconds: float
    pid: int | None = None
    failures: int = 0
    started_at: float = 0.0
    #: When it may be started (again), by `time.monotonic()`.
    due_at: float = 0.0


class Supervisor:
    """Starts children, in order, and keeps them running until a signal says to end.

    `look` is called in every round, at the latest a second after the last: for what else needs looking after.
    `forget` is called in each new child: for what is the parent's alone.
    """

    def __init__(self, *, look: Callable[[], object], forget: Callable[[], None]) -> None:
        self._look = look
        self._forget = forget
        self._children: list[Child] = []
        self._readers: dict[int, Callable[[], None]] = {}
        self._steps: set[int] = set()
        self._signals = 0
        self._parent = os.getpid()
        # The first is written by the kernel's signals, the second by nobody: its closing is our death.
        self._wake_reading, self._wake_writing = os.pipe()
        self._life_reading, self._life_writing = os.pipe()
        for end in (self._wake_reading, self._wake_writing):
            os.set_blocking(end, False)

    def __enter__(self) -> Self:
        signal.set_wakeup_fd(self._wake_writing, warn_on_full_buffer=False)
        for number in ENDING:
            signal.signal(number, self._on_signal)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # it only has to wake us
        # What exists now is shared with the children for good; collecting would copy it.
        gc.collect()
        gc.freeze()
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            for pid in self._steps:
                _kill(pid)
            self._end_children()
        finally:
            signal.set_wakeup_fd(-1)
            for number in (*ENDING, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            for end in (self._wake_reading, self._wake_writing, self._life_reading, self._life_writing):
                os.close(end)
            gc.unfreeze()

    def on_readable(self, descriptor: int, call: Callable[[], None]) -> None:
        """Call `call` once, when there is something to read (or the other end is closed)."""
        self._readers[descriptor] = call

    def begin(self, name: str, target: Callable[[], str], done: Callable[[str], None]) -> None:
        """Run `target` in a child once; `done` gets its short answer, from `run` or `run_once`.

        When it fails, `done` is not called and `ChildFailed` is raised there with what it raised.
        """
        reading, writing = os.pipe()

        def report() -> None:
            try:
                answer = {"answer": target()}
            except Exception as error:
                logger.debug("%s failed", name, exc_info=True)
                answer = {"error": _one_line(error)}
            with open(writing, "w", encoding="utf-8") as pipe:  # noqa: PTH123  a descriptor, not a path
                json.dump(answer, pipe)

        pid = self._fork(report)
        os.close(writing)
        self._steps.add(pid)

        def finish() -> None:
            with open(reading, encoding="utf-8") as pipe:  # noqa: PTH123
                text = pipe.read()
            os.waitpid(pid, 0)
            self._steps.remove(pid)
            told = json.loads(text or '{"error": "it ended unexpectedly"}')
            if "error" in told:
                raise ChildFailed(f"{name} failed: {told['error']}")
            done(told["answer"])

        self.on_readable(reading, finish)

    def run_once(self, name: str, target: Callable[[], str]) -> str:
        """Run `target` in a child and return its answer. Raises ChildFailed or EndedEarly."""
        answers: list[str] = []
        self.begin(name, target, answers.append)
        while not answers:
            if self._signals:
                raise EndedEarly
            self._look()
            self._wait(LOOK_SECONDS)
        return answers[0]

    def run(self, children: list[Child]) -> None:
        """Keep the children running until SIGTERM, SIGINT or SIGHUP; they end when the `with` block does."""
        self._children = children
        while not self._signals:
            self._look()
            now = time.monotonic()
            for child in self._children:
                self._reap(child, now)
                if child.pid is None and child.due_at <= now:
                    self._start(child, now)
            pauses = [child.due_at - now for child in self._children if child.pid is None]
            self._wait(min(pauses, default=LOOK_SECONDS))

    def _wait(self, seconds: float) -> None:
        descriptors = [self._wake_reading, *self._readers]
        readable, _, _ = select.select(descriptors, [], [], max(0.0, min(seconds, LOOK_SECONDS)))
        for descriptor in readable:
            if descriptor == self._wake_reading:
                with suppress(BlockingIOError):
                    os.read(descriptor, 4096)
            else:
                self._readers.pop(descriptor)()

    def _start(self, child: Child, now: float) -> None:
        child.started_at = now
        child.pid = self._fork(child.target)

    def _reap(self, child: Child, now: float) -> None:
        if child.pid is None:
            return
        pid, status = os.waitpid(child.pid, os.WNOHANG)
        if pid == 0:
            return
        child.pid = None
        child.failures = 1 if now - child.started_at > LONG_LIFE_SECONDS else child.failures + 1
        pause = min(SHORTEST_PAUSE_SECONDS * 2 ** (child.failures - 1), LONGEST_PAUSE_SECONDS)
        child.due_at = now + pause
        ended = os.waitstatus_to_exitcode(status)
        logger.warning("%s has ended (%s): starting it again in %.1f s", child.name, ended, pause)

    def _fork(self, target: Callable[[], object]) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                self._become_child()
                target()
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
            except BaseException:
                logger.exception("unexpected end")
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)  # what the parent has registered for its own exit stays its own
        return pid

    def _become_child(self) -> None:
        signal.set_wakeup_fd(-1)
        for number in (*ENDING, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()  # Ctrl-C is for the parent, who ends everything in order
        for end in (self._wake_reading, self._wake_writing, self._life_writing):
            os.close(end)
        self._forget()
        if sys.platform == "linux":
            die_with_parent(signal.SIGKILL, self._parent)
        else:
            die_with_pipe(self._life_reading)

    def _end_children(self) -> None:
        """End the children one after the other; a second signal makes it short."""
        seen = self._signals
        for child in self._children:
            if child.pid is None:
                continue
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGTERM)
            deadline = time.monotonic() + child.stop_seconds
            while os.waitpid(child.pid, os.WNOHANG)[0] == 0:
                if time.monotonic() > deadline or self._signals > max(seen, 1):
                    logger.warning("%s did not end in time: killing it", child.name)
                    _kill(child.pid)
                    break
                time.sleep(POLL_SECONDS)
            child.pid = None

    def _on_signal(self, *_: object) -> None:
        self._signals += 1


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
