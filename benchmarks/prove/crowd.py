# SPDX-License-Identifier: Apache-2.0
"""Many people at once: each request starts when it is due, on a connection of its own, and the answers are
kept.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

#: seconds that somebody waits for an answer
TIMEOUT = 120
#: what stands for a request without an answer
NO_ANSWER = 0


@dataclass(frozen=True, kw_only=True)
class Request:
    path: str
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    #: seconds after the beginning
    due: float = 0.0
    #: what it is about, for those who look at the answer
    about: Any = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    request: Request
    status: int
    body: dict[str, Any]
    headers: dict[str, str]
    #: from when it was due to the last byte
    seconds: float

    @property
    def code(self) -> str:
        return str(self.body.get("code", ""))


def send(address: str, request: Request, due_at: float | None = None) -> Answer:
    """One request, now, or at that time of `time.monotonic`."""
    due_at = time.monotonic() if due_at is None else due_at
    time.sleep(max(0.0, due_at - time.monotonic()))
    where = urlsplit(address)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=TIMEOUT)
    try:
        headers = {"Content-Type": "application/json", "Accept": "application/json", **request.headers}
        connection.request("POST", request.path, json.dumps(request.body), headers)
        response = connection.getresponse()
        content = response.read()
        status, told = response.status, dict(response.getheaders())
        body = json.loads(content) if content else {}
    except (OSError, http.client.HTTPException, ValueError):
        status, told, body = NO_ANSWER, {}, {}
    finally:
        connection.close()
    return Answer(request=request, status=status, body=body, headers=told, seconds=time.monotonic() - due_at)


def all_at_once(addresses: Sequence[str], requests: Iterable[Request]) -> list[Answer]:
    """Every request in a thread of its own, spread over the addresses, from one starting line."""
    requests = list(requests)
    answers: list[Answer | None] = [None] * len(requests)
    began = time.monotonic() + 0.2 + len(requests) / 2000

    def go(number: int, request: Request) -> None:
        answers[number] = send(addresses[number % len(addresses)], request, began + request.due)

    threads = [threading.Thread(target=go, args=each) for each in enumerate(requests)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answer for answer in answers if answer is not None]


def statuses(answers: Iterable[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def p99(answers: Iterable[Answer]) -> float:
    """Seconds that 99 of 100 did not exceed."""
    seconds = sorted(answer.seconds for answer in answers)
    return seconds[min(len(seconds) - 1, int(len(seconds) * 0.99))]
