# SPDX-License-Identifier: Apache-2.0
"""Many people at once: each request starts when it is due, on a connection of its own, and the answers are
kept.
"""

from __future__ import annotations

import asyncio
import json
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
    method: str = "POST"
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
    return asyncio.run(_send(address, request, time.monotonic() if due_at is None else due_at))


def all_at_once(addresses: Sequence[str], requests: Iterable[Request]) -> list[Answer]:
    """Every request on a connection of its own, spread over the addresses, from one starting line.

    From one thread: what many of them cost would be missing to those who are to answer.
    """
    requests = list(requests)
    began = time.monotonic() + 0.2 + len(requests) / 2000

    async def go() -> list[Answer]:
        return await asyncio.gather(
            *(
                _send(addresses[number % len(addresses)], request, began + request.due)
                for number, request in enumerate(requests)
            )
        )

    return asyncio.run(go())


async def _send(address: str, request: Request, due_at: float) -> Answer:
    await asyncio.sleep(max(0.0, due_at - time.monotonic()))
    status, headers, body = NO_ANSWER, {}, {}
    try:
        async with asyncio.timeout(TIMEOUT):
            status, headers, content = await _exchange(address, request)
        body = json.loads(content) if content else {}
    except (OSError, ValueError):  # a time-out is an OSError
        status, headers, body = NO_ANSWER, {}, {}
    seconds = time.monotonic() - due_at
    return Answer(request=request, status=status, body=body, headers=headers, seconds=seconds)


async def _exchange(address: str, request: Request) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of what is answered before the connection ends. Raises OSError, ValueError."""
    where = urlsplit(address)
    content = json.dumps(request.body).encode() if request.method == "POST" else b""
    headers = {
        "Host": where.netloc,
        "Connection": "close",
        "Content-Type": "application/json",
        "Content-Length": str(len(content)),
        "Accept": "application/json",
        **request.headers,
    }
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        asked = f"{request.method} {request.path} HTTP/1.1"
        lines = [asked, *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode() + content)
        head, end, body = (await reader.read(-1)).partition(b"\r\n\r\n")
    finally:
        writer.close()
    if not end:
        raise ValueError("there was no answer")
    first, *told = head.decode("latin-1").split("\r\n")
    answered = dict(line.split(": ", 1) for line in told)
    if len(body) < int(answered.get("Content-Length", 0)):
        raise ValueError("the answer was cut off")
    return int(first.split()[1]), answered, body


def statuses(answers: Iterable[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def p99(seconds: Iterable[float]) -> float:
    """What 99 of 100 did not exceed."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
