# SPDX-License-Identifier: Apache-2.0
"""The figures of a comparison, as docs/benchmarks.md shows them."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from math import inf
from os import cpu_count
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks._costs import better

if TYPE_CHECKING:
    from benchmarks.compare import Results

#: sizes: at most so many TC to the first full set, (TC or seconds until, times the best known), seconds to
#: the proof (None: a bound is enough), part of the instances that has to be proven
PROPOSE = {
    "propose, 1–3 sessions": (("a1x5d5", "a3x12d5"), 20, 40, 1.02, 0.3, 1.0),
    "propose, 4–5 sessions": (("a4x20d10", "a5x30d10"), 60, 220, 1.03, 2.0, 0.5),
    "propose, 6–8 sessions": (("a6x40d15", "a8x60d20"), 100, None, 1.02, None, 0.0),
}
PROVEN = {"b50x30": 1.5, "b100x60": 15, "b200x120": 30, "b500x300": 60}
LARGEST = "b500x300"


@dataclass(frozen=True)
class Row:
    job: str
    goal: str
    reached: str
    #: what is missing; empty: nothing
    short: str = ""

    def cells(self) -> str:
        verdict = f"falls short: {self.short}" if self.short else "met"
        return f"| {self.job} | {self.goal} | {self.reached} | {verdict} |"


def document(results: Results) -> str:
    parts = [HEAD.format(**_circumstances(results)), goals(results), *_notes(results)]
    parts += ["## Proposing", _table("a", results), "## Assigning", _table("b", results)]
    parts += ["## Availability", _availability_table(results)]
    return "\n\n".join(parts) + "\n"


def goals(results: Results) -> str:
    rows = [row.cells() for row in rows_of(results)]
    return "\n".join(["| job | goal | reached | |", "| --- | --- | --- | --- |", *rows])


def rows_of(results: Results) -> list[Row]:
    """One row for each line of the goals, whatever was measured."""
    return [
        *(_propose(results, job) for job in PROPOSE),
        _first_complete(results),
        _against_timefold(results),
        _proven(results),
        _availability(results),
        _explaining(results),
        _memory(results),
    ]


def _of(results: Results, *names: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Label and contestants of the instances with these names which we have answered."""
    for (name, seed), found in results.found.items():
        if name in names and "runs" in found.get("ours", {}):
            yield f"{name} s{seed}", found


def best_known(found: dict[str, Any]) -> tuple[int, int]:
    known = (0, 0)
    for one in found.values():
        if "worth" in one and better(tuple(one["worth"]), known):
            known = tuple(one["worth"])
    return known


def at(run: dict[str, Any], seconds: float) -> tuple[int, int]:
    """What a run had after so many seconds."""
    had = [(count, cost) for when, count, cost in run["improvements"] if when <= seconds]
    return had[-1] if had else (0, 0)


def above(have: tuple[int, int], known: tuple[int, int]) -> float:
    """How many times the best known cost; infinite when there are fewer."""
    if have[0] < known[0]:
        return inf
    return have[1] / known[1] if known[1] else 1.0


def _propose(results: Results, job: str) -> Row:
    names, first_tc, until_tc, factor, proof, share = PROPOSE[job]
    tc = results.trivial_call if results.tc else inf
    until = 2.0 if until_tc is None else until_tc * tc
    when = "2 s" if until_tc is None else f"{until_tc} TC"
    goal = f"first full set ≤ {first_tc} TC; ≤ {factor} × best known by {when}; "
    goal += f"proven optimal ≤ {proof} s" if proof else "bound reported"
    firsts, ratios, proofs = [], [], []
    for _, found in _of(results, *names):
        runs, known = found["ours"]["runs"], best_known(found)
        firsts.append(median(run["first"] or inf for run in runs) / tc)
        ratios.append(median(above(at(run, until), known) for run in runs))
        proofs.append(median(run["total"] if run["proof"] == "optimal" else inf for run in runs))
    if not firsts:
        return Row(job, goal, "not measured", "not measured")
    late = sum(first > first_tc for first in firsts)
    good = sum(ratio <= factor for ratio in ratios)
    proven = sum(seconds <= (proof or inf) and seconds < inf for seconds in proofs)
    reached = (
        f"first full set median {median(firsts):.0f} TC, worst {max(firsts):.0f}; at {when} median"
        f" {_times(median(ratios))}, worst {_times(max(ratios))}, within {factor} in {good} of {len(ratios)};"
        f" proven in {proven} of {len(proofs)}"
    )
    missing = {
        f"first full set in {late} of {len(firsts)}": late > 0,
        f"cost at {when} in {len(ratios) - good} of {len(ratios)}": good < len(ratios),
        f"proof in {len(proofs) - proven} of {len(proofs)}": proven < share * len(proofs),
    }
    return Row(job, goal, reached, _listed(missing))


