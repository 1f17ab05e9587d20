# SPDX-License-Identifier: Apache-2.0
"""`make prove`, or: python -m benchmarks.prove --help"""

from __future__ import annotations

import argparse
import os
import platform
import random
import resource
import signal
import sys
import tempfile
import textwrap
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.prove import clocks, crashes, database, dst, orders, outages, races, world
from benchmarks.prove.crowd import p99
from benchmarks.prove.house import House, NeverCame
from benchmarks.prove.proof import Proof
from scheduler.points import POINTS

WIDTH = 118
INDENT = " " * 31


@dataclass(frozen=True)
class Scenario:
    """What happens, and in what house."""

    run: Callable[[House, random.Random], Proof]
    with_vendors: bool = False


def scenarios(asked: argparse.Namespace) -> dict[str, Scenario]:
    """By name; a `size` of 1 is what docs/reliability.md quotes."""

    def of(number: int, least: int) -> int:
        return max(least, round(number * asked.size))

    slots = of(50, 4) // 10 * 10 or of(50, 4)
    within = {"within": asked.arrival}
    minutes = asked.outage_minutes
    # An hour of it at the usual pace; the short one has its bookings closer together.
    outage = {"away": minutes * 60, "rate": 1 / 3} if minutes else {"away": 24.0, "rate": 4.0}
    return {
        "stampede": Scenario(partial(races.stampede, people=slots * 10, slots=slots, **within)),
        "hot-slot": Scenario(partial(races.hot_slot, people=of(1000, 10), **within)),
        "late-meetings": Scenario(partial(races.late_meetings, slots=of(20, 6))),
        "panels": Scenario(partial(races.panels, people=of(200, 20), **within)),
        "orders": Scenario(partial(orders.every_order, times=of(2, 1), **within)),
        "one-key": Scenario(partial(races.one_key, times=of(100, 10))),
        "kill-9": Scenario(
            partial(crashes.killed_everywhere, points=of(len(POINTS), 6), seeds=asked.seeds),
            with_vendors=True,
        ),
        "postgres": Scenario(
            partial(database.postgres_killed, kills=asked.kills or of(3, 1), rate=asked.rate)
        ),
        "clocks": Scenario(partial(clocks.jumps, bookings=of(40, 20), links=of(12, 6)), with_vendors=True),
        "dst": Scenario(partial(dst.weeks, share=min(1.0, asked.size))),
        "outage": Scenario(partial(outages.outage, **outage), with_vendors=True),
    }


def main() -> int:
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what has been started is ended
    chosen = scenarios(asked)
    began = time.monotonic()
    print(f"seed {asked.seed}, size {asked.size:g}, {_machine()}", flush=True)
    bad = sum(_prove(name, chosen[name], asked) for name in asked.only or chosen)
    verdict, took = "FAILED" if bad else "ok", time.monotonic() - began
    busy = sum(
        sum(resource.getrusage(whose)[:2]) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    load = os.getloadavg()[1]
    print(
        f"{verdict} after {took:.0f} s, {busy:.0f} s of them processor; load {load:.1f} in the last 5 minutes"
    )
    return 1 if bad else 0


def _prove(name: str, scenario: Scenario, asked: argparse.Namespace) -> int:
    """A house of its own for one scenario, and a line of the table for each round; how many went wrong."""
    bad, seconds = 0, list[list[float]]()
    with (
        _folder() as folder,
        House(folder, webs=asked.webs, with_vendors=scenario.with_vendors).open() as house,
    ):
        for number in range(asked.rounds):
            began = time.monotonic()
            dice = random.Random(f"{asked.seed} {name} {number}")
            try:
                proof = scenario.run(house, dice)
                settled = house.settle()
                proof.broken += world.broken(house, proof.acknowledged)
                proof.figures += f"; all work done {settled:.1f} s later"
            except NeverCame as late:
                proof = Proof(what="", figures="", broken=[str(late)])
            except Exception as error:  # noqa: BLE001  # the other scenarios are worth asking all the same
                proof = Proof(what="", figures="", broken=[f"{type(error).__name__}: {error}"])
                traceback.print_exc()
            _say(name, proof, time.monotonic() - began)
            bad += bool(proof.broken)
            seconds += [proof.seconds] if proof.seconds else []
    if len(seconds) > 1:
        _say_all(seconds)
    return bad


def _say_all(seconds: list[list[float]]) -> None:
    """How long answers took in all rounds together, and in the worst."""
    together = [one for round_ in seconds for one in round_]
    worst = max(map(p99, seconds))
    figures = f"p99 {p99(together):.2f} s; of one round {worst:.2f} s at most"
    print(f"{INDENT}{len(together)} answers in {len(seconds)} rounds, {figures}", flush=True)


def _say(name: str, proof: Proof, seconds: float) -> None:
    """What was asked, what came of it, and the verdict."""
    verdict = f"BROKEN: {', '.join(sorted(set(proof.broken)))}" if proof.broken else "nothing broken"
    said = [proof.what, proof.figures, verdict]
    lines = [line for text in said if text for line in textwrap.wrap(text, WIDTH - len(INDENT))]
    print(f"{'FAILED' if proof.broken else 'ok':8}{name:16}{seconds:5.0f} s", lines[0], flush=True)
    for line in lines[1:]:
        print(f"{INDENT}{line}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prove", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of everything left to chance (%(default)s)")
    parser.add_argument("--size", type=float, default=1.0, help="how large each crowd is (%(default)s)")
    parser.add_argument("--rounds", type=int, default=1, help="how often each is repeated (%(default)s)")
    parser.add_argument(
        "--arrival", type=float, default=5.0, help="seconds within which a crowd arrives (%(default)s)"
    )
    parser.add_argument("--webs", type=int, default=2, help="how many web processes (%(default)s)")
    parser.add_argument(
        "--seeds", type=int, default=1, help="how often a process is killed at each point (%(default)s)"
    )
    parser.add_argument("--kills", type=int, help="how often PostgreSQL is killed (3 x size)")
    parser.add_argument("--rate", type=float, default=20.0, help="requests a second meanwhile (%(default)s)")
    parser.add_argument(
        "--outage-minutes", type=float, help="how long calendars and mail are away (else 24 s)"
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these and no others")
    asked = parser.parse_args()
    unknown = set(asked.only or ()) - scenarios(asked).keys()
    if unknown:
        parser.error(f"no scenario is called {', '.join(sorted(unknown))}: {', '.join(scenarios(asked))}")
    return asked


def _machine() -> str:
    return f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}"


@contextmanager
def _folder() -> Iterator[Path]:
    """One that the embedded server's account can pass through, and that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="convene-proof-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


if __name__ == "__main__":
    sys.exit(main())
