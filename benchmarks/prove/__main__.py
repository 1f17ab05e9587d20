# SPDX-License-Identifier: Apache-2.0
"""`make prove`, or: python -m benchmarks.prove --help"""

from __future__ import annotations

import argparse
import os
import platform
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.prove import crashes, outage, races, world
from benchmarks.prove.house import House, NeverCame
from benchmarks.prove.races import Proof
from scheduler.points import POINTS

Scenario = Callable[[House, random.Random], Proof]


def scenarios(size: float = 1.0, within: float = 5.0) -> dict[str, Scenario]:
    """By name; a `size` of 1 is what docs/reliability.md quotes. Crowds arrive `within` so many seconds."""

    def of(number: int, least: int) -> int:
        return max(least, round(number * size))

    slots = of(50, 4) // 10 * 10 or of(50, 4)
    return {
        "stampede": lambda h, d: races.stampede(h, d, people=slots * 10, slots=slots, within=within),
        "hot-slot": lambda h, d: races.hot_slot(h, d, people=of(1000, 10), within=within),
        "late-meetings": lambda h, d: races.late_meetings(h, d, slots=of(20, 6)),
        "panels": lambda h, d: races.panels(h, d, people=of(200, 20), within=within),
        "confirm-cancel": lambda h, d: races.confirm_against_cancel(h, d, pairs=of(100, 8), within=within),
        "one-key": lambda h, d: races.one_key(h, d, times=of(100, 10)),
        "kill-9": lambda h, d: crashes.killed_everywhere(h, d, points=of(len(POINTS), 6)),
        "postgres": lambda h, d: outage.postgres_killed(h, d, kills=of(5, 1)),
    }


def main() -> int:
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what has been started is ended
    chosen = scenarios(arguments.size, arguments.arrival)
    names = arguments.only or list(chosen)
    began = time.monotonic()
    print(f"seed {arguments.seed}, size {arguments.size:g}, {_machine()}")
    bad = 0
    with _folder() as folder, House(folder, webs=arguments.webs).open() as house:
        for name in names:
            for number in range(arguments.rounds):
                bad += _prove(house, name, chosen[name], random.Random(f"{arguments.seed} {name} {number}"))
    print(f"{'FAILED' if bad else 'ok'} after {time.monotonic() - began:.0f} s")
    return 1 if bad else 0


def _prove(house: House, name: str, scenario: Scenario, dice: random.Random) -> bool:
    """One line of the table; whether something was broken."""
    try:
        proof = scenario(house, dice)
        settled = house.settle()
        proof.broken += world.broken(house, proof.acknowledged)
    except NeverCame as late:
        print(f"FAILED  {name}: {late}", flush=True)
        return True
    verdict = f"BROKEN: {', '.join(sorted(set(proof.broken)))}" if proof.broken else "nothing broken"
    print(
        f"{'FAILED' if proof.broken else 'ok':6}  {name}: {proof.what}: {proof.figures};"
        f" all work done {settled:.1f} s later; {verdict}",
        flush=True,
    )
    return bool(proof.broken)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prove", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of everything left to chance (%(default)s)")
    parser.add_argument("--size", type=float, default=1.0, help="how large each crowd is (%(default)s)")
    parser.add_argument("--rounds", type=int, default=1, help="how often each is repeated (%(default)s)")
    parser.add_argument(
        "--arrival", type=float, default=5.0, help="seconds within which a crowd arrives (%(default)s)"
    )
    parser.add_argument("--webs", type=int, default=2, help="how many web processes (%(default)s)")
    parser.add_argument("--only", nargs="+", choices=list(scenarios()), help="these and no others")
    return parser.parse_args()


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


@contextmanager
def _folder() -> Iterator[Path]:
    """One that the embedded server's account can pass through, and that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="convene-proof-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


if __name__ == "__main__":
    sys.exit(main())
