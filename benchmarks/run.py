# SPDX-License-Identifier: Apache-2.0
"""A run for the demo's onsite loop with `Prefer: wait=10`: python -m benchmarks.run"""

from __future__ import annotations

import statistics
import time

from benchmarks._demo import running, say

TIMES = 10


def main() -> None:
    with running() as demo:
        seconds, found = [], []
        for _ in range(TIMES):
            began = time.monotonic()
            run = demo.call("POST", "runs", demo.onsite, Prefer="wait=10")
            seconds.append(time.monotonic() - began)
            found.append(len(run["candidates"][0]["options"]))
    figure = f"median {statistics.median(seconds):.2f} s, worst of {TIMES} {max(seconds):.2f} s"
    say(f"onsite loop, {min(found)} options", figure, "1.5 s")


if __name__ == "__main__":
    main()
