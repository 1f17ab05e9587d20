# SPDX-License-Identifier: Apache-2.0
"""`solve`: one file in, one outcome out, one clear line when the file is wrong."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest

from scheduler.solver.cli import main
from scheduler.solver.many.assign import assign
from scheduler.solver.many.outcome import Assigned, Capacity
from scheduler.solver.outcome import Solved, outcome_from_json
from scheduler.solver.problem import Problem
from tests.solver.builders import person, problem
from tests.solver.many.builders import candidate, many

QUESTION = problem(person("Ada", "coding"), options=3).to_json()


def talks(count):
    """So many sessions of a plan."""
    [session] = QUESTION["plan"]["sessions"]
    return [{**session, "key": f"talk{number}"} for number in range(count)]


def solve(capsys, monkeypatch, text, *arguments):
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    status = main(["-", *arguments])
    written = capsys.readouterr()
    return status, written.out, written.err


def test_it_prints_the_outcome_with_its_figures(capsys, monkeypatch):
    status, out, err = solve(capsys, monkeypatch, json.dumps(QUESTION))
    document = json.loads(out)
    assert (status, err) == (0, "")
    assert isinstance(outcome_from_json(document), Solved)
    assert set(document["figures"]["seconds"]) == {"build", "first", "last", "total"}
    assert [stage["name"] for stage in document["figures"]["stages"]] == ["search", "variety"]


def test_many_candidates_are_assigned(capsys, monkeypatch):
    question = many(candidate("Ann"), candidate("Ben"), people=[person("Ada", "coding")])
    status, out, err = solve(
        capsys, monkeypatch, json.dumps(question.to_json()), "--workers", "2", "--seed", "3"
    )
    assert (status, err) == (0, "")
    outcome = Assigned.from_json(json.loads(out))
    assert outcome == assign(question)
    assert [stage.name for stage in outcome.figures.stages] == ["left out", "cost"]


def test_a_capacity_is_counted(capsys, monkeypatch):
    question = problem(person("Ada", "coding")).evolve(ask="capacity")
    status, out, err = solve(capsys, monkeypatch, json.dumps(question.to_json()))
    assert (status, err, Capacity.from_json(json.loads(out)).candidates) == (0, "", 8)


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (["ask"], "guess", "-: /ask: is none of propose, capacity, assign, repair"),
        (["plans"], [], "-: /plans: needs at least 1"),
        (["plans", 0, "sessions"], talks(9), "-: /plans/0/sessions: are more than 8"),
        (["candidates", 1, "plan"], 2, "-: /candidates/1/plan: is not between 0 and 0"),
        (["candidates", 1, "id"], "ann", "-: /candidates/1/id: “ann” is there twice"),
        (["candidates", 0, "rank"], 1, "-: /candidates/0/rank: is not a known field"),
        (["candidates", 0, "booked"], {}, "-: /candidates/0/booked/sessions: is missing"),
        (["between_interviews"], -5, "-: /between_interviews: is not between 0 and 1440"),
    ],
)
def test_a_wrong_document_of_many_candidates_is_refused(capsys, monkeypatch, path, value, line):
    question = many(candidate("Ann"), candidate("Ben"), people=[person("Ada", "coding")]).to_json()
    status, out, err = solve(capsys, monkeypatch, changed(path, value, question))
    assert (status, out, err.strip()) == (2, "", line)


def test_limits_and_seed_can_be_given(capsys, monkeypatch):
    arguments = ("--seconds", "2.5", "--workers", "2", "--seed", "7")
    assert solve(capsys, monkeypatch, json.dumps(QUESTION), *arguments)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "the following arguments are required: file"),
        (["-", "--seconds", "0"], "argument --seconds: must be a number of seconds above 0, not '0'"),
        (["-", "--seconds", "abc"], "argument --seconds: must be a number of seconds above 0, not 'abc'"),
        (["-", "--seconds", "nan"], "argument --seconds: must be a number of seconds above 0, not 'nan'"),
        (["-", "--workers", "0"], "argument --workers: must be a whole number from 1 to 1000, not '0'"),
        (["-", "--seed", "-1"], "argument --seed: must be a whole number from 0 to 2147483647, not '-1'"),
        (["-", "--seed", "x"], "argument --seed: must be a whole number from 0 to 2147483647, not 'x'"),
    ],
)
def test_limits_that_make_no_sense_are_refused_in_one_line(capsys, arguments, line):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert capsys.readouterr().err == f"python -m scheduler solve: {line} (see --help)\n"


def test_a_number_without_end_is_refused_in_plain_words(capsys, monkeypatch):
    assert solve(capsys, monkeypatch, "9" * 5000) == (2, "", "-: has a number of too many digits in it\n")


def changed(path, value, question=QUESTION):
    """The question with one place changed."""
    copy = json.loads(json.dumps(question))
    *way, last = path
    place = copy
    for step in way:
        place = place[step]
    place[last] = value
    return json.dumps(copy)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{", "-: is not JSON: Expecting property name enclosed in double quotes at line 1, column 2"),
        ("[]", "-: is not an object"),
        ("[" * 100_000, "-: is nested too deeply"),
        (changed(["ask"], "x"), "-: /ask: is none of propose, capacity, assign, repair"),
        (changed(["now"], "9999-12-31T23:59:59Z"), "-: /now: is not within the years 1900 to 9000"),
        (changed(["now"], "0001-01-01T00:00:00+14:00"), "-: /now: is not within the years 1900 to 9000"),
        (
            changed(["window", "end"], "9999-12-31T23:59:59-01:00"),
            "-: /window/end: is not within the years 1900 to 9000",
        ),
        ("{}", "-: /format: is missing"),
        (changed(["format"], 2), "-: /format: is not between 1 and 1"),
        (changed(["colour"], "red"), "-: /colour: is not a known field"),
        (
            changed(["now"], "2026-11-30T09:00:00"),
            "-: /now: is not a time with an offset: 2026-11-30T09:00:00 has no time zone",
        ),
        (changed(["window", "end"], "2026-01-01T00:00:00Z"), "-: /window/end: is not after start"),
        (changed(["options"], 0), "-: /options: is not between 1 and 200"),
        (changed(["options"], True), "-: /options: is not a whole number"),
        (
            changed(["interviewers", 0, "time_zone"], "Mars/Olympus"),
            "-: /interviewers/0/time_zone: is not a known IANA time zone",
        ),
        (
            changed(["interviewers", 0, "working_hours", 0, "days"], ["monday"]),
            "-: /interviewers/0/working_hours/0/days/0: is none of mon, tue, wed, thu, fri, sat, sun",
        ),
        (
            changed(["interviewers", 0, "working_hours", 0, "end"], "08:00"),
            "-: /interviewers/0/working_hours/0/end: is not after start",
        ),
        (
            changed(["interviewers"], QUESTION["interviewers"] * 2),
            "-: /interviewers/1/id: “ada” is there twice",
        ),
        (changed(["plan", "sessions"], []), "-: /plan/sessions: needs at least 1"),
        (changed(["plan", "sessions"], talks(9)), "-: /plan/sessions: are more than 8"),
        (
            changed(["plan", "sessions", 0, "after"], ["x"]),
            "-: /plan/sessions/0/after/0: there is no other session “x”",
        ),
        (
            changed(["plan", "sessions", 0, "seats", 0, "skill"], None),
            "-: /plan/sessions/0/seats/0: needs either a skill or interviewers",
        ),
        (changed(["plan", "gap", "min"], "5"), "-: /plan/gap/min: is not a whole number"),
        (
            changed(["plan", "candidate_hours", "start"], "09:00:30"),
            "-: /plan/candidate_hours/start: is not a time of day in whole minutes such as 09:30",
        ),
    ],
)
def test_what_is_wrong_is_named_in_one_line(capsys, monkeypatch, text, line):
    assert solve(capsys, monkeypatch, text) == (2, "", line + "\n")


def test_a_plan_of_eight_sessions_is_solved_and_one_stored_with_more_can_be_read(capsys, monkeypatch):
    assert solve(capsys, monkeypatch, changed(["plan", "sessions"], talks(8)))[0] == 0
    stored = json.loads(changed(["plan", "sessions"], talks(9)))
    assert len(Problem.from_json(stored).plan.sessions) == 9


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path, capsys):
    missing, garbage = tmp_path / "missing.json", tmp_path / "garbage.json"
    garbage.write_bytes(b"\xff\xfe\x00")
    assert main([str(missing)]) == 2
    assert main([str(garbage)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"{missing}: No such file or directory",
        f"{garbage}: is not UTF-8 text",
    ]


def test_the_common_case_needs_neither_constraint_model_nor_database_nor_web():
    code = (
        "import io, sys; from scheduler.solver.cli import main; main(['-']);"
        "print(sorted({'ortools.sat', 'sqlalchemy', 'flask'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(QUESTION), capture_output=True, text=True, check=True
    )
    assert done.stderr == "[]\n"
