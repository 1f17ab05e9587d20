# SPDX-License-Identifier: Apache-2.0
"""How a contestant is asked, in a process of its own, and how it tells what it found."""

from __future__ import annotations

import argparse
import json
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: (instance, seconds, repeats): what was found; see `told`
Contestant = Callable[[dict[str, Any], float, int], dict[str, Any]]


def compete(contestant: Contestant) -> None:
    """Read an instance, let it be solved, print what came of it and the most memory that was used."""
    parser = argparse.ArgumentParser()
    parser.add_argument("instance", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--repeats", type=int, default=1)
    arguments = parser.parse_args()
    instance = json.loads(arguments.instance.read_text(encoding="utf-8"))
    found = contestant(instance, arguments.seconds, arguments.repeats)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**found, "peak_mb": round(peak)}))


def told(
    answer: dict[str, Any] | None,
    improvements: list[tuple[float, int, int]],
    *,
    build: float,
    total: float,
    proof: str,
    bound: float | None = None,
) -> dict[str, Any]:
    """`improvements`: seconds from the beginning, how many, at what cost. One run of possibly several."""
    run = {"improvements": improvements, "build": build, "total": total, "proof": proof, "bound": bound}
    return {"answer": answer, "runs": [run]}
