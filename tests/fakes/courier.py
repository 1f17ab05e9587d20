# SPDX-License-Identifier: Apache-2.0
"""Delivers pushes over real HTTP, one after the other, from a thread of its own."""

from __future__ import annotations

from collections.abc import Mapping
from queue import Queue
from threading import Thread

import requests

from tests.fakes.wire import Undelivered


class Courier:
    """What cannot be delivered is kept in `undelivered` and not tried again."""

    def __init__(self) -> None:
        self.undelivered: list[Undelivered] = []
        #: where addresses really are: what an address begins with → what is put in its place
        self.reach: dict[str, str] = {}
        self._waiting: Queue[tuple[str, Mapping[str, str], bytes] | None] = Queue()
        self._thread: Thread | None = None

    def start(self) -> None:
        self._thread = Thread(target=self._run, name="fake vendor's pushes")
        self._thread.start()

    def stop(self) -> None:
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()
            self._thread = None

    def post(self, address: str, headers: Mapping[str, str], body: bytes = b"") -> None:
        """Have it delivered soon."""
        self._waiting.put((address, headers, body))

    def settle(self) -> None:
        """Wait until everything on its way has arrived or failed."""
        self._waiting.join()

    def call(
        self, address: str, headers: Mapping[str, str], body: bytes = b"", *, seconds: float = 10
    ) -> requests.Response:
        """POST it now. Raises requests.RequestException when nobody answers in time."""
        with requests.Session() as session:
            session.trust_env = False
            return session.post(
                self._reached(address),
                data=body,
                headers={"Content-Length": str(len(body)), **headers},
                timeout=seconds,
                allow_redirects=False,
            )

    def _reached(self, address: str) -> str:
        for start, instead in self.reach.items():
            if address.startswith(start):
                return instead + address.removeprefix(start)
        return address

    def _run(self) -> None:
        while (parcel := self._waiting.get()) is not None:
            self._deliver(*parcel)
            self._waiting.task_done()
        self._waiting.task_done()

    def _deliver(self, address: str, headers: Mapping[str, str], body: bytes) -> None:
        try:
            response = self.call(address, headers, body)
        except requests.RequestException as error:
            reason = type(error).__name__
        else:
            reason = "" if response.ok else f"answered {response.status_code}"
        if reason:
            self.undelivered.append(Undelivered(address=address, reason=reason))
