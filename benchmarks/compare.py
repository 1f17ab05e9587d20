# SPDX-License-Identifier: Apache-2.0
"""Convene beside a textbook CP-SAT model, Timefold and plain loops: make bench

    python -m benchmarks.compare [--quick] [--instances DIR] [--seeds 1,2,3] [--out docs/benchmarks.md]

Every contestant solves the same instances in the same run, in a process of its own. What they answer is
counted by one function for all (benchmarks/_costs.py); our own answers have passed the product's judge before
they are given. The instances are made up from seeds, or those of a folder.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import _report
from benchmarks._costs import worth
from benchmarks.instances import made

ROOT = Path(__file__).parents[1]
TIMEFOLD = ROOT / "var" / "timefold"
TIMEFOLD_PACKAGE = "timefold==1.24.0b0"
#: seconds that a contestant's process may take more than it was given
GRACE = 60

#: instance: seconds for ours, repeats; textbook seconds (0: not asked), Timefold seconds (0: not asked)
FULL = {
    "a1x5d5": (2, 5, 10, 0),
    "a3x12d5": (2, 5, 15, 0),
    "a4x20d10": (5, 3, 20, 0),
    "a5x30d10": (5, 3, 0, 0),
    "a6x40d15": (6, 1, 0, 0),
    "a8x60d20": (6, 1, 0, 0),
    "b10x10": (5, 1, 15, 0),
    "b50x30": (10, 1, 30, 30),
    "b100x60": (30, 1, 0, 30),
    "b200x120": (40, 1, 0, 30),
    "b500x300": (75, 1, 0, 30),
}
QUICK = {
    "a1x5d5": (2, 1, 5, 0),
    "a3x12d5": (2, 1, 5, 0),
    "a4x20d10": (2, 1, 0, 0),
    "a6x40d15": (3, 1, 0, 0),
    "b50x30": (3, 1, 0, 10),
    "b500x300": (5, 1, 0, 0),
}
#: the slow contestants, and the largest sizes, are not asked about every seed
FEW = {"b200x120": 3, "b500x300": 3, "a6x40d15": 3, "a8x60d20": 3}
AVAILABILITY = ("c1w8", "c10w8", "c50w8", "c200w8")


@dataclass
class Results:
    """All that a run has found; what the report is written from."""

    tc: list[float] = field(default_factory=list)
    #: (instance, seed): by contestant, what it told, and `worth`
    found: dict[tuple[str, int], dict[str, dict[str, Any]]] = field(default_factory=dict)
    #: seconds for each kind of impossible question
    explaining: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    command: str = "make bench"
    seconds: float = 0.0
    #: of the machine, when it began and when it ended
    loads: list[float] = field(default_factory=lambda: [os.getloadavg()[0]])

    @property
    def trivial_call(self) -> float:
        return median(self.tc)


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare solvers on the same instances.")
    parser.add_argument("--quick", action="store_true", help="fewer instances, shorter limits: two minutes")
    parser.add_argument("--instances", type=Path, metavar="DIR", help="*.json there, instead of made-up ones")
    parser.add_argument("--seeds", default="1,2,3,4,5", help="of the made-up instances")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks.md")
    arguments = parser.parse_args()
    began = time.perf_counter()
    limits = QUICK if arguments.quick else FULL
    seeds = [1] if arguments.quick else [int(seed) for seed in arguments.seeds.split(",")]
    results = Results(command=" ".join(["python -m benchmarks.compare", *sys.argv[1:]]))
    timefold = timefold_python(results)
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder:
        files = given(arguments.instances) if arguments.instances else made_up(Path(folder), limits, seeds)
        for file in files:
            ask(results, file, limits, timefold, first=json.loads(file.read_text())["seed"] == seeds[0])
    explain(results)
    results.seconds = time.perf_counter() - began
    results.loads.append(os.getloadavg()[0])
    arguments.out.write_text(_report.document(results), encoding="utf-8")
    print(_report.goals(results))
    print(f"{arguments.out} has the details; it took {results.seconds / 60:.0f} minutes")


def given(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))


def made_up(folder: Path, limits: dict[str, Any], seeds: list[int]) -> list[Path]:
    files = []
    for name in (*limits, *AVAILABILITY):
        for seed in seeds[:1] if name in AVAILABILITY else seeds[: FEW.get(name, len(seeds))]:
            file = folder / f"{name}.s{seed}.json"
            file.write_text(json.dumps(made(name, seed)), encoding="utf-8")
            files.append(file)
    return files


def ask(results: Results, file: Path, limits: dict[str, Any], timefold: Path | None, *, first: bool) -> None:
    """Let everybody solve this instance; the slow ones only those of the first seed."""
    instance = json.loads(file.read_text(encoding="utf-8"))
    here = results.found.setdefault((instance["name"], instance["seed"]), {})
    results.tc.append(tell("trivial", file)["seconds"])
    if instance["kind"] == "availability":
        here["ours"] = tell("masks", file, repeats=7)
        here["loops"] = tell("plain_loops", file)
        assert here["ours"]["answer"] == here["loops"]["answer"], f"{file.name}: the starts differ"
        return
    ours, repeats, textbook, other = limits.get(instance["name"], (10, 1, 0, 0))
    here["ours"] = tell("ours", file, ours, repeats)
    if instance["kind"] == "propose":
        if here["ours"]["runs"][-1]["proof"] != "optimal":
            here["ours, longer"] = tell("ours", file, 3 * ours)
    else:
        here["ours, 1 s"] = tell("ours", file, 1)
    if textbook and first:
        here["textbook"] = tell(f"naive_{instance['kind']}", file, textbook)
    if other and first and timefold:
        here["Timefold"] = tell("timefold_batch", file, other, python=timefold)
    for found in here.values():
        if found.get("answer"):
            found["worth"] = worth(instance, found["answer"])
    said = ", ".join(f"{name} {one.get('worth')}" for name, one in here.items())
    print(f"{file.stem}: {said}", flush=True)


def tell(
    contestant: str, file: Path, seconds: float = 10, repeats: int = 1, python: Path | None = None
) -> dict[str, Any]:
    """What a contestant says in a process of its own; `failed` when it says nothing."""
    command = [str(python or sys.executable), "-m", f"benchmarks.rivals.{contestant}", str(file)]
    try:
        done = subprocess.run(
            [*command, "--seconds", str(seconds), "--repeats", str(repeats)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds * repeats + GRACE,
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"nothing after {seconds * repeats + GRACE:.0f} s"}
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        return {"failed": (done.stderr.splitlines() or ["nothing"])[-1]}
    told: dict[str, Any] = json.loads(lines[-1])
    return told


def timefold_python(results: Results) -> Path | None:
    """The Python that has Timefold, made when there is none yet; None without Java."""
    if not shutil.which("java"):
        results.notes.append("Timefold was left out: it needs Java 17, and there is no `java` on the path.")
        return None
    python = TIMEFOLD / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(TIMEFOLD)], check=True)
    wanted = [str(python), "-m", "pip", "install", "--quiet", TIMEFOLD_PACKAGE]
    if subprocess.run(wanted, capture_output=True, check=False).returncode:
        results.notes.append(f"Timefold was left out: {TIMEFOLD_PACKAGE} could not be installed.")
        return None
    return python


def explain(results: Results) -> None:
    """One question of each kind of impossibility: why there is nothing, and what would help."""
    # here, not before: it loads the solver, and the contestants have processes of their own
    from benchmarks.explaining import KINDS, instances  # noqa: PLC0415
    from scheduler.solver.model import propose  # noqa: PLC0415

    for kind in KINDS:
        problem = next(instances(1, kind))
        propose(problem.evolve(options=1))
        began = time.perf_counter()
        propose(problem)
        results.explaining.append(time.perf_counter() - began)


if __name__ == "__main__":
    main()
