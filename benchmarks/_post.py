# SPDX-License-Identifier: Apache-2.0
"""A mail server on this machine that remembers what came when."""

from __future__ import annotations

import email
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope


class Post:
    """Takes every mail, and notes when."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._port = listener.getsockname()[1]
        self._taken: list[tuple[float, str, str]] = []

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._port}"

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802
        mail = email.message_from_bytes(envelope.original_content or b"")
        self._taken.append((time.time(), str(mail["To"]), str(mail["Subject"])))
        return "250 taken"

    @contextmanager
    def listening(self) -> Iterator[None]:
        controller = Controller(self, hostname="127.0.0.1", port=self._port)
        controller.start()
        try:
            yield
        finally:
            controller.stop()

    def wait_for(self, address: str, subject: str, seconds: float = 60) -> float:
        """When, by `time.time`, the mail to this address whose subject starts so was taken."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for at, to, what in list(self._taken):
                if address in to and what.startswith(subject):
                    return at
            time.sleep(0.01)
        raise SystemExit(f"no mail to {address} came within {seconds} s")