def _first_complete(results: Results) -> Row:
    job = "assign, 500 candidates × 300 people, first complete answer"
    goal = "≤ 0.3 s, every schedulable candidate scheduled, ≤ 12 % above the bound"
    firsts, gaps, left = [], [], 0
    for _, found in _of(results, LARGEST):
        run = found["ours"]["runs"][-1]
        when, count, cost = run["improvements"][0]
        firsts.append(when)
        left += best_known(found)[0] - count
        gaps.append(cost / run["bound"] - 1 if run["bound"] else inf)
    if not firsts:
        return Row(job, goal, "not measured", "not measured")
    reached = (
        f"{median(firsts):.2f} s, worst {max(firsts):.2f} s; {left} left out; {max(gaps):.1%} above the bound"
    )
    missing = {"time": max(firsts) > 0.3, "candidates left out": left > 0, "cost": max(gaps) > 0.12}
    return Row(job, goal, reached, _listed(missing))


def _against_timefold(results: Results) -> Row:
    job, goal = "assign against Timefold", "its 30 s answer beaten in ≤ 0.5 s at every size ≥ 50"
    times = {}
    for label, found in _of(results, *PROVEN):
        if "worth" in found.get("Timefold", {}):
            theirs = tuple(found["Timefold"]["worth"])
            run = found["ours"]["runs"][-1]
            times[label] = next(
                (when for when, *have in run["improvements"] if better((have[0], have[1]), theirs)), inf
            )
    if not times:
        return Row(job, goal, "not measured", "Timefold did not run here")
    reached = ", ".join(f"{label} {_seconds(when)}" for label, when in times.items())
    return Row(job, goal, reached, _listed({label: when > 0.5 for label, when in times.items()}))


def _proven(results: Results) -> Row:
    goal = ", ".join(f"{name[1:].replace('x', '×')} ≤ {seconds} s" for name, seconds in PROVEN.items())
    goal += "; 200×120 within 3 % at 5 s"
    reached, missing = [], {}
    for name, seconds in PROVEN.items():
        totals, at_five = [], []
        for _, found in _of(results, name):
            run = found["ours"]["runs"][-1]
            totals.append(run["total"] if run["proof"] == "optimal" else inf)
            at_five.append(above(at(run, 5), best_known(found)) - 1)
        middle = median(totals) if totals else inf
        reached.append(f"{name[1:].replace('x', '×')} {_seconds(middle)} ({len(totals)} seeds)")
        missing[name[1:].replace("x", "×")] = middle > seconds
        if name == "b200x120" and at_five:
            reached.append(f"at 5 s {max(at_five):.1%}")
            missing["200×120 at 5 s"] = max(at_five) > 0.03
    return Row("assign, proven optimal, median of the seeds", goal, ", ".join(reached), _listed(missing))


def _availability(results: Results) -> Row:
    job = "availability, 200 people × 8 weeks"
    goal = "≤ 10 ms with hours expanded, ≤ 1 ms with masks kept; ≥ 100 × the plain loop; linear in people"
    found = {name: one for (name, _), one in results.found.items() if "seconds" in one.get("ours", {})}
    if "c200w8" not in found:
        return Row(job, goal, "not measured", "not measured")
    ours, loop = found["c200w8"]["ours"]["seconds"][0], found["c200w8"]["loops"]["seconds"][0]
    each = {
        name: one["ours"]["seconds"][0]["expanded"] / int(name[1:].partition("w")[0]) * 1e6
        for name, one in found.items()
    }
    faster = loop / ours["expanded"]
    people = ", ".join(f"{micro:.0f} µs ({name[1:]})" for name, micro in each.items())
    reached = (
        f"{ours['expanded'] * 1e3:.1f} ms; {ours['kept'] * 1e3:.2f} ms kept; {ours['cold'] * 1e3:.0f} cold;"
        f" {faster:.0f} × the plain loop, {loop / ours['kept']:.0f} × with masks kept; a person: {people}"
    )
    missing = {
        "hours expanded": ours["expanded"] > 0.010,
        "masks kept": ours["kept"] > 0.001,
        "the plain loop": faster < 100,
        "not linear": each["c200w8"] > 1.25 * each.get("c50w8", inf),
    }
    return Row(job, goal, reached, _listed(missing))


def _explaining(results: Results) -> Row:
    job = "blockers and relaxations for an impossible 4-session plan, 30 people, 10 days"
    if not results.explaining:
        return Row(job, "≤ 2 s", "not measured", "not measured")
    worst = max(results.explaining)
    reached = f"median {median(results.explaining):.2f} s, worst {worst:.2f} s"
    return Row(job, "≤ 2 s", reached, _listed({"the worst": worst > 2}))


