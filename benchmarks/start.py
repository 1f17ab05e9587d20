# SPDX-License-Identifier: Apache-2.0
"""From the second `make run` to `listening on`: python -m benchmarks.start"""

from __future__ import annotations

import statistics

from benchmarks._demo import Demo, folder, say

TIMES = 5


def main() -> None:
    with folder() as data_dir:
        first = Demo(data_dir)
        first.stop()
        seconds = []
        for _ in range(TIMES):
            again = Demo(data_dir)
            seconds.append(again.seconds_to_listen)
            again.stop()
    say("first start", f"{first.seconds_to_listen:.1f} s", "none")
    worst, median = max(seconds), statistics.median(seconds)
    say("second start to `listening on`", f"median {median:.1f} s, worst of {TIMES} {worst:.1f} s", "5 s")


if __name__ == "__main__":
    main()
