# SPDX-License-Identifier: Apache-2.0
"""Who listens to web hooks: checks each signature with the reference library, and remembers what it took."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from standardwebhooks.webhooks import Webhook

from tests.fakes.server import FakeServer
from tests.fakes.wire import Answer, Recorded

NAMES = ("webhook-id", "webhook-timestamp", "webhook-signature")


class Receiver(FakeServer):
    """Answers 204, or what `faults` say. One address for each web hook: `address(name)`."""

    def __init__(self) -> None:
        super().__init__()
        #: what signs, by the address' name; one that nobody has told is not checked
        self.secrets: dict[str, str] = {}
        #: what was taken, in the order it came: the web hook's name and the event
        self.taken: list[tuple[str, dict[str, Any]]] = []

    def address(self, name: str) -> str:
        return f"{self.url}/{name}"

    def events(self, name: str) -> list[dict[str, Any]]:
        """What this web hook has taken."""
        with self.lock:
            return [event for whose, event in self.taken if whose == name]

    def answer(self, request: Recorded) -> Answer:
        name = request.path.removeprefix("/")
        event = json.loads(request.body)
        with self.lock:
            complaint = self._complaint(request, name, event)
            if complaint:
                self.wrong.append(complaint)
                return Answer(400)
            self.taken.append((name, event))
        return Answer(204)

    def _complaint(self, request: Recorded, name: str, event: dict[str, Any]) -> str | None:
        id_, timestamp, signatures = (request.headers.get(header, "") for header in NAMES)
        if request.method != "POST" or request.headers.get("content-type") != "application/json":
            return f"{request.method} of {request.headers.get('content-type')}"
        if id_ != event["id"] or not {"type", "timestamp", "data"} <= event.keys():
            return f"not a web hook's body: {sorted(event)}"
        secret = self.secrets.get(name)
        if secret is not None:
            at = datetime.fromtimestamp(int(timestamp), UTC)
            if Webhook(secret).sign(id_, at, request.body.decode()) not in signatures.split(" "):
                return f"{id_} is not signed with the secret of {name}"
        return None