def _memory(results: Results) -> Row:
    goal = "propose ≤ 130 MB, assign 500×300 ≤ 250 MB without proof, ≤ 420 MB with"
    names = [name for group, *_ in PROPOSE.values() for name in group]
    most = {
        "propose": max((found["ours"]["peak_mb"] for _, found in _of(results, *names)), default=inf),
        "without proof": _most_of(results, "ours, 1 s"),
        "with proof": _most_of(results, "ours"),
    }
    allowed = {"propose": 130, "without proof": 250, "with proof": 420}
    told = {what: f"{mb:.0f} MB" if mb < inf else "not measured" for what, mb in most.items()}
    reached = ", ".join(f"{what} {size}" for what, size in told.items())
    return Row("memory", goal, reached, _listed({what: mb > allowed[what] for what, mb in most.items()}))


def _most_of(results: Results, contestant: str) -> float:
    told = (found[contestant] for _, found in _of(results, LARGEST) if contestant in found)
    return max((one.get("peak_mb", inf) for one in told), default=inf)


def _listed(missing: dict[str, bool]) -> str:
    return ", ".join(what for what, is_missing in missing.items() if is_missing)


def _times(ratio: float) -> str:
    return f"{ratio:.3f}" if ratio < inf else "not all of them"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < inf else "not reached"


def _table(kind: str, results: Results) -> str:
    """What each contestant had in the end, and how it got there."""
    lines = [
        "| instance | contestant | found | cost | above best | first full | end | proof | bound | memory |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: |",
    ]
    for (name, seed), found in results.found.items():
        known = best_known(found)
        for who, one in found.items() if name.startswith(kind) else ():
            if "failed" in one:
                lines.append(f"| {name} s{seed} | {who} | {one['failed']} | | | | | | | |")
            elif "runs" in one:
                lines.append(f"| {name} s{seed} | {who} | {_line(one, known)} |")
    return "\n".join(lines)


def _line(one: dict[str, Any], known: tuple[int, int]) -> str:
    run, have = one["runs"][-1], tuple(one.get("worth", (0, 0)))
    ratio = above(have, known)
    first = next((when for when, count, _ in run["improvements"] if count >= have[0]), inf)
    cells = (
        str(have[0]),
        str(have[1]),
        f"{ratio - 1:.1%}" if ratio < inf else "fewer",
        _seconds(first),
        _seconds(run["total"]),
        run["proof"],
        "" if run["bound"] is None else str(run["bound"]),
        f"{one['peak_mb']} MB",
    )
    return " | ".join(cells)


def _availability_table(results: Results) -> str:
    lines = [
        "| instance | query | starts | cold | expanded | kept | whole answer | plain loop |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for (name, seed), found in results.found.items():
        if "seconds" not in found.get("ours", {}):
            continue
        ours, loops = found["ours"], found["loops"]
        rows = zip(ours["answer"]["answers"], ours["seconds"], loops["seconds"], strict=True)
        for query, (starts, took, loop) in enumerate(rows):
            figures = (took["cold"], took["expanded"], took["kept"], took["told"], loop)
            cells = " | ".join(f"{seconds * 1e3:.2f} ms" for seconds in figures)
            lines.append(f"| {name} s{seed} | {query} | {len(starts)} | {cells} |")
    return "\n".join(lines)


def _notes(results: Results) -> list[str]:
    return ["\n".join(f"- {note}" for note in results.notes)] if results.notes else []


def _circumstances(results: Results) -> dict[str, Any]:
    return {
        "date": f"{datetime.now(UTC):%-d %B %Y}",
        "machine": f"{_processor()}, {cpu_count()} cores",
        "python": platform.python_version(),
        "ortools": version("ortools"),
        "command": results.command,
        "tc": f"{results.trivial_call * 1e3:.2f}" if results.tc else "?",
        "load": " and ".join(f"{load:.1f}" for load in results.loads),
        "minutes": f"{results.seconds / 60:.0f}",
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


HEAD = """\
# Benchmarks of the solver

Written by `make bench` (`{command}`) on {date}: {machine}, Python {python},
OR-Tools {ortools}; it took {minutes} minutes. The load was {load}: above the number of cores,
other work makes all seconds longer. Another day, another machine: run it again rather than believe this page.

All contestants solve the same instances, made up from seeds (`benchmarks/instances.py` says what they mean),
each in a process of its own, and one function counts what their answers cost (`benchmarks/_costs.py`). Our
processes are warm: another instance has been solved before. TC is a trivial call of CP-SAT with one worker,
measured in the same run: {tc} ms. Best known is the best of everybody's answers, a longer run of ours
included where nothing was proven.

*Textbook* is the model one would write first with CP-SAT, on two workers. *Timefold* is its Python edition,
given nothing but possible values. *Plain loops* look at every start, every person and all that they have on.
Of availability, *cold* reads calendars and hours for the first time, *expanded* has both in whole minutes and
is asked about another window, *kept* has each person's masks from an earlier question."""
