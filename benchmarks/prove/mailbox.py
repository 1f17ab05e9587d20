# SPDX-License-Identifier: Apache-2.0
"""The mail server of the proof: takes everything and remembers every hand-over by its Message-ID."""

from __future__ import annotations

import email
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope


class Mailbox:
    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._port = listener.getsockname()[1]
        #: how often each message was handed over, by the id of its row
        self.taken: Counter[str] = Counter()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._port}"

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802
        mail = email.message_from_bytes(envelope.original_content or b"")
        self.taken[str(mail["Message-ID"]).strip("<>").partition("@")[0]] += 1
        return "250 taken"

    @contextmanager
    def listening(self) -> Iterator[None]:
        controller = Controller(self, hostname="127.0.0.1", port=self._port)
        controller.start()
        try:
            yield
        finally:
            controller.stop()
