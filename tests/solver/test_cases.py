# SPDX-License-Identifier: Apache-2.0
"""Hard cases kept as files, and the documents that describe their format."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from scheduler.solver.check import violations
from scheduler.solver.cli import main
from scheduler.solver.many.assign import assign
from scheduler.solver.many.capacity import capacity
from scheduler.solver.many.outcome import Assigned
from scheduler.solver.many.problem import ASSIGN, REPAIR, AssignProblem
from scheduler.solver.model import propose
from scheduler.solver.outcome import Impossible, OutOfTime, outcome_from_json
from scheduler.solver.problem import CAPACITY, Problem, Weights

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "tests" / "cases").glob("*.json"))
ASKED = {path: json.loads(path.read_text())["problem"].get("ask") for path in FILES}
MANY = [path for path in FILES if ASKED[path] in (ASSIGN, REPAIR)]
CAPACITIES = [path for path in FILES if ASKED[path] == CAPACITY]
CASES = [path for path in FILES if path not in (*MANY, *CAPACITIES)]
SCHEMA = json.loads((ROOT / "docs" / "problem.schema.json").read_text())
EXAMPLE = re.search(r"```json\n(.*?)```", (ROOT / "docs" / "problem.md").read_text(), re.DOTALL).group(1)


def follows(name, document):
    schema = {"$schema": SCHEMA["$schema"], "$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]}
    jsonschema.Draft202012Validator(schema).validate(document)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case_has_the_answer_it_is_kept_for(path):
    case = json.loads(path.read_text())
    follows("problem", case["problem"])
    question = Problem.from_json(case["problem"])
    outcome = propose(question)
    document = outcome.to_json()
    follows("outcome", document)
    assert outcome_from_json(json.loads(json.dumps(document))) == outcome
    options = getattr(outcome, "options", ())
    seen = {"status": outcome.status}
    if options:
        seen["options"] = len(options)
    if isinstance(outcome, Impossible):
        seen["codes"] = [blocker.code for blocker in outcome.explanation.blockers]
    paths = (
        [r.patch[0]["path"] for r in getattr(outcome, "explanation", None).relaxations] if not options else []
    )
    if paths:
        seen["relaxed"] = paths
    assert seen == case["expect"]
    assert [violations(question, option) for option in options] == [()] * len(options)


@pytest.mark.parametrize("path", MANY, ids=lambda path: path.stem)
def test_a_case_of_many_candidates_has_the_answer_it_is_kept_for(path):
    case = json.loads(path.read_text())
    follows("assign_problem", case["problem"])
    question = AssignProblem.from_json(case["problem"])
    follows("assign_problem", question.to_json())
    outcome = assign(question)
    document = outcome.to_json()
    follows("outcome", document)
    assert Assigned.from_json(json.loads(json.dumps(document))) == outcome
    left_out = {
        item.candidate_id: [blocker.code for blocker in item.explanation.blockers]
        for item in outcome.assignments
        if item.explanation
    }
    cost = sum(option.cost for option in outcome.options.values())
    seen = {"proof": outcome.proof, "cost": cost, "left_out": left_out}
    if question.ask == REPAIR:
        seen["changes"] = {
            item.candidate_id: [list(change.to_json().values()) for change in item.changes]
            for item in outcome.assignments
            if item.changes
        }
    assert seen == case["expect"]


@pytest.mark.parametrize("path", CAPACITIES, ids=lambda path: path.stem)
def test_a_case_of_capacity_has_the_answer_it_is_kept_for(path):
    case = json.loads(path.read_text())
    follows("problem", case["problem"])
    found = capacity(Problem.from_json(case["problem"]))
    follows("outcome", found.to_json())
    assert {
        "proof": found.proof,
        "candidates": found.candidates,
        "at_most": found.at_most,
        "pools": [list(pool.interviewer_ids) for pool in found.pools],
    } == case["expect"]


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_what_the_program_writes_follows_the_schema():
    question = Problem.from_json(json.loads(EXAMPLE))
    follows("problem", question.to_json())
    follows("outcome", OutOfTime(best=propose(question).options, bound=3).to_json())


def test_a_capacity_follows_the_schema():
    question = Problem.from_json(json.loads(EXAMPLE)).evolve(ask=CAPACITY)
    follows("problem", question.to_json())
    follows("outcome", capacity(question).to_json())


def test_the_schema_knows_every_weight():
    assert list(SCHEMA["$defs"]["weights"]["properties"]) == list(Weights.__dataclass_fields__)


def test_the_example_in_the_documentation_runs(tmp_path, capsys):
    file = tmp_path / "problem.json"
    file.write_text(EXAMPLE)
    assert main([str(file)]) == 0
    outcome = json.loads(capsys.readouterr().out)
    follows("outcome", outcome)
    assert [option["start"] for option in outcome["options"]] == [
        "2026-11-30T10:30:00Z",
        "2026-12-01T08:00:00Z",
        "2026-12-01T08:30:00Z",
    ]
