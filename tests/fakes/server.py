# SPDX-License-Identifier: Apache-2.0
"""
What the fake vendors have in common: a real HTTP server on 127.0.0.1 and the notes a test reads.

A fake vendor subclasses `FakeServer` and answers requests in `answer`; the rest of the hooks have defaults.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event, RLock
from types import TracebackType
from typing import Self

from tests.fakes.courier import Courier
from tests.fakes.faults import Faults
from tests.fakes.listener import Listener
from tests.fakes.wire import Answer, Mail, Recorded, Undelivered

WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def real_time() -> datetime:
    return datetime.now(UTC)


class FakeServer:
    """
    Starts on entering, stops on leaving, and then complains about every wrong request nobody expected.

    Subclasses guard their state with `lock`; `answer` is called without it, from a thread per connection.
    """

    def __init__(self) -> None:
        self.now: Callable[[], datetime] = real_time
        #: seconds added to each answer of the API
        self.latency = 0.0
        self.requests: list[Recorded] = []
        self.sent: list[Mail] = []
        #: what was asked that no client should ask, a sentence each
        self.wrong: list[str] = []
        #: high-water mark of API requests being answered at the same time
        self.most_at_once = 0
        self.faults = Faults()
        #: whether pushes are delivered
        self.notify = True
        self.lock = RLock()
        self.courier = Courier()
        self._at_once = 0
        self._meter = RLock()
        self._stopping = Event()
        self._listener: Listener | None = None

    # Hooks

    def answer(self, request: Recorded) -> Answer:
        """Apply the request and say what comes back."""
        raise NotImplementedError

    def empty_page(self, request: Recorded) -> Answer:
        """A page without items whose next page is what was asked for."""
        raise NotImplementedError

    def is_api(self, request: Recorded) -> bool:  # noqa: ARG002 - for subclasses
        """Whether this is a call of the calendar API (as against sign-in and tokens)."""
        return True

    def writes(self, request: Recorded) -> bool:
        """Whether the call changes something, so that `Faults.lose` may lose its answer."""
        return self.is_api(request) and request.method in WRITING

    def refuse(self, request: Recorded, at_once: int) -> Answer | None:  # noqa: ARG002 - for subclasses
        """
        Turn an API request away because ``at_once`` of them, this one included, are being answered.

        Called with the meter held: look at nothing but the arguments.
        """
        return None

    def tls(self) -> ssl.SSLContext | None:
        """How connections are encrypted; `None`: not at all."""
        return None

    # For tests

    @property
    def url(self) -> str:
        assert self._listener is not None, "The fake has not been started."
        scheme = "https" if self._listener.tls else "http"
        return f"{scheme}://127.0.0.1:{self._listener.server_port}"

    @property
    def undelivered(self) -> list[Undelivered]:
        """The pushes that did not arrive."""
        return self.courier.undelivered

    def check(self) -> None:
        """Raise AssertionError when there were wrong requests."""
        assert self.wrong == [], "Wrong requests:\n" + "\n".join(self.wrong)

    def expect_wrong(self) -> list[str]:
        """Take out what was wrong so far; there must have been something."""
        with self.lock:
            taken, self.wrong = self.wrong, []
        assert taken != [], "Every request was right."
        return taken

    def start(self) -> None:
        self._stopping.clear()
        self._listener = Listener(self._handle, self._failed, self.tls())
        self._listener.start()
        self.courier.start()

    def stop(self) -> None:
        """End every connection and every thread. Pushes on their way are delivered first."""
        self._stopping.set()
        self.courier.stop()
        if self._listener is not None:
            self._listener.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if error is None:
            self.check()

    # Answering

    def pause(self, seconds: float) -> None:
        """Let time pass for one request; ends early when the fake is stopped."""
        if seconds > 0:
            self._stopping.wait(seconds)

    def _handle(self, received: Recorded) -> Answer | None:
        """What goes back, or `None` to close the connection. Called in the connection's thread."""
        self.requests.append(received)
        if not self.is_api(received):
            return self._after_faults(received)
        with self._meter:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            refused = self.refuse(received, self._at_once)
        try:
            if refused is not None:
                return refused
            self.pause(self.latency)
            return self._after_faults(received)
        finally:
            with self._meter:
                self._at_once -= 1

    def _after_faults(self, request: Recorded) -> Answer | None:
        fault = self.faults.next(request, api=self.is_api(request), writes=self.writes(request))
        if fault is None:
            return self.answer(request)
        self.pause(fault.seconds)
        return fault.befall(lambda: self.answer(request), lambda: self.empty_page(request))

    def _failed(self, error: BaseException) -> None:
        """The fake itself broke while answering: the test must hear of it."""
        self.wrong.append(f"The fake failed: {type(error).__name__}: {error}")
