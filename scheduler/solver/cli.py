# SPDX-License-Identifier: Apache-2.0
"""`python -m scheduler solve FILE`: one Problem in, its Outcome out. No database, no network, no web."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from scheduler.domain.errors import Invalid
from scheduler.solver.many.outcome import Assigned, Capacity
from scheduler.solver.many.problem import ASSIGN, REPAIR, AssignProblem
from scheduler.solver.outcome import Outcome
from scheduler.solver.problem import CAPACITY, PROPOSE, Problem
from scheduler.solver.reading import Node, check_length

WRONG_INPUT = 2
#: far more threads than any machine has use for
MOST_WORKERS = 1000
DIGITS = re.compile("[0-9]{1,10}")


def main(argv: Sequence[str] | None = None) -> int:
    """Solve the problem in a file (`-`: standard input) and print the outcome.

    Gives 0 with an outcome, whatever it is, and 2 with one line on standard error when the file is no
    Problem.
    """
    arguments = _parser().parse_args(argv)
    try:
        problem = _read(arguments.file)
    except (OSError, ValueError, Invalid, RecursionError) as error:
        print(f"{arguments.file}: {_one_line(error)}", file=sys.stderr)
        return WRONG_INPUT
    if arguments.seed is not None:
        problem = problem.evolve(seed=arguments.seed)
    outcome = _solve(problem, seconds=arguments.seconds, workers=arguments.workers)
    print(json.dumps(outcome.to_json(), indent=2, ensure_ascii=False))
    return 0


def _solve(
    problem: Problem | AssignProblem, *, seconds: float, workers: int
) -> Outcome | Assigned | Capacity:
    # a wrong file is refused without loading what solves
    if isinstance(problem, Problem) and problem.ask == CAPACITY:
        from scheduler.solver.many.capacity import capacity  # noqa: PLC0415

        return capacity(problem, seconds=seconds)
    if isinstance(problem, AssignProblem):
        from scheduler.solver.many.assign import assign  # noqa: PLC0415

        return assign(problem, seconds=seconds, workers=workers)
    from scheduler.solver.model import propose  # noqa: PLC0415

    return propose(problem, seconds=seconds, workers=workers)


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, as all commands do."""

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG_INPUT, f"{self.prog}: {message} (see --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m scheduler solve", description="Solve one Problem from a JSON file.")
    parser.add_argument("file", help="the Problem (docs/problem.md); - reads standard input")
    parser.add_argument("--seconds", type=_positive, default=10.0, help="wall-clock limit (default 10)")
    parser.add_argument(
        "--workers", type=_workers, default=1, help="threads of the constraint solver (default 1)"
    )
    parser.add_argument("--seed", type=_seed, help="replaces the Problem's own seed")
    return parser


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0, not {text!r}")
    return number


def _workers(text: str) -> int:
    return _whole(text, 1, MOST_WORKERS)


def _seed(text: str) -> int:
    return _whole(text, 0, 2**31 - 1)


def _whole(text: str, least: int, most: int) -> int:
    if not (DIGITS.fullmatch(text) and least <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"must be a whole number from {least} to {most}, not {text!r}")
    return int(text)


def _read(name: str) -> Problem | AssignProblem:
    text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    data = _value(text)
    asked = data.get("ask") if isinstance(data, dict) else None
    if asked is not None:
        Node(asked, "/ask").one_of(PROPOSE, CAPACITY, ASSIGN, REPAIR)
    problem = AssignProblem.from_json(data) if asked in (ASSIGN, REPAIR) else Problem.from_json(data)
    plans = Node(data["plans"], "/plans").items() if "plans" in data else [Node(data["plan"], "/plan")]
    for plan in plans:
        check_length(plan)
    return problem


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError as error:  # what Python says of one with thousands of digits is about Python
        raise Invalid.at("", "has a number of too many digits in it") from error


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or "cannot be read"
    if isinstance(error, json.JSONDecodeError):
        return f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8 text"
    return " ".join(str(error).split())
