# SPDX-License-Identifier: Apache-2.0
"""The mail server of the proof: takes everything, remembers every hand-over by its Message-ID, and can be
away.
"""

from __future__ import annotations

import email
import socket
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from benchmarks.prove.nursery import PATIENCE


class Mailbox:
    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._port = listener.getsockname()[1]
        self._controller: Controller | None = None
        #: when each message was handed over, by `time.time`, and the mail itself, by the id of its row
        self.times: defaultdict[str, list[float]] = defaultdict(list)
        self.mails: dict[str, bytes] = {}

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._port}"

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802
        content = bytes(envelope.original_content or b"")
        id_ = str(email.message_from_bytes(content)["Message-ID"]).strip("<>").partition("@")[0]
        self.mails[id_] = content
        self.times[id_].append(time.time())
        return "250 taken"

    def open(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self._port, ready_timeout=PATIENCE)
        self._controller.start()

    def close(self) -> None:
        """Nobody is there: connections are refused."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        self.open()
        try:
            yield
        finally:
            self.close()
