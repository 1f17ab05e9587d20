# SPDX-License-Identifier: Apache-2.0
"""An Outcome as the benchmark's judge wants it: python -m benchmarks.to_bench INSTANCE OUTCOME

Of kind "availability" there is no Outcome: every query is answered from the masks, as the service does, with
python -m benchmarks.to_bench INSTANCE
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.from_bench import problem_of
from scheduler.domain.intervals import parse_instant
from scheduler.solver.starts import availability

MINUTE = timedelta(minutes=1)


def main() -> None:
    parser = argparse.ArgumentParser(description="Print the solution of a benchmark instance.")
    parser.add_argument("instance")
    parser.add_argument("outcome", nargs="?", help="what `scheduler solve` printed; - reads standard input")
    arguments = parser.parse_args()
    instance = json.loads(Path(arguments.instance).read_text(encoding="utf-8"))
    if instance["kind"] == "availability":
        json.dump(answers(instance), sys.stdout)
    elif arguments.outcome is None:
        raise SystemExit("an instance of this kind needs the outcome as well")
    else:
        from_file = sys.stdin.read() if arguments.outcome == "-" else Path(arguments.outcome).read_text()
        json.dump(solution(instance, json.loads(from_file)), sys.stdout)


def solution(instance: dict[str, Any], outcome: dict[str, Any]) -> dict[str, Any]:
    """The plans or the schedule of an outcome of `solve`, in the benchmark's minutes and numbers."""
    base = datetime.fromisoformat(instance["base"])
    if instance["kind"] == "batch":
        placed = (item for item in outcome["assignments"] if item["option"])
        return {"schedule": [_candidate(item, base) for item in placed]}
    options = outcome.get("options", outcome.get("best", []))
    return {"plans": [[_session(item, base) for item in option["sessions"]] for option in options]}


def _candidate(item: dict[str, Any], base: datetime) -> dict[str, Any]:
    sessions = sorted(item["option"]["sessions"], key=lambda session: _number(session["key"]))
    return {
        "candidate": _number(item["candidate_id"]),
        "sessions": [
            {
                name: value
                for name, value in _session(session, base).items()
                if name in ("start", "interviewers")
            }
            for session in sessions
        ],
    }


def _session(item: dict[str, Any], base: datetime) -> dict[str, Any]:
    return {
        "session": _number(item["key"]),
        "start": (parse_instant(item["start"]) - base) // MINUTE,
        "interviewers": [_number(person["id"]) for person in item["interviewers"]],
        "room": _number(item["room"]["id"]) if item["room"] else None,
    }


def _number(id_: str) -> int:
    return int(id_[1:])


def answers(instance: dict[str, Any]) -> dict[str, Any]:
    """The starts of every query, in minutes from the instance's base."""
    base = datetime.fromisoformat(instance["base"])
    found = (
        availability(problem_of(instance, query=number), "s0").starts
        for number in range(len(instance["queries"]))
    )
    return {"answers": [[(start - base) // MINUTE for start in starts] for starts in found]}


if __name__ == "__main__":
    main()
