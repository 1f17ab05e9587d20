# SPDX-License-Identifier: Apache-2.0
"""The candidate's page at 20 requests/s for 20 s: python -m benchmarks.page

Requests start when they are due, whether or not earlier ones were answered, and a late start counts: a slow
answer cannot hide behind the ones it kept from being asked.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import requests

from benchmarks._demo import running, say, share

RATE = 20
SECONDS = 20
MOST_AT_ONCE = 64


def main() -> None:
    with running() as demo:
        milliseconds = measure(demo.link)
    figure = f"p50 {share(milliseconds, 0.5):.0f} ms, p99 {share(milliseconds, 0.99):.0f} ms"
    say(f"candidate page, {len(milliseconds)} requests at {RATE}/s", figure, "p50 60 ms, p99 250 ms")


def measure(link: str) -> list[float]:
    """Milliseconds from when each request was due to the last byte of its answer."""
    requests.get(link, timeout=30).raise_for_status()
    began = time.monotonic() + 0.5

    def ask(number: int) -> float:
        due = began + number / RATE
        time.sleep(max(0.0, due - time.monotonic()))
        requests.get(link, timeout=30).raise_for_status()
        return (time.monotonic() - due) * 1000

    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        return list(pool.map(ask, range(RATE * SECONDS)))


if __name__ == "__main__":
    main()
