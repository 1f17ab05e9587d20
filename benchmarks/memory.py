# SPDX-License-Identifier: Apache-2.0
"""Memory of `serve` at rest, PostgreSQL included: python -m benchmarks.memory   (Linux)

The sum of PSS over all its processes: memory that several of them share is counted once.
"""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from benchmarks._demo import running, say

REST_SECONDS = 15


def main() -> None:
    with running() as demo:
        time.sleep(REST_SECONDS)
        sizes = {pid: pss(pid) for pid in family(demo.pid)}
    for pid, size in sorted(sizes.items(), key=lambda item: -item[1])[:6]:
        print(f"  process {pid}: {size:.0f} MB")
    say(f"memory at rest, {len(sizes)} processes", f"{sum(sizes.values()):.0f} MB PSS", "350 MB")


def family(ancestor: int) -> list[int]:
    """A process and all that descend from it."""
    children = defaultdict(list)
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            children[parent].append(int(entry.name))
    found = [ancestor]
    for pid in found:
        found += children[pid]
    return found


def pss(pid: int) -> float:
    """Megabytes."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    main()
